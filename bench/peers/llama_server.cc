#include "peers/llama_server.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <thread>

namespace zubr::bench {
namespace {

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (socket < 0 || bind(socket, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    die("no free port");
  }
  close(socket);
  return ntohs(address.sin_port);
}

std::size_t keep(char* data, std::size_t, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, count);
  return count;
}

// One kept-alive connection and the request that is on it.
struct Lane {
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle{curl_easy_init(), curl_easy_cleanup};
  std::string body;
  std::string answer;
};

std::string last_lines(const std::string& text) { return text.size() > 2000 ? text.substr(text.size() - 2000) : text; }

bool healthy(const std::string& url) {
  Lane lane;
  curl_easy_setopt(lane.handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(lane.handle.get(), CURLOPT_WRITEFUNCTION, keep);
  curl_easy_setopt(lane.handle.get(), CURLOPT_WRITEDATA, &lane.answer);
  curl_easy_setopt(lane.handle.get(), CURLOPT_NOPROXY, "*");
  long status = 0;
  return curl_easy_perform(lane.handle.get()) == CURLE_OK &&
         curl_easy_getinfo(lane.handle.get(), CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status == 200;
}

std::string request_body(const std::string& prompt, int tokens) {
  boost::json::object body;
  body["prompt"] = prompt;
  body["n_predict"] = tokens;
  body["temperature"] = 0;
  body["samplers"] = {"temperature"};  // nothing but the most probable token: the shortest sampler chain there is
  body["cache_prompt"] = true;
  body["stream"] = false;
  body["ignore_eos"] = true;  // random weights must not end an answer early
  body["response_fields"] = {"timings/prompt_n", "timings/predicted_n"};
  return boost::json::serialize(body);
}

void count(const Lane& lane, ServerRun& run) {
  long status = 0;
  curl_easy_getinfo(lane.handle.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) die(fmt::format("llama-server answered {}: {}", status, last_lines(lane.answer)));
  const boost::json::object answer = boost::json::parse(lane.answer).as_object();
  run.completed += 1;
  run.prompt_tokens += answer.at("timings/prompt_n").to_number<std::int64_t>();
  run.predicted_tokens += answer.at("timings/predicted_n").to_number<std::int64_t>();
}

}  // namespace

LlamaServer::LlamaServer(const std::filesystem::path& program, const std::filesystem::path& model,
                         const ServerSettings& settings, const std::filesystem::path& log)
    : settings_(settings), port_(free_port()) {
  const int threads = settings.threads > 0 ? settings.threads : static_cast<int>(std::thread::hardware_concurrency());
  const std::vector<std::string> command = {
      program.string(), "-m", model.string(), "--host", "127.0.0.1", "--port", std::to_string(port_),
      "--parallel", std::to_string(settings.slots), "--ctx-size", std::to_string(settings.slots * settings.slot_tokens),
      settings.unified_kv ? "--kv-unified" : "--no-kv-unified", "--flash-attn", "on", "--cont-batching",
      "--cache-prompt", "--cache-ram", "0", "--batch-size", "2048", "--ubatch-size", "512",
      "--threads", std::to_string(threads), "--threads-batch", std::to_string(threads), "--threads-http", "4",
      "--no-ui", "--no-slots", "--log-verbosity", "1"};
  command_ = shell_line(command);
  child_ = std::make_unique<Child>(command, log);
  const std::string url = fmt::format("http://127.0.0.1:{}/health", port_);
  for (int tries = 0; !healthy(url); ++tries) {
    if (!child_->running() || tries > 1200) die("llama-server does not start:\n" + last_lines(read_file(log)));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

LlamaServer::~LlamaServer() = default;

ServerRun LlamaServer::complete(std::span<const std::string> prompts, int tokens_each) {
  const std::string url = fmt::format("http://127.0.0.1:{}/completion", port_);
  std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi(curl_multi_init(), curl_multi_cleanup);
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(curl_slist_append(nullptr, "Content-Type: application/json"), "Expect:"), curl_slist_free_all);
  std::vector<Lane> lanes(static_cast<std::size_t>(settings_.connections));
  std::size_t next = 0;
  const auto start = [&](Lane& lane) {
    lane.body = request_body(prompts[next++], tokens_each);
    lane.answer.clear();
    CURL* handle = lane.handle.get();
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, lane.body.c_str());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(lane.body.size()));
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &lane.answer);
    curl_easy_setopt(handle, CURLOPT_PRIVATE, &lane);
    curl_multi_add_handle(multi.get(), handle);
  };

  ServerRun run;
  const double began = now_seconds();
  for (Lane& lane : lanes) {
    if (next < prompts.size()) start(lane);
  }
  for (int active = 1; active > 0 || next < prompts.size();) {
    curl_multi_perform(multi.get(), &active);
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode result = message->data.result;
      if (result != CURLE_OK) die(fmt::format("llama-server: {}", curl_easy_strerror(result)));
      char* owner = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
      Lane& lane = *reinterpret_cast<Lane*>(owner);
      curl_multi_remove_handle(multi.get(), lane.handle.get());
      count(lane, run);
      if (next < prompts.size()) {
        start(lane);
        active = 1;
      }
    }
    if (active > 0) curl_multi_poll(multi.get(), nullptr, 0, 100, nullptr);
  }
  run.seconds = now_seconds() - began;
  return run;
}

}  // namespace zubr::bench
