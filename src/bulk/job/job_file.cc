#include "bulk/job/job_file.h"

#include <algorithm>
#include <array>

#include "bulk/job/schema_fields.h"
#include "bulk/job/toml_section.h"
#include "core/text_file.h"

namespace zubr::bulk {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr std::int64_t kMaxRows = std::int64_t{1} << 50;

Result<std::optional<formats::TableFormat>> read_format(TomlSection& section) {
  constexpr std::array<std::string_view, 5> kNames{"", "csv", "tsv", "jsonl", "parquet"};
  ZUBR_TRY(name, section.choice("format", kNames));
  if (name.empty()) return std::optional<formats::TableFormat>();
  const auto at = static_cast<std::size_t>(std::ranges::find(kNames, name) - kNames.begin());
  return std::optional(static_cast<formats::TableFormat>(at - 1));
}

Result<JobInput> read_input(TomlSection section) {
  JobInput input;
  ZUBR_TRY(files, section.texts("files"));
  if (files.empty())
    return section.missing("files", message("[input] needs files, for example: files = [\"keywords.csv\"]"));
  input.files = std::move(files);
  ZUBR_TRY(sql, section.text("sql"));
  input.sql = std::move(sql);
  ZUBR_TRY(format, read_format(section));
  input.format = format;
  ZUBR_TRY(delimiter, section.text("delimiter"));
  if (delimiter.size() > 1 || delimiter == "\"" || delimiter == "\n")
    return section.wrong("delimiter", "'delimiter' is one character, and no quote or line end");
  if (!delimiter.empty()) input.delimiter = delimiter.front();
  ZUBR_TRY(id, section.text("id"));
  input.id = std::move(id);
  ZUBR_TRY(limit, section.integer("limit", -1, 1, kMaxRows));
  input.limit = limit;
  ZUBR_CHECK(section.finish());
  return input;
}

Result<JobOutput> read_output(TomlSection section, const fs::path& folder) {
  JobOutput output;
  ZUBR_TRY(file, section.required_text("file", "\"sorted.csv\""));
  output.file = (folder / file).lexically_normal();
  ZUBR_TRY(format, read_format(section));
  if (format) {
    output.format = *format;
  } else {
    ZUBR_TRY(known, formats::format_of(output.file));
    output.format = known;
  }
  const std::string extension = output.file.extension().string();
  if (extension == ".gz" || extension == ".zst")
    return section.wrong("file", "a job writes no compressed text, as '{}' would be; Parquet is compressed", file);
  ZUBR_TRY(rows, section.integer("rows_per_file", 0, 1, kMaxRows));
  if (rows > 0 && output.format == formats::TableFormat::kParquet)
    return section.wrong("rows_per_file", "'rows_per_file' is for text; Parquet is written as one file");
  output.rows_per_file = rows;
  ZUBR_TRY(dead, section.text("dead_letter"));
  output.dead_letter = dead.empty() ? output.file.parent_path() / (output.file.stem().string() + ".failed.jsonl")
                                    : (folder / dead).lexically_normal();
  if (output.dead_letter == output.file) return section.wrong("dead_letter", "'dead_letter' is the output itself");
  ZUBR_CHECK(section.finish());
  return output;
}

Result<TransformSpec> read_transform(TomlSection& section) {
  ZUBR_TRY(sql, section.required_text("sql", "\"lower(keyword)\""));
  return TransformSpec{sql};
}

Result<DedupeSpec> read_dedupe(TomlSection& section) {
  DedupeSpec spec;
  ZUBR_TRY(by, section.texts("by"));
  if (by.empty()) return section.missing("by", message("a dedupe step needs 'by', for example: by = [\"keyword\"]"));
  spec.by = std::move(by);
  constexpr std::array<std::string_view, 2> kMatches{"exact", "normalised"};
  ZUBR_TRY(match, section.choice("match", kMatches));
  spec.normalise = match == "normalised";
  ZUBR_TRY(drop, section.boolean("drop", false));
  spec.drop = drop;
  return spec;
}

Result<std::vector<Label>> read_job_labels(TomlSection& section, const fs::path& folder) {
  ZUBR_TRY(given, section.texts("labels"));
  if (given.empty())
    return section.missing("labels",
                           message("a classify step needs 'labels', for example: labels = [\"shoes\", \"books\"]"));
  if (given.size() == 1) {
    auto labels = read_labels((folder / given.front()).string());
    if (!labels) return section.wrong("labels", "{}", labels.error().message());
    return labels;
  }
  std::vector<Label> labels;
  for (const std::string& name : given) {
    if (name.empty() || std::ranges::find(labels, name, &Label::name) != labels.end())
      return section.wrong("labels", "the label '{}' is empty or comes twice", name);
    labels.push_back({name, {}});
  }
  return labels;
}

Result<ClassifySpec> read_classify(TomlSection& section, const fs::path& folder) {
  ClassifySpec spec;
  ClassifyOptions& options = spec.options;
  ZUBR_TRY(text, section.required_text("text", "\"keyword\""));
  spec.text = text;
  ZUBR_TRY(labels, read_job_labels(section, folder));
  options.labels = std::move(labels);
  ZUBR_TRY(instruction, section.text("instruction"));
  options.instruction = instruction;
  ZUBR_TRY(prompt, section.text("prompt_template"));
  if (!prompt.empty()) options.prompt_template = prompt;
  ZUBR_TRY(descriptions, section.boolean("label_descriptions", false));
  options.label_descriptions = descriptions;
  constexpr std::array<std::string_view, 2> kModes{"text", "code"};
  ZUBR_TRY(mode, section.choice("label_mode", kModes));
  options.label_mode = mode == "code" ? LabelMode::kCode : LabelMode::kText;
  constexpr std::array<std::string_view, 2> kNorms{"none", "tokens"};
  ZUBR_TRY(norm, section.choice("length_norm", kNorms));
  options.length_norm = norm == "tokens" ? inference::LengthNorm::kTokens : inference::LengthNorm::kNone;
  // Not "batch": a prior taken from whatever rows came first would depend on when a job was interrupted.
  constexpr std::array<std::string_view, 2> kCalibrations{"none", "content-free"};
  ZUBR_TRY(calibrate, section.choice("calibrate", kCalibrations));
  options.calibration = calibrate == "none" ? Calibration::kNone : Calibration::kContentFree;
  ZUBR_TRY(multi, section.boolean("multi", false));
  options.multi = multi;
  ZUBR_TRY(threshold, section.number("threshold", 0.2, 0.001, 1));
  options.threshold = threshold;
  ZUBR_TRY(tolerance, section.number("tolerance", 0.01, 0, 0.999));
  options.tolerance = tolerance;
  ZUBR_TRY(top, section.integer("top", 1, 1, std::ssize(options.labels)));
  options.top = static_cast<int>(top);
  if (section.has("escalate")) {
    TomlSection escalate = section.section("escalate");
    EscalationSpec escalation;
    ZUBR_TRY(model, escalate.required_text("model", "\"qwen3:4b\""));
    escalation.model = model;
    ZUBR_TRY(below, escalate.number("below", 0.2, 0, 1));
    escalation.below = below;
    ZUBR_CHECK(escalate.finish());
    spec.escalate = escalation;
  }
  return spec;
}

Result<GenerateSpec> read_generate(TomlSection& section) {
  GenerateSpec spec;
  ZUBR_TRY(prompt, section.required_text("prompt", "\"Translate into Polish: {{keyword}}\""));
  spec.prompt = prompt;
  ZUBR_TRY(system, section.text("system"));
  spec.system = system;
  ZUBR_TRY(tokens, section.integer("max_tokens", 512, 1, 1 << 20));
  spec.max_tokens = static_cast<int>(tokens);
  ZUBR_TRY(temperature, section.number("temperature", 0, 0, 5));
  spec.temperature = temperature;
  ZUBR_TRY(seed, section.integer("seed", 1, 0, std::int64_t{0xFFFFFFFF}));
  spec.seed = static_cast<std::uint32_t>(seed);
  return spec;
}

Result<std::string> read_schema(TomlSection& section, const fs::path& folder) {
  ZUBR_TRY(given, section.text("schema"));
  if (given.empty() || given.find('{') != std::string::npos) return given;
  auto text = core::read_text_file(folder / given, kMaxFileBytes);
  if (!text) return section.wrong("schema", "{}", text.error().message());
  return *text;
}

Result<ExtractSpec> read_extract(TomlSection& section, const fs::path& folder) {
  ExtractSpec spec;
  ZUBR_TRY(ask, read_generate(section));
  spec.ask = std::move(ask);
  ZUBR_TRY(schema, read_schema(section, folder));
  if (schema.empty())
    return section.wrong("schema", "an extract step needs 'schema': a JSON schema, or the name of a file with one");
  auto fields = schema_fields(schema);
  if (!fields) return section.wrong("schema", "{}", fields.error().message());
  spec.fields = std::move(*fields);
  spec.ask.schema = std::move(schema);
  return spec;
}

Result<EmbedSpec> read_embed(TomlSection& section) {
  EmbedSpec spec;
  ZUBR_TRY(text, section.required_text("text", "\"keyword\""));
  spec.text = text;
  ZUBR_TRY(normalize, section.boolean("normalize", true));
  spec.normalize = normalize;
  return spec;
}

// What steps that ask a model have of their own.
Result<void> read_asking(TomlSection& section, const std::string& kind, const fs::path& folder, StepSpec& step) {
  ZUBR_TRY(model, section.text("model"));
  step.model = model;
  if (kind == "classify") {
    ZUBR_TRY(classify, read_classify(section, folder));
    step.what = std::move(classify);
  } else if (kind == "generate") {
    ZUBR_TRY(generate, read_generate(section));
    ZUBR_TRY(schema, read_schema(section, folder));
    generate.schema = std::move(schema);
    step.what = std::move(generate);
  } else if (kind == "extract") {
    ZUBR_TRY(extract, read_extract(section, folder));
    step.what = std::move(extract);
  } else {
    ZUBR_TRY(embed, read_embed(section));
    step.what = std::move(embed);
  }
  return {};
}

Result<StepSpec> read_step(TomlSection section, const fs::path& folder) {
  StepSpec step;
  ZUBR_TRY(name, section.required_text("name", "\"category\""));
  step.name = name;
  constexpr std::array<std::string_view, 7> kKinds{"",         "transform", "dedupe", "classify",
                                                   "generate", "extract",   "embed"};
  ZUBR_TRY(kind, section.choice("kind", kKinds));
  ZUBR_TRY(when, section.text("when"));
  step.when = when;
  constexpr std::array<std::string_view, 2> kOnError{"skip", "fail"};
  ZUBR_TRY(on_error, section.choice("on_error", kOnError));
  step.on_error = on_error == "fail" ? OnError::kFail : OnError::kSkip;
  if (kind == "transform") {
    ZUBR_TRY(transform, read_transform(section));
    step.what = transform;
  } else if (kind == "dedupe") {
    if (!when.empty()) return section.wrong("when", "a dedupe step looks at all rows; it has no 'when'");
    ZUBR_TRY(dedupe, read_dedupe(section));
    step.what = dedupe;
  } else if (kind.empty()) {
    return section.wrong("kind", "step '{}' needs a kind: transform, dedupe, classify, generate, extract or embed",
                         name);
  } else {
    ZUBR_CHECK(read_asking(section, kind, folder, step));
  }
  ZUBR_CHECK(section.finish());
  return step;
}

Result<std::vector<StepSpec>> read_steps(TomlSection& root, const fs::path& folder) {
  std::vector<StepSpec> steps;
  for (TomlSection& section : root.items("steps")) {
    const TomlSection place = section;
    ZUBR_TRY(step, read_step(std::move(section), folder));
    if (std::ranges::find(steps, step.name, &StepSpec::name) != steps.end())
      return place.wrong("name", "two steps have the name '{}'", step.name);
    const bool is_dedupe = std::holds_alternative<DedupeSpec>(step.what);
    const bool dedupe_before = std::ranges::any_of(
        steps, [](const StepSpec& other) { return std::holds_alternative<DedupeSpec>(other.what); });
    if (is_dedupe && dedupe_before) return place.wrong("kind", "a job has at most one dedupe step");
    steps.push_back(std::move(step));
  }
  if (steps.empty()) return root.missing("steps", message("a job needs at least one [[steps]]"));
  return steps;
}

}  // namespace

