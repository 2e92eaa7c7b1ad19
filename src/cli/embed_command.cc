// zubr embed
#include <ostream>

#include "bulk/embed.h"
#include "bulk/table_job.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/report.h"
#include "cli/table_arguments.h"
#include "core/text_file.h"

namespace zubr::cli {
namespace {

Result<int> embed(const TableArguments& arguments, Session& session) {
  bulk::EmbedOptions options;
  ZUBR_TRY(input, arguments.input_spec());
  ZUBR_TRY(output, arguments.output_spec());
  options.input = input;
  options.output = output;
  options.text_column = arguments.text_column;
  options.normalize = session.settings.enabled("embed.normalize");
  ZUBR_CHECK(bulk::check_paths(options.input, options.output));
  ZUBR_TRY(model, session.find_model({}));
  ZUBR_TRY(backend, session.open_model(model, 1));
  const auto meter = session.progress_meter();
  auto report = bulk::embed(options, *backend, show_stages(*meter), session.interrupt.token());
  if (!report) {
    meter->cancel();
    return fail(std::move(report).error());
  }
  meter->finish();
  session.console.err << embed_summary(*report) << "\n";
  if (report->interrupted)
    session.console.err << stopped_line(report->written, report->rows, report->output, options.output.path) << "\n";
  if (!arguments.report_file.empty())
    ZUBR_CHECK(core::write_text_file(arguments.report_file, embed_report_json(*report, model.name)));
  return report->interrupted ? kExitCancelled : kExitOk;
}

}  // namespace

void add_embed(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "embed", "Give every row of a table the vector of its text", "Tables",
                                       "  zubr embed products.csv --text title -o vectors.parquet\n"
                                       "The output has all input columns in input order, and: embedding, error.\n");
  const auto arguments = std::make_shared<TableArguments>();
  arguments->declare(*command);
  for (const char* name : {"model", "embed.normalize", "threads", "context", "compute", "progress"})
    line.add_setting(*command, name);
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return embed(*arguments, session); }; });
}

}  // namespace zubr::cli
