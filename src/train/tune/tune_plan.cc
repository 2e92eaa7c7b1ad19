#include "train/tune/tune_plan.h"

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "core/text_file.h"

namespace zubr::train {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxPlanBytes = 1 << 20;

json::array ids_of(const std::vector<TokenId>& tokens) {
  json::array list;
  for (const TokenId token : tokens) list.push_back(token);
  return list;
}

std::string lines_of(const std::vector<Example>& examples) {
  std::string text;
  for (const Example& example : examples) {
    const json::object line = {
        {"row", example.row}, {"prompt", ids_of(example.prompt)}, {"answer", ids_of(example.answer)}};
    text += json::serialize(line) + "\n";
  }
  return text;
}

std::string digest(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a: only to notice that data changed
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return fmt::format("{:016x}", hash);
}

json::object plan_object(const TunePlan& p) {
  json::array targets;
  for (const std::string& target : p.lora.targets) targets.emplace_back(target);
  return {{"base", p.base.string()},
          {"name", p.name},
          {"rank", p.lora.rank},
          {"alpha", p.lora.alpha},
          {"dropout", p.lora.dropout},
          {"rank_stabilised", p.lora.rank_stabilised},
          {"targets", std::move(targets)},
          {"full", p.full},
          {"epochs", p.epochs},
          {"batch", p.batch},
          {"tokens_at_once", p.tokens_at_once},
          {"rate", p.rate},
          {"linear", p.linear},
          {"warm_up", p.warm_up},
          {"weight_decay", p.weight_decay},
          {"clip", p.clip},
          {"seed", static_cast<std::int64_t>(p.seed)},
          {"float32", p.float32},
          {"recompute", p.recompute},
          {"evaluate_every", p.evaluate_every},
          {"patience", p.patience},
          {"checkpoint_every", p.checkpoint_every},
          {"threads", p.threads},
          {"type", p.type}};
}

TunePlan plan_of(const json::object& o) {
  const auto number = [&](const char* key) { return o.at(key).to_number<std::int64_t>(); };
  const auto real = [&](const char* key) { return o.at(key).to_number<double>(); };
  const auto text = [&](const char* key) { return std::string(o.at(key).as_string()); };
  TunePlan p;
  p.base = text("base");
  p.name = text("name");
  p.lora = {number("rank"), real("alpha"), real("dropout"), o.at("rank_stabilised").as_bool(), {}};
  for (const json::value& target : o.at("targets").as_array()) p.lora.targets.emplace_back(target.as_string());
  p.full = o.at("full").as_bool();
  p.epochs = number("epochs");
  p.batch = number("batch");
  p.tokens_at_once = number("tokens_at_once");
  p.rate = real("rate");
  p.linear = o.at("linear").as_bool();
  p.warm_up = real("warm_up");
  p.weight_decay = real("weight_decay");
  p.clip = real("clip");
  p.seed = static_cast<std::uint64_t>(number("seed"));
  p.float32 = o.at("float32").as_bool();
  p.recompute = o.at("recompute").as_bool();
  p.evaluate_every = number("evaluate_every");
  p.patience = number("patience");
  p.checkpoint_every = number("checkpoint_every");
  p.threads = static_cast<int>(number("threads"));
  p.type = text("type");
  return p;
}

std::vector<TokenId> tokens_of(const json::value& list) {
  std::vector<TokenId> tokens;
  for (const json::value& id : list.as_array()) tokens.push_back(id.to_number<TokenId>());
  return tokens;
}

Result<std::vector<Example>> read_examples(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorCode::kNotFound, "cannot open '{}'", file.string());
  std::vector<Example> examples;
  std::string line;
  while (std::getline(in, line)) {
    const json::value value = json::parse(line);
    examples.push_back(
        {value.at("row").to_number<std::int64_t>(), tokens_of(value.at("prompt")), tokens_of(value.at("answer")), 0});
  }
  return examples;
}

}  // namespace

const std::vector<std::string> kLoraTargets = {"attn_q",   "attn_k", "attn_v",  "attn_output",
                                               "ffn_gate", "ffn_up", "ffn_down"};

double LoraOptions::scale() const {
  const auto r = static_cast<double>(rank);
  return alpha / (rank_stabilised ? std::sqrt(r) : r);
}

