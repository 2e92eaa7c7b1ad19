#include "models/create.h"

#include <algorithm>

#include "formats/gguf_header.h"
#include "models/blobs/blob_references.h"
#include "models/blobs/file_copy.h"
#include "models/hub/hub_files.h"
#include "models/modelfile/go_template.h"
#include "models/modelfile/model_parameters.h"

namespace zubr::models {
namespace {

namespace fs = std::filesystem;

// What FROM stands for.
struct Origin {
  fs::path file, projector;
  Modelfile recipe;
  std::vector<Digest> blobs;
  std::string source;
};

Result<Origin> from_folder(const fs::path& folder) {
  std::vector<HubFile> files;
  std::error_code error;
  bool tensors = false;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    files.push_back({at->path().filename().string()});
    tensors = tensors || at->path().extension() == ".safetensors";
  }
  std::ranges::sort(files, {}, &HubFile::path);
  auto choice = choose_files(files, "", folder.string());
  if (!choice && tensors)
    return fail(ErrorCode::kUnsupported,
                "{} holds safetensors; convert them to GGUF first, with convert_hf_to_gguf.py of llama.cpp",
                folder.string());
  if (!choice) {
    std::vector<std::string> names;
    for (const HubFile& file : files)
      if (file.path.ends_with(".gguf")) names.push_back(file.path);
    if (names.empty())
      return fail(ErrorCode::kInvalidArgument, "FROM {}: the folder has no GGUF file", folder.string());
    return fail(ErrorCode::kInvalidArgument, "FROM {}: the folder has several GGUF files; name one of them: {}",
                folder.string(), fmt::join(names, ", "));
  }
  Origin origin;
  origin.file = folder / choice->files.front().path;
  if (choice->projector) origin.projector = folder / choice->projector->path;
  return origin;
}

Result<Origin> from_model(const fs::path& home, const ModelStore& store, const std::string& name,
                          const std::stop_token& stop) {
  ZUBR_TRY(entry, store.find(name));
  const BlobReferences references(home / "blobs" / "references");
  ZUBR_TRY(needed, references.of(entry.name));
  Origin origin{entry.file, entry.projector, entry.recipe, std::move(needed), entry.name};
  if (entry.missing)
    return fail(ErrorCode::kNotFound, "the file of model '{}' is gone: {}", entry.name, entry.file.string());
  if (entry.shipped) {
    ZUBR_TRY(blobs, BlobStore::open(home / "blobs"));
    ZUBR_TRY(digest, import_file(blobs, entry.file, ImportMode::kCopy, {}, {}, stop));
    origin.file = blobs.path_of(digest);
    origin.blobs = {digest};
  }
  return origin;
}

Result<Origin> resolve_from(const fs::path& home, const ModelStore& store, const std::string& from,
                            const fs::path& folder, const std::stop_token& stop) {
  const fs::path path = folder / from;
  std::error_code error;
  // A file of the name of a model does not hide the model.
  const bool looks_like_path = from.find('/') != std::string::npos || from.ends_with(".gguf");
  if (!looks_like_path && store.find(from)) return from_model(home, store, from, stop);
  if (fs::is_directory(path, error)) return from_folder(path);
  if (fs::exists(path, error)) return Origin{path, {}, {}, {}, {}};
  if (!from.starts_with('/') && !from.starts_with('.') && !from.ends_with(".gguf"))
    return fail(ErrorCode::kNotFound,
                "FROM {}: there is no model and no file of that name; to fetch it first: zubr pull {}", from, from);
  return fail(ErrorCode::kNotFound, "FROM {}: there is no file {}", from, path.string());
}

bool is_projector_file(const formats::GgufHeader& header) { return header.architecture() == "clip"; }

Result<void> check_adapter(const fs::path& file, const std::string& architecture) {
  auto header = formats::read_gguf_header(file);
  if (!header && file.extension() == ".safetensors")
    return fail(ErrorCode::kUnsupported,
                "ADAPTER {}: convert it to GGUF first, with convert_lora_to_gguf.py of llama.cpp", file.string());
  if (!header) return fail(header.error().context("ADAPTER"));
  const auto type = header->text("general.type");
  if (type != "adapter")
    return fail(ErrorCode::kInvalidArgument, "ADAPTER {} is no adapter (its general.type is '{}')", file.string(),
                type.value_or(""));
  if (header->architecture() != architecture)
    return fail(ErrorCode::kInvalidArgument, "ADAPTER {} is for '{}', the model is '{}'", file.string(),
                header->architecture(), architecture);
  return {};
}

Result<void> note_template(const formats::GgufHeader& header, const Modelfile& recipe, CreateReport& report) {
  if (!looks_like_go_template(recipe.chat_template)) return {};
  const auto jinja = jinja_of_go_template(recipe.chat_template);
  if (jinja) return {};
  if (jinja.error().code() == ErrorCode::kInvalidArgument) return fail(jinja.error().context("TEMPLATE"));
  report.notes.push_back(
      header.chat_template()
          ? message("the TEMPLATE cannot be translated ({}); the one inside the GGUF file is used",
                    jinja.error().message())
          : message("the TEMPLATE cannot be translated ({}), and the GGUF file has none: the model gets plain text",
                    jinja.error().message()));
  return {};
}

}  // namespace

