#include "train/tune/adapter.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>

#include "core/atomic_file.h"
#include "core/text_file.h"
#include "train/quantize.h"

namespace zubr::train {
namespace {

namespace json = boost::json;

// llama.cpp divides alpha by the rank.
double stored_alpha(const LoraOptions& options) { return options.scale() * static_cast<double>(options.rank); }

struct PeftName {
  const char* part;
  const char* module;  // of Hugging Face's Llama, Qwen and Gemma
  const char* name;
};
constexpr std::array kPeftNames = {
    PeftName{"attn_q", "self_attn.q_proj", "q_proj"},   PeftName{"attn_k", "self_attn.k_proj", "k_proj"},
    PeftName{"attn_v", "self_attn.v_proj", "v_proj"},   PeftName{"attn_output", "self_attn.o_proj", "o_proj"},
    PeftName{"ffn_gate", "mlp.gate_proj", "gate_proj"}, PeftName{"ffn_up", "mlp.up_proj", "up_proj"},
    PeftName{"ffn_down", "mlp.down_proj", "down_proj"}};

struct Place {
  std::string layer;
  const PeftName* part = nullptr;
};
Place place_of(const std::string& name) {  // "blk.3.attn_q.weight"
  const auto first = name.find('.'), second = name.find('.', first + 1);
  Place place{name.substr(first + 1, second - first - 1), nullptr};
  const std::string part = name.substr(second + 1, name.rfind('.') - second - 1);
  for (const PeftName& known : kPeftNames)
    if (part == known.part) place.part = &known;
  return place;
}

// GGUF's Llama has the rows of a head as pairs (0, half), (1, half + 1) …; Hugging Face has the halves after each
// other.
std::vector<float> without_pairs(const std::vector<float>& rows, std::int64_t heads, std::int64_t width) {
  const auto head_rows = static_cast<std::int64_t>(rows.size()) / (heads * width);
  std::vector<float> out(rows.size());
  for (std::int64_t h = 0; h < heads; ++h)
    for (std::int64_t i = 0; i < head_rows; ++i) {
      const std::int64_t to = i % 2 * (head_rows / 2) + i / 2;
      std::copy_n(rows.begin() + (h * head_rows + i) * width, width, out.begin() + (h * head_rows + to) * width);
    }
  return out;
}

void add_tensor(json::object& header, std::string& data, const std::string& name, std::int64_t rows,
                std::int64_t columns, const std::vector<float>& values) {
  const std::size_t begin = data.size();
  data.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  header[name] = json::object{{"dtype", "F32"}, {"shape", {rows, columns}}, {"data_offsets", {begin, data.size()}}};
}

std::uint32_t type_number(const std::string& type) {
  static const std::map<std::string, std::uint32_t> kTypes = {
      {"f32", 0}, {"f16", 1}, {"q4_0", 2}, {"q8_0", 8}, {"bf16", 30}};
  return kTypes.at(type);
}
std::int64_t file_type_number(const std::string& type) {
  static const std::map<std::string, std::int64_t> kTypes = {{"", -1},    {"f32", 0},  {"f16", 1},
                                                             {"q4_0", 2}, {"q8_0", 7}, {"bf16", 32}};
  return kTypes.at(type);
}

}  // namespace

Result<void> write_adapter_gguf(const Adapter& adapter, const std::string& name, const std::filesystem::path& path) {
  formats::GgufWriter file;
  file.add("general.type", "adapter");
  file.add("general.architecture", adapter.shape.architecture);
  file.add("general.name", name);
  file.add("adapter.type", "lora");
  file.add("adapter.lora.alpha", static_cast<float>(stored_alpha(adapter.options)));
  for (const AdapterMatrix& m : adapter.matrices) {
    const std::array<std::uint64_t, 2> a = {static_cast<std::uint64_t>(m.inputs), static_cast<std::uint64_t>(m.rank)};
    const std::array<std::uint64_t, 2> b = {static_cast<std::uint64_t>(m.rank), static_cast<std::uint64_t>(m.outputs)};
    constexpr auto kType = formats::GgufType::kF32;
    ZUBR_CHECK(file.add_tensor(m.name + ".lora_a", a, kType, encode_tensor(m.a, kType)));
    ZUBR_CHECK(file.add_tensor(m.name + ".lora_b", b, kType, encode_tensor(m.b, kType)));
  }
  return file.write(path);
}

Result<void> write_adapter_peft(const Adapter& adapter, const std::string& base, const std::filesystem::path& folder) {
  json::object header;
  header["__metadata__"] = json::object{{"format", "pt"}};
  std::string data;
  json::array modules;
  std::map<std::string, bool> seen;
  for (const AdapterMatrix& m : adapter.matrices) {
    const Place place = place_of(m.name);
    if (!place.part) return fail(ErrorCode::kInternal, "'{}' has no name in PEFT", m.name);
    const std::string name = fmt::format("base_model.model.model.layers.{}.{}.", place.layer, place.part->module);
    const bool query = std::strcmp(place.part->part, "attn_q") == 0, key = std::strcmp(place.part->part, "attn_k") == 0;
    const bool paired = adapter.shape.architecture == "llama" && (query || key);
    add_tensor(header, data, name + "lora_A.weight", m.rank, m.inputs, m.a);
    add_tensor(header, data, name + "lora_B.weight", m.outputs, m.rank,
               paired ? without_pairs(m.b, query ? adapter.shape.heads : adapter.shape.kv_heads, m.rank) : m.b);
    if (!seen[place.part->name]) modules.emplace_back(place.part->name);
    seen[place.part->name] = true;
  }
  std::string text = json::serialize(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const auto size = static_cast<std::uint64_t>(text.size());
  std::string file(reinterpret_cast<const char*>(&size), sizeof size);
  file += text + data;
  const LoraOptions& o = adapter.options;
  const json::object config = {{"peft_type", "LORA"},
                               {"task_type", "CAUSAL_LM"},
                               {"base_model_name_or_path", base},
                               {"r", o.rank},
                               {"lora_alpha", o.alpha},
                               {"lora_dropout", o.dropout},
                               {"use_rslora", o.rank_stabilised},
                               {"use_dora", false},
                               {"bias", "none"},
                               {"fan_in_fan_out", false},
                               {"inference_mode", true},
                               {"target_modules", modules}};
  ZUBR_CHECK(core::write_text_file(folder / "adapter_model.safetensors", file));
  return core::write_text_file(folder / "adapter_config.json", json::serialize(config) + "\n");
}

engine::GgufRewrite rewrite_as(const std::string& type, const std::string& name) {
  engine::GgufRewrite rewrite;
  rewrite.name = name;
  rewrite.file_type = file_type_number(type);
  if (!type.empty()) {
    const std::uint32_t wanted = type_number(type);
    rewrite.type = [wanted](const engine::RewriteTensor& tensor) {
      if (tensor.dims.size() < 2 || tensor.name.ends_with("ffn_gate_inp.weight")) return tensor.type;
      const bool plain = wanted == 0 || wanted == 1 || wanted == 30;
      return plain || tensor.dims[0] % 32 == 0 ? wanted : 1U;  // F16 where a row is not whole blocks
    };
  }
  return rewrite;
}

Result<void> merge_adapter(const Adapter& adapter, const std::filesystem::path& base, const std::string& type,
                           const std::string& name, const std::filesystem::path& file) {
  std::map<std::string_view, const AdapterMatrix*> matrices;
  for (const AdapterMatrix& m : adapter.matrices) matrices[m.name] = &m;
  engine::GgufRewrite rewrite = rewrite_as(type, name);
  rewrite.touches = [&](std::string_view tensor) { return matrices.contains(tensor); };
  rewrite.change = [&](std::string_view tensor, std::span<float> values) -> Result<void> {
    const AdapterMatrix& m = *matrices.at(tensor);
    if (values.size() != static_cast<std::size_t>(m.inputs * m.outputs))
      return fail(ErrorCode::kCorrupt, "the adapter's matrix for '{}' is {} by {}, the base's has {} numbers", tensor,
                  m.outputs, m.inputs, values.size());
    std::vector<double> sum(static_cast<std::size_t>(m.inputs));
    for (std::int64_t out = 0; out < m.outputs; ++out) {
      std::ranges::fill(sum, 0.0);
      for (std::int64_t r = 0; r < m.rank; ++r) {
        const double factor = m.b[static_cast<std::size_t>(out * m.rank + r)];
        const float* row = m.a.data() + r * m.inputs;
        for (std::int64_t in = 0; in < m.inputs; ++in) sum[static_cast<std::size_t>(in)] += factor * row[in];
      }
      float* to = values.data() + out * m.inputs;
      for (std::int64_t in = 0; in < m.inputs; ++in)
        to[in] += static_cast<float>(adapter.options.scale() * sum[static_cast<std::size_t>(in)]);
    }
    return {};
  };
  return engine::rewrite_gguf(base, file, rewrite);
}

}  // namespace zubr::train
