#include "engine/generate/schema_check.h"

#include <gtest/gtest.h>

#include <chrono>

#include "engine/llama/grammar.h"

namespace zubr::engine {
namespace {

Result<std::string> compile(std::string_view schema) {
  ZUBR_TRY(checked, check_schema(schema));
  return grammar_from_schema(checked);
}

TEST(SchemaCheck, AcceptsTheSchemasPeopleWrite) {
  for (const char* schema :
       {R"({"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0,)"
        R"("maximum":150}},"required":["name","age"]})",
        R"({"type":"array","items":{"type":"string","maxLength":20},"minItems":1,"maxItems":3})",
        R"({"enum":["red","green","blue"]})", R"({"const":42})", R"({"type":["string","null"]})",
        R"({"anyOf":[{"type":"string"},{"type":"null"}],"default":null,"title":"Name"})",
        R"({"$defs":{"n":{"type":"object","properties":{"v":{"type":"integer"},"next":{"$ref":"#/$defs/n"}},)"
        R"("required":["v"]}},"$ref":"#/$defs/n"})",
        R"({"type":"string","format":"date-time"})", R"({"type":"string","pattern":"^[A-Z]{2}\\d{3}$"})",
        R"({"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"type":"string"}}})",
        R"({"type":"object","additionalProperties":{"type":"number"}})", R"({"type":"object"})", R"({"type":"array"})",
        R"({})"}) {
    const auto grammar = compile(schema);
    EXPECT_TRUE(grammar) << schema << ": " << (grammar ? "" : grammar.error().message());
    EXPECT_NE(grammar.value_or("").find("root ::="), std::string::npos);
  }
}

TEST(SchemaCheck, RefusesWhatCannotBeEnforcedAndNamesIt) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"type":"number","minimum":0})", "minimum"},
      {R"({"not":{"type":"string"}})", "not"},
      {R"({"type":"array","items":{},"uniqueItems":true})", "uniqueItems"},
      {R"({"type":"integer","multipleOf":3})", "multipleOf"},
      {R"({"type":"object","patternProperties":{"^a":{}}})", "patternProperties"},
      {R"({"type":"object","properties":{},"required":["x"]})", "x"},
      {R"({"anyOf":[{"type":"string"}],"properties":{"a":{}}})", "properties"},
      {R"({"type":"string","pattern":"unanchored"})", "unanchored"},
      {R"({"type":"strin"})", "strin"},
  };
  for (const auto& [schema, word] : cases) {
    const auto checked = check_schema(schema);
    ASSERT_FALSE(checked) << schema;
    EXPECT_EQ(checked.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(checked.error().message().find(word), std::string::npos) << checked.error().message();
  }
}

TEST(SchemaCheck, RefusesImpossibleBounds) {
  for (const char* schema :
       {R"({"type":"integer","minimum":5,"maximum":4})", R"({"type":"string","minLength":5,"maxLength":4})",
        R"({"type":"array","items":{},"minItems":3,"maxItems":1})", R"({"type":"integer","minimum":1e300})",
        R"({"type":"string","maxLength":-1})", R"({"type":"string","maxLength":1000000})", R"({"enum":[]})",
        R"({"anyOf":[]})", R"({"type":[]})"}) {
    EXPECT_FALSE(check_schema(schema)) << schema;
  }
}

TEST(SchemaCheck, RefusesWhatIsNoSchema) {
  for (const char* schema :
       {"", "{", "null", "[]", "\"string\"", "{\"type\":\"string\"} tail", "\xff\xfe", "{\"properties\":[]}"}) {
    const auto checked = check_schema(schema);
    ASSERT_FALSE(checked) << schema;
    EXPECT_EQ(checked.error().code(), ErrorCode::kInvalidArgument);
  }
}

std::string nested(int depth) {
  std::string schema;
  for (int i = 0; i < depth; ++i) schema += R"({"type":"array","items":)";
  schema += R"({"type":"null"})";
  return schema + std::string(static_cast<std::size_t>(depth), '}');
}

TEST(SchemaCheck, RefusesHostileSchemasFast) {
  const auto begin = std::chrono::steady_clock::now();
  std::string optional = R"({"type":"object","properties":{)";
  for (int i = 0; i < 2000; ++i) optional += fmt::format(R"({}"p{}":{{}})", i ? "," : "", i);
  optional += "}}";
  std::string many = R"({"anyOf":[)";
  for (int i = 0; i < 3000; ++i) many += fmt::format(R"({}{{"const":{}}})", i ? "," : "", i);
  many += "]}";
  std::string values = R"({"enum":[)";
  for (int i = 0; i < 5000; ++i) values += fmt::format("{}{}", i ? "," : "", i);
  values += "]}";
  // Each level refers to the next one twice.
  std::string doubling = R"({"$ref":"#/$defs/d0","$defs":{)";
  for (int i = 0; i < 40; ++i) {
    doubling += fmt::format(
        R"("d{0}":{{"type":"object","properties":{{"a":{{"$ref":"#/$defs/d{1}"}},"b":{{"$ref":"#/$defs/d{1}"}}}}}},)",
        i, i + 1);
  }
  doubling += R"("d40":{"type":"null"}}})";
  for (const std::string& schema :
       {nested(1000), nested(100000), nested(40), optional, many, values, doubling, std::string(100000, ' ') + "{}",
        std::string(R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/a"}}})"),
        std::string(R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}})"),
        std::string(R"({"allOf":[{"$ref":"#/$defs/a"},{"type":"object"}],"$defs":{"a":{"$ref":"#/$defs/a"}}})"),
        std::string(R"({"$ref":"#/nowhere"})"), std::string(R"({"$ref":"http://example.com/x.json"})"),
        R"({"type":"object","properties":{")" + std::string(5000, 'k') + R"(":{}}})",
        std::string(R"({"type":"string","pattern":"^(a+)+$"})"),
        std::string(R"({"type":"array","items":{"type":"array","items":{"type":"string","minLength":99999},)"
                    R"("minItems":9999}})")}) {
    const auto checked = check_schema(schema);
    ASSERT_FALSE(checked) << schema.substr(0, 100);
    EXPECT_EQ(checked.error().code(), ErrorCode::kInvalidArgument);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(SchemaCheck, CompilesTheLargestAcceptedOnesFast) {
  const auto begin = std::chrono::steady_clock::now();
  std::string optional = R"({"type":"object","properties":{)";
  for (int i = 0; i < kMaxOptionalProperties; ++i)
    optional += fmt::format(R"({}"p{}":{{"type":"string","maxLength":100}})", i ? "," : "", i);
  optional += "}}";
  std::string values = R"({"enum":[)";
  for (int i = 0; i < kMaxSchemaValues; ++i) values += fmt::format("{}\"value {}\"", i ? "," : "", i);
  values += "]}";
  for (const std::string& schema : {optional, values, nested(kMaxSchemaDepth - 1)}) {
    const auto grammar = compile(schema);
    EXPECT_TRUE(grammar) << schema.substr(0, 100) << (grammar ? "" : grammar.error().message());
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace
}  // namespace zubr::engine
