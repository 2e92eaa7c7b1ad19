#include "models/fetch/download.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include <atomic>
#include <mutex>
#include <thread>

#include "core/temp_dir.h"
#include "core/text_file.h"
#include "net/testing/fault_server.h"

namespace zubr::models {
namespace {

using net::testing::FaultServer;
using net::testing::Received;
using net::testing::Reply;
using net::testing::serve_file;

std::string some_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 12345;
  for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

class DownloadTest : public ::testing::Test {
 protected:
  DownloadTest() {
    options_.plan = {.parallel = 4, .min_part_bytes = 64 << 10, .max_part_bytes = 256 << 10};
    options_.forgive_after_bytes = 32 << 10;
    options_.checkpoint_bytes = 64 << 10;
    options_.random = [] { return 0.0; };
    options_.wait = [this](std::chrono::nanoseconds time, const std::stop_token&) {
      const std::lock_guard lock(mutex_);
      waits_.push_back(time);
    };
  }

  DownloadRequest request(const FaultServer& server) const {
    return {.sources = {{server.url("/blob")}}, .digest = sha256(bytes_), .size = bytes_.size(), .name = "the blob"};
  }
  Result<DownloadedBlob> fetch(const DownloadRequest& wanted, std::stop_token stop = {}) {
    return download(client_, store_, wanted, options_, on_download_, std::move(stop));
  }
  void expect_whole(const Result<DownloadedBlob>& blob) const {
    ASSERT_TRUE(blob) << blob.error().message();
    EXPECT_EQ(blob->digest, sha256(bytes_));
    EXPECT_TRUE(*core::read_text_file(blob->file, 64 << 20) == bytes_) << "the bytes differ";
    EXPECT_TRUE(left_over().empty());
  }
  void expect_error(const Result<DownloadedBlob>& blob, ErrorCode code, std::string_view part = "") const {
    ASSERT_FALSE(blob);
    EXPECT_EQ(blob.error().code(), code) << blob.error().message();
    EXPECT_NE(blob.error().message().find(part), std::string::npos) << blob.error().message();
    EXPECT_TRUE(store_.list()->empty());
  }
  std::vector<std::string> left_over() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(store_.folder() / "partial"))
      if (entry.path().extension() != ".lock") names.push_back(entry.path().filename().string());
    return names;
  }

  core::TempDir home_;
  BlobStore store_ = *BlobStore::open(home_.path() / "blobs");
  net::HttpClient client_{{.proxy = "none"}};
  net::HttpClient impatient_{{.proxy = "none", .stall_timeout = std::chrono::milliseconds(300)}};
  std::string bytes_ = some_bytes(3 << 20);
  DownloadOptions options_;
  OnDownload on_download_;
  std::mutex mutex_;
  std::vector<std::chrono::nanoseconds> waits_;
};

TEST_F(DownloadTest, FetchesInPartsAndReportsProgress) {
  FaultServer server([&](const Received& got) { return serve_file(got, bytes_); });
  DownloadProgress last;
  on_download_ = [&](const DownloadProgress& now) { last = now; };
  const auto blob = fetch(request(server));
  expect_whole(blob);
  EXPECT_EQ(blob->fetched, bytes_.size());
  EXPECT_EQ(server.requests().size(), 16U);
  EXPECT_EQ(last.done, bytes_.size());
  EXPECT_EQ(last.total, bytes_.size());
}

TEST_F(DownloadTest, FetchesNothingThatIsThere) {
  FaultServer server([&](const Received& got) { return serve_file(got, bytes_); });
  expect_whole(fetch(request(server)));
  const auto asked = server.requests().size();
  const auto again = fetch(request(server));
  expect_whole(again);
  EXPECT_EQ(again->fetched, 0U);
  EXPECT_EQ(server.requests().size(), asked);
}

TEST_F(DownloadTest, FallsBackToOneStreamWhenTheServerIgnoresRanges) {
  FaultServer server([&](const Received&) { return Reply{.body = bytes_}; });
  expect_whole(fetch(request(server)));
}

