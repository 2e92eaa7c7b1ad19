// side_by_side: zubr and its peers on the same work in the same run.
//
//   side_by_side --zubr build/release/zubr --llama third_party/build/llama/bin --model M.gguf --out build/bench
//                --jsonl build/bench.jsonl [--only NAME] [--rows 2000] [--rounds 4] [--slots 0]
//                [--labels mixed|short]
//
// classify_vs_llama_server and classify_share_of_raw_prefill come from the same rounds: in each, the peer, zubr and the
// raw prefill do their part of the rows one after the other, so that a machine that gets slower meanwhile is slower for
// all. Medians over the rounds. Loading a model is in no figure.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <span>
#include <thread>

#include "figure.h"
#include "input.h"
#include "peers/llama_server.h"
#include "process.h"

namespace zubr::bench {
namespace {

struct Options {
  std::filesystem::path zubr, llama, model, out, jsonl;
  std::string only;
  int rows = 2000;
  int rounds = 4;
  int slots = 0;  // of llama-server; 0 = find the fastest
  std::string labels = "mixed";
};

struct ZubrRun {
  double rows_per_second = 0;
  double tokens_per_second = 0;
  double tokens_per_row = 0;
  std::int64_t peak_bytes = 0;
};

std::vector<std::string> zubr_command(const Options& options, const Input& input, const std::filesystem::path& rows,
                                      const std::filesystem::path& report) {
  return {options.zubr.string(), "classify", rows.string(), "--labels", input.labels_file.string(), "--prompt-template",
          input.template_file.string(), "--model", options.model.string(), "-o", (options.out / "answers.csv").string(),
          "--report", report.string(), "--no-progress"};
}

ZubrRun run_zubr(const Options& options, const Input& input, std::span<const std::string> texts) {
  const auto rows = options.out / "round.csv", report_file = options.out / "report.json";
  {
    std::ofstream csv(rows);
    csv << "text\n";
    for (const std::string& text : texts) csv << text << '\n';
  }
  Child child(zubr_command(options, input, rows, report_file), options.out / "zubr.log");
  const Ended ended = child.wait();
  if (ended.exit_code != 0) die(fmt::format("zubr ended with {}:\n{}", ended.exit_code, ended.output));
  const boost::json::object report = boost::json::parse(read_file(report_file)).as_object();
  const auto number = [&](const char* key) { return report.at(key).to_number<double>(); };
  if (number("written") != static_cast<double>(texts.size()) || number("error_rows") != 0) {
    die("zubr did not answer every row:\n" + ended.output);
  }
  ZubrRun run;
  run.rows_per_second = number("rows_per_s");
  run.tokens_per_second = number("evaluated_tokens") / number("evaluating_s");
  run.tokens_per_row = (number("evaluated_tokens") - number("shared_tokens")) / number("written");
  run.peak_bytes = ended.peak_bytes;
  return run;
}

// Tokens a second of `llama-bench` on a prompt of 512 tokens.
double raw_prefill(const Options& options, std::string& command_line) {
  const std::vector<std::string> command = {
      (options.llama / "llama-bench").string(), "-m", options.model.string(), "-p", "512", "-n", "0", "-r", "3",
      "-fa", "1", "-t", std::to_string(std::thread::hardware_concurrency()), "-o", "jsonl"};
  command_line = shell_line(command);
  Child child(command, options.out / "llama-bench.log");
  const Ended ended = child.wait();
  const std::size_t from = ended.output.find('{'), to = ended.output.rfind('}');
  if (ended.exit_code != 0 || from == std::string::npos) die("llama-bench failed:\n" + ended.output);
  const auto line = boost::json::parse(std::string_view(ended.output).substr(from, to - from + 1)).as_object();
  return line.at("avg_ts").to_number<double>();
}

std::unique_ptr<LlamaServer> start_server(const Options& options, const ServerSettings& settings) {
  return std::make_unique<LlamaServer>(options.llama / "llama-server", options.model, settings,
                                       options.out / "llama-server.log");
}

// The server at the fastest of the settings worth trying, warm.
std::unique_ptr<LlamaServer> best_server(const Options& options, const Input& input) {
  const std::span<const std::string> prompts(input.warm_up);
  ServerSettings best;
  double best_rate = 0;
  const auto attempt = [&](int slots, bool unified) {
    ServerSettings settings;
    settings.slots = slots;
    settings.connections = 2 * slots;
    settings.unified_kv = unified;
    const auto server = start_server(options, settings);
    server->complete(prompts.first(std::min<std::size_t>(prompts.size(), 2 * slots)), 1);  // every slot has the prefix
    const double rate = server->complete(prompts, input.longest_label_tokens).rows_per_second();
    fmt::print(stderr, "bench: llama-server, {} slots, {} KV: {:.2f} rows/s\n", slots, unified ? "unified" : "split",
               rate);
    if (rate > best_rate) {
      best_rate = rate;
      best = settings;
    }
  };
  if (options.slots > 0) {
    best.slots = options.slots;
    best.connections = 2 * options.slots;
  } else {
    for (const int slots : {8, 16, 32}) attempt(slots, true);
    attempt(best.slots, false);
  }
  auto server = start_server(options, best);
  server->complete(prompts.first(std::min<std::size_t>(prompts.size(), 2 * best.slots)), 1);
  return server;
}

struct Rounds {
  std::vector<double> server, zubr, zubr_tokens, prefill, against_server, against_prefill;
  double zubr_tokens_per_row = 0, server_tokens_per_row = 0;
  std::int64_t zubr_peak = 0, server_peak = 0;
  std::string server_command, prefill_command;
  ServerSettings server_settings;
};

Rounds run_rounds(const Options& options, const Input& input, bool with_server, bool with_prefill) {
  Rounds rounds;
  std::unique_ptr<LlamaServer> server;
  if (with_server) {
    server = best_server(options, input);
    rounds.server_settings = server->settings();
    rounds.server_command = server->command();
  }
  const std::span<const std::string> prompts(input.prompts), texts(input.texts);
  for (int round = 0; round < options.rounds; ++round) {
    const std::size_t from = static_cast<std::size_t>(options.rows * round / options.rounds);
    const std::size_t to = static_cast<std::size_t>(options.rows * (round + 1) / options.rounds);
    if (server) {
      const ServerRun run = server->complete(prompts.subspan(from, to - from), input.longest_label_tokens);
      rounds.server.push_back(run.rows_per_second());
      rounds.server_tokens_per_row =
          static_cast<double>(run.evaluated_tokens()) / static_cast<double>(run.completed);
    }
    const ZubrRun zubr = run_zubr(options, input, texts.subspan(from, to - from));
    rounds.zubr.push_back(zubr.rows_per_second);
    rounds.zubr_tokens.push_back(zubr.tokens_per_second);
    rounds.zubr_tokens_per_row = zubr.tokens_per_row;
    rounds.zubr_peak = std::max(rounds.zubr_peak, zubr.peak_bytes);
    if (server) rounds.against_server.push_back(zubr.rows_per_second / rounds.server.back());
    if (with_prefill) {
      rounds.prefill.push_back(raw_prefill(options, rounds.prefill_command));
      rounds.against_prefill.push_back(zubr.tokens_per_second / rounds.prefill.back());
    }
    fmt::print(stderr, "bench: round {} of {}: zubr {:.2f} rows/s, {:.1f} tokens/s{}{}\n", round + 1, options.rounds,
               zubr.rows_per_second, zubr.tokens_per_second,
               server ? fmt::format("; llama-server {:.2f} rows/s", rounds.server.back()) : "",
               with_prefill ? fmt::format("; raw prefill {:.1f} tokens/s", rounds.prefill.back()) : "");
  }
  if (server) rounds.server_peak = server->peak_bytes();
  return rounds;
}

void report(const Options& options, const Input& input, const Rounds& rounds) {
  const std::string command = shell_line(zubr_command(options, input, input.rows_csv, options.out / "report.json"));
  constexpr double kMega = 1e6;
  fmt::print("\n{}\n{}; {} rows: a prompt of {} tokens before {} tokens, 50 labels of up to {} tokens\n\n", machine(),
             options.model.filename().string(), options.rows, input.shared_tokens, input.row_tokens,
             input.longest_label_tokens);
  if (!rounds.server.empty()) {
    Figure figure{"classify_vs_llama_server", median(rounds.zubr), "rows/s",
                  fmt::format("llama-server, {} slots", rounds.server_settings.slots), median(rounds.server),
                  median(rounds.against_server), command};
    show(figure);
    append(figure, options.jsonl);
    fmt::print("    tokens a row through the model: {:.1f} against {:.1f}; peak memory {:.0f} MB against {:.0f} MB\n",
               rounds.zubr_tokens_per_row, rounds.server_tokens_per_row, static_cast<double>(rounds.zubr_peak) / kMega,
               static_cast<double>(rounds.server_peak) / kMega);
    fmt::print("    peer: {}\n", rounds.server_command);
  }
  if (!rounds.prefill.empty()) {
    Figure figure{"classify_share_of_raw_prefill", median(rounds.zubr_tokens), "tokens/s", "llama-bench pp512",
                  median(rounds.prefill), median(rounds.against_prefill), command};
    show(figure);
    append(figure, options.jsonl);
    fmt::print("    peer: {}\n", rounds.prefill_command);
  }
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i], value = argv[i + 1];
    if (flag == "--zubr") options.zubr = value;
    else if (flag == "--llama") options.llama = value;
    else if (flag == "--model") options.model = value;
    else if (flag == "--out") options.out = value;
    else if (flag == "--jsonl") options.jsonl = value;
    else if (flag == "--only") options.only = value;
    else if (flag == "--rows") options.rows = std::atoi(value.c_str());
    else if (flag == "--rounds") options.rounds = std::atoi(value.c_str());
    else if (flag == "--labels" && (value == "mixed" || value == "short")) options.labels = value;
    else if (flag == "--slots") options.slots = std::atoi(value.c_str());
    else die("unknown option " + flag + " " + value);
  }
  if (argc % 2 == 0 || options.zubr.empty() || options.llama.empty() || options.model.empty() || options.out.empty() ||
      options.jsonl.empty() || options.rows < options.rounds || options.rounds < 1) {
    die("usage: side_by_side --zubr PROGRAM --llama FOLDER --model GGUF --out FOLDER --jsonl FILE [--only NAME] "
        "[--rows N] [--rounds N] [--slots N] [--labels mixed|short]");
  }
  return options;
}

}  // namespace
}  // namespace zubr::bench

int main(int argc, char** argv) {
  using namespace zubr::bench;
  const Options options = parse(argc, argv);
  std::filesystem::create_directories(options.out);
  const int warm_up_rows = std::clamp(options.rows * 3 / 20, 64, 300);
  const Input input = make_input(options.model, options.out / "input", options.rows, warm_up_rows, options.labels);
  const auto wanted = [&](const char* name) { return options.only.empty() || options.only == name; };
  report(options, input,
         run_rounds(options, input, wanted("classify_vs_llama_server"), wanted("classify_share_of_raw_prefill")));
  return 0;
}
