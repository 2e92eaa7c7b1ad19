// shape_model: a GGUF with the shape, vocabulary and file size of a real model, and random weights.
//
//   shape_model --vocab ggml-vocab-llama-bpe.gguf --out DIR [--shape 1.24b] [--types q8_0,q4_0] [--seed 1]
//
// Speed depends on shapes, not on what weights say, so this stands for a model that cannot be shipped. The shapes are
// those of the Llama 3 family (arch llama, grouped-query attention, RoPE base 500000). The same seed gives the same
// file. Q4_0 keeps the token embedding, which is also the output matrix where tied, in Q6_K, as llama-quantize does.
// Rows are made, quantised and written in chunks, so memory stays at tens of MB. Files that are there are left alone:
// a file gets its name only when it is whole.
#include <ggml.h>
#include <gguf.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

struct Shape {
  const char* name;
  int width, layers, heads, kv_heads, feed_forward;
  bool tied;  // the output matrix is the token embedding
};
constexpr std::array<Shape, 4> kShapes = {{
    {"tiny", 256, 4, 8, 2, 1024, true},  // 36 M, for trying the benchmark itself
    {"0.3b", 1024, 12, 16, 4, 4096, true},
    {"1.24b", 2048, 16, 32, 8, 8192, true},  // Llama 3.2 1B
    {"8b", 4096, 32, 32, 8, 14336, false},   // Llama 3 8B
}};

struct Options {
  std::filesystem::path vocab, out = ".";
  std::vector<std::string> types = {"q8_0", "q4_0"};
  Shape shape = kShapes[2];
  std::uint64_t seed = 1;
};

struct Tensor {
  std::string name;
  std::int64_t columns, rows;  // row-major: `rows` rows of `columns` values
  float scale;                 // standard deviation; of a norm (one row, F32): the value itself
  ggml_type type;
};

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "shape_model: %s\n", what.c_str());
  std::exit(1);
}