Result<JobSpec> parse_job(std::string_view text, const std::string& source, const fs::path& folder) {
  ZUBR_TRY(values, core::parse_toml_deep(text, source));
  TomlSection root(values, {}, source);
  JobSpec job;
  job.folder = folder;
  ZUBR_TRY(name, root.text("name"));
  job.name = name.empty() ? fs::path(source).stem().string() : name;
  if (!root.has("input")) return root.missing("input", message("a job needs an [input]"));
  ZUBR_TRY(input, read_input(root.section("input")));
  job.input = std::move(input);
  ZUBR_TRY(steps, read_steps(root, folder));
  job.steps = std::move(steps);
  if (!root.has("output")) return root.missing("output", message("a job needs an [output]"));
  ZUBR_TRY(output, read_output(root.section("output"), folder));
  job.output = std::move(output);
  TomlSection limits = root.section("limits");
  ZUBR_TRY(concurrency, limits.integer("concurrency", 1, 1, 256));
  job.limits.concurrency = static_cast<int>(concurrency);
  ZUBR_CHECK(limits.finish());
  ZUBR_CHECK(root.finish());
  return job;
}

Result<JobSpec> read_job(const fs::path& file) {
  ZUBR_TRY(text, core::read_text_file(file, kMaxFileBytes));
  std::error_code ignored;
  return parse_job(text, file.string(), fs::absolute(file, ignored).parent_path());
}

}  // namespace zubr::bulk
