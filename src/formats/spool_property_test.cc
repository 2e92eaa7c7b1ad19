// Whatever is in the cells: it goes through every format unchanged, every row stays in its place, and every duplicate
// gets the result of its text.
#include <gtest/gtest.h>
#include <algorithm>

#include <rapidcheck/gtest.h>

#include <map>
#include <optional>

#include "formats/json_text.h"
#include "formats/spool_fixture.h"

namespace zubr::formats {
namespace {

using Text = std::optional<std::string>;
using Table = std::vector<std::vector<Text>>;  // rows of cells

// A few texts only, so that there are duplicates, and pieces that CSV and JSON have to quote.
rc::Gen<Text> text() {
  const auto piece =
      rc::gen::elementOf(std::vector<std::string>{"a", "b", " ", ",", ";", "\t", "|", "\"", "\n", "\r\n", "\\", "{",
                                                  "}", "ż", "Łódź", "😀", "null", "0.10", std::string(1, '\0')});
  const auto joined = rc::gen::map(rc::gen::container<std::vector<std::string>>(piece), [](const auto& pieces) {
    std::string whole;
    for (const std::string& part : pieces) whole += part;
    return Text(whole);
  });
  return rc::gen::oneOf(rc::gen::just(Text()), rc::gen::just(Text("")), rc::gen::just(Text("x")), joined);
}

rc::Gen<Table> table() {
  return rc::gen::mapcat(rc::gen::inRange(1, 5), [](int columns) {
    return rc::gen::nonEmpty(
        rc::gen::container<Table>(rc::gen::container<std::vector<Text>>(static_cast<std::size_t>(columns), text())));
  });
}

std::string csv_of(const Table& rows, char delimiter) {
  std::string out;
  for (std::size_t i = 0; i < rows[0].size(); ++i)
    out += (i ? std::string(1, delimiter) : "") + "c" + std::to_string(i);
  out += "\n";
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) out += delimiter;
      if (!row[i]) continue;
      out += '"';
      for (const char c : *row[i]) out += c == '"' ? std::string("\"\"") : std::string(1, c);
      out += '"';
    }
    out += "\n";
  }
  return out;
}

// The texts of one column, row by row: the distinct ones come out, go back in as labels, and return on every row.
std::vector<Text> column_of(const SpoolFixture& files, const std::filesystem::path& path, std::size_t column) {
  const auto written = files.pass({path}, "c" + std::to_string(column), {files.path("column.jsonl")}, 3);
  RC_ASSERT(written.has_value());
  std::vector<Text> texts;
  const std::string content = files.content("column.jsonl");
  for (std::size_t at = 0; at < content.size();) {
    const std::size_t end = content.find('\n', at);
    visit_members(std::string_view(content).substr(at, end - at), [&](std::string_view key, std::string_view value) {
      if (key != "label") return true;
      std::string label;
      append_unescaped(label, value.substr(1, value.size() - 2));
      texts.push_back(label == "=NULL" ? Text() : Text(label.substr(1)));
      return false;
    });
    at = end + 1;
  }
  return texts;
}

RC_GTEST_PROP(SpoolProperty, EveryFormatKeepsEveryCell, ()) {
  const Table rows = *table();
  const SpoolFixture files;
  const auto extension = *rc::gen::element<std::string>(".csv", ".tsv", ".jsonl", ".parquet");
  const auto work = files.spool();
  InputSpec input{files.make("in.csv", csv_of(rows, ','))};
  input.delimiter = ',';
  RC_ASSERT(work->ingest(input, {}, {}).has_value());
  RC_ASSERT(work->bad_row_count() == 0);
  RC_ASSERT(work->declare_results({}).has_value());
  const auto written = work->write({files.path("copy" + extension)}, false, {});
  RC_ASSERT(written.has_value());
  RC_ASSERT(*written == static_cast<std::int64_t>(rows.size()));
  // The copy has a column `error` now, and could not be read for another run: it gets another name of the same length.
  std::string bytes = files.content("copy" + extension);
  for (std::size_t at = bytes.find("error"); at != std::string::npos; at = bytes.find("error")) {
    bytes.replace(at, 5, "wrong");
  }
  const auto copy = files.make("renamed" + extension, bytes);
  for (std::size_t column = 0; column < rows[0].size(); ++column) {
    std::vector<Text> expected;
    for (const auto& row : rows) expected.push_back(row[column]);
    RC_ASSERT(column_of(files, copy, column) == expected);
  }
}

TEST(SpoolProperty, ACellOfAMegabyteGoesThroughEveryFormat) {
  std::string big;
  while (big.size() < (1u << 20)) big += "ż\"😀,\n" + std::to_string(big.size());
  const SpoolFixture files;
  auto path = files.make("in.csv", csv_of({{"1", big}, {"2", ""}, {"3", big}}, ','));
  for (const std::string extension : {".tsv", ".jsonl", ".parquet", ".csv"}) {
    EXPECT_EQ(column_of(files, path, 1), (std::vector<Text>{big, "", big})) << extension;
    const auto work = files.spool();
    ASSERT_TRUE(work->ingest({path}, {}, {}));
    EXPECT_EQ(work->bad_row_count(), 0);
    ASSERT_TRUE(work->declare_results({}));
    ASSERT_TRUE(work->write({files.path("next" + extension)}, false, {}));
    std::string bytes = files.content("next" + extension);
    for (std::size_t at = bytes.find("error"); at != std::string::npos; at = bytes.find("error")) {
      bytes.replace(at, 5, extension.substr(1) == "csv" ? "wrong" : "e_" + extension.substr(1, 3));
    }
    path = files.make("renamed" + extension, bytes);
  }
}

RC_GTEST_PROP(SpoolProperty, EveryDistinctTextComesOnceAtItsFirstRow, ()) {
  const auto texts = *rc::gen::nonEmpty(rc::gen::container<std::vector<Text>>(text()));
  const auto window = *rc::gen::inRange<std::size_t>(1, 9);
  Table rows;
  for (const Text& cell : texts) rows.push_back({cell, "x"});
  const SpoolFixture files;
  const auto work = files.spool();
  InputSpec input{files.make("in.csv", csv_of(rows, ','))};
  input.delimiter = ',';
  RC_ASSERT(work->ingest(input, {}, {}).has_value());
  const auto distinct = work->index_texts("c0");
  RC_ASSERT(distinct.has_value());
  std::map<Text, std::int64_t> first;
  std::vector<std::pair<std::int64_t, Text>> expected;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (first.emplace(texts[i], i).second) expected.emplace_back(i, texts[i]);
  }
  std::vector<std::pair<std::int64_t, Text>> seen;
  for (;;) {
    const auto next = work->next_texts(window);
    RC_ASSERT(next.has_value());
    if (next->empty()) break;
    RC_ASSERT(next->size() <= window);
    for (const TextRow& row : *next) {
      seen.emplace_back(row.row, row.is_null ? Text() : Text(row.text));
      RC_ASSERT(row.count == std::count(texts.begin(), texts.end(), seen.back().second));
    }
  }
  RC_ASSERT(seen == expected);
  RC_ASSERT(*distinct == static_cast<std::int64_t>(expected.size()));
}

}  // namespace
}  // namespace zubr::formats