TEST_F(DownloadTest, FallsBackWhenRangesAreRefused) {
  FaultServer server([&](const Received& got) {
    if (got.range)
      return Reply{.status = 416, .headers = {{"Content-Range", fmt::format("bytes */{}", bytes_.size())}}};
    return Reply{.body = bytes_};
  });
  expect_whole(fetch(request(server)));
}

TEST_F(DownloadTest, GoesOnWhereAStreamWithoutRangesBroke) {
  std::atomic<int> count = 0;
  FaultServer server([&](const Received&) {
    Reply reply{.body = bytes_};
    if (++count < 3) reply.drop_after = bytes_.size() * 99 / 100;
    return reply;
  });
  options_.plan.parallel = 1;
  expect_whole(fetch(request(server)));
}

TEST_F(DownloadTest, GoesOnAfterEveryBrokenConnection) {
  FaultServer server([&](const Received& got) {
    Reply reply = serve_file(got, bytes_);
    if (reply.body.size() > 50'000) reply.drop_after = 50'000;
    return reply;
  });
  expect_whole(fetch(request(server)));
  EXPECT_GT(server.requests().size(), bytes_.size() / 50'000);
}

TEST_F(DownloadTest, GoesOnAfterAStall) {
  std::atomic<int> count = 0;
  FaultServer server([&](const Received& got) {
    Reply reply = serve_file(got, bytes_);
    if (++count == 2) reply.stall_after = 1000;
    return reply;
  });
  expect_whole(download(impatient_, store_, request(server), options_, {}, {}));
}

TEST_F(DownloadTest, WaitsAsLongAsTheServerAsks) {
  std::atomic<int> count = 0;
  FaultServer server([&](const Received& got) {
    if (++count == 1) return Reply{.status = 429, .headers = {{"Retry-After", "7"}}};
    return serve_file(got, bytes_);
  });
  options_.plan.parallel = 1;
  expect_whole(fetch(request(server)));
  ASSERT_EQ(waits_.size(), 1U);
  EXPECT_EQ(waits_[0], std::chrono::milliseconds(7500));
}

TEST_F(DownloadTest, BacksOffWithoutRetryAfterAndGivesUpInTheEnd) {
  FaultServer server([&](const Received&) { return Reply{.status = 429}; });
  options_.plan.parallel = 1;
  options_.retry.max_attempts = 4;
  expect_error(fetch(request(server)), ErrorCode::kRateLimited, "tried 4 times");
  EXPECT_EQ(waits_,
            (std::vector<std::chrono::nanoseconds>{std::chrono::milliseconds(500), std::chrono::milliseconds(1000),
                                                   std::chrono::milliseconds(2000)}));
}

TEST_F(DownloadTest, RetriesAServerThatIsDownForAWhile) {
  std::atomic<int> count = 0;
  FaultServer server([&](const Received& got) {
    return ++count <= 4 ? Reply{.status = count % 2 == 0 ? 500 : 503} : serve_file(got, bytes_);
  });
  expect_whole(fetch(request(server)));
}

TEST_F(DownloadTest, SaysThatNobodyAnswers) {
  DownloadRequest wanted;
  {
    FaultServer gone([](const Received&) { return Reply{}; });
    wanted = request(gone);
  }
  expect_error(fetch(wanted), ErrorCode::kNetwork);
}

TEST_F(DownloadTest, DoesNotRunInCirclesOfRedirects) {
  FaultServer server([](const Received&) { return Reply{.status = 302, .headers = {{"Location", "/blob"}}}; });
  expect_error(fetch(request(server)), ErrorCode::kUnsupported, "redirect");
}

// A limit on the size of files stands for a disk that is full: both fail in the middle of a write.
TEST_F(DownloadTest, KeepsWhatArrivedWhenTheDiskIsFullAndGoesOnLater) {
  FaultServer server([&](const Received& got) { return serve_file(got, bytes_); });
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit small = before;
  small.rlim_cur = 1 << 20;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto failed = fetch(request(server));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(failed);
  EXPECT_TRUE(store_.list()->empty());
  const auto blob = fetch(request(server));
  expect_whole(blob);
}

TEST_F(DownloadTest, DoesNotRepeatARefusal) {
  FaultServer server([&](const Received&) { return Reply{.status = 403}; });
  options_.plan.parallel = 1;
  expect_error(fetch(request(server)), ErrorCode::kPermissionDenied);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(DownloadTest, RemovesBytesWithTheWrongHashAndSaysBoth) {
  std::string other = bytes_;
  other[1000] ^= 1;
  FaultServer server([&](const Received& got) { return serve_file(got, other); });
  expect_error(fetch(request(server)), ErrorCode::kCorrupt, sha256(other).text());
  EXPECT_TRUE(left_over().empty());
}

TEST_F(DownloadTest, RefusesABlobLargerThanDeclared) {
  const std::string larger = bytes_ + "more";
  FaultServer ranges([&](const Received& got) { return serve_file(got, larger); });
  expect_error(fetch(request(ranges)), ErrorCode::kCorrupt, std::to_string(larger.size()));
  FaultServer whole([&](const Received&) { return Reply{.body = larger}; });
  expect_error(fetch(request(whole)), ErrorCode::kCorrupt, std::to_string(larger.size()));
  FaultServer silent([&](const Received&) { return Reply{.body = larger, .no_length = true}; });
  expect_error(fetch(request(silent)), ErrorCode::kCorrupt, "larger");
  EXPECT_TRUE(left_over().empty());
}

TEST_F(DownloadTest, RefusesABlobSmallerThanDeclared) {
  const std::string smaller = bytes_.substr(0, 1'000'000);
  FaultServer ranges([&](const Received& got) { return serve_file(got, smaller); });
  expect_error(fetch(request(ranges)), ErrorCode::kCorrupt, "1000000");
  FaultServer whole([&](const Received&) { return Reply{.body = smaller}; });
  expect_error(fetch(request(whole)), ErrorCode::kCorrupt, "1000000");
}

TEST_F(DownloadTest, DoesNotTakeOtherBytesThanItAskedFor) {
  FaultServer server([&](const Received& got) {
    Reply reply = serve_file(got, bytes_);
    reply.headers.set("Content-Range", fmt::format("bytes 0-{}/{}", reply.body.size() - 1, bytes_.size()));
    return reply;
  });
  expect_error(fetch(request(server)), ErrorCode::kNetwork, "other bytes");
}

TEST_F(DownloadTest, ChecksTheSpaceFirst) {
  FaultServer server([&](const Received& got) { return serve_file(got, bytes_); });
  store_ = *BlobStore::open(home_.path() / "blobs", [](const auto&) -> Result<std::uint64_t> { return 1 << 20; });
  expect_error(fetch(request(server)), ErrorCode::kDiskFull, "1.0 MiB");
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(DownloadTest, KeepsWhatArrivedWhenStopped) {
  std::stop_source stop;
  std::atomic<std::size_t> sent = 0;
  FaultServer server([&](const Received& got) { return serve_file(got, bytes_); });
  server.on_send([&](std::size_t bytes) {
    if ((sent += bytes) > (1 << 20)) stop.request_stop();
  });
  expect_error(fetch(request(server), stop.get_token()), ErrorCode::kCancelled);
  EXPECT_EQ(left_over().size(), 2U);
  const auto blob = fetch(request(server));
  expect_whole(blob);
  EXPECT_LT(blob->fetched, bytes_.size());
}

TEST_F(DownloadTest, BeginsAnewWhenWhatWasLeftIsWrong) {
  FaultServer server([&](const Received& got) { return serve_file(got, bytes_); });
  {
    auto partial = store_.begin(sha256(bytes_).file_name(), {});
    ASSERT_TRUE(partial->write(0, std::string(500'000, 'x')));
    ByteRanges done;
    done.add({0, 500'000});
    ASSERT_TRUE(partial->record({.size = bytes_.size(), .validator = "", .done = done}));
  }
  expect_whole(fetch(request(server)));
}

TEST_F(DownloadTest, NeverSendsTheTokenWhereARedirectLeads) {
  FaultServer cdn([&](const Received& got) { return serve_file(got, bytes_); });
  FaultServer hub([&](const Received&) {
    return Reply{.status = 302, .headers = {{"Location", cdn.localhost_url("/signed?sig=1")}}};
  });
  DownloadRequest wanted = request(hub);
  wanted.sources[0].headers.add("Authorization", "Bearer secret");
  expect_whole(fetch(wanted));
  for (const Received& got : cdn.requests()) EXPECT_FALSE(got.headers.find("authorization"));
  for (const Received& got : hub.requests()) EXPECT_EQ(got.headers.get("authorization"), "Bearer secret");
  EXPECT_LT(hub.requests().size(), cdn.requests().size());  // the address it leads to is remembered
}

TEST_F(DownloadTest, AsksAgainWhenASignedAddressHasExpired) {
  std::atomic<int> signature = 0;
  FaultServer cdn([&](const Received& got) {
    if (got.target != fmt::format("/{}", signature.load())) return Reply{.status = 403};
    Reply reply = serve_file(got, bytes_);
    ++signature;  // good for one request only
    return reply;
  });
  FaultServer hub([&](const Received&) {
    return Reply{.status = 302, .headers = {{"Location", cdn.url(fmt::format("/{}", signature.load()))}}};
  });
  options_.plan.parallel = 1;
  options_.plan.max_part_bytes = 1 << 20;
  expect_whole(fetch(request(hub)));
}

TEST_F(DownloadTest, GoesOnWithAMirror) {
  FaultServer broken([&](const Received& got) {
    Reply reply = serve_file(got, bytes_);
    reply.drop_after = 10'000;
    return reply;
  });
  FaultServer gone([](const Received&) { return Reply{.status = 404}; });
  FaultServer good([&](const Received& got) { return serve_file(got, bytes_); });
  DownloadRequest wanted = request(broken);
  wanted.sources.push_back({gone.url("/b")});
  wanted.sources.push_back({good.url("/c")});
  expect_whole(fetch(wanted));
  EXPECT_FALSE(good.requests().empty());
}

TEST_F(DownloadTest, LearnsSizeAndHashOfAPlainAddress) {
  FaultServer server([&](const Received& got) { return serve_file(got, bytes_, "\"v1\""); });
  expect_whole(fetch({.sources = {{server.url("/m.gguf")}}}));
}

TEST_F(DownloadTest, TakesAStreamThatSaysNothingOfItself) {
  FaultServer server([&](const Received&) { return Reply{.body = bytes_, .no_length = true}; });
  expect_whole(fetch({.sources = {{server.url("/m.gguf")}}}));
}

TEST_F(DownloadTest, DoesNotMixTwoVersionsOfAPlainFile) {
  std::atomic<int> count = 0;
  FaultServer server([&](const Received& got) { return serve_file(got, bytes_, ++count < 3 ? "\"v1\"" : "\"v2\""); });
  expect_error(fetch({.sources = {{server.url("/m.gguf")}}}), ErrorCode::kCorrupt, "changed on the server");
  EXPECT_TRUE(left_over().empty());
}

TEST_F(DownloadTest, KeepsToItsBandwidth) {
  FaultServer server([&](const Received& got) { return serve_file(got, bytes_); });
  options_.bytes_per_second = 1 << 20;
  core::FakeClock clock;
  options_.clock = &clock;
  expect_whole(fetch(request(server)));
  // The clock stands still, so the last booking says how long everything takes: 3 MiB less a tenth of a second's
  // credit.
  EXPECT_GE(*std::max_element(waits_.begin(), waits_.end()), std::chrono::milliseconds(2800));
}

TEST_F(DownloadTest, FetchesOnceForManyAtTheSameTime) {
  FaultServer server([&](const Received& got) { return serve_file(got, bytes_); });
  std::atomic<std::uint64_t> fetched = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        const auto blob = fetch(request(server));
        ASSERT_TRUE(blob) << blob.error().message();
        fetched += blob->fetched;
      });
  }
  EXPECT_EQ(fetched, bytes_.size());
}

}  // namespace
}  // namespace zubr::models
