#include "models/model_ref.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "net/url.h"

namespace zubr::models {
namespace {

constexpr std::size_t kMaxText = 1000;

tl::unexpected<Error> refuse(std::string_view text, std::string_view why) {
  return fail(
      ErrorCode::kInvalidArgument,
      "'{}' names no model: {}; write llama3.1:8b, ns/model:tag, hf.co/user/repo:Q4_K_M, https://…/model.gguf or "
      "file:/path/model.gguf",
      text.substr(0, 200), why);
}

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// Part of a path in a registry or a repository: no "..", and nothing that begins with a dot or a dash.
bool is_component(std::string_view text, std::size_t max = 96) {
  if (text.empty() || text.size() > max || !(is_alphanumeric(text.front()) || text.front() == '_')) return false;
  if (text.find("..") != std::string_view::npos) return false;
  return std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_host(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    const std::string_view port = text.substr(colon + 1);
    if (port.empty() || port.size() > 5 || !std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; }))
      return false;
    text = text.substr(0, colon);
  }
  return is_component(text, 253) && text.find('_') == std::string_view::npos;
}

bool looks_like_host(std::string_view text) {
  return text == "localhost" || text.find_first_of(".:") != std::string_view::npos;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('/', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::string join(const std::vector<std::string_view>& parts, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < parts.size(); ++i) text.append(i > from ? "/" : "").append(parts[i]);
  return text;
}

bool is_file_path(std::string_view text) {
  const auto parts = split(text);
  return parts.size() <= 8 && std::ranges::all_of(parts, [](std::string_view part) { return is_component(part, 200); });
}

Result<ModelRef> parse_hub(std::string_view whole, std::string_view rest) {
  HubRef ref;
  if (const std::size_t colon = rest.find(':'); colon != std::string_view::npos) {
    ref.selector = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (!is_file_path(ref.selector)) return refuse(whole, "what stands after ':' is neither a quantization nor a file");
  }
  const auto parts = split(rest);
  if (parts.size() < 2 || !is_component(parts[0]) || !is_component(parts[1]))
    return refuse(whole, "a repository is user/repo");
  ref.repository = join({parts[0], parts[1]}, 0);
  if (parts.size() == 2) return ref;
  // A pasted page or file: user/repo/{blob,resolve,tree}/revision[/file]
  const bool page = parts.size() >= 4 && (parts[2] == "blob" || parts[2] == "resolve" || parts[2] == "tree");
  if (!page || !is_component(parts[3])) return refuse(whole, "a repository is user/repo");
  ref.revision = parts[3];
  if (parts.size() > 4 && parts[2] != "tree") ref.selector = join(parts, 4);
  if (!ref.selector.empty() && !is_file_path(ref.selector)) return refuse(whole, "that is no file of a repository");
  return ref;
}

Result<ModelRef> parse_registry(std::string_view whole, std::string_view text, bool oci) {
  RegistryRef ref;
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    const auto digest = Digest::parse(text.substr(at + 1));
    if (!digest || !text.substr(at + 1).starts_with("sha256:"))
      return refuse(whole, "after '@' stands no sha256 digest");
    ref.digest = *digest;
    text = text.substr(0, at);
  }
  auto parts = split(text);
  if (const std::size_t colon = parts.back().find(':'); colon != std::string_view::npos && (parts.size() > 1 || !oci)) {
    ref.tag = parts.back().substr(colon + 1);
    parts.back() = parts.back().substr(0, colon);
    if (!is_component(ref.tag, 128)) return refuse(whole, "the tag has characters that tags do not have");
  }
  const bool has_host =
      oci || parts.size() > 2 ||
      (parts.size() == 2 && (parts[0] == "localhost" || parts[0].find(':') != std::string_view::npos));
  if (has_host) {
    if (!is_host(parts[0]) || (!oci && !looks_like_host(parts[0])))
      return refuse(whole, "the registry is no host name");
    ref.host = parts[0];
    std::ranges::transform(ref.host, ref.host.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    parts.erase(parts.begin());
    if (parts.empty()) return refuse(whole, "it names a registry, but no model in it");
  } else if (parts.size() == 1) {
    parts.insert(parts.begin(), "library");
  }
  if (parts.size() > (oci ? 8U : 2U)) return refuse(whole, "it has too many parts");
  for (const std::string_view part : parts)
    if (!is_component(part))
      return refuse(whole, "a part of the name is empty or has characters that names do not have");
  ref.repository = join(parts, 0);
  return ref;
}

Result<ModelRef> parse_file(std::string_view whole, std::string_view path) {
  if (path.starts_with("//")) {
    path.remove_prefix(2);
    if (!path.starts_with('/')) return refuse(whole, "a file: address names a host; write file:/path");
  }
  if (path.empty()) return refuse(whole, "it names no file");
  return FileRef{std::string(path)};
}

Result<ModelRef> parse_web(std::string_view whole) {
  const auto url = net::Url::parse(whole);
  if (!url) return fail(url.error());
  const std::string path = url->target.substr(0, url->target.find('?'));
  const bool default_port = url->port == 443;
  if (default_port && (url->host == "huggingface.co" || url->host == "hf.co"))
    return parse_hub(whole, std::string_view(path).substr(1));
  if (default_port && url->host == "ollama.com" && path.starts_with("/library/"))
    return parse_registry(whole, std::string_view(path).substr(9), false);
  if (!path.ends_with(".gguf")) return refuse(whole, "the address does not end in .gguf");
  return UrlRef{url->text};
}

std::string plain_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z')
      name += static_cast<char>(c + 32);
    else if (is_alphanumeric(c) || c == '.' || c == '_' || c == '-' || c == ':')
      name += c;
    else
      name += '-';
  }
  while (!name.empty() && !is_alphanumeric(name.front())) name.erase(0, 1);
  return name.empty() ? "model" : name.substr(0, 100);
}

