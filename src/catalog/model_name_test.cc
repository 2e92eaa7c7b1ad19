#include "catalog/model_name.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "catalog/families.h"

namespace zubr::catalog {
namespace {

std::string key(const char* source, const std::string& name) { return name_key({source, name}); }

class OneModel : public testing::TestWithParam<std::vector<Address>> {};

TEST_P(OneModel, HasOneKeyUnderAllItsNames) {
  const std::string first = name_key(GetParam().front());
  EXPECT_FALSE(first.empty());
  for (const Address& address : GetParam())
    EXPECT_EQ(name_key(address), first) << address.source << " " << address.name;
}

INSTANTIATE_TEST_SUITE_P(
    Families, OneModel,
    testing::Values(
        std::vector<Address>{{"hf", "meta-llama/Llama-3.1-8B-Instruct"},
                             {"hf", "meta-llama/Meta-Llama-3.1-8B-Instruct"},
                             {"hf", "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF"},
                             {"hf", "unsloth/Meta-Llama-3.1-8B-Instruct-bnb-4bit"},
                             {"openrouter", "meta-llama/llama-3.1-8b-instruct"},
                             {"openrouter", "meta-llama/llama-3.1-8b-instruct:free"},
                             {"ollama", "llama3.1:8b"},
                             {"ollama", "llama3.1:8b-instruct-q4_K_M"},
                             {"litellm", "meta.llama3-1-8b-instruct-v1:0"},
                             {"litellm", "us.meta.llama3-1-8b-instruct-v1:0"},
                             {"litellm", "groq/llama-3.1-8b-instant"},
                             {"litellm", "fireworks_ai/accounts/fireworks/models/llama-v3p1-8b-instruct"},
                             {"litellm", "cloudflare/@cf/meta/llama-3.1-8b-instruct-fp8"},
                             {"litellm", "together_ai/meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo"},
                             {"lmarena", "Meta-Llama-3.1-8B-Instruct"},
                             {"name", "Llama 3.1 8B"}},
        std::vector<Address>{{"hf", "meta-llama/Llama-3.1-405B-Instruct"},
                             {"lmarena", "Meta-Llama-3.1-405B-Instruct-bf16"},
                             {"aider", "llama-3.1-405b-instruct (diff)"},
                             {"ollama", "llama3.1:405b"}},
        std::vector<Address>{{"hf", "meta-llama/Llama-3.1-8B"}, {"ollama", "llama3.1:8b-text-q4_0"}},
        std::vector<Address>{{"hf", "meta-llama/Llama-3.2-11B-Vision-Instruct"},
                             {"ollama", "llama3.2-vision:11b"},
                             {"openrouter", "meta-llama/llama-3.2-11b-vision-instruct"}},
        std::vector<Address>{{"hf", "google/gemma-3-27b-it"},
                             {"openrouter", "google/gemma-3-27b-it"},
                             {"ollama", "gemma3:27b"},
                             {"ollama", "gemma3:27b-it-qat"},
                             {"lmarena", "Gemma-3-27B-it"}},
        std::vector<Address>{{"openrouter", "google/gemini-2.5-pro"}, {"lmarena", "Gemini-2.5-Pro"}},
        std::vector<Address>{{"hf", "mistralai/Mistral-7B-Instruct-v0.3"}, {"ollama", "mistral:7b-instruct-v0.3-q4_0"}},
        std::vector<Address>{{"hf", "mistralai/Mixtral-8x7B-Instruct-v0.1"},
                             {"ollama", "mixtral:8x7b-instruct-v0.1-q2_K"},
                             {"litellm", "deepinfra/mistralai/Mixtral-8x7B-Instruct-v0.1"}},
        std::vector<Address>{{"hf", "speakleash/Bielik-11B-v2.3-Instruct"},
                             {"ollama", "SpeakLeash/bielik-11b-v2.3-instruct:Q4_K_M"}},
        std::vector<Address>{{"hf", "CYFRAGOVPL/PLLuM-12B-instruct"}, {"name", "PLLuM 12B Instruct"}},
        std::vector<Address>{{"openrouter", "anthropic/claude-3.5-sonnet"}, {"litellm", "claude-3-5-sonnet"}},
        std::vector<Address>{{"hf", "nvidia/Llama-3.1-Nemotron-70B-Instruct"},
                             {"lmarena", "Llama-3.1-Nemotron-70B-Instruct"}},
        std::vector<Address>{{"hf", "deepseek-ai/DeepSeek-R1-Distill-Llama-70B"},
                             {"name", "deepseek-r1-distill-llama-70b"}}));

TEST(NameKey, KeepsDifferentModelsApart) {
  const std::vector<Address> different{{"hf", "meta-llama/Llama-3.1-8B-Instruct"},
                                       {"hf", "meta-llama/Llama-3.1-8B"},
                                       {"hf", "meta-llama/Llama-3.1-70B-Instruct"},
                                       {"hf", "meta-llama/Llama-3.2-11B-Vision-Instruct"},
                                       {"hf", "meta-llama/Llama-3-8B-Instruct"},
                                       {"hf", "somebody/Llama-3.1-8B-Instruct"},
                                       {"hf", "meta-llama/Llama-Guard-3-8B"},
                                       {"openrouter", "google/gemma-3-27b-it"},
                                       {"openrouter", "google/gemini-2.5-pro"},
                                       {"openrouter", "google/gemini-2.5-flash"},
                                       {"hf", "mistralai/Mistral-7B-Instruct-v0.2"},
                                       {"hf", "mistralai/Mistral-7B-Instruct-v0.3"},
                                       {"hf", "mistralai/Mistral-7B-v0.3"},
                                       {"hf", "mistralai/Mixtral-8x7B-Instruct-v0.1"},
                                       {"hf", "mistralai/Mixtral-8x22B-Instruct-v0.1"},
                                       {"hf", "openai/whisper-large-v3"},
                                       {"hf", "openai/whisper-large-v3-turbo"},
                                       {"hf", "openai/whisper-large-v2"},
                                       {"hf", "black-forest-labs/FLUX.1-dev"},
                                       {"hf", "black-forest-labs/FLUX.1-schnell"},
                                       {"hf", "black-forest-labs/FLUX.2-dev"},
                                       {"hf", "apple/DepthPro"},
                                       {"hf", "speakleash/Bielik-11B-v2.3-Instruct"},
                                       {"hf", "speakleash/Bielik-11B-v2"},
                                       {"hf", "CYFRAGOVPL/PLLuM-12B-chat"},
                                       {"hf", "CYFRAGOVPL/PLLuM-12B-instruct"},
                                       {"models.dev", "venice/auto"},
                                       {"models.dev", "kilo/auto"},
                                       {"hf", "CYFRAGOVPL/Llama-PLLuM-8B-instruct"},
                                       {"hf", "Qwen/Qwen3-8B"},
                                       {"hf", "Qwen/Qwen3-8B-Base"},
                                       {"hf", "Qwen/Qwen2.5-7B"},
                                       {"hf", "Qwen/Qwen2.5-7B-Instruct"},
                                       {"hf", "openai/gpt-oss-20b"},
                                       {"openrouter", "openai/gpt-4-turbo"},
                                       {"openrouter", "openai/gpt-4"},
                                       {"openrouter", "openai/o1"},
                                       {"openrouter", "openai/o1-mini"}};
  std::vector<std::string> keys;
  for (const Address& address : different) keys.push_back(name_key(address));
  for (const char* name : {"gpt-5", "gpt-5-5", "claude-sonnet-4", "claude-sonnet-4-5", "llama3-3-70b", "llama3-70b",
                           "aiml/flux-pro/v1.1", "aiml/flux/dev", "aiml/x/text-to-image", "fal/y/text-to-image"})
    keys.push_back(key("litellm", name));
  for (std::size_t i = 0; i < keys.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(keys[i], keys[j]) << i << " and " << j;
}

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

RC_GTEST_PROP(NameKey, DoesNotDependOnCaseOrSeparatorsOrOrder, ()) {
  auto words = *rc::gen::container<std::vector<std::string>>(
      rc::gen::element<std::string>("vision", "super", "coder", "mini", "nano", "70b", "8b", "2.5", "flash"));
  std::ranges::sort(words);
  words.erase(std::unique(words.begin(), words.end()), words.end());
  const auto joined = [](const std::vector<std::string>& list, const std::string& separator) {
    std::string out = "llama" + separator + "3.1" + separator + "instruct";
    for (const std::string& word : list) out += separator + word;
    return out;
  };
  const std::string expected = key("lmarena", joined(words, "-"));
  std::vector<std::string> shuffled = words;
  std::ranges::reverse(shuffled);
  RC_ASSERT(key("lmarena", joined(shuffled, "-")) == expected);
  RC_ASSERT(key("lmarena", joined(words, " ")) == expected);
  RC_ASSERT(key("lmarena", upper(joined(words, "_"))) == expected);
  RC_ASSERT(key("lmarena", joined(words, "-") + "-GGUF") == expected);
  RC_ASSERT(key("lmarena", joined(words, "-") + "-q4_k_m") == expected);
}

RC_GTEST_PROP(NameKey, TakesAnyBytes, (const std::string& name, const std::string& source)) {
  for (const char* from : {"hf", "ollama", "openrouter", "litellm", "name"}) (void)name_key({from, name});
  (void)name_key({source, name});
  (void)parameters_in_name(name);
  (void)quantization_in_name(name);
  const std::string words = search_words(name);
  RC_ASSERT(search_words(words) == words);
}

TEST(ParametersInName, AreReadFromTheSize) {
  EXPECT_EQ(parameters_in_name("meta-llama/Llama-3.1-8B-Instruct"), 8'000'000'000);
  EXPECT_EQ(parameters_in_name("qwen2.5:0.5b"), 500'000'000);
  EXPECT_EQ(parameters_in_name("SmolLM2-135M"), 135'000'000);
  EXPECT_EQ(parameters_in_name("Mixtral-8x7B-v0.1"), std::nullopt);
  EXPECT_EQ(parameters_in_name("gpt-4o"), std::nullopt);
}

TEST(MayBeOne, IsFalseForOtherVersionsAndSizes) {
  const auto one = [](const char* a, const char* b) { return may_be_one({"openrouter", a}, {"hf", b}); };
  EXPECT_TRUE(one("meta-llama/llama-3.1-8b-instruct", "meta-llama/Meta-Llama-3.1-8B-Instruct"));
  EXPECT_TRUE(one("meta-llama/llama-4-maverick", "meta-llama/Llama-4-Maverick-17B-128E-Instruct"));
  EXPECT_FALSE(one("deepseek/deepseek-chat", "deepseek-ai/DeepSeek-V3"));
  EXPECT_FALSE(one("x/llama-3.1-8b", "meta-llama/Llama-3.1-70B"));
  EXPECT_FALSE(one("openai/gpt-5", "openai/gpt-4"));
  const auto listed = [](const char* a, const char* b) { return may_be_one({"models.dev", a}, {"models.dev", b}); };
  EXPECT_TRUE(listed("venice/minimax-m25", "minimax/MiniMax-M2.5"));
  EXPECT_FALSE(listed("x/deepseek-chat", "deepseek/deepseek-v3.2"));
  EXPECT_FALSE(listed("x/claude-sonnet-4", "anthropic/claude-sonnet-4.5"));
}

TEST(IsCopyOf, IsFalseForAChangedModel) {
  EXPECT_TRUE(is_copy_of("bartowski/Qwen_Qwen3.6-27B-GGUF", "Qwen/Qwen3.6-27B"));
  EXPECT_TRUE(is_copy_of("unsloth/FLUX.2-dev-GGUF", "black-forest-labs/FLUX.2-dev"));
  EXPECT_FALSE(is_copy_of("x/Qwen3.6-27B-Uncensored-GGUF", "Qwen/Qwen3.6-27B"));
}

TEST(QuantizationInName, IsTheWordThatSaysHowItIsPacked) {
  EXPECT_EQ(quantization_in_name("llama3.1:8b-instruct-q4_K_M"), "Q4_K_M");
  EXPECT_EQ(quantization_in_name("x/Model-IQ2_XXS.gguf"), "IQ2_XXS");
  EXPECT_EQ(quantization_in_name("gemma3:27b-it-fp16"), "fp16");
  EXPECT_EQ(quantization_in_name("x/Model-8B-AWQ"), "awq");
  EXPECT_EQ(quantization_in_name("x/Model-8B-GGUF"), "");
  EXPECT_EQ(quantization_in_name("qwen3:8b"), "");
}

TEST(SearchWords, AreWhatPeopleType) {
  EXPECT_EQ(search_words("meta-llama/Llama3.1-8B"), "meta llama llama 3 1 8b");
  EXPECT_EQ(search_words("qwen2.5vl:7b"), "qwen 2 5 vl 7b");
  EXPECT_EQ(search_words(" !? "), "");
}

}  // namespace
}  // namespace zubr::catalog
