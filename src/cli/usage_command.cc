// zubr usage
#include <algorithm>
#include <fstream>
#include <ostream>

#include "cli/command_line.h"
#include "cli/elsewhere_commands.h"
#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "cli/table_text.h"
#include "core/atomic_file.h"
#include "core/display.h"
#include "router/ledger/ledger.h"

namespace zubr::cli {
namespace {

struct UsageArguments {
  std::vector<std::string> by{"model", "provider"};
  router::UsageQuery query;
  std::string csv;
  bool json = false;
};

bool is_day(const std::string& text) {
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  return std::ranges::all_of(std::initializer_list<std::size_t>{0, 1, 2, 3, 5, 6, 8, 9}, digit);
}

Json json_of(const router::UsageQuery& query, const router::UsageRow& row) {
  std::vector<JsonMember> members;
  for (std::size_t at = 0; at < row.names.size(); ++at)
    members.emplace_back(std::string(router::usage_by_name(query.by[at])), row.names[at]);
  members.emplace_back("attempts", row.attempts);
  members.emplace_back("failed", row.failed);
  members.emplace_back("prompt_tokens", row.prompt_tokens);
  members.emplace_back("cached_tokens", row.cached_tokens);
  members.emplace_back("completion_tokens", row.completion_tokens);
  members.emplace_back("cost_usd", core::dollars_text(row.cost));
  members.emplace_back("unpriced", row.unpriced);
  return Json::object(std::move(members));
}

// The names of the columns are words that messages know.
std::string title(router::UsageBy by) {
  switch (by) {
    case router::UsageBy::kKey: return message("KEY");
    case router::UsageBy::kModel: return message("MODEL");
    case router::UsageBy::kProvider: return message("PROVIDER");
    case router::UsageBy::kTag: return message("TAG");
    case router::UsageBy::kDay: return message("DAY");
  }
  return {};
}

void print(const router::UsageQuery& query, const std::vector<router::UsageRow>& rows, std::ostream& out) {
  std::vector<std::string> head;
  for (const router::UsageBy by : query.by) head.push_back(title(by));
  for (std::string name : {message("REQUESTS"), message("FAILED"), message("TOKENS IN"), message("CACHED"),
                           message("TOKENS OUT"), message("COST $"), message("UNPRICED")})
    head.push_back(std::move(name));
  TableText table(std::move(head));
  for (const router::UsageRow& row : rows) {
    std::vector<std::string> cells = row.names;
    for (const std::int64_t number :
         {row.attempts, row.failed, row.prompt_tokens, row.cached_tokens, row.completion_tokens})
      cells.push_back(core::display_count(number));
    cells.push_back(core::dollars_text(row.cost));
    cells.push_back(core::display_count(row.unpriced));
    table.add_row(std::move(cells));
  }
  out << table.text();
}

Result<int> write_csv(router::Ledger& ledger, const UsageArguments& arguments, Session& session) {
  if (arguments.csv == "-") {
    ZUBR_CHECK(ledger.export_csv(arguments.query, [&](std::string_view text) { session.console.out << text; }));
    return kExitOk;
  }
  std::ofstream file(arguments.csv, std::ios::binary | std::ios::trunc);
  ZUBR_CHECK(ledger.export_csv(arguments.query, [&](std::string_view text) { file << text; }));
  file.flush();
  if (!file) return fail(ErrorCode::kIo, "cannot write {}; is there room, and may this be written?", arguments.csv);
  return kExitOk;
}

Result<int> usage(UsageArguments arguments, Session& session) {
  router::UsageQuery& query = arguments.query;
  for (const std::string& name : arguments.by) {
    ZUBR_TRY(by, router::parse_usage_by(name));
    query.by.push_back(by);
  }
  for (const std::string* day : {&query.since, &query.until})
    if (!day->empty() && !is_day(*day))
      return fail(ErrorCode::kInvalidArgument, "'{}' is no day; a day is like 2026-11-23", *day);
  ZUBR_TRY(ledger, router::Ledger::open(router::ledger_file(session.home), std::make_shared<core::SystemClock>()));
  if (!arguments.csv.empty()) return write_csv(*ledger, arguments, session);
  ZUBR_TRY(rows, ledger->usage(query));
  if (arguments.json) {
    std::vector<Json> items;
    for (const router::UsageRow& row : rows) items.push_back(json_of(query, row));
    session.console.out << json_text(Json::array(std::move(items)));
  } else if (rows.empty()) {
    session.console.err << message("nothing was asked elsewhere in that time") << "\n";
  } else {
    print(query, rows, session.console.out);
  }
  return kExitOk;
}

}  // namespace

void add_usage(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "usage", "What was asked elsewhere, and what it cost", "Elsewhere",
                                       "  zubr usage --by day --since 2026-11-01\n"
                                       "  zubr usage --by tag,model --json\n"
                                       "  zubr usage --csv november.csv --since 2026-11-01 --until 2026-11-30\n");
  const auto arguments = std::make_shared<UsageArguments>();
  command->add_option("--by", arguments->by, "one row for each of: key, model, provider, tag, day")
      ->type_name("key|model|provider|tag|day")
      ->delimiter(',')
      ->expected(1)
      ->take_all();
  const auto text = [&](const char* name, std::string& into, const char* what) {
    command->add_option(name, into, what)->type_name(kTextType);
  };
  text("--since", arguments->query.since, "from this day on, like 2026-11-01");
  text("--until", arguments->query.until, "to this day, like 2026-11-30");
  text("--key", arguments->query.key, "only of this key");
  text("--model", arguments->query.model, "only of this model");
  text("--provider", arguments->query.provider, "only of this provider");
  text("--tag", arguments->query.tag, "only with this tag");
  command->add_option("--csv", arguments->csv, "every attempt as a row into this file; - is standard output")
      ->type_name(kFileType);
  command->add_flag("--json", arguments->json, "as JSON");
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return usage(*arguments, session); }; });
}

}  // namespace zubr::cli