Schedule TunePlan::schedule(std::int64_t examples) const {
  Schedule schedule;
  schedule.peak = rate;
  schedule.steps = steps(examples);
  schedule.warm_up = static_cast<std::int64_t>(std::ceil(warm_up * static_cast<double>(schedule.steps)));
  schedule.shape = linear ? Schedule::Shape::kLevel : Schedule::Shape::kCosine;
  return schedule;
}

Result<void> check_plan(const TunePlan& p) {
  const auto wrong = [](const char* option, auto value, const char* wanted) {
    return fail(ErrorCode::kInvalidArgument, "{} cannot be {}; it is {}", option, value, wanted);
  };
  if (p.lora.rank < 1 || p.lora.rank > 4096) return wrong("--rank", p.lora.rank, "1 to 4096");
  if (!(p.lora.alpha > 0)) return wrong("--alpha", p.lora.alpha, "a number above 0");
  if (!(p.lora.dropout >= 0 && p.lora.dropout < 1)) return wrong("--dropout", p.lora.dropout, "from 0 to below 1");
  if (p.epochs < 1 || p.epochs > 10000) return wrong("--epochs", p.epochs, "1 to 10000");
  if (p.batch < 1 || p.batch > 65536) return wrong("--batch", p.batch, "1 to 65536");
  if (!(p.rate > 0 && p.rate < 1)) return wrong("--rate", p.rate, "between 0 and 1");
  if (!(p.warm_up >= 0 && p.warm_up <= 1)) return wrong("--warm-up", p.warm_up, "from 0 to 1");
  if (p.weight_decay < 0) return wrong("--weight-decay", p.weight_decay, "0 or more");
  for (const std::string& target : p.lora.targets)
    if (std::ranges::find(kLoraTargets, target) == kLoraTargets.end())
      return fail(ErrorCode::kInvalidArgument,
                  "'{}' is no matrix that can be adapted; those are attn_q, attn_k, attn_v, attn_output, ffn_gate, "
                  "ffn_up and ffn_down",
                  target);
  if (p.type != "" && p.type != "f32" && p.type != "f16" && p.type != "bf16" && p.type != "q8_0" && p.type != "q4_0")
    return wrong("--type", p.type, "f32, f16, bf16, q8_0 or q4_0");
  return {};
}

Result<bool> write_plan(const TunePlan& plan, const std::vector<Example>& train, const std::vector<Example>& validation,
                        const TuneFolder& folder, bool restart) {
  std::error_code error;
  std::filesystem::create_directories(folder.root, error);
  if (error) return fail(ErrorCode::kIo, "cannot make '{}': {}", folder.root.string(), error.message());
  const std::string train_text = lines_of(train), validation_text = lines_of(validation);
  json::object object = plan_object(plan);
  object["train_digest"] = digest(train_text);
  object["validation_digest"] = digest(validation_text);
  const std::string text = json::serialize(object) + "\n";
  if (restart)
    for (const auto& file :
         {folder.plan(), folder.checkpoint(), folder.best(), folder.log(), folder.adapter(), folder.merged()})
      std::filesystem::remove(file, error);
  if (std::filesystem::exists(folder.plan())) {
    ZUBR_TRY(before, core::read_text_file(folder.plan(), kMaxPlanBytes));
    if (before == text) return std::filesystem::exists(folder.checkpoint());
    return fail(ErrorCode::kAlreadyExists,
                "'{}' holds a run with other options or other data; give --restart to begin anew, or another name",
                folder.root.string());
  }
  ZUBR_CHECK(core::write_text_file(folder.train(), train_text));
  ZUBR_CHECK(core::write_text_file(folder.validation(), validation_text));
  ZUBR_CHECK(core::write_text_file(folder.plan(), text));
  return false;
}

Result<StoredPlan> read_plan(const TuneFolder& folder) {
  ZUBR_TRY(text, core::read_text_file(folder.plan(), kMaxPlanBytes));
  try {
    StoredPlan stored;
    stored.plan = plan_of(json::parse(text).as_object());
    ZUBR_TRY(train, read_examples(folder.train()));
    ZUBR_TRY(validation, read_examples(folder.validation()));
    stored.train = std::move(train);
    stored.validation = std::move(validation);
    ZUBR_CHECK(check_plan(stored.plan));
    return stored;
  } catch (const std::exception& error) {
    return fail(ErrorCode::kCorrupt, "'{}' is damaged: {}", folder.root.string(), error.what());
  }
}

}  // namespace zubr::train
