#include "engine/llama/naive_labels.h"

#include <llama.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace zubr::engine {

struct NaiveLabels::State {
  llama_model* model = nullptr;
  llama_context* context = nullptr;
  const llama_vocab* vocab = nullptr;
};

NaiveLabels::NaiveLabels(const std::filesystem::path& gguf) : state_(std::make_unique<State>()) {
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
}

NaiveLabels::~NaiveLabels() {
  llama_free(state_->context);
  llama_model_free(state_->model);
}

std::vector<int> NaiveLabels::tokens(const std::string& text, bool start, bool special) const {
  const auto plain = [&](const std::string& of, bool add) {
    std::vector<int> out(of.size() + 8);
    out.resize(static_cast<std::size_t>(llama_tokenize(state_->vocab, of.data(), static_cast<int>(of.size()),
                                                       out.data(), static_cast<int>(out.size()), add, special)));
    return out;
  };
  if (start) return plain(text, true);
  if (text.empty()) return {};
  // A fragment in the middle of a text: what is left of newline + fragment when the newline's own tokens are taken
  // away.
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

void NaiveLabels::feed(const std::vector<int>& sequence, std::size_t begin, std::size_t outputs_from) {
  llama_batch batch = llama_batch_init(static_cast<int>(sequence.size() - begin), 0, 1);
  for (std::size_t i = begin; i < sequence.size(); ++i) {
    const auto at = static_cast<std::size_t>(batch.n_tokens++);
    batch.token[at] = sequence[i];
    batch.pos[at] = static_cast<int>(i);
    batch.n_seq_id[at] = 1;
    batch.seq_id[at][0] = 0;
    batch.logits[at] = i >= outputs_from;
  }
  if (llama_decode(state_->context, batch) != 0) std::abort();
  llama_batch_free(batch);
}

std::vector<double> NaiveLabels::log_probs(const std::vector<int>& prompt, const std::vector<std::vector<int>>& labels,
                                           bool fresh) {
  std::vector<double> result;
  const auto memory = llama_get_memory(state_->context);
  const auto vocab_size = static_cast<std::size_t>(llama_vocab_n_tokens(state_->vocab));
  const std::size_t again = fresh || prompt.size() <= 3 ? 0 : prompt.size() - 3;
  llama_memory_clear(memory, true);
  if (again > 0) feed(prompt, 0, prompt.size());
  for (const auto& label : labels) {
    llama_memory_seq_rm(memory, 0, static_cast<int>(again), -1);
    std::vector<int> sequence = prompt;
    sequence.insert(sequence.end(), label.begin(), label.end() - 1);
    feed(sequence, again, prompt.size() - 1);
    double sum = 0;
    for (std::size_t i = 0; i < label.size(); ++i) {
      const float* logits = llama_get_logits_ith(state_->context, static_cast<int>(prompt.size() - 1 + i - again));
      double top = logits[0], total = 0;
      for (std::size_t v = 0; v < vocab_size; ++v) top = std::max(top, static_cast<double>(logits[v]));
      for (std::size_t v = 0; v < vocab_size; ++v) total += std::exp(logits[v] - top);
      sum += logits[label[i]] - top - std::log(total);
    }
    result.push_back(sum);
  }
  return result;
}

}  // namespace zubr::engine
