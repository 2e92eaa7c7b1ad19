// What a model is called by people: names of the Ollama registry, of Hugging Face, of any OCI registry, addresses,
// files.
//
//   llama3.1:8b                    library/llama3.1, tag 8b, of the registry that is set (OLLAMA_REGISTRY)
//   ns/model:tag                   the same with a namespace
//   host[:port]/ns/model:tag       another registry; oci://host/any/path:tag says so outright
//   …@sha256:<hex>                 exactly that manifest
//   hf.co/user/repo                Hugging Face (HF_ENDPOINT); also huggingface.co/…, and pasted addresses of its pages
//   hf.co/user/repo:Q4_K_M         a quantization, or a file of the repository
//   https://…/model.gguf           a file on the web
//   file:/path/model.gguf          a file here
//
// Pure. Whatever is accepted can be put into a path or an address as it is: no "..", no blanks, no control characters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/result.h"
#include "models/blobs/digest.h"

namespace zubr::models {

struct RegistryRef {
  std::string host = {};        // empty = the registry that is set
  std::string repository = {};  // "library/llama3.1"
  std::string tag = "latest";
  std::optional<Digest> digest = {};
  bool operator==(const RegistryRef&) const = default;
};

struct HubRef {
  std::string repository = {};  // "user/repo"
  std::string revision = "main";
  std::string selector = {};  // "Q4_K_M" or "folder/file.gguf"; empty = choose
  bool operator==(const HubRef&) const = default;
};

struct UrlRef {
  std::string url = {};
  bool operator==(const UrlRef&) const = default;
};

struct FileRef {
  std::string path = {};
  bool operator==(const FileRef&) const = default;
};

using ModelRef = std::variant<RegistryRef, HubRef, UrlRef, FileRef>;

// kInvalidArgument says what is wrong and shows the forms.
Result<ModelRef> parse_model_ref(std::string_view text);

// The reference in its full form, the same for every way to write it.
std::string ref_text(const ModelRef& ref);

// What the model is called here unless the user says otherwise: "llama3.1:8b", "repo:q4_k_m", "file". Satisfies
// check_model_name().
std::string default_name(const ModelRef& ref, std::string_view quantization);

}  // namespace zubr::models
