#include "engine/llama/model.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <limits>
#include <new>
#include <thread>

#include "core/display.h"
#include "core/log.h"
#include "engine/llama/handles.h"
#include "engine/llama/log_capture.h"
#include "engine/llama/preflight.h"
#include "engine/llama/tensors.h"
#include "engine/onednn/backend.h"
#include "engine/onednn/fast_weights.h"
#include "formats/gguf_types.h"

namespace zubr::engine {
namespace {

ErrorCode code_of(const std::string& complaint) {
  const auto mentions = [&](std::string_view what) { return complaint.find(what) != std::string::npos; };
  if (mentions("unknown model architecture") || mentions("unknown pre-tokenizer") || mentions("unknown tokenizer") ||
      mentions("CLIP cannot be used")) {
    return ErrorCode::kUnsupported;
  }
  if (mentions("unable to allocate") || mentions("failed to allocate") || mentions("bad_alloc")) {
    return ErrorCode::kOutOfMemory;
  }
  return ErrorCode::kCorrupt;
}

std::string_view remedy(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnsupported:
      return "it may need a newer version of this program, or another conversion of the model";
    case ErrorCode::kOutOfMemory: return "use a smaller model or a stronger quantization";
    default: return "download or convert it again";
  }
}

int default_threads() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

}  // namespace

struct Model::Handle {
  ModelHandle model;
  std::unique_ptr<onednn::FastWeights> fast;  // goes before the weights it stands for
};

Model::Model() = default;
Model::~Model() = default;

Result<std::shared_ptr<const Model>> Model::load(const ModelOptions& options) { return load_file(options, false); }

Result<std::shared_ptr<const Model>> Model::load_vocabulary(const std::filesystem::path& path) {
  ModelOptions options;
  options.path = path;
  return load_file(options, true);
}

Result<std::shared_ptr<const Model>> Model::load_file(const ModelOptions& options, bool vocab_only) {
  if (options.threads < 0 || options.context_tokens < 0) {
    return fail(ErrorCode::kInvalidArgument, "threads ({}) and context tokens ({}) cannot be negative; 0 is automatic",
                options.threads, options.context_tokens);
  }
  ZUBR_TRY(facts, check_model_file(options.path, vocab_only));
  initialise_llama();
  std::error_code no_size;
  const std::uint64_t file_bytes = std::filesystem::file_size(options.path, no_size);
  ZUBR_TRY(advice, onednn::advise(vocab_only ? Compute::kGgml : options.compute, no_size ? 0 : file_bytes));
  if (!advice.reason.empty())
    core::log_warn("'{}' is computed by ggml, slower: {}", options.path.string(), advice.reason);
  LogCapture log;
  bool cancelled = false;
  auto params = llama_model_default_params();
  params.vocab_only = vocab_only;
  // oneDNN packs from the weights as the file has them, and ggml takes the small products from there too.
  params.use_extra_bufts = advice.compute == Compute::kGgml;
  // The caller's callback, remembering that it was the one who stopped the load.
  struct Progress {
    const ModelOptions& options;
    bool& cancelled;
  } progress{options, cancelled};
  params.progress_callback_user_data = &progress;
  params.progress_callback = [](float done, void* data) {
    auto& state = *static_cast<Progress*>(data);
    if (!state.options.progress || state.options.progress(done)) return true;
    state.cancelled = true;
    return false;
  };
  std::string thrown;
  std::shared_ptr<Model> model(new Model);
  model->handle_ = std::make_unique<Handle>();
  try {
    model->handle_->model.reset(llama_model_load_from_file(options.path.c_str(), params));
  } catch (const std::bad_alloc&) {
    thrown = "bad_alloc";
  } catch (const std::exception& error) {
    thrown = error.what();
  }
  if (!model->handle_->model) {
    if (cancelled) return fail(ErrorCode::kCancelled, "loading '{}' was stopped", options.path.string());
    const std::string reason = thrown.empty() ? log.complaint() : thrown;
    const ErrorCode code = code_of(reason);
    return fail(code, "'{}' cannot be loaded as a model: {}; {}", options.path.string(), reason, remedy(code));
  }
  if (llama_vocab_type(llama_model_get_vocab(model->handle())) == LLAMA_VOCAB_TYPE_NONE) {
    return fail(ErrorCode::kUnsupported, "'{}' has no vocabulary, so it cannot read text; use a complete GGUF",
                options.path.string());
  }
  model->has_weights_ = !vocab_only;
  model->read_header(options);
  if (facts.learned_positions && model->context_tokens_ > model->context_train_) {
    return fail(ErrorCode::kInvalidArgument, "model '{}' has {} positions, so a context of {} tokens is not possible",
                model->name_, model->context_train_, model->context_tokens_);
  }
  if (advice.compute != Compute::kGgml) ZUBR_CHECK(model->pack(advice.compute));
  ZUBR_CHECK(model->load_adapters(options));
  return std::shared_ptr<const Model>(std::move(model));
}

