#include "engine/label_scorer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <random>
#include <set>
#include <thread>

#include "engine/llama/naive_labels.h"
#include "engine/test_models.h"

namespace zubr::engine {
namespace {

using inference::LabelScores;
using inference::LabelTask;
using inference::PreparedText;

constexpr const char* kHead = "Put it in a group. It is";
constexpr const char* kTail = ", so its group is";

struct Workload {
  LabelTask task;
  std::vector<std::string> texts;
};

// 20 labels of 1 to 6 tokens, some the beginning of another, and texts, all of tokens that the model knows.
Workload workload(const Model& model, std::size_t texts) {
  std::mt19937 random(20);
  const Tokenizer& tokenizer = model.tokenizer();
  std::vector<std::string> words;
  for (int i = 0; i < 100'000 && words.size() < 60; ++i) {
    const auto token = static_cast<Token>(random() % static_cast<unsigned>(tokenizer.size()));
    const std::string piece = tokenizer.piece(token);
    const bool word = piece.size() > 2 && piece[0] == ' ' &&
                      std::all_of(piece.begin() + 1, piece.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    auto tokens = tokenizer.tokenize_continuation(piece, false);
    if (word && tokens && tokens->size() == 1) words.push_back(piece);
  }
  const auto phrase = [&](std::size_t length) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i) text += words[random() % words.size()];
    return text.substr(1);
  };
  Workload work;
  work.task.raw_prompt = std::string(kHead) + " {{text}}" + kTail;
  std::set<std::string> labels;
  while (labels.size() < 14) labels.insert(phrase(1 + labels.size() % 5));
  std::vector<std::string> longer(labels.begin(), labels.end());
  for (std::size_t i = 0; labels.size() < 20; ++i) labels.insert(longer[i % longer.size()] + " " + phrase(1));
  work.task.labels.assign(labels.begin(), labels.end());
  std::shuffle(work.task.labels.begin(), work.task.labels.end(), random);
  for (std::size_t i = 0; i < texts; ++i) work.texts.push_back(i == 17 ? "" : phrase(1 + random() % 7));
  return work;
}

// Scores in calls of at most `rows` rows, as the limits allow.
std::vector<LabelScores> score_all(inference::LabelScorer& scorer, const std::vector<std::string>& texts,
                                   std::size_t rows) {
  std::vector<LabelScores> all;
  std::vector<PreparedText> batch;
  std::int64_t tokens = 0;
  const auto flush = [&] {
    auto scores = scorer.score(batch, {});
    ASSERT_TRUE(scores) << scores.error().message();
    all.insert(all.end(), scores->begin(), scores->end());
    batch.clear();
    tokens = 0;
  };
  for (const std::string& text : texts) {
    auto row = scorer.prepare(text);
    if (!row) {
      ADD_FAILURE() << row.error().message();
      return all;
    }
    const auto count = static_cast<std::int64_t>(row->tokens.size());
    if (!batch.empty() && (batch.size() >= rows || tokens + count > scorer.limits().tokens)) flush();
    tokens += count;
    batch.push_back(std::move(*row));
  }
  if (!batch.empty()) flush();
  return all;
}

class LabelScorerModels : public testing::TestWithParam<std::pair<const char*, std::size_t>> {
 protected:
  void SetUp() override { ZUBR_NEED_TEST_DATA(); }
};

TEST_P(LabelScorerModels, GivesTheLogProbabilitiesOfRowsEvaluatedAlone) {
  const char* file = GetParam().first;
  const std::size_t texts = GetParam().second;
  auto model = load_test_model(file, 1);
  ASSERT_TRUE(model);
  Workload work = workload(*model, texts);
  work.task.tolerance = 0;
  auto scorer = open_label_scorer(model, work.task, {});
  ASSERT_TRUE(scorer) << scorer.error().message();
  const auto scores = score_all(**scorer, work.texts, 64);
  ASSERT_EQ(scores.size(), texts);

  // Two threads, each with a model of its own.
  NaiveLabels naive(test_model(file)), second(test_model(file));
  std::vector<std::string> fed;
  for (const std::string& label : work.task.labels) fed.push_back(" " + label);
  const auto labels = naive.label_tokens(fed);
  const auto sizes = (*scorer)->label_tokens();
  std::set<std::size_t> lengths;
  double worst = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    ASSERT_EQ(static_cast<std::size_t>(sizes[i]), labels[i].size());
    lengths.insert(labels[i].size());
  }
  EXPECT_GE(*lengths.rbegin(), 5u);
  std::vector<std::vector<double>> expected(texts);
  const auto evaluate = [&](NaiveLabels& with, std::size_t first) {
    for (std::size_t row = first; row < texts; row += 2) {
      const auto prompt = with.prompt_tokens({kHead, " " + work.texts[row], kTail});
      expected[row] = with.log_probs(prompt, labels, /*fresh=*/row < 10);
    }
  };
  std::thread other_half([&] { evaluate(second, 1); });
  evaluate(naive, 0);
  other_half.join();
  for (std::size_t row = 0; row < texts; ++row) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      ASSERT_TRUE(scores[row].exact[i]);
      worst = std::max(worst, std::abs(expected[row][i] - static_cast<double>(scores[row].log_prob[i])));
    }
  }
  EXPECT_LT(worst, 1e-3);
  std::cout << file << ": greatest difference " << worst << " over " << texts << " x " << labels.size() << '\n';

  // Any batch size, any order, duplicates.
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < 80; ++i) order.push_back((i * 37) % texts);
  for (std::size_t i = 0; i < 15; ++i) order.push_back(order[i]);
  std::vector<std::string> again;
  for (const std::size_t i : order) again.push_back(work.texts[i]);
  for (const std::size_t rows : {1u, 7u, 64u}) {
    const auto other = score_all(**scorer, again, rows);
    ASSERT_EQ(other.size(), order.size());
    for (std::size_t k = 0; k < order.size(); ++k) {
      for (std::size_t i = 0; i < labels.size(); ++i) {
        ASSERT_NEAR(other[k].log_prob[i], scores[order[k]].log_prob[i], 1e-3) << "rows " << rows;
      }
    }
  }
}

