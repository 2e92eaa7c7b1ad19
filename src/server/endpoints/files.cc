// /v1/files: files that a client keeps here (platform.openai.com/docs/api-reference/files). An upload is one body, so
// serve.max_body_mb is its limit.
#include <fmt/format.h>

#include <algorithm>

#include "core/utf8.h"
#include "server/api_error.h"
#include "server/endpoints/endpoints.h"
#include "server/files/file_store.h"
#include "server/files/multipart.h"
#include "server/json_text.h"

namespace zubr::server::endpoints {
namespace {

constexpr std::size_t kLongestName = 512;
constexpr std::string_view kPurposes[] = {"assistants", "batch", "fine-tune", "vision", "user_data", "evals"};

std::string file_json(const StoredFile& file) {
  return fmt::format(
      R"({{"id":"{}","object":"file","bytes":{},"created_at":{},"filename":{},"purpose":{},"status":"processed"}})",
      file.id, file.bytes, file.created, json_text(file.name), json_text(file.purpose));
}

ApiError file_error(const Error& error) {
  ApiError answer = api_error(error);
  if (error.code() == ErrorCode::kNotFound) answer.param = "file_id";
  return answer;
}

// The store, or null when the answer was sent.
FileStore* store_of(const Site& site, Exchange& exchange) {
  if (site.files) return site.files;
  ApiError error;
  error.status = 501;
  error.message = "this server was started without a folder, so it keeps no files";
  error.type = "server_error";
  error.code = "not_implemented";
  exchange.send(error_response(error));
  return nullptr;
}

void send_json(Exchange& exchange, std::string body) {
  Response response;
  response.body = std::move(body);
  exchange.send(std::move(response));
}

// What the form says of the file; its bytes are in `content`.
ApiResult<StoredFile> read_form(const Request& request, std::string_view& content) {
  const auto parts = parse_multipart(request.content_type, request.body);
  if (!parts) return tl::unexpected(bad_field("", parts.error().message()));
  StoredFile file;
  bool there = false;
  for (const FormPart& part : *parts) {
    if (part.name == "purpose") file.purpose = std::string(part.content);
    if (part.name != "file") continue;
    if (there) return tl::unexpected(bad_field("file", "the form has two files; send one at a time"));
    there = true;
    content = part.content;
    file.name = part.file_name.value_or("");
  }
  if (!there) return tl::unexpected(bad_field("file", "the form has no part named 'file'", "missing"));
  if (file.name.empty() || file.name.size() > kLongestName || !core::utf8_valid(file.name))
    return tl::unexpected(
        bad_field("file", fmt::format("the file needs a name of 1 to {} bytes of UTF-8 (filename)", kLongestName)));
  if (std::ranges::find(kPurposes, file.purpose) == std::end(kPurposes))
    return tl::unexpected(bad_field(
        "purpose", fmt::format("'purpose' must be one of {}, it is '{}'", fmt::join(kPurposes, ", "), file.purpose)));
  return file;
}

}  // namespace

void create_file(const Site& site, const Request& request, Exchange& exchange) {
  FileStore* store = store_of(site, exchange);
  if (!store) return;
  std::string_view content;
  auto file = read_form(request, content);
  if (!file) return exchange.send(error_response(file.error()));
  file->owner = request.key_id;
  const auto added = store->add(*std::move(file), content);
  if (!added) return exchange.send(error_response(api_error(added.error())));
  send_json(exchange, file_json(*added));
}

void list_files(const Site& site, const Request& request, Exchange& exchange) {
  FileStore* store = store_of(site, exchange);
  if (!store) return;
  constexpr std::string_view kPurpose = "purpose=";
  std::string purpose;
  if (const auto at = request.query.find(kPurpose); at != std::string::npos) {
    purpose = request.query.substr(at + kPurpose.size());
    purpose = purpose.substr(0, purpose.find('&'));
  }
  const auto files = store->list(request.key_id, purpose);
  if (!files) return exchange.send(error_response(api_error(files.error())));
  std::string data;
  for (const StoredFile& file : *files) data.append(data.empty() ? "" : ",").append(file_json(file));
  send_json(exchange, fmt::format(R"({{"object":"list","data":[{}],"has_more":false}})", data));
}

void get_file(const Site& site, const Request& request, Exchange& exchange) {
  FileStore* store = store_of(site, exchange);
  if (!store) return;
  const auto file = store->find(request.parameter, request.key_id);
  if (!file) return exchange.send(error_response(file_error(file.error())));
  send_json(exchange, file_json(*file));
}

void file_content(const Site& site, const Request& request, Exchange& exchange) {
  FileStore* store = store_of(site, exchange);
  if (!store) return;
  auto content = store->content(request.parameter, request.key_id);
  if (!content) return exchange.send(error_response(file_error(content.error())));
  Response response;
  // Never a type that a browser would show: the bytes are a client's, and the origin is ours.
  response.content_type = "application/octet-stream";
  response.headers.emplace_back("Content-Disposition", "attachment");
  response.body = *std::move(content);
  exchange.send(std::move(response));
}

void delete_file(const Site& site, const Request& request, Exchange& exchange) {
  FileStore* store = store_of(site, exchange);
  if (!store) return;
  const auto removed = store->remove(request.parameter, request.key_id);
  if (!removed) return exchange.send(error_response(file_error(removed.error())));
  send_json(exchange, fmt::format(R"({{"id":{},"object":"file","deleted":true}})", json_text(request.parameter)));
}

}  // namespace zubr::server::endpoints
