#include "bulk/labels.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <filesystem>
#include <unordered_map>

#include "core/text_file.h"
#include "core/utf8.h"
#include "formats/csv_reader.h"

namespace zubr::bulk {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t kMaxLabels = 10'000;
constexpr std::size_t kMaxFileBytes = 16U << 20;

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// Collects labels and says where the wrong one stands: "line 3" of a file, "label 2" of a list.
class LabelSet {
 public:
  explicit LabelSet(std::string unit) : unit_(std::move(unit)) {}

  Result<void> add(std::string_view raw_name, std::string_view description, std::size_t position) {
    const std::string name(trim(raw_name));
    if (!core::utf8_valid(raw_name) || !core::utf8_valid(description))
      return fail(ErrorCode::kCorrupt, "{} {} of the labels is not UTF-8", unit_, position);
    if (name.empty()) return fail(ErrorCode::kInvalidArgument, "{} {} is empty", unit_, position);
    if (labels_.size() == kMaxLabels)
      return fail(ErrorCode::kTooLarge, "there are more than 10,000 labels; sort into a few hundred groups first");
    const auto [before, is_new] = position_of_.emplace(name, position);
    if (!is_new)
      return fail(ErrorCode::kInvalidArgument, "label '{}' is on {} {} and on {} {}; labels must be distinct", name,
                  unit_, before->second, unit_, position);
    labels_.push_back({name, std::string(trim(description))});
    return {};
  }

  Result<std::vector<Label>> finish(std::string_view source) && {
    if (labels_.empty()) return fail(ErrorCode::kInvalidArgument, "there are no labels in '{}'", source);
    return std::move(labels_);
  }

 private:
  std::string unit_;
  std::vector<Label> labels_;
  std::unordered_map<std::string, std::size_t> position_of_;
};

Result<std::vector<Label>> from_list(std::string_view spec) {
  LabelSet labels("label");
  if (trim(spec).empty()) return std::move(labels).finish(spec);
  std::size_t position = 0;
  for (std::size_t begin = 0; begin <= spec.size();) {
    const std::size_t end = std::min(spec.find(',', begin), spec.size());
    ZUBR_CHECK(labels.add(spec.substr(begin, end - begin), "", ++position));
    begin = end + 1;
  }
  return std::move(labels).finish(spec);
}

Result<std::vector<Label>> from_lines(std::string_view text, const std::string& source) {
  LabelSet labels("line");
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::size_t line = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    ++line;
    if (!trim(text.substr(0, end)).empty()) ZUBR_CHECK(labels.add(text.substr(0, end), "", line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::move(labels).finish(source);
}

Result<std::vector<Label>> from_csv(const fs::path& path, char delimiter) {
  ZUBR_TRY(bytes, formats::open_source(path));
  formats::CsvOptions options;
  options.name = path.string();
  if (delimiter != ',') options.delimiter = delimiter;
  ZUBR_TRY(reader, formats::open_csv(std::move(bytes), options));
  const auto columns = reader->columns();
  const auto label_column = std::ranges::find(columns, "label", &formats::Column::name);
  const auto description_column = std::ranges::find(columns, "description", &formats::Column::name);
  if (label_column == columns.end())
    return fail(ErrorCode::kInvalidArgument, "'{}' has no column 'label'; its first line must be: label,description",
                path.string());

  LabelSet labels("line");
  const auto codec = reader->codec();
  std::vector<formats::Field> fields;
  std::string scratch;
  for (std::size_t line = 2;; ++line) {
    formats::ReadRow row;
    ZUBR_TRY(more, reader->next(row));
    if (!more) return std::move(labels).finish(path.string());
    if (!row.error.empty()) return fail(ErrorCode::kCorrupt, "{}: {}", path.string(), row.error);
    codec->decode(row.raw, fields, scratch);
    const auto description =
        description_column == columns.end() ? std::string_view{} : fields[description_column - columns.begin()].text;
    ZUBR_CHECK(labels.add(fields[label_column - columns.begin()].text, description, line));
  }
}

Result<void> add_json(LabelSet& labels, const json::value& value, std::size_t position) {
  if (value.is_string()) return labels.add(value.get_string(), "", position);
  if (const auto* object = value.if_object()) {
    const auto* name = object->if_contains("label");
    const auto* description = object->if_contains("description");
    const bool described = description != nullptr && !description->is_null();
    if (name != nullptr && name->is_string() && (!described || description->is_string()))
      return labels.add(name->get_string(), described ? std::string_view(description->get_string()) : "", position);
  }
  return fail(ErrorCode::kInvalidArgument, R"(label {} must be a string or {{"label": "…", "description": "…"}})",
              position);
}

Result<std::vector<Label>> from_json(std::string_view text, const std::string& source) {
  boost::system::error_code wrong;
  const json::value root = json::parse(text, wrong);
  if (wrong) return fail(ErrorCode::kCorrupt, "'{}' is not valid JSON: {}", source, wrong.message());
  LabelSet labels("label");
  std::size_t position = 0;
  if (const auto* array = root.if_array()) {
    for (const auto& item : *array) ZUBR_CHECK(add_json(labels, item, ++position));
  } else if (const auto* object = root.if_object()) {
    for (const auto& [name, description] : *object) {
      ++position;
      if (!description.is_string())
        return fail(ErrorCode::kInvalidArgument, "the description of label '{}' must be a string",
                    std::string_view(name));
      ZUBR_CHECK(labels.add(name, description.get_string(), position));
    }
  } else {
    return fail(ErrorCode::kInvalidArgument, "'{}' must be a JSON array of labels, or an object label: description",
                source);
  }
  return std::move(labels).finish(source);
}

bool looks_like_a_file(std::string_view spec) {
  constexpr std::array<std::string_view, 4> kExtensions{".txt", ".csv", ".tsv", ".json"};
  const bool known = std::ranges::any_of(kExtensions, [&](std::string_view e) { return spec.ends_with(e); });
  return (known || spec.find('/') != std::string_view::npos) && spec.find(',') == std::string_view::npos;
}

}  // namespace

Result<std::vector<Label>> read_labels(std::string_view spec) {
  const fs::path path(spec);
  std::error_code ignored;
  if (!spec.empty() && fs::is_directory(path, ignored) && looks_like_a_file(spec))
    return fail(ErrorCode::kInvalidArgument, "the labels '{}' are a folder; give a file", spec);
  if (!fs::exists(path, ignored) || fs::is_directory(path, ignored)) {
    if (looks_like_a_file(spec)) return fail(ErrorCode::kNotFound, "there is no labels file '{}'", spec);
    return from_list(spec);
  }
  if (path.extension() == ".csv") return from_csv(path, ',');
  if (path.extension() == ".tsv") return from_csv(path, '\t');
  ZUBR_TRY(text, core::read_text_file(path, kMaxFileBytes));
  return path.extension() == ".json" ? from_json(text, path.string()) : from_lines(text, path.string());
}

}  // namespace zubr::bulk