TEST_P(LabelScorerModels, FindsTheSameTopLabelWithinTheDefaultTolerance) {
  const char* file = GetParam().first;
  auto model = load_test_model(file, 1);
  ASSERT_TRUE(model);
  for (const auto norm : {inference::LengthNorm::kNone, inference::LengthNorm::kTokens}) {
    Workload work = workload(*model, 60);
    work.task.length_norm = norm;
    auto pruned = open_label_scorer(model, work.task, {});
    work.task.tolerance = 0;
    auto whole = open_label_scorer(model, work.task, {});
    ASSERT_TRUE(pruned && whole);
    const auto some = score_all(**pruned, work.texts, 64);
    const auto all = score_all(**whole, work.texts, 64);
    const auto sizes = (*whole)->label_tokens();
    for (std::size_t row = 0; row < work.texts.size(); ++row) {
      const auto weights = [&](const LabelScores& scores) {
        std::vector<double> weight;
        double sum = 0;
        for (std::size_t i = 0; i < sizes.size(); ++i) {
          const double score =
              norm == inference::LengthNorm::kTokens ? scores.log_prob[i] / sizes[i] : scores.log_prob[i];
          weight.push_back(scores.exact[i] ? std::exp(score) : 0.0);
          sum += weight.back();
        }
        for (double& value : weight) value /= sum;
        return weight;
      };
      const auto a = weights(some[row]), b = weights(all[row]);
      const auto top = std::ranges::max_element(b) - b.begin();
      EXPECT_EQ(std::ranges::max_element(a) - a.begin(), top);
      EXPECT_NEAR(a[static_cast<std::size_t>(top)], b[static_cast<std::size_t>(top)], 1.1e-3);
    }
    EXPECT_LE((*pruned)->stats().evaluated_tokens, (*whole)->stats().evaluated_tokens);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, LabelScorerModels,
                         testing::Values(std::pair{"stories260K-f32.gguf", std::size_t{1000}},
                                         std::pair{"aidreams260K-f32.gguf", std::size_t{1000}},
                                         std::pair{"tinytalk-3m-q4_0.gguf", std::size_t{1000}},
                                         std::pair{"tinytalk-3m-f16.gguf", std::size_t{100}}),
                         [](const auto& parameter) {
                           std::string name = parameter.param.first;
                           std::erase_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
                           return name;
                         });

class LabelScorer : public testing::Test {
 protected:
  void SetUp() override {
    ZUBR_NEED_TEST_DATA();
    model_ = load_test_model("tinytalk-3m-q4_0.gguf", 1);
    ASSERT_TRUE(model_);
  }
  std::shared_ptr<const Model> model_;
};

TEST_F(LabelScorer, SaysBothNumbersWhenATextDoesNotFit) {
  LabelTask task;
  task.raw_prompt = "Sort this: {{text}}\nGroup:";
  task.labels = {"one", "two"};
  auto scorer = open_label_scorer(model_, task, {});
  ASSERT_TRUE(scorer) << scorer.error().message();
  std::string text;
  for (int i = 0; i < 400; ++i) text += "word ";
  auto row = (*scorer)->prepare(text);
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().code(), ErrorCode::kTooLarge);
  EXPECT_NE(row.error().message().find("256"), std::string::npos) << row.error().message();

  task.raw_prompt = text + "{{text}}";
  EXPECT_EQ(open_label_scorer(model_, task, {}).error().code(), ErrorCode::kTooLarge);
}

