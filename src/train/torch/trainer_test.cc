#include "train/trainer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/temp_dir.h"
#include "formats/gguf_header.h"
#include "train/corpus.h"
#include "train/vocabulary.h"

namespace zubr::train {
namespace {

class TrainerTest : public testing::Test {
 protected:
  TrainerTest() {
    Vocabulary vocabulary;
    const auto add = [&](const std::string& piece, PieceType type) {
      vocabulary.pieces.push_back(piece);
      vocabulary.scores.push_back(0);
      vocabulary.types.push_back(type);
    };
    add("<unk>", PieceType::kUnknown);
    add("<s>", PieceType::kControl);
    add("</s>", PieceType::kControl);
    add(kUserPiece, PieceType::kControl);
    add(kAssistantPiece, PieceType::kControl);
    add("▁", PieceType::kNormal);
    for (char letter = 'a'; letter <= 'z'; ++letter) add(std::string(1, letter), PieceType::kNormal);
    formats::GgufWriter file;
    file.add("general.architecture", "llama");
    write_vocabulary(vocabulary, file);
    EXPECT_TRUE(file.write(path("v.gguf")));
    // Twenty examples: which of two letters is the answer depends on the text.
    std::ofstream data(path("d.jsonl"));
    std::ofstream questions(path("q.jsonl"));
    for (char text = 'a'; text < 'a' + 20; ++text) {
      const bool first = (text * 7) % 3 == 0;
      data << fmt::format(R"({{"trunk":"xy","branches":[["{}","{}"]]}})", text, first ? "x" : "y") << '\n';
      questions << fmt::format(R"({{"set":"all","trunk":"xy","labels":["x","y"],"rows":[["{}",{}]]}})", text,
                               first ? 0 : 1)
                << '\n';
    }
  }

  PretrainOptions options(const std::string& name) const {
    PretrainOptions made;
    made.vocabulary = path("v.gguf");
    made.data = path("d.jsonl");
    made.checkpoint = path(name + ".ckpt");
    made.log = path(name + ".log");
    made.shape = {0, 32, 2, 2, 1, 16, 64, 64, 10000.0F, 1e-5F, true};
    made.precision = Precision::kFloat32;
    made.rows = 4;
    made.row_length = 64;
    made.schedule = {.peak = 5e-3, .warm_up = 10, .steps = 150};
    made.weight_decay = 0;
    made.threads = 1;
    made.log_every = 1;
    made.checkpoint_every = 50;
    return made;
  }
  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }
  std::string text_of(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path(name), std::ios::binary).rdbuf();
    return text.str();
  }
  // The log without the only thing that may differ between equal runs.
  std::string losses_of(const std::string& name) const {
    std::istringstream lines(text_of(name));
    std::string all;
    for (std::string line; std::getline(lines, line);) all += line.substr(0, line.find(",\"tokens_per_s\"")) + "\n";
    return all;
  }

  core::TempDir folder_;
};

TEST_F(TrainerTest, LearnsTwentyExamplesByHeart) {
  const auto done = pretrain(options("m"), {}, {});
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_LT(done->loss, 0.01);
  const auto scores = measure({path("v.gguf"), path("m.ckpt"), path("q.jsonl"), Precision::kFloat32, 1});
  ASSERT_TRUE(scores) << scores.error().message();
  EXPECT_EQ(scores->at("all").rows, 20);
  EXPECT_EQ(scores->at("all").right, 20);
}

TEST_F(TrainerTest, ResumedIsTheSameAsNeverStopped) {
  ASSERT_TRUE(pretrain(options("whole"), {}, {}));
  auto part = options("part");
  for (const std::int64_t stop : {17, 60, 61, 150}) {
    part.stop_at = stop;
    const auto done = pretrain(part, {}, {});
    ASSERT_TRUE(done) << done.error().message();
  }
  EXPECT_EQ(losses_of("part.log"), losses_of("whole.log"));
  for (const char* name : {"whole", "part"})
    ASSERT_TRUE(export_model({path("v.gguf"), path(std::string(name) + ".ckpt"), path(std::string(name) + ".gguf"),
                              formats::GgufType::kF32, "m"}));
  EXPECT_TRUE(text_of("part.gguf") == text_of("whole.gguf"));
}

TEST_F(TrainerTest, StoppedKeepsWhatItHasAndSaysHowToGoOn) {
  std::stop_source stop;
  const auto done = pretrain(
      options("m"),
      [&](const TrainProgress& p) {
        if (p.step == 20) stop.request_stop();
      },
      stop.get_token());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::kCancelled);
  const auto rest = pretrain(options("m"), {}, {});
  ASSERT_TRUE(rest);
  ASSERT_TRUE(pretrain(options("whole"), {}, {}));
  EXPECT_EQ(losses_of("m.log"), losses_of("whole.log"));
}

TEST_F(TrainerTest, ALossThatIsNotFiniteStopsAndKeepsTheLastCheckpoint) {
  auto wild = options("m");
  wild.schedule.peak = 1e30;
  wild.clip = 1e30;
  wild.checkpoint_every = 1;
  const auto done = pretrain(wild, {}, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::kInternal);
  EXPECT_NE(done.error().message().find("not finite at step"), std::string::npos) << done.error().message();
  EXPECT_TRUE(std::filesystem::exists(path("m.ckpt")));
}

TEST_F(TrainerTest, ExportsWhatTheHeaderReaderAcceptsInEveryType) {
  auto short_run = options("m");
  short_run.stop_at = 2;
  ASSERT_TRUE(pretrain(short_run, {}, {}));
  for (const auto type : {formats::GgufType::kF32, formats::GgufType::kF16, formats::GgufType::kQ8_0}) {
    ASSERT_TRUE(export_model({path("v.gguf"), path("m.ckpt"), path("m.gguf"), type, "m"}));
    const auto header = formats::read_gguf_header(path("m.gguf"));
    ASSERT_TRUE(header) << header.error().message();
    EXPECT_EQ(header->context_length(), 64);
    const auto scores = measure({path("v.gguf"), path("m.gguf"), path("q.jsonl"), Precision::kFloat32, 1});
    ASSERT_TRUE(scores) << scores.error().message();
  }
}

TEST_F(TrainerTest, SaysWhatIsWrongWithItsInput) {
  const auto code = [&](PretrainOptions wrong) {
    const auto done = pretrain(wrong, {}, {});
    return done ? ErrorCode::kInternal : done.error().code();
  };
  auto none = options("a");
  none.data = path("none.jsonl");
  EXPECT_EQ(code(none), ErrorCode::kNotFound);
  auto odd = options("b");
  odd.shape.heads = 3;
  odd.shape.kv_heads = 2;
  EXPECT_EQ(code(odd), ErrorCode::kInvalidArgument);
  auto tiny = options("c");
  tiny.row_length = 3;  // no sample fits
  EXPECT_EQ(code(tiny), ErrorCode::kTooLarge);
  auto first = options("d");
  first.stop_at = 1;
  ASSERT_TRUE(pretrain(first, {}, {}));
  first.shape.width = 64;
  first.stop_at = 2;
  EXPECT_EQ(code(first), ErrorCode::kCorrupt);  // a checkpoint of another shape
  std::ofstream(path("e.ckpt")) << "this is no checkpoint";
  EXPECT_NE(code(options("e")), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace zubr::train
