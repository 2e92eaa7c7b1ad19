// Chat templates in Go, translated and rendered by llama.cpp's Jinja, against what Go's text/template makes of them
// (written out by hand from its rules and Ollama's loop over turns).
#include "models/modelfile/go_template.h"

#include <gtest/gtest.h>

#include "engine/llama/chat_template.h"
#include "engine/llama/model.h"

namespace zubr {
namespace {

using inference::Message;
using inference::Role;

class GoTemplates : public testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path file = "assets/models/built-in.gguf";
    if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not here";
    auto model = engine::Model::load_vocabulary(file);
    ASSERT_TRUE(model) << model.error().message();
    model_ = *model;
  }

  std::string render(std::string_view go, const std::vector<Message>& messages) const {
    const auto jinja = models::jinja_of_go_template(go);
    if (!jinja) return "no translation: " + jinja.error().message();
    const auto chat = engine::ChatTemplate::create(model_, *jinja);
    if (!chat) return "no Jinja: " + chat.error().message() + "\n" + *jinja;
    const auto rendered = (*chat)->render(messages);
    return rendered ? rendered->text() : "refused: " + rendered.error().message() + "\n" + *jinja;
  }

  const std::vector<Message> talk_ = {
      {Role::kSystem, "be"}, {Role::kUser, "q1"}, {Role::kAssistant, "a1"}, {Role::kUser, "q2"}};
  const std::vector<Message> question_ = {{Role::kUser, "q"}};
  std::shared_ptr<const engine::Model> model_;
};

TEST_F(GoTemplates, OneTurnIsRepeatedForEveryTurn) {
  constexpr std::string_view kTurn =
      "{{ if .System }}<|im_start|>system\n{{ .System }}<|im_end|>\n{{ end }}{{ if .Prompt }}<|im_start|>user\n"
      "{{ .Prompt }}<|im_end|>\n{{ end }}<|im_start|>assistant\n{{ .Response }}<|im_end|>\n";
  EXPECT_EQ(render(kTurn, question_), "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(render(kTurn, talk_),
            "<|im_start|>system\nbe<|im_end|>\n<|im_start|>user\nq1<|im_end|>\n<|im_start|>assistant\na1<|im_end|>\n"
            "<|im_start|>user\nq2<|im_end|>\n<|im_start|>assistant\n");
}

TEST_F(GoTemplates, ATurnWithoutAResponseGetsOneAtItsEnd) {
  EXPECT_EQ(render("[INST] {{ if .System }}<<SYS>>{{ .System }}<</SYS>> {{ end }}{{ .Prompt }} [/INST]", talk_),
            "[INST] <<SYS>>be<</SYS>> q1 [/INST]a1[INST] q2 [/INST]");
}

TEST_F(GoTemplates, MessagesAreWalkedOverAsLlama3DoesIt) {
  constexpr std::string_view kLlama3 =
      "{{- if or .System .Tools }}<|start_header_id|>system<|end_header_id|>\n"
      "{{- if .System }}\n\n{{ .System }}\n{{- end }}\n{{- if .Tools }}\n\nTools: {{ json .Tools }}\n{{- end "
      "}}<|eot_id|>\n"
      "{{- end }}\n"
      "{{- range $i, $_ := .Messages }}\n"
      "{{- $last := eq (len (slice $.Messages $i)) 1 }}\n"
      "{{- if eq .Role \"user\" }}<|start_header_id|>user<|end_header_id|>\n"
      "{{- if and $.Tools $last }}\n\nGiven the following functions\n{{ range $.Tools }}{{- . }}\n{{ end }}\n"
      "{{ .Content }}<|eot_id|>\n{{- else }}\n\n{{ .Content }}<|eot_id|>\n"
      "{{- end }}{{ if $last }}<|start_header_id|>assistant<|end_header_id|>\n\n{{ end }}\n"
      "{{- else if eq .Role \"assistant\" }}<|start_header_id|>assistant<|end_header_id|>\n"
      "{{- if .ToolCalls }}\n{{ range .ToolCalls }}{{ .Function.Name }}{{ end }}\n{{- else }}\n\n{{ .Content }}\n"
      "{{- end }}{{ if not $last }}<|eot_id|>{{ end }}\n"
      "{{- end }}\n{{- end }}";
  EXPECT_EQ(render(kLlama3, talk_),
            "<|start_header_id|>system<|end_header_id|>\n\nbe<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n"
            "q1<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\na1<|eot_id|><|start_header_id|>user"
            "<|end_header_id|>\n\nq2<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n");
}

TEST_F(GoTemplates, GemmasTemplateOfVariablesIsUnderstood) {
  constexpr std::string_view kGemma =
      "{{- $system := \"\" }}\n{{- range .Messages }}{{- if eq .Role \"system\" }}{{- $system = .Content }}{{ end }}{{ "
      "end }}\n"
      "{{- range $i, $m := .Messages }}\n{{- $last := eq (len (slice $.Messages $i)) 1 }}\n"
      "{{- if or (eq .Role \"user\") (eq .Role \"tool\") }}<start_of_turn>user\n"
      "{{ if $system }}{{ $system }}\n\n{{ $system = \"\" }}{{ end }}{{ $m.Content }}<end_of_turn>\n"
      "{{ if $last }}<start_of_turn>model\n{{ end }}\n"
      "{{- else if eq .Role \"assistant\" }}<start_of_turn>model\n{{ .Content }}{{ if not $last }}<end_of_turn>\n{{ "
      "end }}\n"
      "{{- end }}\n{{- end }}";
  EXPECT_EQ(render(kGemma, talk_),
            "<start_of_turn>user\nbe\n\nq1<end_of_turn>\n<start_of_turn>model\na1<end_of_turn>\n<start_of_turn>user\nq2"
            "<end_of_turn>\n<start_of_turn>model\n");
}

TEST_F(GoTemplates, TextThatLooksLikeJinjaStaysText) {
  EXPECT_EQ(render("{% if x %}'\\n\"{# c #}{{ .Prompt }}", question_), "{% if x %}'\\n\"{# c #}q");
}

}  // namespace
}  // namespace zubr