TEST_F(LabelScorer, FillsTheContextToTheLastToken) {
  LabelTask task;
  task.raw_prompt = "A {{text}}";
  task.labels = {"dog", "cat and dog"};
  task.tolerance = 0;
  auto scorer = open_label_scorer(model_, task, {});
  ASSERT_TRUE(scorer);
  PreparedText row;
  row.tokens.assign(static_cast<std::size_t>((*scorer)->limits().row_tokens), 70);
  auto scores = (*scorer)->score(std::vector{row}, {});
  ASSERT_TRUE(scores) << scores.error().message();
  EXPECT_TRUE((*scores)[0].exact[1]);
  row.tokens.push_back(70);
  EXPECT_EQ((*scorer)->score(std::vector{row}, {}).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(LabelScorer, RefusesSameLabelsBrokenTextsAndPromptsWithoutAPlace) {
  LabelTask task;
  task.raw_prompt = "{{text}}:";
  task.labels = {"one", "two", "one"};
  auto same = open_label_scorer(model_, task, {});
  ASSERT_FALSE(same);
  EXPECT_EQ(same.error().code(), ErrorCode::kInvalidArgument);
  task.labels.pop_back();
  task.raw_prompt = "no place";
  EXPECT_EQ(open_label_scorer(model_, task, {}).error().code(), ErrorCode::kInvalidArgument);
  task.raw_prompt = "{{text}}:";
  auto scorer = open_label_scorer(model_, task, {});
  ASSERT_TRUE(scorer);
  EXPECT_EQ((*scorer)->prepare("\xff\xfe").error().code(), ErrorCode::kInvalidArgument);
  const std::vector<PreparedText> too_many(65, PreparedText{{5}});
  EXPECT_EQ((*scorer)->score(too_many, {}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ((*scorer)->score(std::vector{PreparedText{{1'000'000}}}, {}).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(LabelScorer, StopsAndGoesOnAfterwards) {
  LabelTask task;
  task.raw_prompt = "The word is {{text}}:";
  task.labels = {"one", "two"};
  auto scorer = open_label_scorer(model_, task, {});
  ASSERT_TRUE(scorer);
  const std::vector rows{*(*scorer)->prepare("sun")};
  const auto before = (*scorer)->score(rows, {});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ((*scorer)->score(rows, stop.get_token()).error().code(), ErrorCode::kCancelled);
  const auto after = (*scorer)->score(rows, {});
  ASSERT_TRUE(before && after);
  EXPECT_EQ((*before)[0].log_prob, (*after)[0].log_prob);
}

TEST_F(LabelScorer, UsesTheChatTemplateAndCountsWhatItSaves) {
  LabelTask task;
  task.messages = {{inference::Role::kUser, "Name the group of: {{text}}"}};
  task.labels = {"animal", "food", "animal food"};
  auto scorer = open_label_scorer(model_, task, {});
  ASSERT_TRUE(scorer) << scorer.error().message();
  std::vector<PreparedText> rows;
  for (const char* text : {"dog", "apple", "bone"}) rows.push_back(*(*scorer)->prepare(text));
  ASSERT_TRUE((*scorer)->score(rows, {}));
  const auto stats = (*scorer)->stats();
  EXPECT_GT(stats.shared_tokens, 5);
  EXPECT_EQ(stats.row_by_row_tokens,
            3 * stats.shared_tokens +
                static_cast<std::int64_t>(rows[0].tokens.size() + rows[1].tokens.size() + rows[2].tokens.size()));
  EXPECT_GE(stats.forwards, 2);
}

TEST_F(LabelScorer, TakesMoreLabelsThanThereAreSequences) {
  LabelTask task;
  task.raw_prompt = "{{text}} is like";
  for (int i = 0; i < 600; ++i) task.labels.push_back("kind" + std::to_string(i));
  task.tolerance = 0;
  auto scorer = open_label_scorer(model_, task, {});
  ASSERT_TRUE(scorer) << scorer.error().message();
  const std::vector rows{*(*scorer)->prepare("sun"), *(*scorer)->prepare("a green car")};
  auto scores = (*scorer)->score(rows, {});
  ASSERT_TRUE(scores) << scores.error().message();
  EXPECT_EQ(std::ranges::count((*scores)[1].exact, true), 600);
  EXPECT_NEAR(*std::ranges::max_element((*scores)[0].log_prob),
              *std::ranges::max_element((*(*scorer)->score(std::vector{rows[0]}, {}))[0].log_prob), 1e-3);
}

}  // namespace
}  // namespace zubr::engine