std::string last_part(std::string_view text) { return std::string(text.substr(text.rfind('/') + 1)); }

}  // namespace

Result<ModelRef> parse_model_ref(std::string_view text) {
  if (text.empty()) return refuse(text, "it is empty");
  if (text.size() > kMaxText) return refuse(text, "it is too long");
  if (text.starts_with("file:")) {
    if (text.find('\0') != std::string_view::npos) return refuse(text, "it has a NUL character");
    return parse_file(text, text.substr(5));
  }
  if (std::ranges::any_of(text, [](unsigned char c) { return c <= ' ' || c >= 0x7f; }))
    return refuse(text, "it has blanks or characters that names do not have");
  if (text.starts_with("https://") || text.starts_with("http://")) return parse_web(text);
  if (text.starts_with("oci://")) return parse_registry(text, text.substr(6), true);
  if (text.find("://") != std::string_view::npos) return refuse(text, "that kind of address is not known");
  for (const std::string_view prefix : {"hf.co/", "huggingface.co/"})
    if (text.starts_with(prefix)) return parse_hub(text, text.substr(prefix.size()));
  return parse_registry(text, text, false);
}

std::string ref_text(const ModelRef& ref) {
  if (const auto* registry = std::get_if<RegistryRef>(&ref))
    return fmt::format("{}{}{}:{}{}", registry->host.empty() ? "" : std::string("oci://").append(registry->host),
                       registry->host.empty() ? "" : "/", registry->repository, registry->tag,
                       registry->digest ? std::string("@").append(registry->digest->text()) : "");
  if (const auto* hub = std::get_if<HubRef>(&ref)) {
    const std::string revision = hub->revision == "main" ? "" : "/tree/" + hub->revision;
    return fmt::format("hf.co/{}{}{}{}", hub->repository, revision, hub->selector.empty() ? "" : ":", hub->selector);
  }
  if (const auto* url = std::get_if<UrlRef>(&ref)) return url->url.substr(0, url->url.find('?'));
  return "file:" + std::get<FileRef>(ref).path;
}

std::string default_name(const ModelRef& ref, std::string_view quantization) {
  if (const auto* registry = std::get_if<RegistryRef>(&ref)) {
    const std::string model = last_part(registry->repository);
    return plain_name(registry->tag == "latest" ? model : model + ":" + registry->tag);
  }
  if (const auto* hub = std::get_if<HubRef>(&ref)) {
    std::string repo = last_part(hub->repository);
    const std::string lower = plain_name(repo);
    if (lower.size() > 5 && (lower.ends_with("-gguf") || lower.ends_with("_gguf"))) repo.resize(repo.size() - 5);
    return plain_name(quantization.empty() ? repo : repo + ":" + std::string(quantization));
  }
  const auto* url = std::get_if<UrlRef>(&ref);
  const std::string path = url != nullptr ? url->url.substr(0, url->url.find('?')) : std::get<FileRef>(ref).path;
  return plain_name(std::filesystem::path(path).stem().string());
}

}  // namespace zubr::models
