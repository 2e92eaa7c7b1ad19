// /api/catalog over real sockets: the answers are those of catalog/answers/desk.h, errors have a status.
#include <gtest/gtest.h>

#include "catalog/answers/desk.h"
#include "core/temp_dir.h"
#include "inference/fake_backend.h"
#include "server/server.h"
#include "server/testing/http_client.h"

namespace zubr::server {
namespace {

using testing::Answer;
using testing::Client;
using testing::get;

class CatalogEndpoints : public ::testing::Test {
 protected:
  // The catalog is filled once.
  static void SetUpTestSuite() {
    dir_ = std::make_unique<core::TempDir>();
    desk_ = std::make_shared<catalog::Desk>(dir_->path());
  }
  static void TearDownTestSuite() {
    desk_.reset();
    dir_.reset();
  }
  void SetUp() override {
    ServerOptions options;
    options.desk = with_catalog_ ? desk_ : nullptr;
    server_ = *Server::start(options, backend_);
  }
  Answer ask(const std::string& target) { return Client(server_->port()).ask(get("/api/catalog/" + target)); }
  void expect_refused(const std::string& target, int status, const std::string& says) {
    const Answer answer = ask(target);
    EXPECT_EQ(answer.status, status) << target << ": " << answer.body;
    EXPECT_EQ(answer.body.rfind("{\"error\":", 0), 0U) << answer.body;
    EXPECT_NE(answer.body.find(says), std::string::npos) << answer.body;
  }

  static std::unique_ptr<core::TempDir> dir_;
  static std::shared_ptr<catalog::Desk> desk_;
  bool with_catalog_ = true;
  inference::FakeBackend backend_;
  std::unique_ptr<Server> server_;
};
std::unique_ptr<core::TempDir> CatalogEndpoints::dir_;
std::shared_ptr<catalog::Desk> CatalogEndpoints::desk_;

TEST_F(CatalogEndpoints, AnswerWhatTheDeskAnswers) {
  const Answer search = ask("search?text=llama+3.1&params=7b..9b&open=true&limit=3");
  EXPECT_EQ(search.status, 200);
  EXPECT_EQ(search.header("content-type"), "application/json");
  EXPECT_EQ(search.body,
            desk_->search({{"text", "llama 3.1"}, {"params", "7b..9b"}, {"open", ""}, {"limit", "3"}}).value());
  EXPECT_NE(search.body.find("meta-llama/Llama-3.1-8B-Instruct"), std::string::npos);
  EXPECT_EQ(ask("models/meta-llama/Llama-3.1-8B-Instruct").body, desk_->model("llama3.1:8b", {}).value());
  EXPECT_EQ(ask("models/llama3.1%3A8b").body, desk_->model("llama3.1:8b", {}).value());
  EXPECT_EQ(ask("compare?model=llama3.1:8b&model=google/gemini-2.5-flash").body,
            desk_->compare({{"model", "llama3.1:8b"}, {"model", "google/gemini-2.5-flash"}}).value());
  EXPECT_EQ(ask("leaderboard?open_only=1&limit=5").body,
            desk_->leaderboard({{"open_only", "1"}, {"limit", "5"}}).value());
  EXPECT_EQ(ask("leaderboard?list").body, desk_->leaderboard({{"list", ""}}).value());
  EXPECT_EQ(ask("datasets?lang=pl").body, desk_->datasets({{"lang", "pl"}}).value());
  EXPECT_EQ(ask("fits?model=llama3.1:8b&memory=24").body,
            desk_->fits({{"model", "llama3.1:8b"}, {"memory", "24"}}).value());
  EXPECT_EQ(ask("fits?memory=8&limit=2").status, 200);
}

TEST_F(CatalogEndpoints, RefuseWhatTheyDoNotUnderstand) {
  expect_refused("search?colour=red", 400, "no parameter 'colour'; there are: text, author");
  expect_refused("search?limit=0", 400, "limit '0' is not a whole number from 1 to 1000");
  expect_refused("search?open=perhaps", 400, "neither true nor false");
  expect_refused("search?task=dancing", 400, "task 'dancing' is not known");
  expect_refused("search?sort=colour", 400, "sort 'colour' is not known");
  expect_refused("search?params=large", 400, "params 'large' is no range");
  expect_refused("search?text=%ff", 400, "not UTF-8");
  expect_refused("search?text=%2", 400, "not UTF-8");
  expect_refused("models/nobody/nothing-at-all", 404, "has no model");
  expect_refused("models/llama3.1:8b?all=1", 400, "no parameter 'all'");
  expect_refused("compare?model=llama3.1:8b", 400, "two to 12");
  expect_refused("compare?model=llama3.1:8b&model=llama3.1:latest", 400, "the same model");
  expect_refused("leaderboard?benchmark=none-such", 404, "none-such");
  expect_refused("leaderboard?open_only&commercial_only", 400, "leave no model");
  expect_refused("fits?memory=much", 400, "memory 'much' is no number of GiB");
  std::string many = "search?";
  for (int i = 0; i < 100; ++i) many += "text=a&";
  expect_refused(many, 400, "over 64 parameters");
}

class NoCatalog : public CatalogEndpoints {
 protected:
  NoCatalog() { with_catalog_ = false; }
};

TEST_F(NoCatalog, IsSaid) { expect_refused("search", 404, "no catalog"); }

}  // namespace
}  // namespace zubr::server
