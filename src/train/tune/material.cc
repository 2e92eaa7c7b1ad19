#include "train/tune/material.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace zubr::train {
namespace {

std::vector<Example> tokenize(const ExampleMaker& maker, const DialogueFile& file, std::int64_t max_tokens,
                              MaterialReport& report) {
  std::vector<Example> all;
  report.records += static_cast<std::int64_t>(file.dialogues.size() + file.bad.size());
  report.bad.insert(report.bad.end(), file.bad.begin(), file.bad.end());
  for (const Dialogue& dialogue : file.dialogues) {
    auto made = maker.examples(dialogue);
    if (!made) {
      report.bad.push_back({dialogue.row, made.error().message()});
      continue;
    }
    for (Example& example : *made) {
      if (example.size() > max_tokens) {
        report.bad.push_back(
            {dialogue.row, message("it has {} tokens, more than the {} of a row", example.size(), max_tokens)});
        ++report.too_long;
      } else {
        all.push_back(std::move(example));
      }
    }
  }
  return all;
}

void drop_duplicates(std::vector<Example>& examples, MaterialReport& report) {
  std::map<std::uint64_t, std::set<std::vector<TokenId>>> answers;
  std::set<std::pair<std::vector<TokenId>, std::vector<TokenId>>> seen;
  std::erase_if(examples, [&](const Example& example) {
    answers[example.key].insert(example.answer);
    const bool known = !seen.emplace(example.prompt, example.answer).second;
    report.duplicates += known ? 1 : 0;
    return known;
  });
  for (const auto& [key, different] : answers) report.contradictions += different.size() > 1 ? 1 : 0;
}

// Prompts are drawn, not examples: what has the same prompt stays on one side.
void split(Material& material, const MaterialOptions& options) {
  std::unordered_map<std::uint64_t, std::int64_t> counts;
  std::vector<std::uint64_t> keys;
  for (const Example& example : material.train)
    if (counts[example.key]++ == 0) keys.push_back(example.key);
  const auto share = static_cast<std::int64_t>(options.validation_share * static_cast<double>(material.train.size()));
  const std::int64_t wanted = std::min(options.most_validation, share);
  if (wanted < 1 || keys.size() < 2) return;
  std::mt19937_64 random(options.seed);
  std::shuffle(keys.begin(), keys.end(), random);
  std::unordered_set<std::uint64_t> chosen;
  for (std::int64_t taken = 0; const std::uint64_t key : keys) {
    if (taken >= wanted) break;
    if (counts[key] > 2 * wanted) continue;  // half of the data may have one prompt
    taken += counts[key];
    chosen.insert(key);
  }
  const auto stays = std::stable_partition(material.train.begin(), material.train.end(),
                                           [&](const Example& example) { return !chosen.contains(example.key); });
  material.validation.assign(std::make_move_iterator(stays), std::make_move_iterator(material.train.end()));
  material.train.erase(stays, material.train.end());
}

LengthReport lengths_of(const std::vector<Example>& examples) {
  LengthReport report;
  std::vector<std::int64_t> sizes;
  for (const Example& example : examples) {
    sizes.push_back(example.size());
    report.tokens += example.size();
    report.answer_tokens += static_cast<std::int64_t>(example.answer.size());
  }
  std::ranges::sort(sizes);
  const auto at = [&](double share) {
    return sizes[std::min(sizes.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sizes.size())))];
  };
  report.shortest = sizes.front();
  report.median = at(0.5);
  report.p95 = at(0.95);
  report.longest = sizes.back();
  return report;
}

}  // namespace

Result<Material> gather(const ExampleMaker& maker, const DialogueFile& data, const DialogueFile* validation,
                        const MaterialOptions& options) {
  Material material;
  MaterialReport& report = material.report;
  material.train = tokenize(maker, data, options.max_tokens, report);
  drop_duplicates(material.train, report);
  if (validation) {
    material.validation = tokenize(maker, *validation, options.max_tokens, report);
    std::unordered_set<std::uint64_t> known;
    for (const Example& example : material.validation) known.insert(example.key);
    report.leaks = static_cast<std::int64_t>(
        std::erase_if(material.train, [&](const Example& example) { return known.contains(example.key); }));
  } else {
    split(material, options);
  }
  if (material.train.empty())
    return fail(ErrorCode::kInvalidArgument, "nothing is left to train on: of {} records {} cannot be used{}{}",
                report.records, report.bad.size(), report.bad.empty() ? "" : "; the first: ",
                report.bad.empty() ? std::string() : report.bad.front().reason);
  report.lengths = lengths_of(material.train);
  return material;
}

}  // namespace zubr::train
