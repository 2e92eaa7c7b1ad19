// The settings of catalog updates: where each source is.
#pragma once

#include <vector>

#include "catalog/update/source_client.h"
#include "core/settings.h"

namespace zubr::catalog {

std::vector<core::Setting> update_settings();

// Everything but Hugging Face and Ollama's registry, whose addresses are settings of pulling.
UpdateSites update_sites(const core::Settings& settings);

}  // namespace zubr::catalog
