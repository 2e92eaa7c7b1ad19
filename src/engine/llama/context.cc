#include "engine/llama/context.h"

#include <algorithm>
#include <exception>
#include <new>

#include "engine/llama/handles.h"
#include "engine/llama/log_capture.h"

namespace zubr::engine {
namespace {

ggml_type cache_type(CacheType type) {
  switch (type) {
    case CacheType::kQ8_0: return GGML_TYPE_Q8_0;
    case CacheType::kQ4_0: return GGML_TYPE_Q4_0;
    case CacheType::kF16: break;
  }
  return GGML_TYPE_F16;
}

llama_flash_attn_type flash_type(FlashAttention flash) {
  switch (flash) {
    case FlashAttention::kOn: return LLAMA_FLASH_ATTN_TYPE_ENABLED;
    case FlashAttention::kOff: return LLAMA_FLASH_ATTN_TYPE_DISABLED;
    case FlashAttention::kAuto: break;
  }
  return LLAMA_FLASH_ATTN_TYPE_AUTO;
}

}  // namespace

void Batch::clear() {
  tokens_.clear();
  positions_.clear();
  sequences_.clear();
  wants_output_.clear();
  outputs_ = 0;
}

void Batch::add(Token token, int position, int sequence, bool wants_output) {
  tokens_.push_back(token);
  positions_.push_back(position);
  sequences_.push_back(sequence);
  wants_output_.push_back(wants_output ? 1 : 0);
  outputs_ += wants_output ? 1 : 0;
}

int Batch::pad(int micro_batch, int least, int sequence) {
  const int last = size() % micro_batch;
  const int missing = last == 0 ? 0 : std::max(0, least - last);
  for (int i = 0; i < missing; ++i) add(tokens_.front(), i, sequence, false);
  return missing;
}

struct Context::Handle {
  ContextHandle context;
  std::stop_token stop;
};

Context::Context() = default;
Context::~Context() = default;

Result<std::unique_ptr<Context>> Context::create(std::shared_ptr<const Model> model, const ContextOptions& options) {
  if (!model->has_weights()) {
    return fail(ErrorCode::kUnsupported, "model '{}' is a vocabulary without weights; use a whole model",
                model->name());
  }
  if (options.sequences < 1 || options.sequences > kMaxSequences || options.cells < 1 || options.batch_tokens < 1) {
    return fail(ErrorCode::kInternal, "a context of {} sequences, {} cells and {} batch tokens is impossible",
                options.sequences, options.cells, options.batch_tokens);
  }
  const bool quantised = options.cache != CacheType::kF16;
  if (quantised && options.flash == FlashAttention::kOff)
    return fail(ErrorCode::kInvalidArgument, "a quantised cache needs flash attention; turn it on, or use f16");
  auto params = llama_context_default_params();
  params.n_ctx = static_cast<std::uint32_t>(options.cells);
  params.n_batch = static_cast<std::uint32_t>(options.batch_tokens);
  params.n_ubatch = static_cast<std::uint32_t>(options.micro_batch > 0 ? options.micro_batch : options.batch_tokens);
  params.n_seq_max = static_cast<std::uint32_t>(options.sequences);
  // llama.cpp reserves an output per sequence at once, and aborts when that is over the maximum.
  const int outputs = options.outputs > 0 ? options.outputs : options.batch_tokens;
  params.n_outputs_max = static_cast<std::uint32_t>(std::max(outputs, options.sequences));
  const int threads = options.threads > 0 ? options.threads : model->threads();
  params.n_threads = threads;
  params.n_threads_batch = threads;
  params.type_k = params.type_v = cache_type(options.cache);
  // "Auto" is on where the model's shape allows it; "enabled" outright fails for the few that do not.
  params.flash_attn_type = flash_type(options.flash);
  params.kv_unified = options.unified;
  params.swa_full = true;  // a windowed cache cannot be copied between sequences after the window has moved
  params.embeddings = options.embeddings;
  if (options.exact_cache) {
    params.type_k = params.type_v = GGML_TYPE_F32;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;  // it would make F16 of them
  }
  params.no_perf = true;
  std::unique_ptr<Context> context(new Context);
  context->handle_ = std::make_unique<Handle>();
  params.abort_callback_data = &context->handle_->stop;
  params.abort_callback = [](void* stop) { return static_cast<const std::stop_token*>(stop)->stop_requested(); };
  LogCapture log;
  std::string thrown;
  try {
    context->handle_->context.reset(llama_init_from_model(model->handle(), params));
  } catch (const std::bad_alloc&) {
    thrown = "out of memory";
  } catch (const std::exception& error) {
    thrown = error.what();
  }
  if (!context->handle_->context) {
    return fail(quantised ? ErrorCode::kUnsupported : ErrorCode::kOutOfMemory,
                "no context of {} tokens could be made for model '{}': {}; ask for a smaller one", options.cells,
                model->name(), thrown.empty() ? log.complaint() : thrown);
  }
  if (std::vector<llama_adapter_lora*> adapters = model->adapters(); !adapters.empty()) {
    std::vector<float> scales(adapters.size(), 1.0F);
    if (llama_set_adapters_lora(context->handle_->context.get(), adapters.data(), adapters.size(), scales.data()) != 0)
      return fail(ErrorCode::kInternal, "the adapters of model '{}' cannot be applied: {}", model->name(),
                  log.complaint());
  }
  context->model_ = std::move(model);
  context->options_ = options;
  return context;
}

Result<void> Context::decode(Batch& batch, std::stop_token stop) {
  // llama.cpp aborts on larger ones; without causal attention a batch must also be one micro-batch.
  const auto raw_limit = model_->is_causal() ? llama_n_batch(handle()) : llama_n_ubatch(handle());
  const int allowed = std::min(options_.batch_tokens, static_cast<int>(raw_limit));
  const int allowed_outputs = options_.outputs > 0 ? options_.outputs : allowed;
  if (batch.empty() || batch.size() > allowed || batch.outputs() > allowed_outputs) {
    return fail(ErrorCode::kInternal, "a decode of {} tokens and {} outputs was asked; 1 to {} and {} are possible",
                batch.size(), batch.outputs(), allowed, allowed_outputs);
  }
  if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
  batch.sequence_counts_.assign(batch.tokens_.size(), 1);
  batch.sequence_pointers_.resize(batch.tokens_.size());
  for (std::size_t i = 0; i < batch.tokens_.size(); ++i) batch.sequence_pointers_[i] = &batch.sequences_[i];
  llama_batch raw{};
  raw.n_tokens = batch.size();
  raw.token = batch.tokens_.data();
  raw.pos = batch.positions_.data();
  raw.n_seq_id = batch.sequence_counts_.data();
  raw.seq_id = batch.sequence_pointers_.data();
  raw.logits = batch.wants_output_.data();
  handle_->stop = stop;
  LogCapture log;
  int status = 0;
  std::string thrown;
  try {
    status = llama_decode(handle(), raw);
    if (status == 0) llama_synchronize(handle());
  } catch (const std::exception& error) {
    thrown = error.what();
    status = -4;
  }
  handle_->stop = {};
  switch (status) {
    case 0: return {};
    case 1:
      return fail(ErrorCode::kTooLarge, "no room for {} more tokens in a context of {}; use a larger one", batch.size(),
                  cells());
    case 2: return fail(ErrorCode::kCancelled, "stopped");
    default:
      return fail(ErrorCode::kInternal, "llama.cpp could not evaluate {} tokens ({}): {}", batch.size(), status,
                  thrown.empty() ? log.complaint() : thrown);
  }
}

std::span<const float> Context::logits(int batch_index) {
  const float* row = llama_get_logits_ith(handle(), batch_index);
  return row ? std::span(row, static_cast<std::size_t>(model_->tokenizer().size())) : std::span<const float>();
}

std::span<const float> Context::embedding(int batch_index) {
  const float* row = llama_get_embeddings_ith(handle(), batch_index);
  return row ? std::span(row, static_cast<std::size_t>(model_->embedding_size())) : std::span<const float>();
}

std::span<const float> Context::pooled_embedding(int sequence) {
  const float* row = llama_get_embeddings_seq(handle(), sequence);
  return row ? std::span(row, static_cast<std::size_t>(model_->embedding_size())) : std::span<const float>();
}

void Context::copy_sequence(int from, int to) { llama_memory_seq_cp(llama_get_memory(handle()), from, to, -1, -1); }
void Context::copy_sequence(int from, int to, int tokens) {
  llama_memory_seq_cp(llama_get_memory(handle()), from, to, 0, tokens);
}
void Context::remove_sequence(int sequence) { llama_memory_seq_rm(llama_get_memory(handle()), sequence, -1, -1); }
bool Context::truncate_sequence(int sequence, int position) {
  return llama_memory_seq_rm(llama_get_memory(handle()), sequence, position, -1);
}
void Context::keep_only(int sequence) { llama_memory_seq_keep(llama_get_memory(handle()), sequence); }
void Context::clear() { llama_memory_clear(llama_get_memory(handle()), false); }
int Context::length(int sequence) const { return llama_memory_seq_pos_max(llama_get_memory(handle()), sequence) + 1; }
int Context::cells() const { return static_cast<int>(llama_n_ctx(handle())); }
llama_context* Context::handle() const { return handle_->context.get(); }

}  // namespace zubr::engine
