#include "cli/session.h"

#include <ostream>

namespace zubr::cli {
namespace {
constexpr std::int64_t kMebibyte = 1 << 20;
}

std::unique_ptr<core::ProgressMeter> Session::progress_meter() {
  using core::ProgressStyle;
  const ProgressStyle style = !settings.enabled("progress") ? ProgressStyle::kNone
                              : console.err_is_terminal     ? ProgressStyle::kLive
                                                            : ProgressStyle::kPlain;
  return std::make_unique<core::ProgressMeter>(clock, style, console.width,
                                               [this](std::string_view text) { console.err << text << std::flush; });
}

Result<models::ResolvedModel> Session::find_model(const std::string& named) {
  std::string wanted = named.empty() ? settings.text("model") : named;
  if (wanted.empty()) wanted = store.shipped_name();
  if (wanted.empty())
    return fail(
        ErrorCode::kInvalidArgument,
        "no model is named; add --model NAME or FILE, set ZUBR_MODEL, or put model = \"NAME\" into {}; names: zubr "
        "models list",
        (home / "config.toml").string());
  return store.resolve(wanted);
}

BackendSpec Session::backend_spec(const models::ResolvedModel& model, int parallel) const {
  return {.file = model.file,
          .name = model.name,
          .threads = static_cast<int>(settings.integer("threads")),
          .context_tokens = static_cast<int>(settings.integer("context")),
          .parallel = parallel,
          .compute = settings.text("compute"),
          .progress = {},
          .projector = model.projector,
          .recipe = model.recipe,
          .settings = &settings};
}

Result<std::shared_ptr<inference::Backend>> Session::open_model(const models::ResolvedModel& model, int parallel,
                                                                const std::string& compute) {
  std::error_code ignored;
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(model.file, ignored));
  const std::int64_t total = ignored ? 0 : std::max<std::int64_t>(1, size / kMebibyte);
  const auto meter = progress_meter();
  meter->start(message("loading {}", model.name), "MiB");
  const std::stop_token stop = interrupt.token();
  BackendSpec spec = backend_spec(model, parallel);
  if (!compute.empty()) spec.compute = compute;
  spec.progress = [&](float share) {
    meter->update(static_cast<std::int64_t>(share * static_cast<float>(total)), total);
    return !stop.stop_requested();
  };
  auto backend = services.open_backend(spec);
  if (backend) meter->update(total, total);
  if (!backend) meter->cancel();
  return backend;
}

}  // namespace zubr::cli
