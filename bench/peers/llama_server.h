// llama-server as a peer: started with its best settings, driven over kept-alive connections.
//
// Why these settings are the best honest ones stands in bench/README.md. One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "process.h"

namespace zubr::bench {

struct ServerSettings {
  int slots = 16;           // requests that are decoded together
  bool unified_kv = true;   // one KV buffer for all slots, or one each
  int connections = 32;     // kept alive, one request at a time each; more than slots, so that no slot waits for us
  int threads = 0;          // 0 = one per core
  int slot_tokens = 256;    // context of a slot
};

struct ServerRun {
  double seconds = 0;
  std::int64_t completed = 0;
  std::int64_t prompt_tokens = 0;     // evaluated, by the server's own count (cached ones not among them)
  std::int64_t predicted_tokens = 0;
  // What went through the model: the last token of an answer is never fed back.
  std::int64_t evaluated_tokens() const { return prompt_tokens + predicted_tokens - completed; }
  double rows_per_second() const { return seconds > 0 ? static_cast<double>(completed) / seconds : 0; }
};

class LlamaServer {
 public:
  // Returns when the server answers /health; ends the program with the server's last lines when it does not.
  LlamaServer(const std::filesystem::path& program, const std::filesystem::path& model, const ServerSettings& settings,
              const std::filesystem::path& log);
  ~LlamaServer();

  // One POST /completion per prompt, at most settings.connections at a time. Every answer must be 200.
  ServerRun complete(std::span<const std::string> prompts, int tokens_each);

  const ServerSettings& settings() const { return settings_; }
  const std::string& command() const { return command_; }
  std::int64_t peak_bytes() const { return child_->peak_bytes(); }

 private:
  ServerSettings settings_;
  std::string command_;
  int port_ = 0;
  std::unique_ptr<Child> child_;
};

}  // namespace zubr::bench
