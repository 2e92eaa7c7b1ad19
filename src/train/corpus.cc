#include "train/corpus.h"

#include <boost/json.hpp>

#include <algorithm>

namespace zubr::train {

const char* const kChatTemplate =
    "{% for message in messages %}{% if message['role'] == 'assistant' %}<|assistant|> {{ message['content'] }}</s>"
    "{% else %}<|user|>{{ message['content'] }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}";

namespace {

namespace json = boost::json;

void append(Run& run, const std::vector<TokenId>& tokens, float weight) {
  run.tokens.insert(run.tokens.end(), tokens.begin(), tokens.end());
  run.weights.insert(run.weights.end(), tokens.size(), weight);
}

void append(Run& run, TokenId token, float weight) {
  run.tokens.push_back(token);
  run.weights.push_back(weight);
}

std::string_view text_of(const json::value& value) { return value.as_string(); }

std::string spaced(const json::value& value) {
  std::string text = " ";
  return text.append(text_of(value));
}

Result<std::pair<TokenId, TokenId>> find_roles(const Encoder& encoder) {
  const TokenId user = encoder.find(kUserPiece), assistant = encoder.find(kAssistantPiece);
  if (user < 0 || assistant < 0)
    return fail(ErrorCode::kInvalidArgument,
                "the vocabulary has no piece '{}' or '{}'; make it with zubr-train vocabulary", kUserPiece,
                kAssistantPiece);
  return std::pair{user, assistant};
}

}  // namespace

Result<Corpus> Corpus::open(const std::filesystem::path& file, Encoder& encoder, const Vocabulary& vocabulary,
                            const CorpusOptions& options) {
  Corpus corpus;
  corpus.file_ = file;
  corpus.in_.open(file, std::ios::binary);
  if (!corpus.in_) return fail(ErrorCode::kNotFound, "cannot open '{}'", file.string());
  if (corpus.in_.peek() == std::ifstream::traits_type::eof())
    return fail(ErrorCode::kInvalidArgument, "'{}' is empty", file.string());
  ZUBR_TRY(roles, find_roles(encoder));
  corpus.encoder_ = &encoder;
  corpus.bos_ = vocabulary.bos;
  corpus.eos_ = vocabulary.eos;
  corpus.user_ = roles.first;
  corpus.assistant_ = roles.second;
  corpus.options_ = options;
  return corpus;
}

void Corpus::seek(CorpusPosition position) {
  in_.clear();
  in_.seekg(position.offset);
  position_ = position;
}

Result<Sample> Corpus::next() {
  std::string line;
  if (!std::getline(in_, line)) {
    seek({0, position_.sample});
    if (!std::getline(in_, line)) return fail(ErrorCode::kIo, "cannot read '{}'", file_.string());
  }
  const std::int64_t offset = position_.offset;
  std::mt19937_64 random(options_.seed * 0x9E3779B97F4A7C15ULL + static_cast<std::uint64_t>(position_.sample));
  position_.offset += static_cast<std::int64_t>(line.size()) + 1;
  ++position_.sample;
  try {
    const json::value value = json::parse(line);
    const json::object& object = value.as_object();
    Sample sample;
    append(sample.trunk, bos_, 0);
    if (const auto* text = object.if_contains("text")) {
      append(sample.trunk, encoder_->encode(text_of(*text), options_.dropout, &random), options_.text_weight);
      append(sample.trunk, eos_, options_.text_weight);
      return sample;
    }
    append(sample.trunk, user_, 0);
    append(sample.trunk, encoder_->encode(text_of(object.at("trunk"))), 0);
    for (const json::value& branch : object.at("branches").as_array()) {
      Run run;
      append(run, encoder_->encode(spaced(branch.at(0)), options_.dropout, &random), 0);
      append(run, assistant_, 0);
      append(run, encoder_->encode(spaced(branch.at(1))), 1);
      append(run, eos_, 1);
      sample.branches.push_back(std::move(run));
    }
    return sample;
  } catch (const std::exception& error) {
    return fail(ErrorCode::kCorrupt, "'{}', line at byte {}: {}", file_.string(), offset, error.what());
  }
}

Result<std::vector<Question>> read_questions(const std::filesystem::path& file, Encoder& encoder,
                                             const Vocabulary& vocabulary) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorCode::kNotFound, "cannot open '{}'", file.string());
  ZUBR_TRY(roles, find_roles(encoder));
  std::vector<Question> questions;
  std::string line;
  std::int64_t number = 0;
  while (std::getline(in, line)) {
    ++number;
    try {
      const json::value value = json::parse(line);
      const std::string trunk(text_of(value.at("trunk")));
      for (const json::value& row : value.at("rows").as_array()) {
        Question question;
        question.set = text_of(value.at("set"));
        question.gold = static_cast<std::int32_t>(row.at(1).as_int64());
        append(question.sample.trunk, vocabulary.bos, 0);
        append(question.sample.trunk, roles.first, 0);
        append(question.sample.trunk, encoder.encode(trunk + " " + std::string(text_of(row.at(0)))), 0);
        append(question.sample.trunk, roles.second, 0);
        for (const json::value& label : value.at("labels").as_array()) {
          Run run;
          append(run, encoder.encode(spaced(label)), 1);
          append(run, vocabulary.eos, 1);
          question.sample.branches.push_back(std::move(run));
          ++question.labels;
        }
        if (question.gold < 0 || question.gold >= question.labels)
          return fail(ErrorCode::kInvalidArgument, "'{}' line {}: label {} of {}", file.string(), number, question.gold,
                      question.labels);
        questions.push_back(std::move(question));
      }
    } catch (const std::exception& error) {
      return fail(ErrorCode::kCorrupt, "'{}' line {}: {}", file.string(), number, error.what());
    }
  }
  return questions;
}

}  // namespace zubr::train
