// Updates that go wrong: what servers do, what is kept, what is said.
#include "catalog/update/updater.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <atomic>

#include "catalog/testing/fixture.h"
#include "core/temp_dir.h"

namespace zubr::catalog {
namespace {

using net::testing::FaultServer;
using net::testing::Received;
using net::testing::Reply;
using std::chrono::milliseconds;
using testing::json_reply;

constexpr int kPages = 5;

// Page n of Hugging Face: two models, and a link to the next.
std::string page_body(int page) {
  return fmt::format(R"([{{"id":"a/m{0}x","downloads":{0}}},{{"id":"a/m{0}y"}}])", page);
}
int page_of(const Received& request) {
  const std::size_t at = request.target.find("cursor=");
  return at == std::string::npos ? 0 : std::stoi(request.target.substr(at + 7));
}
Reply page_reply(const Received& request) {
  const int page = page_of(request);
  net::Headers headers{{"ETag", fmt::format("W/\"{}\"", page)}};
  if (page + 1 < kPages) headers.add("Link", fmt::format("</api/models?cursor={}>; rel=\"next\"", page + 1));
  if (request.headers.get("if-none-match") == headers.get("etag")) return {.status = 304, .headers = headers};
  return json_reply(page_body(page), headers);
}

class Updates : public ::testing::Test {
 protected:
  Result<UpdateReport> update(SourceClient& source, std::stop_token stop = {}, bool dry_run = false) {
    net::HttpClient client(net::HttpOptions{.proxy = "none"});
    UpdateOptions options{.dry_run = dry_run};
    options.fetch.random = [] { return 0.5; };
    options.fetch.wait = [this](milliseconds time, const std::stop_token&) { waits_.push_back(time); };
    options.max_pages = max_pages_;
    Updater updater(catalog_, client, options, clock_);
    return updater.update(source, stop);
  }
  Result<UpdateReport> update_hub(const FaultServer& server, std::stop_token stop = {}, bool dry_run = false) {
    UpdateSites sites = testing::sites_at(server.base());
    sites.hf_token = token_;
    return update(*hub_models_client(sites, {}), stop, dry_run);
  }
  Result<UpdateReport> update_openrouter(const FaultServer& server, bool dry_run = false) {
    UpdateSites sites;
    sites.openrouter = server.base();
    return update(*openrouter_client(sites), {}, dry_run);
  }
  void expect_failure(const Result<UpdateReport>& report, ErrorCode code, const std::vector<std::string>& says) {
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code(), code) << report.error().message();
    for (const std::string& part : says)
      EXPECT_NE(report.error().message().find(part), std::string::npos) << part << " in: " << report.error().message();
  }
  std::int64_t models() { return catalog_.model_count().value(); }

