// The settings of the server: who may reach it, and its limits. Address and port are the command's (serve.host,
// serve.port).
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/settings.h"
#include "server/server.h"

namespace zubr::server {

std::vector<core::Setting> server_settings();

// ServerOptions with everything that server_settings() declares; host, port and on_request are left to the caller.
ServerOptions server_options(const core::Settings& settings);

// Which models stay in memory, and how long.
struct HostingOptions {
  std::uint64_t memory = 0;                // bytes of the process, at most; 0: nothing was said
  std::chrono::milliseconds keep_alive{};  // after the last use; negative: for ever
  std::set<std::string> pinned;
};
// kInvalidArgument for a keep-alive that is no length of time.
Result<HostingOptions> hosting_options(const core::Settings& settings);

}  // namespace zubr::server
