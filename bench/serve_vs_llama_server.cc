// serve_vs_llama_server: `zubr serve` and llama-server with the same model, threads and settings, through the same
// client, one after the other in each round; and how long zubr takes to start.
//
//   serve_vs_llama_server --zubr build/release/zubr --llama third_party/build/llama/bin --model M.gguf --out
//   build/bench
//                         --jsonl build/bench.jsonl [--only NAME] [--rounds 3] [--tokens 48] [--chats 16]
//
// ttft_vs_llama_server: ms from the request to the first piece of the answer, a new prompt of ~200 words.
// decode_vs_llama_server: tokens a second between the first and the last piece of that answer.
// chat16_vs_llama_server: tokens a second of 16 requests at once whose prompts begin with the same new ~1,000 tokens.
// startup_ms: from fork to the first answer of /healthz, with the built-in model. All medians of the rounds.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <random>
#include <thread>

#include "figure.h"
#include "process.h"

namespace zubr::bench {
namespace {

namespace json = boost::json;

struct Options {
  std::filesystem::path zubr, llama, model, out, jsonl;
  std::string only;
  int rounds = 3, tokens = 48, chats = 16;
};

int connect_to(int port) {
  const int made = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return made;
  ::close(made);
  return -1;
}

int free_port() {
  const int made = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(made, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(made, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    die("no port is free");
  ::close(made);
  return ntohs(address.sin_port);
}

bool healthy(int port, const char* path) {
  const int socket = connect_to(port);
  if (socket < 0) return false;
  const std::string request = fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
  (void)!::send(socket, request.data(), request.size(), MSG_NOSIGNAL);
  char answer[16] = {};
  const bool ok = ::recv(socket, answer, 12, MSG_WAITALL) == 12 && std::string_view(answer).ends_with("200");
  ::close(socket);
  return ok;
}

struct Spoken {
  double first_s = 0, last_s = 0;  // from the request to the first and the last piece
  double tokens = 0;
};

// One streamed completion, as the models that bench makes have no chat template; ends the program where the answer is
// not whole.
Spoken speak(int port, const std::string& system, const std::string& user, int tokens) {
  const std::string body = json::serialize(json::object{{"prompt", system + "\n" + user + "\n"},
                                                        {"stream", true},
                                                        {"stream_options", {{"include_usage", true}}},
                                                        {"temperature", 0},
                                                        {"max_tokens", tokens}});
  const std::string request = fmt::format(
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
      body.size(), body);
  const int socket = connect_to(port);
  const double start = now_seconds();
  (void)!::send(socket, request.data(), request.size(), MSG_NOSIGNAL);
  Spoken spoken;
  std::string text;
  char buffer[16'384];
  for (ssize_t got = 0; (got = ::recv(socket, buffer, sizeof buffer, 0)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
    const double now = now_seconds() - start;
    const std::string_view arrived(buffer, static_cast<std::size_t>(got));
    const std::size_t said = arrived.find("\"text\":\"");
    const bool piece = said != std::string_view::npos && arrived.substr(said + 8, 1) != "\"";
    if (piece && spoken.first_s == 0) spoken.first_s = now;
    if (piece) spoken.last_s = now;
  }
  ::close(socket);
  const auto usage = text.rfind("\"completion_tokens\":");
  if (usage == std::string::npos || text.find("[DONE]") == std::string::npos)
    die("an answer was not whole:\n" + text.substr(0, 2'000));
  spoken.tokens = std::stod(text.substr(usage + 20));
  return spoken;
}

// Words that no round had before, so that no cache of an earlier one helps.
std::string words(std::mt19937& random, int count) {
  static constexpr const char* kWords[] = {"river", "lamp",  "seven", "green", "house", "walks", "under", "stone",
                                           "paper", "north", "clock", "apple", "quiet", "train", "glass", "young"};
  std::string text;
  for (int i = 0; i < count; ++i) text.append(kWords[random() % std::size(kWords)]).append(" ");
  return text;
}

struct Served {
  std::unique_ptr<Child> child;
  int port = 0;
  std::string command;
};

Served serve(std::vector<std::string> command, int port, const std::filesystem::path& log, const char* path) {
  Served served{.child = nullptr, .port = port, .command = shell_line(command)};
  served.child = std::make_unique<Child>(command, log);
  for (const double until = now_seconds() + 180; !healthy(port, path);) {
    if (!served.child->running() || now_seconds() > until)
      die(command.front() + " does not answer; see " + log.string());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return served;
}

double chats_per_second(int port, const Options& options, std::mt19937& random) {
  const std::string system = words(random, 900);
  std::vector<std::string> users;
  for (int i = 0; i < options.chats; ++i) users.push_back(words(random, 12));
  std::vector<Spoken> spoken(users.size());
  std::vector<std::thread> threads;
  const double start = now_seconds();
  for (std::size_t i = 0; i < users.size(); ++i)
    threads.emplace_back([&, i] { spoken[i] = speak(port, system, users[i], options.tokens); });
  for (std::thread& thread : threads) thread.join();
  const double seconds = now_seconds() - start;
  double tokens = 0;
  for (const Spoken& one : spoken) tokens += one.tokens;
  return tokens / seconds;
}

void report(const Options& options, const char* name, const char* unit, bool less_is_better, std::vector<double> ours,
            std::vector<double> peers, const std::string& command) {
  Figure figure{.name = name,
                .value = median(std::move(ours)),
                .unit = unit,
                .peer = "llama-server",
                .peer_value = median(std::move(peers)),
                .ratio = 0,
                .command = command};
  figure.ratio = less_is_better ? figure.peer_value / figure.value : figure.value / figure.peer_value;
  show(figure);
  append(figure, options.jsonl);
}

void measure_startup(const Options& options, const std::string& command_line) {
  std::vector<double> times;
  for (int round = 0; round < std::max(5, options.rounds); ++round) {
    const int port = free_port();
    const double start = now_seconds();
    Child child({options.zubr.string(), "serve", "--port", std::to_string(port)}, options.out / "startup.log");
    while (!healthy(port, "/healthz")) {
      if (!child.running()) die("zubr serve ended; see startup.log");
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    times.push_back((now_seconds() - start) * 1'000);
  }
  Figure figure{.name = "startup_ms",
                .value = median(times),
                .unit = "ms",
                .peer = "aim",
                .peer_value = 50,
                .ratio = 0,
                .command = command_line};
  figure.ratio = figure.peer_value / figure.value;
  show(figure);
  append(figure, options.jsonl);
}

void measure_against_llama_server(const Options& options, const std::string& command_line) {
  const std::string threads = std::to_string(std::thread::hardware_concurrency());
  const std::string model = options.model.string(), slots = std::to_string(options.chats);
  const int our_port = free_port();
  const Served ours = serve({options.zubr.string(), "serve", "--model", model, "--port", std::to_string(our_port),
                             "--threads", threads, "--parallel", slots, "--context", "2048"},
                            our_port, options.out / "zubr-serve.log", "/readyz");
  const int peer_port = free_port();
  // One KV buffer for all slots, so that its slots share the system prompt too where it can.
  const Served peer = serve({(options.llama / "llama-server").string(), "-m", model, "--host", "127.0.0.1", "--port",
                             std::to_string(peer_port), "-t", threads, "-np", slots, "-c",
                             std::to_string(2'048 * options.chats), "-fa", "on", "--kv-unified", "--no-webui"},
                            peer_port, options.out / "llama-server.log", "/health");
  std::mt19937 random(11);
  std::vector<double> ttft[2], decode[2], chats[2];
  const int ports[2] = {our_port, peer_port};
  for (const int port : ports) speak(port, "", words(random, 20), 8);  // warm
  for (int round = 0; round < options.rounds; ++round) {
    for (int which = 0; which < 2; ++which) {
      const Spoken one = speak(ports[which], "", words(random, 200), options.tokens);
      ttft[which].push_back(one.first_s * 1'000);
      decode[which].push_back((one.tokens - 1) / (one.last_s - one.first_s));
    }
    if (options.only == "ttft_vs_llama_server" || options.only == "decode_vs_llama_server") continue;
    for (int which = 0; which < 2; ++which) chats[which].push_back(chats_per_second(ports[which], options, random));
  }
  report(options, "ttft_vs_llama_server", "ms", true, ttft[0], ttft[1], command_line);
  report(options, "decode_vs_llama_server", "tokens/s", false, decode[0], decode[1], command_line);
  if (!chats[0].empty()) report(options, "chat16_vs_llama_server", "tokens/s", false, chats[0], chats[1], command_line);
  fmt::print("ours: {}\npeer: {}\n", ours.command, peer.command);
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--zubr")
      options.zubr = std::filesystem::absolute(value);
    else if (name == "--llama")
      options.llama = std::filesystem::absolute(value);
    else if (name == "--model")
      options.model = std::filesystem::absolute(value);
    else if (name == "--out")
      options.out = value;
    else if (name == "--jsonl")
      options.jsonl = value;
    else if (name == "--only")
      options.only = value;
    else if (name == "--rounds")
      options.rounds = std::stoi(value);
    else if (name == "--tokens")
      options.tokens = std::stoi(value);
    else if (name == "--chats")
      options.chats = std::stoi(value);
    else
      die("unknown option " + name);
  }
  if (options.zubr.empty() || options.out.empty() || options.jsonl.empty()) die("--zubr, --out and --jsonl are needed");
  return options;
}

}  // namespace
}  // namespace zubr::bench

int main(int argc, char** argv) {
  using namespace zubr::bench;
  const Options options = parse(argc, argv);
  std::filesystem::create_directories(options.out);
  const std::string command_line = shell_line({argv, argv + argc});
  if (options.only.empty() || options.only == "startup_ms") measure_startup(options, command_line);
  if (options.only != "startup_ms") measure_against_llama_server(options, command_line);
}