std::uint64_t mix(std::uint64_t x) {  // the finaliser of SplitMix64
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// Sums of four uniform bytes: close enough to a normal distribution, and two values for one random number.
void fill_row(float* row, std::int64_t columns, float deviation, std::uint64_t seed) {
  const float unit = deviation / 147.80f;  // the standard deviation of the sum of four bytes
  for (std::int64_t i = 0; i < columns; i += 2) {
    const std::uint64_t bits = mix(seed + static_cast<std::uint64_t>(i));
    const std::uint64_t pairs = (bits & 0x00ff00ff00ff00ffu) + ((bits >> 8) & 0x00ff00ff00ff00ffu);
    const std::uint64_t sums = pairs + (pairs >> 16);
    row[i] = (static_cast<float>(sums & 0xffffu) - 510.0f) * unit;
    if (i + 1 < columns) row[i + 1] = (static_cast<float>((sums >> 32) & 0xffffu) - 510.0f) * unit;
  }
}

std::vector<Tensor> tensors_of(const Shape& shape, std::int64_t vocabulary, ggml_type type) {
  const ggml_type wide = type == GGML_TYPE_Q4_0 ? GGML_TYPE_Q6_K : type;
  const std::int64_t width = shape.width, hidden = shape.feed_forward;
  const std::int64_t kv_width = width / shape.heads * shape.kv_heads;
  const float into = 1.0f / std::sqrt(static_cast<float>(width));
  const float back = into / std::sqrt(2.0f * static_cast<float>(shape.layers));  // keeps the residual stream near 1
  const float down = back * std::sqrt(static_cast<float>(width) / static_cast<float>(hidden));
  // Norm of the output: 4 gives logits a standard deviation near 4, so that some tokens stand out, as in a real model.
  std::vector<Tensor> all = {{"token_embd.weight", width, vocabulary, into, wide},
                             {"output_norm.weight", width, 1, 4.0f, GGML_TYPE_F32}};
  if (!shape.tied) all.push_back({"output.weight", width, vocabulary, into, wide});
  for (int layer = 0; layer < shape.layers; ++layer) {
    const std::string at = "blk." + std::to_string(layer) + ".";
    all.push_back({at + "attn_norm.weight", width, 1, 1.0f, GGML_TYPE_F32});
    all.push_back({at + "attn_q.weight", width, width, into, type});
    all.push_back({at + "attn_k.weight", width, kv_width, into, type});
    all.push_back({at + "attn_v.weight", width, kv_width, into, type});
    all.push_back({at + "attn_output.weight", width, width, back, type});
    all.push_back({at + "ffn_norm.weight", width, 1, 1.0f, GGML_TYPE_F32});
    all.push_back({at + "ffn_gate.weight", width, hidden, into, type});
    all.push_back({at + "ffn_up.weight", width, hidden, into, type});
    all.push_back({at + "ffn_down.weight", hidden, width, down, type});
  }
  return all;
}

// Rows [first, first + count) of a tensor, as they stand in the file.
void make_rows(const Tensor& tensor, std::uint64_t seed, std::int64_t first, std::int64_t count, char* to) {
  const std::size_t row_bytes = ggml_row_size(tensor.type, tensor.columns);
  std::vector<float> row(static_cast<std::size_t>(tensor.columns));
  const std::uint64_t base = mix(seed ^ mix(std::hash<std::string>{}(tensor.name)));
  for (std::int64_t i = first; i < first + count; ++i, to += row_bytes) {
    if (tensor.type == GGML_TYPE_F32) {
      std::fill(row.begin(), row.end(), tensor.scale);
      std::memcpy(to, row.data(), row_bytes);
    } else {
      fill_row(row.data(), tensor.columns, tensor.scale, mix(base + static_cast<std::uint64_t>(i)));
      ggml_quantize_chunk(tensor.type, row.data(), to, 0, 1, tensor.columns, nullptr);
    }
  }
}

void write_tensor(const Tensor& tensor, std::uint64_t seed, std::size_t alignment, std::FILE* file) {
  const std::size_t row_bytes = ggml_row_size(tensor.type, tensor.columns);
  const std::int64_t threads = std::max(1u, std::thread::hardware_concurrency());
  const std::int64_t slice = 256;  // rows a thread makes at once: at most a few MB
  std::vector<char> buffer(row_bytes * static_cast<std::size_t>(slice * threads));
  for (std::int64_t first = 0; first < tensor.rows; first += slice * threads) {
    const std::int64_t count = std::min(slice * threads, tensor.rows - first);
    {
      std::vector<std::jthread> workers;
      for (std::int64_t at = 0; at < count; at += slice) {
        char* to = &buffer[row_bytes * static_cast<std::size_t>(at)];
        workers.emplace_back([&, at, to] { make_rows(tensor, seed, first + at, std::min(slice, count - at), to); });
      }
    }
    const std::size_t bytes = row_bytes * static_cast<std::size_t>(count);
    if (std::fwrite(buffer.data(), 1, bytes, file) != bytes) die("writing failed; is the disk full?");
  }
  const std::size_t bytes = row_bytes * static_cast<std::size_t>(tensor.rows);
  const std::vector<char> padding((alignment - bytes % alignment) % alignment, 0);
  std::fwrite(padding.data(), 1, padding.size(), file);
}

using Gguf = std::unique_ptr<gguf_context, decltype(&gguf_free)>;

Gguf header_of(const Options& options, const gguf_context* vocab, const std::string& type_name) {
  Gguf header(gguf_init_empty(), gguf_free);
  gguf_set_kv(header.get(), vocab);
  const Shape& shape = options.shape;
  const auto number = [&](const char* key, int value) {
    gguf_set_val_u32(header.get(), key, static_cast<std::uint32_t>(value));
  };
  const std::string name = std::string("shape-") + shape.name + "-" + type_name;
  gguf_set_val_str(header.get(), "general.architecture", "llama");
  gguf_set_val_str(header.get(), "general.name", name.c_str());
  gguf_set_val_str(header.get(), "general.description", "random weights in a real shape, for measuring speed");
  number("general.file_type", type_name == "q8_0" ? 7 : 2);
  number("general.quantization_version", 2);
  number("llama.block_count", shape.layers);
  number("llama.context_length", 131072);
  number("llama.embedding_length", shape.width);
  number("llama.feed_forward_length", shape.feed_forward);
  number("llama.attention.head_count", shape.heads);
  number("llama.attention.head_count_kv", shape.kv_heads);
  number("llama.rope.dimension_count", shape.width / shape.heads);
  gguf_set_val_f32(header.get(), "llama.rope.freq_base", 500000.0f);
  gguf_set_val_f32(header.get(), "llama.attention.layer_norm_rms_epsilon", 1e-5f);
  return header;
}

void write_model(const Options& options, const gguf_context* vocab, const std::string& type_name) {
  const auto path = options.out / (std::string("shape-") + options.shape.name + "-" + type_name + ".gguf");
  if (std::filesystem::exists(path)) return;
  const ggml_type type = type_name == "q8_0" ? GGML_TYPE_Q8_0 : type_name == "q4_0" ? GGML_TYPE_Q4_0 : GGML_TYPE_COUNT;
  if (type == GGML_TYPE_COUNT) die("--types knows q8_0 and q4_0, not '" + type_name + "'");
  const auto tokens = gguf_find_key(vocab, "tokenizer.ggml.tokens");
  if (tokens < 0) die(options.vocab.string() + " has no vocabulary (tokenizer.ggml.tokens)");
  const auto tensors = tensors_of(options.shape, static_cast<std::int64_t>(gguf_get_arr_n(vocab, tokens)), type);

  Gguf header = header_of(options, vocab, type_name);
  const std::unique_ptr<ggml_context, decltype(&ggml_free)> names(
      ggml_init({ggml_tensor_overhead() * (tensors.size() + 1), nullptr, true}), ggml_free);
  for (const Tensor& tensor : tensors) {
    ggml_tensor* entry = tensor.rows == 1 ? ggml_new_tensor_1d(names.get(), tensor.type, tensor.columns)
                                          : ggml_new_tensor_2d(names.get(), tensor.type, tensor.columns, tensor.rows);
    ggml_set_name(entry, tensor.name.c_str());
    gguf_add_tensor(header.get(), entry);
  }
  const std::filesystem::path part = path.string() + ".part";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(part.c_str(), "wb"), std::fclose);
  if (!file) die("cannot write " + part.string());
  if (!gguf_write_to_file_ptr(header.get(), file.get(), true)) die("cannot write the header of " + part.string());
  for (const Tensor& tensor : tensors) {
    write_tensor(tensor, options.seed, gguf_get_alignment(header.get()), file.get());
  }
  if (std::fflush(file.get()) != 0) die("writing failed; is the disk full?");
  std::filesystem::rename(part, path);
  std::fprintf(stderr, "shape_model: %s\n", path.c_str());
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    const std::string value = argv[i + 1];
    if (flag == "--vocab") {
      options.vocab = value;
    } else if (flag == "--out") {
      options.out = value;
    } else if (flag == "--seed") {
      options.seed = std::strtoull(value.c_str(), nullptr, 10);
    } else if (flag == "--types") {
      options.types.clear();
      for (std::size_t at = 0; at <= value.size();) {
        const std::size_t comma = std::min(value.find(',', at), value.size());
        options.types.push_back(value.substr(at, comma - at));
        at = comma + 1;
      }
    } else if (flag == "--shape") {
      const auto* found = std::find_if(kShapes.begin(), kShapes.end(), [&](const Shape& s) { return s.name == value; });
      if (found == kShapes.end()) die("--shape knows tiny, 0.3b, 1.24b and 8b, not '" + value + "'");
      options.shape = *found;
    } else {
      die("unknown option '" + std::string(flag) + "'");
    }
  }
  if (options.vocab.empty() || argc % 2 == 0) {
    die("usage: shape_model --vocab FILE --out DIR [--shape S] [--types T,T] [--seed N]");
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  std::filesystem::create_directories(options.out);
  const Gguf vocab(gguf_init_from_file(options.vocab.c_str(), {/*no_alloc=*/true, /*ctx=*/nullptr}), gguf_free);
  if (!vocab) die("cannot read " + options.vocab.string());
  for (const std::string& type : options.types) write_model(options, vocab.get(), type);
  return 0;
}
