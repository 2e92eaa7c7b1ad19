// zubr leaderboard
#include <ostream>

#include "catalog/import_board.h"
#include "catalog/search.h"
#include "cli/catalog_open.h"
#include "cli/catalog_text.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/table_text.h"
#include "core/text_file.h"

namespace zubr::cli {
namespace {

struct BoardArguments {
  std::string benchmark = "lmarena-text";
  bool open_only = false, commercial_only = false, list = false, json = false;
  int limit = 30;
};

Result<int> list_benchmarks(catalog::Catalog& catalog, bool json, std::ostream& out) {
  ZUBR_TRY(rows, catalog::benchmarks(catalog));
  if (json) {
    out << json_text(catalog::benchmarks_json(rows));
    return kExitOk;
  }
  TableText table({message("BENCHMARK"), message("MODELS"), message("AS OF")});
  for (const auto& row : rows) table.add_row({row.name, std::to_string(row.models), or_dash(row.day)});
  out << table.text();
  return kExitOk;
}

Result<int> run_board(const BoardArguments& arguments, Session& session) {
  if (arguments.open_only && arguments.commercial_only)
    return fail(ErrorCode::kInvalidArgument, "--open-only and --commercial-only together leave no model; give one");
  ZUBR_TRY(catalog, open_catalog(session));
  std::ostream& out = session.console.out;
  if (arguments.list) return list_benchmarks(catalog, arguments.json, out);
  const std::optional<bool> open = arguments.open_only         ? std::optional(true)
                                   : arguments.commercial_only ? std::optional(false)
                                                               : std::nullopt;
  ZUBR_TRY(rows, catalog::leaderboard(catalog, arguments.benchmark, open, arguments.limit));
  if (arguments.json) {
    out << json_text(catalog::board_json(rows));
    return kExitOk;
  }
  TableText table({"#", message("MODEL"), message("SCORE"), message("ACCESS"), message("SIZE"), message("LICENCE"),
                   message("$/M IN"), message("$/M OUT")});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& record = rows[i].record;
    table.add_row({std::to_string(i + 1), record.address.name, score_text(rows[i].value), access_text(record),
                   size_text(record.parameters), or_dash(record.license), price_text(record.input),
                   price_text(record.output)});
  }
  out << table.text();
  if (!rows.empty())
    session.console.err << message("{}, as of {}; other boards: zubr leaderboard --list", arguments.benchmark,
                                   or_dash(rows.front().day))
                        << "\n";
  return kExitOk;
}

struct ImportArguments {
  std::string file, benchmark, date;
  catalog::ScoreColumns columns;
  bool json = false;
};

Result<int> import_file(const ImportArguments& arguments, Session& session) {
  constexpr std::size_t kMaxFile = std::size_t{64} << 20;
  ZUBR_TRY(text, core::read_text_file(arguments.file, kMaxFile));
  if (!arguments.date.empty() && !catalog::is_date(arguments.date))
    return fail(ErrorCode::kInvalidArgument, "--date '{}' is no day; an example: 2026-05-04", arguments.date);
  const catalog::SourceInfo source{.name = {},
                                   .url = arguments.file,
                                   .date = arguments.date.empty() ? today(session.clock) : arguments.date,
                                   .license = {}};
  ZUBR_TRY(catalog, open_catalog(session));
  auto board = catalog::import_board(catalog, text, arguments.benchmark, arguments.columns, source);
  if (!board) return fail(board.error().context(arguments.file));
  const catalog::MergeReport& merged = board->merged;
  if (arguments.json) {
    session.console.out << json_text(Json::object({{"benchmark", arguments.benchmark},
                                                   {"date", source.date},
                                                   {"new", merged.added},
                                                   {"changed", merged.changed},
                                                   {"unchanged", merged.unchanged},
                                                   {"gone", merged.gone},
                                                   {"skipped", board->skipped}}));
    return kExitOk;
  }
  session.console.err << message(
                             "{}: {} new, {} changed, {} as before, {} gone, {} rows without a score; "
                             "to see it: zubr leaderboard --benchmark {}",
                             arguments.benchmark, merged.added, merged.changed, merged.unchanged, merged.gone,
                             board->skipped, arguments.benchmark)
                      << "\n";
  return kExitOk;
}

CLI::App* add_import(CLI::App& leaderboard, CommandLine& line) {
  CLI::App* command = line.add_command(
      leaderboard, "import", "Add a board of your own, from CSV or JSON", "",
      "  zubr leaderboard import exams.csv --benchmark polish-exams\n"
      "  zubr leaderboard import board.json --benchmark internal --model-column who --score-column f1\n"
      "A board of that name that was imported before is replaced.\n");
  const auto arguments = std::make_shared<ImportArguments>();
  command->add_option("FILE", arguments->file, "a table with models and scores: CSV, TSV or JSON")
      ->required()
      ->type_name(kFileType);
  command->add_option("--benchmark", arguments->benchmark, "how to call it: a-z 0-9 . _ -")
      ->required()
      ->type_name("NAME");
  command->add_option("--model-column", arguments->columns.model, "which column names models [model, name …]")
      ->type_name(kColumnType);
  command->add_option("--score-column", arguments->columns.score, "which column has the score [score, value …]")
      ->type_name(kColumnType);
  command->add_option("--date", arguments->date, "the day of the board [today]")->type_name("YYYY-MM-DD");
  command->add_flag("--json", arguments->json, "what changed, as JSON");
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return import_file(*arguments, session); }; });
  return command;
}

}  // namespace

void add_leaderboard(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "leaderboard", "Open and paid models by how good they are", "Catalog",
                                       "  zubr leaderboard --open-only\n"
                                       "  zubr leaderboard --benchmark aider-polyglot --limit 10\n"
                                       "  zubr leaderboard import exams.csv --benchmark polish-exams\n");
  const auto arguments = std::make_shared<BoardArguments>();
  command->add_option("--benchmark", arguments->benchmark, "which board [lmarena-text]")->type_name("BENCHMARK");
  command->add_flag("--list", arguments->list, "show the boards that there are");
  command->add_flag("--open-only", arguments->open_only, "only models whose weights can be had");
  command->add_flag("--commercial-only", arguments->commercial_only, "only models that are served for money alone");
  command->add_option("--limit", arguments->limit, "rows [30]")->type_name(kNumberType)->check(CLI::Range(1, 10000));
  command->add_flag("--json", arguments->json, "as JSON");
  const CLI::App* import = add_import(*command, line);
  command->callback([&line, arguments, import] {
    if (import->parsed()) return;
    line.action = [arguments](Session& session) { return run_board(*arguments, session); };
  });
}

}  // namespace zubr::cli
