#include "engine/llama/media_reader.h"

#include <clip.h>
#include <mtmd-helper.h>
#include <mtmd.h>

#include <exception>

#include "engine/llama/handles.h"
#include "engine/llama/log_capture.h"
#include "engine/media/media_file.h"

namespace zubr::engine {
namespace {

// libmtmd throws, and its caller does not expect it.
template <typename Function>
auto guarded(const char* what, Function function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInternal, "{}: {}", what, error.what());
  }
}

struct ClipDeleter {
  void operator()(clip_ctx* context) const { clip_free(context); }
};
using ClipHandle = std::unique_ptr<clip_ctx, ClipDeleter>;

// mtmd_init_from_file() never gives back the memory of a projector that it finds too narrow or too wide for the model.
// So it is looked at before, without its weights.
Result<void> check_width(const Model& model, const std::filesystem::path& projector, const LogCapture& log) {
  clip_context_params look{};
  look.flash_attn_type = CLIP_FLASH_ATTN_TYPE_AUTO;
  look.image_min_tokens = look.image_max_tokens = -1;
  look.no_alloc = true;
  const clip_init_result found = clip_init(projector.c_str(), look);
  const ClipHandle eyes(found.ctx_v), ears(found.ctx_a), voice(found.ctx_gen_a);
  if (!eyes && !ears)
    return fail(ErrorCode::kUnsupported, "{} is no projector: {}", projector.string(), log.complaint());
  const int wanted = llama_model_n_embd_inp(model.handle());
  for (const ClipHandle* each : {&eyes, &ears, &voice}) {
    const int width = *each ? clip_n_mmproj_embd(each->get()) : wanted;
    if (width != wanted)
      return fail(ErrorCode::kUnsupported,
                  "{} is a projector of another model: its vectors have {} numbers, those of "
                  "'{}' {}",
                  projector.string(), width, model.name(), wanted);
  }
  return {};
}

}  // namespace

struct ReadMedia::Chunks {
  mtmd::input_chunks_ptr list;
};

ReadMedia::ReadMedia() : chunks_(std::make_unique<Chunks>()) {}
ReadMedia::~ReadMedia() = default;
ReadMedia::ReadMedia(ReadMedia&&) noexcept = default;
ReadMedia& ReadMedia::operator=(ReadMedia&&) noexcept = default;

int ReadMedia::tokens() const { return static_cast<int>(mtmd_helper_get_n_tokens(chunks_->list.get())); }

struct MediaReader::Handle {
  mtmd::context_ptr context;
};

MediaReader::MediaReader() : handle_(std::make_unique<Handle>()) {}
MediaReader::~MediaReader() = default;

Result<std::unique_ptr<MediaReader>> MediaReader::open(std::shared_ptr<const Model> model,
                                                       const std::filesystem::path& projector, int threads) {
  return guarded("the projector cannot be loaded", [&]() -> Result<std::unique_ptr<MediaReader>> {
    LogCapture log;
    ZUBR_CHECK(check_width(*model, projector, log));
    mtmd_context_params options = mtmd_context_params_default();
    options.use_gpu = false;
    options.print_timings = false;
    options.n_threads = threads;
    options.warmup = false;
    std::unique_ptr<MediaReader> reader(new MediaReader());
    reader->handle_->context.reset(mtmd_init_from_file(projector.c_str(), model->handle(), options));
    if (!reader->handle_->context)
      return fail(ErrorCode::kUnsupported, "{} is no projector for '{}': {}", projector.string(), model->name(),
                  log.complaint());
    reader->model_ = std::move(model);
    return reader;
  });
}

bool MediaReader::sees() const { return mtmd_support_vision(handle_->context.get()); }
bool MediaReader::hears() const { return mtmd_support_audio(handle_->context.get()); }

Result<ReadMedia> MediaReader::read(const std::string& bytes) const {
  ZUBR_TRY(file, inspect_media(bytes));
  if (file.sound && !hears())
    return fail(ErrorCode::kUnsupported, "'{}' does not hear; send it pictures, or take another model", model_->name());
  if (!file.sound && !sees())
    return fail(ErrorCode::kUnsupported, "'{}' does not see; send it sounds, or take another model", model_->name());
  return guarded("the file cannot be read", [&]() -> Result<ReadMedia> {
    LogCapture log;
    const mtmd::bitmap decoded(
        mtmd_helper_bitmap_init_from_buf(handle_->context.get(), reinterpret_cast<const unsigned char*>(bytes.data()),
                                         bytes.size(), /*placeholder=*/false, mtmd_helper_init_opt_default())
            .bitmap);
    if (!decoded.ptr)
      return fail(ErrorCode::kCorrupt, "the {} cannot be decoded; it is cut or damaged",
                  file.sound ? "sound" : "picture");
    const mtmd_input_part part{.text = nullptr, .bitmap = decoded.ptr.get()};
    const mtmd_input_part* parts[] = {&part};
    ReadMedia media;
    media.chunks_->list.reset(mtmd_input_chunks_init());
    if (mtmd_tokenize_from_parts(handle_->context.get(), media.chunks_->list.get(), parts, 1, /*add_special=*/false) !=
        0)
      return fail(ErrorCode::kCorrupt, "the {} cannot be made input of '{}': {}", file.sound ? "sound" : "picture",
                  model_->name(), log.complaint());
    return media;
  });
}

Result<int> MediaReader::evaluate(const ReadMedia& media, Context& context, int position, int sequence) const {
  return guarded("the picture cannot be evaluated", [&]() -> Result<int> {
    LogCapture log;
    llama_pos behind = position;
    const int status =
        mtmd_helper_eval_chunks(handle_->context.get(), context.handle(), media.chunks_->list.get(), position, sequence,
                                context.options().batch_tokens, /*logits_last=*/false, &behind);
    if (status != 0)
      return fail(ErrorCode::kInternal, "'{}' could not evaluate a picture or a sound: {}", model_->name(),
                  log.complaint());
    return behind;
  });
}

}  // namespace zubr::engine
