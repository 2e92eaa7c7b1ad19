// What a translation means is tested where it is rendered: src/models/testing/template_render_test.cc.
#include "models/modelfile/go_template.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "models/modelfile/go_syntax.h"

namespace zubr::models {
namespace {

TEST(GoTemplate, IsToldApartFromJinja) {
  EXPECT_TRUE(looks_like_go_template("{{ .System }}"));
  EXPECT_TRUE(looks_like_go_template("a {{- if .System }}b{{ end }}"));
  EXPECT_TRUE(looks_like_go_template("{{range $i, $_ := .Messages}}{{end}}"));
  EXPECT_FALSE(looks_like_go_template("{% for m in messages %}{{ m.content }}{% endfor %}"));
  EXPECT_FALSE(looks_like_go_template("{{ bos_token }}"));
  EXPECT_FALSE(looks_like_go_template("plain"));
}

TEST(GoTemplate, TrimsBlanksAsGoDoes) {
  const auto nodes = parse_go_template("a \n {{- .X -}} \n b {{ .Y }} c{{/* no */}}d");
  ASSERT_TRUE(nodes) << nodes.error().message();
  ASSERT_EQ(nodes->size(), 6U);
  EXPECT_EQ((*nodes)[0].text, "a");
  EXPECT_EQ((*nodes)[2].text, "b ");
  EXPECT_EQ((*nodes)[4].text, " c");
  EXPECT_EQ((*nodes)[5].text, "d");
}

TEST(GoTemplate, NeverLetsTextBecomeJinja) {
  const auto jinja = jinja_of_go_template("{% set x = 1 %}'\\{{ .Prompt }}{# no #}");
  ASSERT_TRUE(jinja) << jinja.error().message();
  EXPECT_NE(jinja->find("{{- '{% set x = 1 %}\\'\\\\' -}}"), std::string::npos) << *jinja;
}

TEST(GoTemplate, SaysWhatItDoesNotKnow) {
  const std::pair<std::string_view, ErrorCode> cases[] = {
      {"{{ .Prompt", ErrorCode::kInvalidArgument},
      {"{{ if .Prompt }}", ErrorCode::kInvalidArgument},
      {"{{ .Prompt }}{{ end }}", ErrorCode::kInvalidArgument},
      {"{{ if .Prompt }}{{ else }}{{ else }}{{ end }}", ErrorCode::kInvalidArgument},
      {"{{ $x }}{{ .Prompt }}", ErrorCode::kInvalidArgument},
      {"{{ .Prompt }}{{ template \"x\" }}", ErrorCode::kUnsupported},
      {"{{ .Prompt }}{{ .Secret }}", ErrorCode::kUnsupported},
      {"{{ .Prompt | html }}", ErrorCode::kUnsupported},
      {"no variables", ErrorCode::kInvalidArgument},
  };
  for (const auto& [text, code] : cases) {
    const auto jinja = jinja_of_go_template(text);
    ASSERT_FALSE(jinja) << text;
    EXPECT_EQ(jinja.error().code(), code) << text << ": " << jinja.error().message();
  }
}

TEST(GoTemplate, IsNotOverwhelmedByNesting) {
  std::string deep, brackets(100'000, '(');
  for (int i = 0; i < 5000; ++i) deep += "{{ if .Prompt }}";
  EXPECT_FALSE(jinja_of_go_template(deep));
  EXPECT_FALSE(jinja_of_go_template("{{ .Prompt }}{{ " + brackets + " }}"));
  std::string chain = "{{ if .Prompt }}";
  for (int i = 0; i < 5000; ++i) chain += "{{ else if .Prompt }}";
  EXPECT_FALSE(jinja_of_go_template(chain + "{{ end }}"));
}

RC_GTEST_PROP(GoTemplate, SurvivesAnyActions, ()) {
  const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
      "{{",   "}}", "{{-", "-}}",  " if ",  " end ", " range ", " else ", " .Messages ", " .Prompt ", " $x ",
      " := ", "(",  ")",   " eq ", "\"a\"", "|",     " 1 ",     "text",   " and ",       ".Role",     ","}));
  std::string text;
  for (const std::string& word : words) text += word;
  jinja_of_go_template(text);
}

}  // namespace
}  // namespace zubr::models
