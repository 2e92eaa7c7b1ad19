// Ctrl-C and SIGTERM as a stop_token. The first signal asks for a clean stop; a second one, once the first has been
// passed on, ends the process at once with status 130.
//
// At most one object at a time: the signal handlers of a process are one. token() and reset() from any thread.
#pragma once

#include <memory>
#include <stop_token>

namespace zubr::core {

class Interrupt {
 public:
  Interrupt();   // installs the handlers
  ~Interrupt();  // puts back what was there
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Asked to stop by the next signal.
  std::stop_token token() const;

  // Forgets signals so far and gives out fresh tokens: for a loop in which Ctrl-C stops one answer, not the program.
  void reset();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace zubr::core
