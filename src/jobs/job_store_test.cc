#include "jobs/job_store.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/temp_dir.h"

namespace zubr::jobs {
namespace {

class Store : public testing::Test {
 protected:
  JobFolder make(const std::string& name) const {
    auto job = store_.create(name);
    EXPECT_TRUE(job);
    std::ofstream(job->path / "job.toml") << "#";
    return *job;
  }
  core::TempDir dir_;
  JobStore store_{dir_.path()};
};

TEST_F(Store, NamesAJobSoThatItIsAFolderName) {
  EXPECT_TRUE(make("słowa / kluczowe").id.starts_with("s_owa_kluczowe-"));
  EXPECT_TRUE(make("../..").id.starts_with("_.-") || make("..").id.starts_with("job-"));
  EXPECT_TRUE(make("").id.starts_with("job-"));
  const auto all = store_.list();
  ASSERT_TRUE(all);
  for (const auto& job : *all) EXPECT_EQ(job.path.parent_path(), dir_.path() / "jobs");
}

TEST_F(Store, FindsAJobByTheBeginningOfItsIdWhereOnlyOneFits) {
  const JobFolder shoes = make("shoes"), books = make("books"), more = make("books");
  EXPECT_EQ(store_.find("sh")->id, shoes.id);
  EXPECT_EQ(store_.find(books.id)->path, books.path);
  EXPECT_EQ(store_.find("books").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(store_.find("lamps").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_.find("").error().code(), ErrorCode::kNotFound);
}

TEST_F(Store, AFolderWithoutAJobFileIsNoJob) {
  ASSERT_TRUE(store_.create("half made"));
  EXPECT_TRUE(store_.list()->empty());
}

TEST_F(Store, LetsOneWorkOnAJobAtATime) {
  const JobFolder job = make("shoes");
  EXPECT_FALSE(is_worked_on(job));
  {
    const auto lock = lock_job(job);
    ASSERT_TRUE(lock);
    EXPECT_TRUE(is_worked_on(job));
    EXPECT_EQ(lock_job(job).error().code(), ErrorCode::kUnavailable);
    EXPECT_EQ(store_.remove(job).error().code(), ErrorCode::kUnavailable);
  }
  EXPECT_TRUE(store_.remove(job));
  EXPECT_FALSE(std::filesystem::exists(job.path));
}

}  // namespace
}  // namespace zubr::jobs
