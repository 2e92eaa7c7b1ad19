// zubr quantize
#include <unistd.h>

#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/table_text.h"
#include "core/display.h"
#include "models/keep.h"

namespace zubr::cli {
namespace {

namespace fs = std::filesystem;

struct QuantizeArguments {
  std::string model, type, output, importance;
  bool replace = false, list = false;
};

bool is_path(const std::string& text) { return text.find('/') != std::string::npos || text.ends_with(".gguf"); }

Result<int> list_types(Session& session) {
  TableText table({message("TYPE"), message("BITS PER WEIGHT")});
  for (const QuantizationName& type : session.services.quantizations()) table.add_row({type.name, type.about});
  session.console.out << table.text();
  return kExitOk;
}

Result<Quantized> make(const QuantizeArguments& arguments, const fs::path& from, const fs::path& to, Session& session) {
  const auto meter = session.progress_meter();
  meter->start(message("quantizing {} to {}", arguments.model, arguments.type), message("tensors"));
  auto made = session.services.quantize({.from = from,
                                         .to = to,
                                         .type = arguments.type,
                                         .importance = arguments.importance,
                                         .threads = static_cast<int>(session.settings.integer("threads")),
                                         .progress = [&](int done, int total) { meter->update(done, total); }},
                                        session.interrupt.token());
  if (made) meter->finish();
  if (!made) meter->cancel();
  return made;
}

// Among the blobs, under a name of its own.
Result<Quantized> make_model(const QuantizeArguments& arguments, const models::ResolvedModel& model, Session& session) {
  const std::string& name = arguments.output;
  ZUBR_CHECK(models::check_model_name(name));
  if (!arguments.replace && session.store.find(name))
    return fail(ErrorCode::kAlreadyExists, "there is a model '{}' already; choose another name or add --replace", name);
  ZUBR_TRY(blobs, models::BlobStore::open(session.home / "blobs"));
  // Garbage collection takes what a killed process leaves here.
  const fs::path file = blobs.folder() / "partial" / fmt::format("quantized-{}.data", ::getpid());
  auto made = make(arguments, model.file, file, session);
  if (!made) return made;
  const auto entry =
      models::adopt_model(session.home, session.store, {file, name, model.projector, model.recipe},
                          model.name + " " + arguments.type, arguments.replace, {}, session.interrupt.token());
  std::error_code ignored;
  fs::remove(file, ignored);
  if (!entry) return fail(entry.error());
  return made;
}

Result<int> quantize(const QuantizeArguments& arguments, Session& session) {
  if (arguments.list) return list_types(session);
  if (arguments.model.empty() || arguments.type.empty() || arguments.output.empty())
    return fail(ErrorCode::kInvalidArgument,
                "say what to quantize, to what, and where to: zubr quantize MODEL Q4_K_M -o NAME");
  ZUBR_TRY(model, session.store.resolve(arguments.model));
  const bool file = is_path(arguments.output);
  std::error_code error;
  if (file && fs::equivalent(model.file, arguments.output, error))
    return fail(ErrorCode::kInvalidArgument, "{} would replace itself; name another file", arguments.output);
  if (file && !arguments.replace && fs::exists(arguments.output, error))
    return fail(ErrorCode::kAlreadyExists, "{} is there already; name another file or add --replace", arguments.output);
  auto made = file ? make(arguments, model.file, arguments.output, session) : make_model(arguments, model, session);
  if (!made) return fail(made.error());
  session.console.err << message("{}: {} instead of {}", arguments.output, core::display_bytes(made->bytes_after),
                                 core::display_bytes(made->bytes_before))
                      << "\n";
  if (made->requantized)
    session.console.err << message("note: {}", message("it was quantized before; from the original it would be better"))
                        << "\n";
  return kExitOk;
}

}  // namespace

void add_quantize(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "quantize", "Make a model smaller with fewer bits per weight", "Models",
                                       "  zubr quantize bielik-f16 Q4_K_M -o bielik\n"
                                       "  zubr quantize model-f16.gguf q8_0 -o model-q8_0.gguf\n"
                                       "  zubr quantize --list\n");
  const auto arguments = std::make_shared<QuantizeArguments>();
  command->add_option("MODEL", arguments->model, "a name from `zubr list`, or a GGUF file")->type_name(kModelType);
  command->add_option("TYPE", arguments->type, "Q4_K_M, Q8_0 …: --list shows all")->type_name("TYPE");
  command->add_option("-o,--output", arguments->output, "a name, or a file (with / or .gguf)")->type_name("NAME|FILE");
  command->add_option("--imatrix", arguments->importance, "an importance matrix (GGUF, by llama-imatrix)")
      ->type_name(kFileType);
  command->add_flag("--replace", arguments->replace, "replace what has that name");
  command->add_flag("--list", arguments->list, "show the types");
  for (const char* name : {"threads", "progress"}) line.add_setting(*command, name);
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return quantize(*arguments, session); }; });
}

}  // namespace zubr::cli
