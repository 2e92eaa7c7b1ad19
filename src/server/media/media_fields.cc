#include "server/media/media_fields.h"

#include <fmt/format.h>

#include "server/base64.h"

namespace zubr::server {
namespace json = boost::json;

namespace {

constexpr std::size_t kMostImages = 64;  // backends allow fewer

void add(JsonFields& fields, std::string_view name, std::string_view encoded, inference::Message& message) {
  auto bytes = from_base64(encoded);
  if (!bytes || bytes->empty())
    return fields.fail(name, fmt::format("'{}' is not base64 (RFC 4648, section 4)", fields.path(name)));
  message.media.push_back({.bytes = *std::move(bytes), .at = message.content.size()});
}

}  // namespace

void read_url(JsonFields& fields, std::string_view name, inference::Message& message) {
  const auto url = fields.string(name);
  if (!url) return fields.fail(name, fmt::format("'{}' is missing", fields.path(name)), "missing");
  constexpr std::string_view kScheme = "data:", kEncoding = ";base64,";
  if (url->starts_with("http://") || url->starts_with("https://")) {
    message.media.push_back({.bytes = {}, .at = message.content.size(), .url = *url});
    return;
  }
  const auto comma = url->find(kEncoding);
  if (!url->starts_with(kScheme) || comma == std::string::npos)
    return fields.fail(name, fmt::format("'{}' must be data:TYPE;base64,… or an http address", fields.path(name)));
  add(fields, name, std::string_view(*url).substr(comma + kEncoding.size()), message);
}

void read_base64(JsonFields& fields, std::string_view name, inference::Message& message) {
  const auto encoded = fields.string(name);
  if (!encoded) return fields.fail(name, fmt::format("'{}' is missing", fields.path(name)), "missing");
  add(fields, name, *encoded, message);
}

void read_images(JsonFields& fields, std::vector<inference::Media>& media) {
  const json::array* images = fields.array("images");
  if (!images) return;
  if (images->size() > kMostImages)
    return fields.fail("images", fmt::format("'images' holds more than {}", kMostImages));
  for (const json::value& image : *images) {
    auto bytes = image.is_string() ? from_base64(std::string_view(image.get_string())) : std::nullopt;
    if (!bytes || bytes->empty())
      return fields.fail("images", fmt::format("'{}' must be files as base64", fields.path("images")));
    media.push_back({.bytes = *std::move(bytes), .at = 0});
  }
}

}  // namespace zubr::server
