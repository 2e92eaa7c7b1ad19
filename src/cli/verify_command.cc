// zubr verify
#include <algorithm>
#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "cli/table_text.h"
#include "models/keep.h"

namespace zubr::cli {
namespace {

using models::CheckedFile;
using models::FileState;

struct VerifyArguments {
  std::string name;
  bool json = false, remove = false;
};

std::string state_word(FileState state) {
  switch (state) {
    case FileState::kWhole: return "whole";
    case FileState::kUnknown: return "loads";
    case FileState::kMissing: return "missing";
    case FileState::kChanged: return "changed";
    case FileState::kBroken: return "broken";
  }
  return "broken";
}

std::string state_text(FileState state) {
  switch (state) {
    case FileState::kWhole: return message("whole");
    case FileState::kUnknown: return message("loads (its hash was never said)");
    case FileState::kMissing: return message("missing");
    case FileState::kChanged: return message("changed");
    case FileState::kBroken: return message("broken");
  }
  return {};
}

std::string json_of(const std::vector<CheckedFile>& files) {
  std::vector<Json> items;
  for (const CheckedFile& file : files)
    items.push_back(Json::object({{"model", file.model},
                                  {"path", file.file.string()},
                                  {"state", state_word(file.state)},
                                  {"digest", file.blob ? file.blob->text() : std::string()},
                                  {"detail", file.detail}}));
  return json_text(Json::array(std::move(items)));
}

// Broken blobs are removed, so that the next pull fetches them.
Result<void> remove_broken(const std::vector<CheckedFile>& files, Session& session) {
  ZUBR_TRY(blobs, models::BlobStore::open(session.home / "blobs"));
  for (const CheckedFile& file : files) {
    if (file.state != FileState::kBroken || !file.blob || !blobs.contains(*file.blob)) continue;
    ZUBR_CHECK(blobs.remove(*file.blob));
    session.console.err << message("removed {}; pull '{}' again", file.file.string(), file.model) << "\n";
  }
  return {};
}

Result<int> verify(const VerifyArguments& arguments, Session& session) {
  const auto meter = session.progress_meter();
  meter->start(message("checking"), "MB");
  const auto files = models::verify_models(
      session.home, session.store, arguments.name,
      [&](std::uint64_t done, std::uint64_t total) {
        meter->update(static_cast<std::int64_t>(done / 1'000'000), static_cast<std::int64_t>(total / 1'000'000));
      },
      session.interrupt.token());
  meter->finish();
  if (!files) return fail(files.error());
  if (arguments.json) {
    session.console.out << json_of(*files);
  } else {
    TableText table({message("MODEL"), message("STATE"), message("FILE")});
    for (const CheckedFile& file : *files) table.add_row({file.model, state_text(file.state), file.file.string()});
    session.console.out << table.text();
  }
  const auto bad = [](const CheckedFile& file) { return file.state > FileState::kUnknown; };
  for (const CheckedFile& file : *files)
    if (bad(file) && !arguments.json)
      session.console.err << fmt::format("{}: {}: {}", file.model, file.file.string(), file.detail) << "\n";
  if (arguments.remove) ZUBR_CHECK(remove_broken(*files, session));
  const auto count = std::ranges::count_if(*files, bad);
  if (count == 0) return kExitOk;
  return fail(ErrorCode::kCorrupt,
              "{} of {} files are not as they should be; zubr verify --remove removes what was pulled and broke, then "
              "pull again",
              count, files->size());
}

}  // namespace

void add_verify(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "verify", "Hash the models' files and say what is broken", "Models",
                                       "  zubr verify\n  zubr verify llama3.1:8b --json\n");
  const auto arguments = std::make_shared<VerifyArguments>();
  command->add_option("MODEL", arguments->name, "one model; all of them otherwise")->type_name(kModelType);
  command->add_flag("--json", arguments->json, "as JSON");
  command->add_flag("--remove", arguments->remove, "remove pulled files that are broken, so that a pull fetches them");
  line.add_setting(*command, "progress");
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return verify(*arguments, session); }; });
}

}  // namespace zubr::cli