  core::TempDir dir_;
  Catalog catalog_ = Catalog::open(dir_.path() / "catalog.db").value();
  core::FakeClock clock_;
  std::vector<milliseconds> waits_;
  std::string token_;
  std::int64_t max_pages_ = 1000;
};

TEST_F(Updates, WaitAsLongAsTheServerAsks) {
  std::atomic<int> calls{0};
  FaultServer server([&](const Received& request) -> Reply {
    if (calls++ == 0) return {.status = 429, .headers = {{"Retry-After", "7"}}};
    return page_reply(request);
  });
  const auto report = update_hub(server);
  ASSERT_TRUE(report) << report.error().message();
  // At least that, and a little more, so that those who were sent away together do not come back together.
  ASSERT_EQ(waits_.size(), 1U);
  EXPECT_GE(waits_[0], milliseconds(7000));
  EXPECT_LE(waits_[0], milliseconds(8000));
  EXPECT_EQ(models(), 2 * kPages);
}

TEST_F(Updates, GiveUpAtOnceWhereTheServerAsksForAnHour) {
  FaultServer server([](const Received& request) -> Reply {
    if (page_of(request) == 2) return {.status = 429, .headers = {{"RateLimit", "\"api\";r=0;t=3600"}}};
    return page_reply(request);
  });
  expect_failure(update_hub(server), ErrorCode::kRateLimited, {"127.0.0.1", "60 min", "what was read is kept"});
  EXPECT_TRUE(waits_.empty());
  EXPECT_EQ(models(), 0) << "half a source is never seen";
}

TEST_F(Updates, BackOffWhereNothingIsSaidAndGiveUpInTheEnd) {
  FaultServer server([](const Received&) { return Reply{.status = 429}; });
  expect_failure(update_hub(server), ErrorCode::kRateLimited, {"127.0.0.1", "429", "tried 5 times", "later"});
  EXPECT_EQ(waits_.size(), 4U);
  EXPECT_TRUE(std::ranges::is_sorted(waits_));
}

TEST_F(Updates, PauseBeforeTheNextPageWhenNothingRemains) {
  FaultServer server([](const Received& request) {
    Reply reply = page_reply(request);
    if (page_of(request) == 1) reply.headers.add("RateLimit", "\"api\";r=0;t=42");
    return reply;
  });
  ASSERT_TRUE(update_hub(server));
  EXPECT_EQ(waits_, std::vector<milliseconds>{milliseconds(42'000)});
}

TEST_F(Updates, OutliveABadMomentOfTheServer) {
  std::atomic<int> calls{0};
  FaultServer server([&](const Received& request) -> Reply {
    const int call = calls++;
    if (call == 1) return {.status = 503};
    if (call == 2) return {.status = 500};
    if (call == 3) return {.body = std::string(100, ' '), .drop_after = 50};
    return page_reply(request);
  });
  ASSERT_TRUE(update_hub(server));
  EXPECT_EQ(models(), 2 * kPages);
  EXPECT_EQ(waits_.size(), 3U);
}

TEST_F(Updates, SayWhoFailsWhenAServerStaysDown) {
  FaultServer server([](const Received&) { return Reply{.status = 500}; });
  expect_failure(update_hub(server), ErrorCode::kUnavailable, {"127.0.0.1", "/api/models", "status 500", "later"});
}

TEST_F(Updates, TakeNothingOfAnAnswerThatIsCut) {
  FaultServer server([](const Received&) { return json_reply(R"([{"id":"a/one"},{"id":"a/tw)"); });
  expect_failure(update_hub(server), ErrorCode::kCorrupt,
                 {"127.0.0.1", "ends in the middle", "models.hf_endpoint", "again"});
  EXPECT_EQ(server.requests().size(), 2U) << "once more, from no cache";
  EXPECT_EQ(server.requests()[1].headers.get("cache-control"), "no-cache");
  EXPECT_EQ(models(), 0);
}

TEST_F(Updates, RefuseAnswersThatAreTooLargeOrTooDeep) {
  std::string body(std::size_t{33} << 20, ' ');
  FaultServer huge([&](const Received&) { return json_reply(body); });
  expect_failure(update_hub(huge), ErrorCode::kTooLarge, {"127.0.0.1"});
  FaultServer deep([](const Received&) { return json_reply(std::string(100'000, '[')); });
  expect_failure(update_hub(deep), ErrorCode::kCorrupt, {"127.0.0.1"});
  FaultServer other([](const Received&) { return json_reply(R"({"error":"no"})"); });
  expect_failure(update_hub(other), ErrorCode::kCorrupt, {"127.0.0.1", "no list"});
  EXPECT_EQ(models(), 0);
}

TEST_F(Updates, LeaveOutNamesThatNobodyCouldTypeAndWordsThatSteerATerminal) {
  FaultServer server([](const Received&) {
    return json_reply(R"([{"id":"a/good","pipeline_tag":"text\u001b[2J"},{"id":")" + std::string(400, 'x') +
                      R"("},{"id":7},{},[],null,"text",{"id":""}])");
  });
  const auto report = update_hub(server);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->merged.added, 1);
  EXPECT_EQ(report->skipped, 7);
  const ModelCard card = catalog_.card(catalog_.resolve("a/good").value()).value();
  EXPECT_EQ(card.record.task.find('\x1b'), std::string::npos);
}

TEST_F(Updates, KnowThePageOfALoginFromData) {
  FaultServer server([](const Received&) { return testing::html_reply("<html>Sign in</html>"); });
  expect_failure(update_hub(server), ErrorCode::kCorrupt, {"127.0.0.1", "text/html", "login", "models.hf_endpoint"});
}

TEST_F(Updates, StopWherePagesGoRoundInACircle) {
  FaultServer server([](const Received& request) {
    return json_reply(page_body(page_of(request)), {{"Link", "</api/models?cursor=1>; rel=\"next\""}});
  });
  expect_failure(update_hub(server), ErrorCode::kCorrupt, {"127.0.0.1", "circle"});
  EXPECT_LE(server.requests().size(), 3U);
  EXPECT_EQ(models(), 0);
}

TEST_F(Updates, StopWherePagesNeverEnd) {
  FaultServer server([](const Received& request) {
    const int page = page_of(request);
    return json_reply(page_body(page), {{"Link", fmt::format("</api/models?cursor={}>; rel=\"next\"", page + 1)}});
  });
  max_pages_ = 20;
  expect_failure(update_hub(server), ErrorCode::kTooLarge, {"20 pages"});
}

TEST_F(Updates, SendTheTokenToItsHostOnly) {
  token_ = "hf_secret";
  std::string elsewhere;
  FaultServer server([&](const Received& request) -> Reply {
    if (request.headers.get("host").starts_with("127.0.0.1"))
      return {.status = 302, .headers = {{"Location", elsewhere}}};
    return json_reply(page_body(0));
  });
  elsewhere = server.localhost_url("/api/models");
  ASSERT_TRUE(update_hub(server));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].headers.get("authorization"), "Bearer hf_secret");
  EXPECT_EQ(requests[1].headers.get("authorization"), "");
}

TEST_F(Updates, DoNotFollowALinkToAnotherHost) {
  token_ = "hf_secret";
  FaultServer server([](const Received& request) {
    return json_reply(page_body(page_of(request)),
                      {{"Link", "<https://evil.example/api/models?cursor=1>; rel=\"next\""}});
  });
  const auto report = update_hub(server);
  expect_failure(report, ErrorCode::kCorrupt, {"127.0.0.1", "evil.example"});
  EXPECT_EQ(report.error().message().find("hf_secret"), std::string::npos);
}

TEST_F(Updates, SayWhichTokenWasRefused) {
  token_ = "hf_secret";
  FaultServer server([](const Received&) { return Reply{.status = 401}; });
  const auto report = update_hub(server);
  expect_failure(report, ErrorCode::kUnauthenticated, {"127.0.0.1", "HF_TOKEN"});
  EXPECT_EQ(report.error().message().find("hf_secret"), std::string::npos);
  FaultServer gone([](const Received&) { return Reply{.status = 404}; });
  expect_failure(update_openrouter(gone), ErrorCode::kNotFound, {"127.0.0.1", "catalog.openrouter_url"});
}

TEST_F(Updates, AskOnlyWhatChanged) {
  FaultServer server(&page_reply);
  ASSERT_TRUE(update_hub(server));
  const std::size_t before = server.requests().size();
  const auto report = update_hub(server);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->unchanged_pages, kPages);
  EXPECT_EQ(report->entries, 2 * kPages);
  EXPECT_EQ(report->merged.unchanged, 2 * kPages);
  EXPECT_EQ(server.requests()[before].headers.get("if-none-match"), "W/\"0\"");
}

TEST_F(Updates, SayWhatIsNewGoneAndCostsMore) {
  std::string body =
      R"({"data":[{"id":"a/one","pricing":{"prompt":"0.000001","completion":"0.000002"}},{"id":"a/two"}]})";
  FaultServer server([&](const Received&) { return json_reply(body); });
  ASSERT_TRUE(update_openrouter(server));
  body = R"({"data":[{"id":"a/one","pricing":{"prompt":"0.000003","completion":"0.000002"}},{"id":"a/three"}]})";
  clock_.advance(std::chrono::hours(24));
  // A trial says the same and changes nothing.
  const auto trial = update_openrouter(server, true);
  ASSERT_TRUE(trial) << trial.error().message();
  EXPECT_EQ(catalog_.listed("openrouter").value().size(), 2U);
  const auto report = update_openrouter(server);
  ASSERT_TRUE(report) << report.error().message();
  for (const MergeReport& merged : {trial->merged, report->merged}) {
    EXPECT_EQ(merged.new_names, std::vector<std::string>{"a/three"});
    EXPECT_EQ(merged.gone_names, std::vector<std::string>{"a/two"});
    ASSERT_EQ(merged.price_changes.size(), 1U);
    EXPECT_EQ(merged.price_changes[0].old_input->count, 1'000'000);
    EXPECT_EQ(merged.price_changes[0].new_input->count, 3'000'000);
  }
  const ModelCard card = catalog_.card(catalog_.resolve("a/one").value()).value();
  ASSERT_EQ(card.history.size(), 2U);
  EXPECT_EQ(card.history[0].day, "2026-01-02");
  EXPECT_EQ(card.history[0].input->count, 3'000'000);
}

TEST_F(Updates, BringBackWhatWasGoneWithItsPrices) {
  const std::string one = R"({"data":[{"id":"a/one","pricing":{"prompt":"0.000001","completion":"0.000002"}}]})";
  std::string body = one;
  FaultServer server([&](const Received&) { return json_reply(body); });
  ASSERT_TRUE(update_openrouter(server));
  body = R"({"data":[{"id":"a/other"}]})";
  ASSERT_TRUE(update_openrouter(server));
  const auto offers = [&] { return catalog_.card(catalog_.resolve("a/one").value())->offers.size(); };
  EXPECT_EQ(offers(), 0U);
  body = one;
  ASSERT_TRUE(update_openrouter(server));
  EXPECT_EQ(offers(), 1U);
}

TEST_F(Updates, GoOnAfterTheLastKeptPage) {
  std::stop_source stop;
  std::atomic<int> broken{3};
  FaultServer server([&](const Received& request) -> Reply {
    if (page_of(request) == broken) stop.request_stop();
    return page_reply(request);
  });
  expect_failure(update_hub(server, stop.get_token()), ErrorCode::kCancelled, {});
  EXPECT_EQ(models(), 0);
  broken = -1;
  const std::size_t before = server.requests().size();
  const auto report = update_hub(server);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(report->resumed);
  EXPECT_GE(page_of(server.requests()[before]), 3) << "pages 0 to 2 were kept";
  EXPECT_EQ(report->entries, 2 * kPages);
  EXPECT_EQ(models(), 2 * kPages);
}

TEST_F(Updates, BeginAnewAfterDaysOrWithOtherWishes) {
  std::stop_source stop;
  FaultServer server([&](const Received& request) -> Reply {
    if (page_of(request) == 2) stop.request_stop();
    return page_reply(request);
  });
  ASSERT_FALSE(update_hub(server, stop.get_token()));
  clock_.advance(std::chrono::hours(24 * 3));
  stop = std::stop_source();
  const auto report = update_hub(server);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->resumed);
}

RC_GTEST_PROP(UpdatesProperty, EndTheSameWhereverTheyWereStopped, ()) {
  const std::vector<int> stops = *rc::gen::resize(2, rc::gen::container<std::vector<int>>(rc::gen::inRange(0, kPages)));
  core::TempDir dir;
  core::FakeClock clock;
  const auto stop = std::make_shared<std::stop_source>();
  std::atomic<int> at{-1};
  FaultServer server([&](const Received& request) -> Reply {
    if (page_of(request) == at) stop->request_stop();
    return page_reply(request);
  });
  const auto once = [&] {
    auto catalog = Catalog::open(dir.path() / "catalog.db").value();
    net::HttpClient client(net::HttpOptions{.proxy = "none"});
    Updater updater(catalog, client, {}, clock);
    const auto done = updater.update(*hub_models_client(testing::sites_at(server.base()), {}), stop->get_token());
    const std::int64_t count = catalog.model_count().value();
    RC_ASSERT(count == 0 || count == 2 * kPages);
    return done.has_value();
  };
  for (const int page : stops) {
    at = page;
    *stop = std::stop_source();
    once();
  }
  at = -1;
  *stop = std::stop_source();
  RC_ASSERT(once());
  auto catalog = Catalog::open(dir.path() / "catalog.db").value();
  RC_ASSERT(catalog.listed("hf").value().size() == std::size_t{2 * kPages});
}

}  // namespace
}  // namespace zubr::catalog
