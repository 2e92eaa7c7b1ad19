// The guard: what happens to sensitive values before a request leaves for somebody else's machine. Own machines get
// everything as it is.
//
// Fails closed: a text that cannot be looked through (no UTF-8, over 16 MiB) does not leave.
//
// One Guarded per request; one thread at a time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "inference/embedding.h"
#include "inference/generation.h"
#include "router/guard/mask.h"

namespace zubr::router {

enum class GuardAction {
  kOff,    // it leaves as it is
  kMask,   // a name in its place, put back in the answer
  kLocal,  // the request stays on one's own machines
  kBlock,  // the request is refused
};
std::string_view guard_name(GuardAction action);
Result<GuardAction> parse_guard(std::string_view text);

struct Guard {
  GuardAction action = GuardAction::kOff;
  unsigned kinds = ~0u;  // bits: 1 << Sensitive
};

class Guarded {
 public:
  // kPrivacy, naming the kinds and never the values, where the guard blocks or cannot look.
  static Result<Guarded> look(const Guard& guard, const inference::GenerateRequest& request);
  static Result<Guarded> look(const Guard& guard, const inference::EmbedRequest& request);

  bool must_stay() const { return must_stay_; }
  std::size_t masked() const { return mask_ ? mask_->hidden() : 0; }

  // What may leave.
  const inference::GenerateRequest& outgoing(const inference::GenerateRequest& request) const {
    return outgoing_ ? *outgoing_ : request;
  }
  const inference::EmbedRequest& outgoing(const inference::EmbedRequest& request) const {
    return outgoing_texts_ ? *outgoing_texts_ : request;
  }

  // Puts the values back into what comes in. Events may be held back; flush() at the end of the answer.
  class Restorer {
   public:
    Restorer(const Guarded& guarded, const inference::EventSink& sink);
    void operator()(const inference::Event& event);
    void flush();

   private:
    const Mask* mask_;  // null: nothing was masked
    const inference::EventSink& sink_;
    std::optional<Unmasker> text_, thought_;
    std::map<int, Unmasker> calls_;
  };
  void restore(inference::Generation& generation) const;

 private:
  std::shared_ptr<Mask> mask_;  // shared by copies of this, which read it only
  std::optional<inference::GenerateRequest> outgoing_;
  std::optional<inference::EmbedRequest> outgoing_texts_;
  bool must_stay_ = false;
};

}  // namespace zubr::router
