// Pictures and sounds in the bodies of requests. They stand where the message's text ends so far. What they are, and
// whether the model takes them, is the Backend's business.
#pragma once

#include <string_view>

#include "inference/generation.h"
#include "server/json/json_fields.h"

namespace zubr::server {

// "data:image/png;base64,…", or an http address: then it is a Media with a url, for fetch_media().
void read_url(JsonFields& fields, std::string_view name, inference::Message& message);

// Base64 alone.
void read_base64(JsonFields& fields, std::string_view name, inference::Message& message);

// {"images": ["base64", …]}, which stand before the content.
void read_images(JsonFields& fields, std::vector<inference::Media>& media);

}  // namespace zubr::server
