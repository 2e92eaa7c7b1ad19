// The HTTP server behind `zubr serve`.
#pragma once

#include <stop_token>

#include "cli/services.h"

namespace zubr::app {

// Answers until `stop`, then lets running requests end for a while. The order of going down: no new connections,
// running answers, the server, the models.
Result<void> serve(const cli::ServeOptions& options, std::stop_token stop);

}  // namespace zubr::app
