#include "cli/trainer_program.h"

#include <array>
#include <optional>

#include "core/child_process.h"

namespace zubr::cli {
namespace {

constexpr int kLoaderFailed = 127;  // what the system's loader ends with when a library is missing

ErrorCode code_of(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i)
    if (core::error_name(static_cast<ErrorCode>(i)) == name) return static_cast<ErrorCode>(i);
  return ErrorCode::kInternal;
}

}  // namespace

Result<std::filesystem::path> find_trainer(const core::Environment& environment) {
  if (const auto named = environment("ZUBR_TRAINER"); named && !named->empty()) {
    if (std::filesystem::exists(*named)) return std::filesystem::path(*named);
    return fail(ErrorCode::kNotFound, "ZUBR_TRAINER names '{}', which is not there", *named);
  }
  std::error_code error;
  const auto own = std::filesystem::read_symlink(core::own_program(), error);
  const auto beside = own.parent_path() / "zubr-train";
  if (!error && std::filesystem::exists(beside)) return beside;
  return fail(ErrorCode::kNotFound,
              "training needs the program zubr-train, which is not at '{}'; build it: tools/setup.sh train && "
              "tools/build.sh release zubr-train",
              beside.string());
}

Result<void> run_trainer(const std::filesystem::path& trainer, const std::vector<std::string>& arguments,
                         const std::function<void(const train::TuneEvent&)>& on_event, std::stop_token stop) {
  std::optional<Error> failure;
  bool spoke = false;
  const auto on_line = [&](std::string_view line) {
    const auto event = train::parse_event(line);
    if (!event) return;
    spoke = true;
    if (event->kind == train::TuneEvent::Kind::kFailed) {
      failure = Error(code_of(event->code), event->text);
    } else {
      on_event(*event);
    }
  };
  ZUBR_TRY(status, core::lines_of(trainer, arguments, on_line, stop));
  if (failure) return fail(std::move(*failure));
  if (status == 0) return {};
  if (status == kLoaderFailed && !spoke)
    return fail(ErrorCode::kUnsupported,
                "'{}' cannot start, it needs libtorch; install it: apt install libtorch1.13 libopenblas0-openmp",
                trainer.string());
  if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped; the same command goes on from there");
  return fail(ErrorCode::kInternal, "the trainer ended with status {}; the last checkpoint is kept", status);
}

}  // namespace zubr::cli
