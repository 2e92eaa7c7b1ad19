#include "server/settings.h"

#include <string_view>

#include "server/duration.h"

namespace zubr::server {
namespace {

using core::Setting;
using core::SettingType;

constexpr double kMegabyte = 1 << 20;

// "a, b" → {"a", "b"}.
std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const auto comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return items;
}

Setting seconds(std::string name, std::string fallback, std::string help) {
  return {.name = std::move(name),
          .type = SettingType::kNumber,
          .fallback = std::move(fallback),
          .help = std::move(help),
          .example = "10",
          .min = 0.01,
          .max = 86'400,
          .where = "serve"};
}

std::chrono::milliseconds milliseconds(const core::Settings& settings, std::string_view name) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(settings.number(name) * 1'000));
}

std::vector<Setting> reach_settings() {
  return {
      {.name = "serve.allow_public",
       .type = SettingType::kBool,
       .fallback = "false",
       .help =
           "Listen on an address that other machines reach although no API key was made: whoever reaches it uses the "
           "models.",
       .example = "true",
       .where = "serve"},
      {.name = "serve.allowed_hosts",
       .help = "Names, separated by commas, under which the server may be called besides localhost (the Host header).",
       .example = "models.lan",
       .where = "serve"},
      {.name = "serve.allowed_origins",
       .help = "Web origins, separated by commas, whose pages may call the server from a browser; `*` is any.",
       .example = "https://app.example",
       .where = "serve"},
      {.name = "serve.fetch_media",
       .type = SettingType::kBool,
       .fallback = "false",
       .help =
           "Fetch pictures that requests name by their address; never from private networks. Otherwise they have to be "
           "sent in the request.",
       .example = "true",
       .where = "serve"},
      {.name = "serve.tls_cert",
       .help = "A PEM file with the certificate and its chain; with serve.tls_key, HTTPS is spoken and nothing else.",
       .example = "/etc/zubr/cert.pem",
       .where = "serve"},
      {.name = "serve.tls_key",
       .help = "A PEM file with the key of serve.tls_cert, without a passphrase.",
       .example = "/etc/zubr/key.pem",
       .where = "serve"},
      {.name = "serve.access_log",
       .help = "A file that gets a line of JSON for each request, without what was asked and answered; `-` is standard "
               "error.",
       .example = "/var/log/zubr/access.jsonl",
       .where = "serve"},
  };
}

std::vector<Setting> limit_settings() {
  return {
      {.name = "serve.max_body_mb",
       .type = SettingType::kNumber,
       .fallback = "10",
       .help = "The largest body of a request, in MiB.",
       .example = "32",
       .min = 0.001,
       .max = 4'096,
       .where = "serve"},
      {.name = "serve.max_connections",
       .type = SettingType::kInteger,
       .fallback = "10000",
       .help = "Open connections; more are told to try later.",
       .example = "1000",
       .min = 1,
       .max = 1'000'000,
       .where = "serve"},
      {.name = "serve.max_running",
       .type = SettingType::kInteger,
       .fallback = "64",
       .help = "Requests that are handed to the model at once, a thread each; the model takes as many as it can.",
       .example = "16",
       .min = 1,
       .max = 4'096,
       .where = "serve"},
      {.name = "serve.max_queued",
       .type = SettingType::kInteger,
       .fallback = "256",
       .help = "Requests that wait for one of those to end; more are told to try later.",
       .example = "0",
       .min = 0,
       .max = 1'000'000,
       .where = "serve"},
      seconds("serve.idle_timeout", "75", "Seconds that a connection may be idle between requests."),
      seconds("serve.header_timeout", "10", "Seconds that the header of a request may take to come."),
      seconds("serve.body_timeout", "60", "Seconds that the body of a request may take to come."),
      seconds("serve.write_timeout", "30",
              "Seconds after which a client that takes nothing of its answer is given up."),
      seconds("serve.stop_timeout", "30",
              "Seconds that running answers have to end when the server is stopped; then they are cancelled."),
  };
}

std::vector<Setting> model_settings() {
  return {
      {.name = "serve.keep_alive",
       .fallback = "5m",
       .help =
           "How long a model stays in memory after its last use, where a request does not say it: `30s`, `2h`; `-1s` "
           "is for ever, `0` not at all.",
       .example = "1h",
       .where = "serve"},
      {.name = "serve.memory_gb",
       .type = SettingType::kNumber,
       .fallback = "0",
       .help =
           "The memory that the program may have, in GiB: models that nobody uses go when another one needs room. 0 is "
           "nine tenths of the machine's.",
       .example = "16",
       .min = 0,
       .max = 1'000'000,
       .where = "serve"},
      {.name = "serve.pinned",
       .help = "Models, separated by commas, that stay in memory once they are loaded.",
       .example = "bielik,llama3.2",
       .where = "serve"},
  };
}

}  // namespace

std::vector<Setting> server_settings() {
  std::vector<Setting> all = reach_settings();
  for (auto* more : {&limit_settings, &model_settings}) {
    std::vector<Setting> others = (*more)();
    all.insert(all.end(), std::make_move_iterator(others.begin()), std::make_move_iterator(others.end()));
  }
  return all;
}

ServerOptions server_options(const core::Settings& settings) {
  ServerOptions options;
  options.allow_public = settings.enabled("serve.allow_public");
  options.allowed_hosts = split_list(settings.text("serve.allowed_hosts"));
  options.allowed_origins = split_list(settings.text("serve.allowed_origins"));
  options.tls_cert = settings.text("serve.tls_cert");
  options.tls_key = settings.text("serve.tls_key");
  options.stop_timeout = milliseconds(settings, "serve.stop_timeout");
  ServerLimits& limits = options.limits;
  limits.body_bytes = static_cast<std::size_t>(settings.number("serve.max_body_mb") * kMegabyte);
  limits.connections = static_cast<int>(settings.integer("serve.max_connections"));
  limits.concurrent_requests = static_cast<int>(settings.integer("serve.max_running"));
  limits.queued_requests = static_cast<int>(settings.integer("serve.max_queued"));
  limits.idle_timeout = milliseconds(settings, "serve.idle_timeout");
  limits.header_timeout = milliseconds(settings, "serve.header_timeout");
  limits.body_timeout = milliseconds(settings, "serve.body_timeout");
  limits.write_timeout = milliseconds(settings, "serve.write_timeout");
  return options;
}

Result<HostingOptions> hosting_options(const core::Settings& settings) {
  const std::string& text = settings.text("serve.keep_alive");
  const auto keep_alive = parse_duration(text);
  if (!keep_alive)
    return fail(ErrorCode::kInvalidArgument,
                "serve.keep_alive: '{}' is no length of time; write 30s, 5m or 2h, 0 or -1s (for ever)", text);
  constexpr double kGibibyte = 1 << 30;
  const std::vector<std::string> pinned = split_list(settings.text("serve.pinned"));
  return HostingOptions{.memory = static_cast<std::uint64_t>(settings.number("serve.memory_gb") * kGibibyte),
                        .keep_alive = *keep_alive,
                        .pinned = {pinned.begin(), pinned.end()}};
}

}  // namespace zubr::server
