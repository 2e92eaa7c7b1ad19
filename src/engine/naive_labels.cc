#include "engine/naive_labels.h"

#include <llama.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace zubr::engine {

struct NaiveLabels::State {
  llama_model* model = nullptr;
  llama_context* context = nullptr;
  const llama_vocab* vocab = nullptr;
  int micro_batch = 0;
};

NaiveLabels::NaiveLabels(const std::filesystem::path& gguf, int micro_batch) : state_(std::make_unique<State>()) {
  llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  llama_backend_init();
  state_->model = llama_model_load_from_file(gguf.c_str(), llama_model_default_params());
  auto params = llama_context_default_params();
  params.n_ctx = 1024;
  params.n_batch = 1024;
  params.n_ubatch = 60;  // one kernel for all lengths: see README.md, "Exactness"
  params.n_threads = params.n_threads_batch = 1;
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_AUTO;
  state_->context = llama_init_from_model(state_->model, params);
  state_->vocab = llama_model_get_vocab(state_->model);
  state_->micro_batch = micro_batch;
}

NaiveLabels::~NaiveLabels() {
  llama_free(state_->context);
  llama_model_free(state_->model);
}

std::vector<int> NaiveLabels::tokens(const std::string& text, bool start, bool special) const {
  const auto plain = [&](const std::string& of, bool add) {
    std::vector<int> out(of.size() + 8);
    out.resize(static_cast<std::size_t>(llama_tokenize(state_->vocab, of.data(), static_cast<int>(of.size()), out.data(),
                                                       static_cast<int>(out.size()), add, special)));
    return out;
  };
  if (start) return plain(text, true);
  if (text.empty()) return {};
  // A fragment in the middle of a text: what is left of newline + fragment when the newline's own tokens are taken away.
  auto out = plain("\n" + text, false);
  const auto newline = plain("\n", false);
  if (out.size() >= newline.size() && std::equal(newline.begin(), newline.end(), out.begin()) &&
      llama_vocab_type(state_->vocab) == LLAMA_VOCAB_TYPE_SPM) {
    return {out.begin() + static_cast<std::ptrdiff_t>(newline.size()), out.end()};
  }
  return plain(text, false);
}

std::vector<int> NaiveLabels::prompt_tokens(const Prompt& prompt) const {
  auto all = tokens(prompt.head, true, true);
  for (const int token : tokens(prompt.text, false, false)) all.push_back(token);
  for (const int token : tokens(prompt.tail, false, true)) all.push_back(token);
  return all;
}

std::vector<std::vector<int>> NaiveLabels::label_tokens(const std::vector<std::string>& labels) const {
  std::vector<std::vector<int>> all;
  for (const auto& label : labels) all.push_back(tokens(label, false, false));
  int end = llama_vocab_eot(state_->vocab);
  if (end < 0) end = llama_vocab_eos(state_->vocab);
  auto result = all;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < all.size(); ++j) {
      if (i == j || all[i].size() >= all[j].size()) continue;
      if (!std::equal(all[i].begin(), all[i].end(), all[j].begin())) continue;
      result[i].push_back(end);
      break;
    }
  }
  return result;
}

std::vector<double> NaiveLabels::log_probs(const std::vector<int>& prompt, const std::vector<std::vector<int>>& labels) {
  std::vector<double> result;
  const auto memory = llama_get_memory(state_->context);
  const auto vocab_size = static_cast<std::size_t>(llama_vocab_n_tokens(state_->vocab));
  for (const auto& label : labels) {
    llama_memory_clear(memory, true);
    std::vector<int> sequence = prompt;
    sequence.insert(sequence.end(), label.begin(), label.end());
    const std::size_t step = state_->micro_batch > 0 ? static_cast<std::size_t>(state_->micro_batch) : sequence.size();
    double sum = 0;
    for (std::size_t begin = 0; begin < sequence.size(); begin += step) {
      const std::size_t end = std::min(sequence.size(), begin + step);
      llama_batch batch = llama_batch_init(static_cast<int>(end - begin), 0, 1);
      for (std::size_t i = begin; i < end; ++i) {
        const auto at = static_cast<std::size_t>(batch.n_tokens++);
        batch.token[at] = sequence[i];
        batch.pos[at] = static_cast<int>(i);
        batch.n_seq_id[at] = 1;
        batch.seq_id[at][0] = 0;
        batch.logits[at] = i + 1 >= prompt.size();
      }
      if (llama_decode(state_->context, batch) != 0) std::abort();
      for (std::size_t i = begin; i < end; ++i) {
        if (i + 1 < prompt.size() || i + 1 >= sequence.size()) continue;
        const float* logits = llama_get_logits_ith(state_->context, static_cast<int>(i - begin));
        double top = logits[0], total = 0;
        for (std::size_t v = 0; v < vocab_size; ++v) top = std::max(top, static_cast<double>(logits[v]));
        for (std::size_t v = 0; v < vocab_size; ++v) total += std::exp(logits[v] - top);
        sum += logits[sequence[i + 1]] - top - std::log(total);
      }
      llama_batch_free(batch);
    }
    result.push_back(sum);
  }
  return result;
}

}  // namespace zubr::engine
