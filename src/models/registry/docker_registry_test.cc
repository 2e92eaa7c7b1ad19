// Against a real OCI registry: Debian's docker-registry (distribution), where it is installed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include "core/temp_dir.h"
#include "core/text_file.h"
#include "models/create.h"
#include "models/pull.h"
#include "models/push.h"
#include "models/tiny_gguf.h"
#include "net/url.h"

extern char** environ;

namespace zubr::models {
namespace {

constexpr const char* kProgram = "/usr/bin/docker-registry";

// Serves a folder on a free port until the object goes.
class DockerRegistry {
 public:
  // `password_file`: of htpasswd, bcrypt; empty = everybody may do everything.
  explicit DockerRegistry(const std::filesystem::path& folder, const std::string& password_file = {}) {
    const std::filesystem::path config = folder / "registry.yml";
    const std::string auth =
        password_file.empty() ? "" : fmt::format("auth: {{htpasswd: {{realm: zubr, path: '{}'}}}}\n", password_file);
    const auto written = core::write_text_file(
        config, fmt::format("version: 0.1\nlog: {{level: info, formatter: text}}\n"
                            "storage: {{filesystem: {{rootdirectory: '{}'}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n{}",
                            (folder / "registry").string(), auth));
    int ends[2] = {-1, -1};
    if (!written || ::pipe2(ends, O_CLOEXEC) != 0) return;
    std::string program = kProgram, verb = "serve", file = config.string();
    char* arguments[] = {program.data(), verb.data(), file.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    if (::posix_spawn(&pid_, kProgram, &actions, nullptr, arguments, environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    log_ = ::fdopen(ends[0], "r");
    read_port();
  }
  ~DockerRegistry() {
    if (pid_ > 0) ::kill(pid_, SIGTERM);
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    if (log_ != nullptr) std::fclose(log_);
  }
  DockerRegistry(const DockerRegistry&) = delete;
  DockerRegistry& operator=(const DockerRegistry&) = delete;

  std::string host() const { return port_.empty() ? "" : fmt::format("127.0.0.1:{}", port_); }

 private:
  void read_port() {
    constexpr std::string_view kSays = "listening on 127.0.0.1:";
    char line[4096];
    while (port_.empty() && std::fgets(line, sizeof line, log_) != nullptr) {
      const std::string_view text(line);
      const std::size_t at = text.find(kSays);
      if (at == std::string_view::npos) continue;
      const std::string_view rest = text.substr(at + kSays.size());
      port_ = rest.substr(0, rest.find_first_not_of("0123456789"));
    }
  }

  pid_t pid_ = -1;
  std::FILE* log_ = nullptr;
  std::string port_;
};

class DockerRegistryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::access(kProgram, X_OK) != 0) GTEST_SKIP() << "no " << kProgram << " here; apt-get install docker-registry";
    registry_ = std::make_unique<DockerRegistry>(folder_.path());
    ASSERT_FALSE(registry_->host().empty()) << "docker-registry did not start";
  }

  void push_blob(const std::string& bytes) {
    const std::string base = "http://" + registry_->host();
    const auto begun = client_.fetch({.method = net::Method::kPost, .url = base + "/v2/ns/tiny/blobs/uploads/"}, {});
    ASSERT_TRUE(begun) << begun.error().message();
    ASSERT_EQ(begun->status, 202);
    const auto place = net::Url::parse(base)->resolve(begun->headers.get("location"));
    ASSERT_TRUE(place);
    const std::string url = place->text + (place->text.find('?') == std::string::npos ? "?" : "&") +
                            "digest=" + net::percent_encode(sha256(bytes).text());
    const auto put = client_.fetch({.method = net::Method::kPut, .url = url, .body = bytes}, {});
    ASSERT_TRUE(put) << put.error().message();
    ASSERT_EQ(put->status, 201) << put->body;
  }

  void push_manifest(const std::string& model) {
    const auto layer = [](std::string_view type, std::string_view bytes) {
      return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":{}}})", type, sha256(bytes).text(), bytes.size());
    };
    const std::string manifest = fmt::format(
        R"({{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[{}]}})",
        layer("application/vnd.oci.image.config.v1+json", "{}"), layer("application/vnd.ollama.image.model", model));
    const auto put = client_.fetch({.method = net::Method::kPut,
                                    .url = "http://" + registry_->host() + "/v2/ns/tiny/manifests/v1",
                                    .headers = {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"}},
                                    .body = manifest},
                                   {});
    ASSERT_TRUE(put) << put.error().message();
    ASSERT_EQ(put->status, 201) << put->body;
  }

  core::TempDir folder_;
  std::unique_ptr<DockerRegistry> registry_;
  net::HttpClient client_{{.proxy = "none"}};
};

TEST_F(DockerRegistryTest, GivesBackAModelThatWasPushed) {
  const std::string model = tiny_gguf() + std::string(1 << 20, '\0');
  push_blob("{}");
  push_blob(model);
  push_manifest(model);
  PullOptions options;
  options.download.plan = {.parallel = 3, .min_part_bytes = 64 << 10, .max_part_bytes = 1 << 20};
  Puller puller(client_, folder_.path() / "home", options);
  const auto ref = parse_model_ref("oci://" + registry_->host() + "/ns/tiny:v1");
  ASSERT_TRUE(ref) << ref.error().message();
  const auto report = puller.pull(*ref, {}, {}, {});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->name, "tiny:v1");
  EXPECT_TRUE(*core::read_text_file(report->model, 4 << 20) == model);
  const auto missing = puller.pull(*parse_model_ref("oci://" + registry_->host() + "/ns/tiny:v2"), {}, {}, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
}

// A home of its own for everybody who pushes and pulls.
struct Person {
  explicit Person(const std::filesystem::path& folder) : home(folder), store(folder / "models") {}

