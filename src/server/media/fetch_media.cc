#include "server/media/fetch_media.h"

#include <fmt/format.h>

#include <utility>

namespace zubr::server {
namespace {

constexpr int kMostFetched = 16;  // of one request

}  // namespace

std::optional<ApiError> fetch_media(const MediaFetcher& fetcher, std::vector<inference::Message>& messages,
                                    std::string_view param, std::stop_token stop) {
  int fetched = 0;
  for (inference::Message& message : messages) {
    for (inference::Media& medium : message.media) {
      if (medium.url.empty()) continue;
      if (!fetcher)
        return bad_field(std::string(param),
                         fmt::format("'{}' would have to be fetched, which this server does not do "
                                     "(serve.fetch_media); send the file as data:image/png;base64,…",
                                     medium.url),
                         "unsupported");
      if (++fetched > kMostFetched)
        return bad_field(std::string(param), fmt::format("more than {} files would have to be fetched", kMostFetched));
      auto bytes = fetcher(medium.url, stop);
      if (!bytes) {
        ApiError error = bad_field(std::string(param), bytes.error().message(), "fetch_failed");
        if (bytes.error().code() == ErrorCode::kCancelled) error = api_error(bytes.error());
        return error;
      }
      medium.bytes = *std::move(bytes);
      medium.url.clear();
    }
  }
  return std::nullopt;
}

}  // namespace zubr::server
