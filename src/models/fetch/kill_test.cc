// Processes that are killed at seeded moments while they pull, and the next one goes on: the end is always the same
// bytes. ZUBR_KILL_RUNS sets how many (50 without it).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

#include "core/temp_dir.h"
#include "core/text_file.h"
#include "models/blobs/blob_store.h"
#include "net/testing/fault_server.h"

extern char** environ;

namespace zubr::models {
namespace {

using net::testing::FaultServer;
using net::testing::Received;
using net::testing::serve_file;

// The size of the small real model, and its bytes where they are.
std::string served_bytes() {
  const char* data = std::getenv("ZUBR_TEST_DATA");
  const std::filesystem::path folder(data != nullptr ? data : "../shared/data");
  if (auto real = core::read_text_file(folder / "models" / "tinytalk-3m-q4_0.gguf", 16 << 20)) return std::move(*real);
  std::string bytes(3'576'256, '\0');
  std::mt19937 generator(7);
  for (char& byte : bytes) byte = static_cast<char>(generator());
  return bytes;
}

class Child {
 public:
  Child(const std::filesystem::path& folder, const FaultServer& server, const std::string& bytes) {
    std::string program = ZUBR_PULL_PROBE, where = folder.string(), url = server.url("/blob"),
                digest = sha256(bytes).hex(), size = std::to_string(bytes.size());
    char* arguments[] = {program.data(), where.data(), url.data(), digest.data(), size.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
  }
  pid_t pid() const { return pid_; }
  // Until it has ended, but not yet buried: its number is still its own.
  void await_end() const {
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
  }
  // The exit status; none when it was killed.
  std::optional<int> wait() const {
    int status = 0;
    if (pid_ < 0 || waitpid(pid_, &status, 0) != pid_) return 127;
    return WIFEXITED(status) ? std::optional(WEXITSTATUS(status)) : std::nullopt;
  }

 private:
  pid_t pid_ = -1;
};

// Kills a process once so many more bytes have been sent, and a moment later: hash and commit come after the last byte.
class Executioner {
 public:
  void arm(pid_t pid, std::int64_t after_bytes, std::chrono::microseconds delay) {
    {
      const std::lock_guard lock(mutex_);
      left_ = after_bytes;
    }
    thread_ = std::jthread([this, pid, delay](const std::stop_token& stop) {
      std::unique_lock lock(mutex_);
      if (!reached_.wait(lock, stop, [this] { return left_ <= 0; })) return;
      lock.unlock();
      const auto moment = std::chrono::steady_clock::now() + delay;
      while (std::chrono::steady_clock::now() < moment) std::this_thread::yield();
      ::kill(pid, SIGKILL);
    });
  }
  void disarm() { thread_ = {}; }
  void sent(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    left_ -= static_cast<std::int64_t>(bytes);
    if (left_ <= 0) reached_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any reached_;
  std::int64_t left_ = 0;  // guarded by mutex_
  std::jthread thread_;
};

TEST(KilledPull, AlwaysEndsWithTheSameBytes) {
  const char* wanted = std::getenv("ZUBR_KILL_RUNS");
  const int runs = wanted != nullptr ? std::atoi(wanted) : 50;
  const std::string bytes = served_bytes();
  const Digest digest = sha256(bytes);
  Executioner executioner;
  FaultServer server([&](const Received& got) { return serve_file(got, bytes); });
  server.on_send([&](std::size_t sent) { executioner.sent(sent); });
  int killed = 0;
  for (int seed = 0; seed < runs; ++seed) {
    std::mt19937_64 random(static_cast<std::uint64_t>(seed));
    const core::TempDir folder;
    std::uniform_int_distribution<int> deaths(1, 4);
    for (int left = deaths(random); left > 0; --left) {
      // A third of them dies in the moments after the last byte.
      const auto size = static_cast<std::int64_t>(bytes.size());
      std::uniform_int_distribution<std::int64_t> when(1, size * 3 / 2);
      std::uniform_int_distribution<int> microseconds(0, 8000);
      const Child child(folder.path(), server, bytes);
      executioner.arm(child.pid(), std::min(when(random), size), std::chrono::microseconds(microseconds(random)));
      child.await_end();
      executioner.disarm();
      const auto status = child.wait();
      if (!status) ++killed;
      ASSERT_EQ(status.value_or(0), 0) << "seed " << seed;
      // Whatever stands under the final name is whole.
      const auto store = BlobStore::open(folder.path());
      ASSERT_TRUE(store);
      const bool there = store->contains(digest);
      ASSERT_TRUE(!there || *core::read_text_file(store->path_of(digest), 16 << 20) == bytes) << "seed " << seed;
    }
    ASSERT_EQ(Child(folder.path(), server, bytes).wait(), 0) << "seed " << seed;
    const auto store = BlobStore::open(folder.path());
    ASSERT_TRUE(*core::read_text_file(store->path_of(digest), 16 << 20) == bytes) << "seed " << seed;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "partial"))
      ASSERT_EQ(entry.path().extension(), ".lock") << "seed " << seed;
  }
  EXPECT_GT(killed, runs / 2);
  RecordProperty("killed", killed);
}

TEST(KilledPull, GoesOnInsteadOfBeginningAnew) {
  const std::string bytes = served_bytes();
  std::atomic<std::uint64_t> sent = 0;
  Executioner executioner;
  FaultServer server([&](const Received& got) { return serve_file(got, bytes); });
  server.on_send([&](std::size_t count) {
    sent += count;
    executioner.sent(count);
  });
  const core::TempDir folder;
  {
    const Child child(folder.path(), server, bytes);
    executioner.arm(child.pid(), static_cast<std::int64_t>(bytes.size()) * 3 / 4, std::chrono::microseconds(0));
    child.await_end();
    executioner.disarm();
    ASSERT_FALSE(child.wait());
  }
  sent = 0;
  ASSERT_EQ(Child(folder.path(), server, bytes).wait(), 0);
  EXPECT_LT(sent.load(), bytes.size() * 3 / 4);
}

TEST(KilledPull, TwoProcessesFetchABlobOnce) {
  const std::string bytes = served_bytes();
  std::atomic<std::uint64_t> sent = 0;
  FaultServer server([&](const Received& got) { return serve_file(got, bytes); });
  server.on_send([&](std::size_t count) { sent += count; });
  const core::TempDir folder;
  const Child first(folder.path(), server, bytes);
  const Child second(folder.path(), server, bytes);
  EXPECT_EQ(first.wait(), 0);
  EXPECT_EQ(second.wait(), 0);
  EXPECT_EQ(sent.load(), bytes.size());
  const auto store = BlobStore::open(folder.path());
  EXPECT_TRUE(*core::read_text_file(store->path_of(sha256(bytes)), 16 << 20) == bytes);
}

}  // namespace
}  // namespace zubr::models
