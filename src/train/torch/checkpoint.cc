#include "train/torch/checkpoint.h"

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/atomic_file.h"

namespace zubr::train {
namespace {

const std::vector<std::pair<const char*, std::int64_t LlamaShape::*>> kSizes = {
    {"vocabulary", &LlamaShape::vocabulary},
    {"width", &LlamaShape::width},
    {"layers", &LlamaShape::layers},
    {"heads", &LlamaShape::heads},
    {"kv_heads", &LlamaShape::kv_heads},
    {"head_width", &LlamaShape::head_width},
    {"feed_forward", &LlamaShape::feed_forward},
    {"context", &LlamaShape::context}};

std::int64_t read_number(torch::serialize::InputArchive& archive, const std::string& key) {
  c10::IValue value;
  archive.read(key, value);
  return value.toInt();
}

double read_real(torch::serialize::InputArchive& archive, const std::string& key) {
  c10::IValue value;
  archive.read(key, value);
  return value.toDouble();
}

LlamaShape read_shape(torch::serialize::InputArchive& archive) {
  LlamaShape shape;
  for (const auto& [name, size] : kSizes) shape.*size = read_number(archive, std::string("shape.") + name);
  c10::IValue tied;
  archive.read("shape.tied", tied);
  shape.tied = tied.toBool();
  shape.rope_base = static_cast<float>(read_real(archive, "shape.rope_base"));
  shape.norm_epsilon = static_cast<float>(read_real(archive, "shape.norm_epsilon"));
  return shape;
}

void read_weights(torch::serialize::InputArchive& archive, const Llama& model, AdamW* adam) {
  torch::NoGradGuard no_gradients;
  for (std::size_t i = 0; i < model.weights().size(); ++i) {
    const auto number = std::to_string(i);
    torch::Tensor w, m, v;
    archive.read("w" + number, w);
    auto target = model.weights()[i].second;
    target.copy_(w);
    if (!adam) continue;
    archive.read("m" + number, m);
    archive.read("v" + number, v);
    adam->first()[i].copy_(m);
    adam->second()[i].copy_(v);
  }
}

}  // namespace

Result<void> save_checkpoint(const std::filesystem::path& file, const Llama& model, AdamW& adam,
                             const RunState& state) {
  torch::serialize::OutputArchive archive;
  const LlamaShape& shape = model.shape();
  for (const auto& [name, size] : kSizes) archive.write(std::string("shape.") + name, c10::IValue(shape.*size));
  archive.write("shape.tied", c10::IValue(shape.tied));
  archive.write("shape.rope_base", c10::IValue(static_cast<double>(shape.rope_base)));
  archive.write("shape.norm_epsilon", c10::IValue(static_cast<double>(shape.norm_epsilon)));
  archive.write("step", c10::IValue(state.step));
  archive.write("tokens", c10::IValue(state.tokens));
  archive.write("skipped", c10::IValue(state.skipped));
  archive.write("offset", c10::IValue(state.position.offset));
  archive.write("sample", c10::IValue(state.position.sample));
  for (std::size_t i = 0; i < model.weights().size(); ++i) {
    const auto number = std::to_string(i);
    archive.write("w" + number, model.weights()[i].second.detach());
    archive.write("m" + number, adam.first()[i]);
    archive.write("v" + number, adam.second()[i]);
  }
  std::ostringstream bytes;
  archive.save_to(bytes);
  ZUBR_TRY(out, core::AtomicFile::create(file));
  ZUBR_CHECK(out.write(bytes.view()));
  return out.commit();
}

LlamaShape checkpoint_shape(const std::filesystem::path& file) {
  torch::serialize::InputArchive archive;
  archive.load_from(file.string());
  return read_shape(archive);
}

Result<RunState> load_checkpoint(const std::filesystem::path& file, const Llama& model, AdamW* adam) {
  torch::serialize::InputArchive archive;
  archive.load_from(file.string());
  if (read_shape(archive) != model.shape())
    return fail(ErrorCode::kCorrupt, "checkpoint '{}' is of a model of another shape; give another file",
                file.string());
  read_weights(archive, model, adam);
  RunState state;
  state.step = read_number(archive, "step");
  state.tokens = read_number(archive, "tokens");
  state.skipped = read_number(archive, "skipped");
  state.position = {read_number(archive, "offset"), read_number(archive, "sample")};
  return state;
}

}  // namespace zubr::train
