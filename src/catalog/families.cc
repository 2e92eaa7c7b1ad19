#include "catalog/families.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace zubr::catalog {
namespace {

constexpr double kAlways = 1000;

constexpr Family kFamilies[] = {
    {"llama", " meta-llama meta facebook ", kAlways, true},
    {"codellama", " codellama meta-llama ", kAlways, true},
    {"gemma", " google ", kAlways, true},
    {"codegemma", " google ", kAlways, true},
    {"embeddinggemma", " google "},
    {"medgemma", " google "},
    {"gemini", " google "},
    {"palm", " google "},
    {"mistral", " mistralai mistral ", kAlways, true},
    {"mixtral", " mistralai mistral ", kAlways, true},
    {"ministral", " mistralai mistral "},
    {"codestral", " mistralai mistral "},
    {"devstral", " mistralai mistral "},
    {"magistral", " mistralai mistral "},
    {"pixtral", " mistralai mistral "},
    {"voxtral", " mistralai mistral "},
    {"mathstral", " mistralai mistral "},
    {"qwen", " qwen alibaba ", 3, true},
    {"qwq", " qwen alibaba "},
    {"qvq", " qwen alibaba "},
    {"codeqwen", " qwen alibaba "},
    {"phi", " microsoft "},
    {"wizardlm", " microsoft wizardlmteam "},
    {"deepseek", " deepseek-ai deepseek "},
    {"glm", " zai-org z-ai thudm zhipuai zai "},
    {"kimi", " moonshotai "},
    {"minimax", " minimaxai minimax "},
    {"gpt", " openai "},
    {"o", " openai "},
    {"chatgpt", " openai "},
    {"whisper", " openai "},
    {"clip", " openai "},
    {"claude", " anthropic "},
    {"grok", " x-ai xai xai-org "},
    {"command", " coherelabs cohereforai cohere "},
    {"aya", " coherelabs cohereforai cohere "},
    {"nova", " amazon "},
    {"titan", " amazon "},
    {"jamba", " ai21labs ai21 "},
    {"nemotron", " nvidia "},
    {"granite", " ibm-granite ibm "},
    {"falcon", " tiiuae ", kAlways},
    {"yi", " 01-ai ", kAlways},
    {"olmo", " allenai "},
    {"molmo", " allenai "},
    {"tulu", " allenai "},
    {"smollm", " huggingfacetb ", kAlways},
    {"zephyr", " huggingfaceh4 "},
    {"starcoder", " bigcode "},
    {"bloom", " bigscience "},
    {"internlm", " internlm "},
    {"internvl", " opengvlab "},
    {"hermes", " nousresearch "},
    {"dbrx", " databricks "},
    {"solar", " upstage "},
    {"exaone", " lgai-exaone "},
    {"ernie", " baidu "},
    {"hunyuan", " tencent "},
    {"seed", " bytedance-seed bytedance "},
    {"step", " stepfun-ai stepfun "},
    {"mimo", " xiaomimimo xiaomi "},
    {"lfm", " liquidai liquid "},
    {"sonar", " perplexity "},
    {"reka", " rekaai "},
    {"cogito", " deepcogito "},
    {"bielik", " speakleash ", kAlways},
    {"pllum", " cyfragovpl ", kAlways},
    {"flux", " black-forest-labs bfl "},
    {"sdxl", " stabilityai "},
    {"depthpro", " apple "},
    {"moondream", " vikhyatk "},
    {"bge", " baai "},
    {"nomic", " nomic-ai "},
    {"mxbai", " mixedbread-ai "},
    {"snowflake", " snowflake "},
    {"tinyllama", " tinyllama "},
    {"dolphin", " cognitivecomputations dphn "},
    {"vicuna", " lmsys "},
    {"openchat", " openchat "},
    {"starling", " nexusflow "},
    {"athene", " nexusflow "},
    {"orpheus", " canopylabs "},
    {"kokoro", " hexgrad "},
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

}  // namespace

const Family* find_family(std::string_view word) {
  const auto* found = std::ranges::find(kFamilies, word, &Family::word);
  return found == std::end(kFamilies) ? nullptr : found;
}

bool owns(const Family& family, std::string_view author) {
  return family.owners.find(" " + lower(author) + " ") != std::string_view::npos;
}

bool plain_is_pretrained(const Family& family, std::span<const std::string> words) {
  if (family.pretrained_below >= kAlways) return true;
  if (family.pretrained_below <= 0 || words.size() < 2) return false;
  const double version = std::strtod(words[1].c_str(), nullptr);
  return version < family.pretrained_below;
}

bool is_mirror(std::string_view author) {
  constexpr std::array<std::string_view, 22> kMirrors{
      "unsloth",        "bartowski",    "lmstudio-community", "mlx-community", "nousresearch", "ggml-org",
      "thebloke",       "quantfactory", "maziyarpanahi",      "mradermacher",  "second-state", "tensorblock",
      "hugging-quants", "neuralmagic",  "redhatai",           "cyankiwi",      "solidrust",    "modelcloud",
      "city96",         "ggerganov",    "onnx-community",     "qwen-community"};
  return std::ranges::find(kMirrors, lower(author)) != kMirrors.end();
}

}  // namespace zubr::catalog
