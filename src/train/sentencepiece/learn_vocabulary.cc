#include "train/sentencepiece/learn_vocabulary.h"

#include <fmt/format.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <exception>

namespace zubr::train {
namespace {

std::string join(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

PieceType type_of(const sentencepiece::SentencePieceProcessor& model, int id) {
  if (model.IsUnknown(id)) return PieceType::kUnknown;
  if (model.IsControl(id)) return PieceType::kControl;
  if (model.IsByte(id)) return PieceType::kByte;
  if (model.IsUnused(id)) return PieceType::kUnused;
  return PieceType::kNormal;
}

}  // namespace

Result<Vocabulary> learn_vocabulary(const std::filesystem::path& lines, int size,
                                    const std::vector<std::string>& controls) {
  try {
    std::string serialized;
    const std::string arguments = fmt::format(
        "--input={} --vocab_size={} --model_type=bpe --byte_fallback=true --split_digits=true "
        "--normalization_rule_name=identity --add_dummy_prefix=false --remove_extra_whitespaces=false "
        "--character_coverage=0.9998 --control_symbols={} --num_threads=2 --minloglevel=2 --max_sentence_length=16384",
        lines.string(), size, join(controls));
    if (auto status = sentencepiece::SentencePieceTrainer::Train(arguments, nullptr, &serialized); !status.ok())
      return fail(ErrorCode::kInvalidArgument, "no vocabulary of {} pieces from '{}': {}", size, lines.string(),
                  status.ToString());
    sentencepiece::SentencePieceProcessor model;
    if (auto status = model.LoadFromSerializedProto(serialized); !status.ok())
      return fail(ErrorCode::kInternal, "the vocabulary just made cannot be read: {}", status.ToString());
    Vocabulary vocabulary;
    for (int id = 0; id < model.GetPieceSize(); ++id) {
      vocabulary.pieces.push_back(model.IdToPiece(id));
      vocabulary.scores.push_back(model.GetScore(id));
      vocabulary.types.push_back(type_of(model, id));
    }
    vocabulary.unknown = model.unk_id();
    vocabulary.bos = model.bos_id();
    vocabulary.eos = model.eos_id();
    return vocabulary;
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInternal, "SentencePiece failed on '{}': {}", lines.string(), error.what());
  }
}

}  // namespace zubr::train
