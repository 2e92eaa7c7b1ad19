#include "engine/llama/quantize.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include "core/atomic_file.h"
#include "core/nearest.h"
#include "engine/llama/handles.h"
#include "engine/llama/importance.h"
#include "engine/llama/log_capture.h"
#include "engine/llama/model.h"
#include "engine/llama/preflight.h"
#include "formats/gguf_header.h"

namespace zubr::engine {
namespace {

constexpr QuantizationType kTypes[] = {
    {"Q1_0", LLAMA_FTYPE_MOSTLY_Q1_0, "1.1 bits"},
    {"IQ1_S", LLAMA_FTYPE_MOSTLY_IQ1_S, "1.6 bits", true},
    {"TQ1_0", LLAMA_FTYPE_MOSTLY_TQ1_0, "1.7 bits, for ternary models"},
    {"IQ1_M", LLAMA_FTYPE_MOSTLY_IQ1_M, "1.8 bits", true},
    {"TQ2_0", LLAMA_FTYPE_MOSTLY_TQ2_0, "2.1 bits, for ternary models"},
    {"IQ2_XXS", LLAMA_FTYPE_MOSTLY_IQ2_XXS, "2.1 bits", true},
    {"Q2_0", LLAMA_FTYPE_MOSTLY_Q2_0, "2.3 bits"},
    {"IQ2_XS", LLAMA_FTYPE_MOSTLY_IQ2_XS, "2.3 bits", true},
    {"IQ2_S", LLAMA_FTYPE_MOSTLY_IQ2_S, "2.5 bits", true},
    {"IQ2_M", LLAMA_FTYPE_MOSTLY_IQ2_M, "2.7 bits", true},
    {"Q2_K_S", LLAMA_FTYPE_MOSTLY_Q2_K_S, "2.8 bits", true},
    {"IQ3_XXS", LLAMA_FTYPE_MOSTLY_IQ3_XXS, "3.1 bits", true},
    {"Q2_K", LLAMA_FTYPE_MOSTLY_Q2_K, "3.2 bits"},
    {"IQ3_XS", LLAMA_FTYPE_MOSTLY_IQ3_XS, "3.3 bits", true},
    {"IQ3_S", LLAMA_FTYPE_MOSTLY_IQ3_S, "3.4 bits"},
    {"Q3_K_S", LLAMA_FTYPE_MOSTLY_Q3_K_S, "3.6 bits"},
    {"IQ3_M", LLAMA_FTYPE_MOSTLY_IQ3_M, "3.7 bits"},
    {"Q3_K_M", LLAMA_FTYPE_MOSTLY_Q3_K_M, "4.0 bits"},
    {"MXFP4_MOE", LLAMA_FTYPE_MOSTLY_MXFP4_MOE, "4.3 bits, for mixtures of experts"},
    {"IQ4_XS", LLAMA_FTYPE_MOSTLY_IQ4_XS, "4.3 bits"},
    {"Q3_K_L", LLAMA_FTYPE_MOSTLY_Q3_K_L, "4.3 bits"},
    {"IQ4_NL", LLAMA_FTYPE_MOSTLY_IQ4_NL, "4.5 bits"},
    {"Q4_0", LLAMA_FTYPE_MOSTLY_Q4_0, "4.6 bits"},
    {"Q4_K_S", LLAMA_FTYPE_MOSTLY_Q4_K_S, "4.7 bits"},
    {"Q4_K_M", LLAMA_FTYPE_MOSTLY_Q4_K_M, "4.9 bits; the usual choice"},
    {"Q4_1", LLAMA_FTYPE_MOSTLY_Q4_1, "5.1 bits"},
    {"Q5_0", LLAMA_FTYPE_MOSTLY_Q5_0, "5.6 bits"},
    {"Q5_K_S", LLAMA_FTYPE_MOSTLY_Q5_K_S, "5.6 bits"},
    {"Q5_K_M", LLAMA_FTYPE_MOSTLY_Q5_K_M, "5.7 bits"},
    {"Q5_1", LLAMA_FTYPE_MOSTLY_Q5_1, "6.0 bits"},
    {"Q6_K", LLAMA_FTYPE_MOSTLY_Q6_K, "6.6 bits"},
    {"Q8_0", LLAMA_FTYPE_MOSTLY_Q8_0, "8.5 bits; as good as the original"},
    {"F16", LLAMA_FTYPE_MOSTLY_F16, "16 bits"},
    {"BF16", LLAMA_FTYPE_MOSTLY_BF16, "16 bits"},
    {"F32", LLAMA_FTYPE_ALL_F32, "32 bits"},
};

struct Stopped : std::runtime_error {
  Stopped() : std::runtime_error("stopped") {}
};

std::string capitals(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return result;
}

bool is_quantized(const formats::GgufHeader& header) {
  return std::ranges::any_of(header.tensors, [](const formats::GgufTensorInfo& tensor) {
    return tensor.dim_count > 1 && tensor.type_name != "f32" && tensor.type_name != "f16" && tensor.type_name != "bf16";
  });
}

// llama.cpp says "[  12/ 201] name …" before each tensor; that is also where it can be stopped: it catches what its
// log throws.
LogCapture::Watch watch_progress(const QuantizeOptions& options, const std::stop_token& stop, bool& stopped) {
  return [&options, &stopped, stop](LogLevel level, std::string_view text) {
    int done = 0, total = 0;
    if (level == LogLevel::kError ||
        std::sscanf(std::string(text.substr(0, 40)).c_str(), "[%d/%d]", &done, &total) != 2)
      return;
    if (options.progress) options.progress(done - 1, total);
    if (stopped || !stop.stop_requested()) return;
    stopped = true;
    throw Stopped();
  };
}

}  // namespace

std::span<const QuantizationType> quantization_types() { return kTypes; }

Result<QuantizationType> quantization_type(std::string_view name) {
  std::string wanted = capitals(name);
  if (wanted == "Q3_K" || wanted == "Q4_K" || wanted == "Q5_K") wanted += "_M";
  std::vector<std::string> names;
  for (const QuantizationType& type : kTypes) {
    if (type.name == wanted) return type;
    names.emplace_back(type.name);
  }
  const auto near = core::nearest(wanted, names);
  return fail(ErrorCode::kInvalidArgument, "there is no quantization '{}'{}; there are {}", name.substr(0, 60),
              near ? message(", did you mean {}?", *near) : std::string(), fmt::join(names, ", "));
}

Result<void> check_loads(const std::filesystem::path& file) {
  ZUBR_CHECK(check_model_file(file, /*vocab_only=*/false));
  ZUBR_CHECK(Model::load_vocabulary(file));
  return {};
}

Result<QuantizeReport> quantize(const QuantizeOptions& options, const std::stop_token& stop) {
  ZUBR_CHECK(check_loads(options.from));
  if (options.type.wants_importance && options.importance.empty())
    return fail(ErrorCode::kUnsupported,
                "{} cannot be made without an importance matrix; add --imatrix FILE (many repositories have one), or "
                "choose another type, for example IQ3_S",
                options.type.name);
  std::vector<Importance> importance;
  if (!options.importance.empty()) {
    ZUBR_TRY(read, read_importance(options.importance));
    importance = std::move(read);
  }
  ZUBR_TRY(header, formats::read_gguf_header(options.from));
  ZUBR_TRY(target, core::AtomicFile::create(options.to));
  if (target.is_direct()) return fail(ErrorCode::kInvalidArgument, "{} is no regular file", options.to.string());
  QuantizeReport report{header.file_bytes, 0, is_quantized(header)};
  auto params = llama_model_quantize_default_params();
  params.ftype = static_cast<llama_ftype>(options.type.number);
  params.nthread = options.threads;
  params.allow_requantize = true;
  std::vector<llama_model_imatrix_data> entries;
  for (const Importance& one : importance) entries.push_back({one.name.c_str(), one.values.data(), one.values.size()});
  entries.push_back({nullptr, nullptr, 0});
  if (!importance.empty()) params.imatrix = entries.data();
  bool stopped = false;
  LogCapture log(watch_progress(options, stop, stopped));
  if (llama_model_quantize(options.from.c_str(), target.temporary_path().c_str(), &params) != 0) {
    if (stopped) return fail(ErrorCode::kCancelled, "quantizing {} was stopped", options.from.string());
    return fail(ErrorCode::kUnsupported, "{} cannot be quantized to {}: {}", options.from.string(), options.type.name,
                log.complaint());
  }
  auto loads = check_loads(target.temporary_path());
  if (!loads) return fail(loads.error().context(message("what {} became does not load", options.from.string())));
  std::error_code error;
  report.bytes_after = std::filesystem::file_size(target.temporary_path(), error);
  ZUBR_CHECK(target.commit());
  return report;
}

}  // namespace zubr::engine
