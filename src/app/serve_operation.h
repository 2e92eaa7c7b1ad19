// What `zubr serve` needs around the server: keys, a folder for its files, the access log.
#pragma once

#include "core/settings.h"
#include "server/server.h"

namespace zubr::app {

// Fills in keys, folder and on_request. kIo, kPermissionDenied for an access log that cannot be written.
Result<void> add_operation(const core::Settings& settings, server::ServerOptions& options);

}  // namespace zubr::app
