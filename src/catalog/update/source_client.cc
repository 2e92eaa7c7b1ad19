#include "catalog/update/source_client.h"

namespace zubr::catalog {

Result<void> SourceClient::prepare(const Fetch&) { return {}; }

Result<std::string> SourceClient::next(const std::string&, const net::HttpResponse&, std::size_t) const {
  return std::string();
}

}  // namespace zubr::catalog
