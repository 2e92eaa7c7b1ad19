// The settings of the server: who may reach it, and its limits. Address and port are the command's (serve.host,
// serve.port).
#pragma once

#include <vector>

#include "core/settings.h"
#include "server/server.h"

namespace zubr::server {

std::vector<core::Setting> server_settings();

// ServerOptions with everything that server_settings() declares; host, port and on_request are left to the caller.
ServerOptions server_options(const core::Settings& settings);

}  // namespace zubr::server