Modelfile merged(const Modelfile& parent, const Modelfile& child) {
  Modelfile both = parent;
  both.from = child.from;
  if (!child.chat_template.empty()) both.chat_template = child.chat_template;
  if (!child.system.empty()) both.system = child.system;
  if (!child.adapters.empty()) both.adapters = child.adapters;
  if (!child.messages.empty()) both.messages = child.messages;
  if (!child.needs_version.empty()) both.needs_version = child.needs_version;
  both.licenses.insert(both.licenses.end(), child.licenses.begin(), child.licenses.end());
  std::erase_if(both.parameters, [&](const auto& line) {
    return std::ranges::any_of(child.parameters, [&](const auto& newer) { return newer.first == line.first; });
  });
  both.parameters.insert(both.parameters.end(), child.parameters.begin(), child.parameters.end());
  return both;
}

Result<CreateReport> create_model(const fs::path& home, const ModelStore& store, const Modelfile& file,
                                  const CreateWishes& wishes, const std::stop_token& stop) {
  ZUBR_CHECK(check_model_name(wishes.name));
  if (file.from.empty() || file.from.size() > 2)
    return fail(ErrorCode::kInvalidArgument, "the Modelfile needs one FROM (and one more for a projector); it has {}",
                file.from.size());
  ZUBR_TRY(origin, resolve_from(home, store, file.from.front(), wishes.folder, stop));
  NewModel made{origin.file, wishes.name, origin.projector, merged(origin.recipe, file)};
  ZUBR_TRY(header, formats::read_gguf_header(made.file));
  if (is_projector_file(header))
    return fail(ErrorCode::kInvalidArgument, "FROM {} is a projector, not a model; name the model first",
                file.from.front());
  if (file.from.size() == 2) {
    ZUBR_TRY(second, resolve_from(home, store, file.from[1], wishes.folder, stop));
    ZUBR_TRY(other, formats::read_gguf_header(second.file));
    if (!is_projector_file(other))
      return fail(ErrorCode::kInvalidArgument, "the second FROM ({}) is no projector: its architecture is '{}'",
                  file.from[1], other.architecture());
    made.projector = second.file;
  }
  CreateReport report;
  ZUBR_TRY(parameters, read_parameters(made.recipe.parameters));
  for (const std::string& name : parameters.ignored)
    report.notes.push_back(message("PARAMETER {} is kept and changes nothing here", name));
  for (std::string& adapter : made.recipe.adapters) {
    if (!file.adapters.empty()) adapter = (wishes.folder / adapter).string();
    ZUBR_CHECK(check_adapter(adapter, std::string(header.architecture())));
    std::error_code error;
    adapter = fs::canonical(adapter, error).string();
  }
  ZUBR_CHECK(note_template(header, made.recipe, report));
  if (wishes.check) ZUBR_CHECK(wishes.check(made.file));
  if (!wishes.replace && store.find(wishes.name))
    return fail(ErrorCode::kAlreadyExists, "there is a model '{}' already; choose another name or add --replace",
                wishes.name);
  ZUBR_TRY(blobs, BlobStore::open(home / "blobs"));
  ZUBR_TRY(guard, blobs.keep_all(stop));
  const BlobReferences references(home / "blobs" / "references");
  ZUBR_CHECK(references.set(wishes.name, "Modelfile", origin.blobs));
  ZUBR_TRY(entry, store.add(made, wishes.replace));
  report.entry = std::move(entry);
  return report;
}

}  // namespace zubr::models
