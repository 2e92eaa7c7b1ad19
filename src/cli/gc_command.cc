// zubr gc
#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "core/display.h"
#include "models/pull.h"

namespace zubr::cli {
namespace {

Result<int> collect(bool dry_run, Session& session) {
  ZUBR_TRY(garbage, models::collect_garbage(session.home, dry_run, session.interrupt.token()));
  const std::string bytes = core::display_bytes(garbage.bytes);
  session.console.err << (dry_run ? message("{} files and {} unfinished pulls that no model needs would go: {}",
                                            garbage.blobs.size(), garbage.partials, bytes)
                                  : message("removed {} files and {} unfinished pulls that no model needs: {}",
                                            garbage.blobs.size(), garbage.partials, bytes))
                      << "\n";
  return kExitOk;
}

}  // namespace

void add_gc(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "gc", "Remove pulled files that no model needs any more", "Models");
  const auto dry_run = std::make_shared<bool>(false);
  command->add_flag("--dry-run", *dry_run, "only say what would go");
  command->callback(
      [&line, dry_run] { line.action = [dry_run](Session& session) { return collect(*dry_run, session); }; });
}

}  // namespace zubr::cli