  Result<PushReport> push(net::HttpClient& client, const std::string& name, const std::string& to) {
    ZUBR_TRY(entry, store.find(name));
    ZUBR_TRY(ref, parse_model_ref(to));
    PushOptions options{.credentials = credentials};
    options.chunk_bytes = 300'000;
    return Pusher(client, home, options).push(entry, std::get<RegistryRef>(ref), {}, {});
  }
  Result<PullReport> pull(net::HttpClient& client, const std::string& from, const std::string& name) {
    ZUBR_TRY(ref, parse_model_ref(from));
    PullOptions options;
    options.credentials = credentials;
    return Puller(client, home, options).pull(ref, {.name = name, .replace = true}, {}, {});
  }

  std::filesystem::path home;
  ModelStore store;
  FindCredentials credentials = {};
};

constexpr std::string_view kRecipe =
    "FROM base\nSYSTEM \"\"\"Be\nbrief.\"\"\"\nPARAMETER temperature 0.25\nPARAMETER stop <|a|>\nMESSAGE user hi\n"
    "MESSAGE assistant ho\nLICENSE free\nTEMPLATE {{ .System }}|{{ .Prompt }}|\n";

TEST_F(DockerRegistryTest, APushedModelComesBackAsItWas) {
  Person ala(folder_.path() / "ala"), ola(folder_.path() / "ola");
  const std::string model = tiny_gguf() + std::string(1 << 20, 'x');
  ASSERT_TRUE(core::write_text_file(folder_.path() / "base.gguf", model));
  ASSERT_TRUE(ala.store.add(folder_.path() / "base.gguf", "base", false));
  const auto made = create_model(ala.home, ala.store, *parse_modelfile(kRecipe), {.name = "made"}, {});
  ASSERT_TRUE(made) << made.error().message();
  const std::string ref = "oci://" + registry_->host() + "/team/made:v1";
  const auto pushed = ala.push(client_, "made", ref);
  ASSERT_TRUE(pushed) << pushed.error().message();
  EXPECT_GT(pushed->sent, model.size());
  EXPECT_EQ(ala.push(client_, "made", ref)->there, pushed->blobs);

  const auto pulled = ola.pull(client_, ref, "copy");
  ASSERT_TRUE(pulled) << pulled.error().message();
  const auto copy = ola.store.find("copy");
  ASSERT_TRUE(copy) << copy.error().message();
  EXPECT_TRUE(*core::read_text_file(copy->file, 4 << 20) == model);
  EXPECT_EQ(*modelfile_text(copy->recipe), *modelfile_text(made->entry.recipe));

  // To another repository of the same registry nothing large travels.
  const auto again = ola.push(client_, "copy", "oci://" + registry_->host() + "/other/made:v2");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_GE(again->mounted, 1);
  EXPECT_LT(again->sent, 10'000U);
  EXPECT_TRUE(ola.pull(client_, "oci://" + registry_->host() + "/other/made@" + again->digest, "third"));
}

TEST_F(DockerRegistryTest, ASplitModelComesBackWithItsParts) {
  Person ala(folder_.path() / "ala"), ola(folder_.path() / "ola");
  for (const char* name : {"m-00001-of-00002.gguf", "m-00002-of-00002.gguf"})
    ASSERT_TRUE(core::write_text_file(folder_.path() / name, tiny_gguf() + std::string(32, name[6])));
  ASSERT_TRUE(ala.store.add(folder_.path() / "m-00001-of-00002.gguf", "split", false));
  const std::string ref = "oci://" + registry_->host() + "/team/split:v1";
  const auto pushed = ala.push(client_, "split", ref);
  ASSERT_TRUE(pushed) << pushed.error().message();
  const auto pulled = ola.pull(client_, ref, "split");
  ASSERT_TRUE(pulled) << pulled.error().message();
  EXPECT_EQ(pulled->model.filename(), "m-00001-of-00002.gguf");
  EXPECT_TRUE(std::filesystem::exists(pulled->model.parent_path() / "m-00002-of-00002.gguf"));
}

TEST_F(DockerRegistryTest, AsksForAPasswordWhereOneIsNeeded) {
  registry_.reset();
  const auto passwords = folder_.path() / "htpasswd";
  // bcrypt of "kot"
  ASSERT_TRUE(core::write_text_file(passwords, "ala:$2y$04$abcdefghijklmnopqrstuusgMAlG7FO7Cls25AuCUYpGaYfB7Wb6S\n"));
  registry_ = std::make_unique<DockerRegistry>(folder_.path(), passwords.string());
  ASSERT_FALSE(registry_->host().empty()) << "docker-registry did not start";
  Person ala(folder_.path() / "ala");
  ASSERT_TRUE(core::write_text_file(folder_.path() / "base.gguf", tiny_gguf()));
  ASSERT_TRUE(ala.store.add(folder_.path() / "base.gguf", "base", false));
  const std::string ref = "oci://" + registry_->host() + "/team/base:v1";
  EXPECT_EQ(ala.push(client_, "base", ref).error().code(), ErrorCode::kUnauthenticated);
  ala.credentials = [](std::string_view) { return RegistryCredentials{"ala", "pies"}; };
  EXPECT_EQ(ala.push(client_, "base", ref).error().code(), ErrorCode::kUnauthenticated);
  ala.credentials = [](std::string_view) { return RegistryCredentials{"ala", "kot"}; };
  const auto pushed = ala.push(client_, "base", ref);
  ASSERT_TRUE(pushed) << pushed.error().message();
  const auto pulled = ala.pull(client_, ref, "again");
  EXPECT_TRUE(pulled) << pulled.error().message();
}

}  // namespace
}  // namespace zubr::models
