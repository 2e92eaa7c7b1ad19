// zubr keys create | list | revoke
#include <fmt/chrono.h>

#include <charconv>
#include <ostream>

#include "access/key_store.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "cli/table_text.h"

namespace zubr::cli {
namespace {

using access::KeyRecord;
using std::chrono::sys_seconds;

struct CreateArguments {
  std::string name, scopes = "infer", expires;
  bool json = false;
};

sys_seconds now(const Session& session) { return std::chrono::floor<std::chrono::seconds>(session.clock.wall()); }

// "90d" → 90 days. Units: m, h, d, w, y (365 days).
Result<std::chrono::seconds> parse_life(const std::string& text) {
  constexpr std::int64_t kLongest = 100LL * 365 * 24 * 3600;
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  std::int64_t each = 0;
  if (unit == "m") each = 60;
  if (unit == "h") each = 3600;
  if (unit == "d") each = 24 * 3600;
  if (unit == "w") each = 7 * 24 * 3600;
  if (unit == "y") each = 365 * 24 * 3600;
  if (error != std::errc{} || each == 0 || count <= 0 || count > kLongest / each)
    return fail(ErrorCode::kInvalidArgument,
                "--expires says after how long: a number and m, h, d, w or y, like 90d; it is '{}'", text);
  return std::chrono::seconds(count * each);
}

std::string date_text(std::optional<sys_seconds> time) {
  return time ? fmt::format("{:%Y-%m-%d %H:%M}Z", fmt::gmtime(time->time_since_epoch().count())) : "";
}

std::string state_of(const KeyRecord& key, sys_seconds at) {
  if (key.revoked) return "revoked";
  return key.expires && *key.expires <= at ? "expired" : "works";
}

Json time_json(std::optional<sys_seconds> time) {
  return time ? Json(std::int64_t{time->time_since_epoch().count()}) : Json(nullptr);
}

std::vector<JsonMember> key_json(const KeyRecord& key, sys_seconds at) {
  return {{"id", key.id},
          {"name", key.name},
          {"scopes", access::scopes_text(key.scopes)},
          {"state", state_of(key, at)},
          {"created", time_json(key.created)},
          {"expires", time_json(key.expires)},
          {"revoked", time_json(key.revoked)}};
}

Result<int> create(const CreateArguments& arguments, Session& session) {
  ZUBR_TRY(scopes, access::parse_scopes(arguments.scopes));
  std::optional<sys_seconds> expires;
  if (!arguments.expires.empty()) {
    ZUBR_TRY(life, parse_life(arguments.expires));
    expires = now(session) + life;
  }
  ZUBR_TRY(store, access::KeyStore::open(session.home));
  ZUBR_TRY(made, store.create(arguments.name, scopes, expires, now(session)));
  if (arguments.json) {
    auto members = key_json(made.record, now(session));
    members.emplace_back("key", made.secret);
    session.console.out << json_text(Json::object(std::move(members)));
  } else {
    session.console.out << made.secret << "\n";
    session.console.err << message("this key of '{}' is shown only now; the server asks for one from now on",
                                   made.record.name)
                        << "\n";
  }
  return kExitOk;
}

Result<int> list(bool json, Session& session) {
  ZUBR_TRY(store, access::KeyStore::open(session.home));
  ZUBR_TRY(keys, store.list());
  const sys_seconds at = now(session);
  if (json) {
    std::vector<Json> items;
    for (const KeyRecord& key : keys) items.push_back(Json::object(key_json(key, at)));
    session.console.out << json_text(Json::array(std::move(items)));
    return kExitOk;
  }
  if (keys.empty()) {
    session.console.err << message("no keys: whoever reaches the server may use it; make one: zubr keys create NAME")
                        << "\n";
    return kExitOk;
  }
  TableText table(
      {message("ID"), message("NAME"), message("SCOPES"), message("STATE"), message("CREATED"), message("EXPIRES")});
  for (const KeyRecord& key : keys) {
    const std::string state = state_of(key, at);
    table.add_row({key.id, key.name, access::scopes_text(key.scopes),
                   state == "works"     ? message("works")
                   : state == "revoked" ? message("revoked")
                                        : message("expired"),
                   date_text(key.created), key.expires ? date_text(key.expires) : message("never")});
  }
  session.console.out << table.text();
  return kExitOk;
}

Result<int> revoke(const std::string& key, bool json, Session& session) {
  ZUBR_TRY(store, access::KeyStore::open(session.home));
  ZUBR_TRY(revoked, store.revoke(key, now(session)));
  if (json)
    session.console.out << json_text(Json::object(key_json(revoked, now(session))));
  else
    session.console.err << message("the key {} of '{}' works no more", revoked.id, revoked.name) << "\n";
  return kExitOk;
}

}  // namespace

void add_keys(CLI::App& root, CommandLine& line) {
  CLI::App* keys = line.add_command(root, "keys", "Make and revoke the API keys that zubr serve asks for", "Models");
  keys->require_subcommand(1);

  CLI::App* create_command = line.add_command(*keys, "create", "Make a key and print it, once", "Commands",
                                              "  zubr keys create \"ala's laptop\" --expires 90d\n"
                                              "  zubr keys create deploy --scopes manage\n");
  const auto arguments = std::make_shared<CreateArguments>();
  create_command->add_option("NAME", arguments->name, "whose it is")->required()->type_name(kTextType);
  create_command->add_option("--scopes", arguments->scopes, "what it is for: infer, manage, admin, with commas")
      ->type_name(kTextType)
      ->capture_default_str();
  create_command->add_option("--expires", arguments->expires, "after how long it ends: 12h, 90d, 1y")
      ->type_name(kTextType);
  create_command->add_flag("--json", arguments->json, "as JSON");
  create_command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return create(*arguments, session); }; });

  CLI::App* list_command = line.add_command(*keys, "list", "Show all keys, never the keys themselves", "Commands");
  const auto json = std::make_shared<bool>(false);
  list_command->add_flag("--json", *json, "as JSON");
  list_command->callback([&line, json] { line.action = [json](Session& session) { return list(*json, session); }; });

  CLI::App* revoke_command = line.add_command(*keys, "revoke", "Make a key useless; a running server knows in a second",
                                              "Commands", "  zubr keys revoke \"ala's laptop\"\n");
  const auto key = std::make_shared<std::string>();
  revoke_command->add_option("KEY", *key, "its id, or the name if only one has it")->required()->type_name(kTextType);
  revoke_command->add_flag("--json", *json, "as JSON");
  revoke_command->callback(
      [&line, key, json] { line.action = [key, json](Session& session) { return revoke(*key, *json, session); }; });
}

}  // namespace zubr::cli