Result<void> Model::pack(Compute compute) {
  onednn::register_device();
  std::vector<const ggml_tensor*> weights;
  for (const ggml_tensor* weight : multiplied_tensors(handle()))
    if (onednn::FastWeights::is_worth_it(weight)) weights.push_back(weight);
  ZUBR_TRY(fast, onednn::FastWeights::make(compute, weights, threads_));
  packed_bytes_ = fast->bytes();
  core::log_info("packed weights of '{}' take {} beside the file", name_, core::display_bytes(packed_bytes_));
  handle_->fast = std::move(fast);
  compute_ = compute;
  return {};
}

Result<void> Model::load_adapters(const ModelOptions& options) {
  for (const std::filesystem::path& file : options.adapters) {
    ZUBR_CHECK(check_model_file(file, /*vocab_only=*/false));
    LogCapture log;
    llama_adapter_lora* adapter = nullptr;
    std::string thrown;
    try {
      adapter = llama_adapter_lora_init(handle(), file.c_str());
    } catch (const std::exception& error) {
      thrown = error.what();
    }
    if (adapter == nullptr)
      return fail(ErrorCode::kCorrupt, "the adapter '{}' does not fit model '{}': {}", file.string(), name_,
                  thrown.empty() ? log.complaint() : thrown);
    adapters_.push_back(adapter);
  }
  return {};
}

void Model::read_header(const ModelOptions& options) {
  path_ = options.path;
  name_ = options.name.empty() ? options.path.stem().string() : options.name;
  char text[256] = {};
  llama_model_desc(handle(), text, sizeof text);
  description_ = text;
  architecture_ = meta("general.architecture").value_or("");
  context_train_ = std::max(0, llama_model_n_ctx_train(handle()));
  context_tokens_ = options.context_tokens > 0 ? options.context_tokens : context_train_;
  threads_ = options.threads > 0 ? options.threads : default_threads();
  if (const char* source = llama_model_chat_template(handle(), nullptr)) chat_template_ = source;
  has_other_chat_template_ = !options.chat_template.empty();
  if (has_other_chat_template_) chat_template_ = options.chat_template;
  tokenizer_ = std::make_unique<Tokenizer>(llama_model_get_vocab(handle()));
}

std::optional<std::string> Model::meta(const std::string& key) const {
  const auto length = llama_model_meta_val_str(handle(), key.c_str(), nullptr, 0);
  if (length < 0) return std::nullopt;
  std::string value(static_cast<std::size_t>(length) + 1, '\0');
  llama_model_meta_val_str(handle(), key.c_str(), value.data(), value.size());
  value.resize(static_cast<std::size_t>(length));
  return value;
}

std::string Model::quantization() const {
  const std::string text = meta("general.file_type").value_or("");
  std::int64_t number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return std::string(formats::gguf_file_type_name(number));
}

llama_model* Model::handle() const { return handle_->model.get(); }
std::uint64_t Model::parameters() const { return llama_model_n_params(handle()); }
std::uint64_t Model::bytes() const { return llama_model_size(handle()); }
int Model::embedding_size() const { return llama_model_n_embd_out(handle()); }
bool Model::has_encoder() const { return llama_model_has_encoder(handle()); }
bool Model::is_recurrent() const { return llama_model_is_recurrent(handle()); }
bool Model::is_hybrid() const { return llama_model_is_hybrid(handle()); }
bool Model::has_sliding_window() const { return llama_model_n_swa(handle()) > 0; }
bool Model::is_diffusion() const { return llama_model_is_diffusion(handle()); }

bool Model::is_causal() const { return meta(architecture_ + ".attention.causal").value_or("true") != "false"; }

bool Model::can_generate() const {
  const bool embeds_only = meta(architecture_ + ".pooling_type").value_or("0") != "0";
  return has_weights_ && is_causal() && !embeds_only && llama_model_has_decoder(handle()) && !has_encoder() &&
         !is_diffusion();
}

}  // namespace zubr::engine
