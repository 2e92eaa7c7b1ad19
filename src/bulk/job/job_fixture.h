// For tests of jobs: a folder of its own and a model that is none.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "bulk/job/job.h"
#include "core/temp_dir.h"
#include "inference/fake_backend.h"

namespace zubr::bulk {

class JobFixture {
 public:
  std::filesystem::path path(const std::string& name) const { return dir_.path() / name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }
  std::string content(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  JobServices services() {
    JobServices services;
    services.open_model = [this](const std::string& name, int, std::stop_token) -> Result<OpenedModel> {
      ++opened_;
      if (backend_ == nullptr) backend_ = std::make_shared<inference::FakeBackend>();
      return OpenedModel{backend_, "fake " + name};
    };
    services.answers = path("home/jobs/answers.db");
    services.clock = &clock_;
    services.shard_rows = shard_rows_;
    return services;
  }

  jobs::JobFolder create(const std::string& toml) {
    write("job.toml", toml);
    auto folder = create_job(jobs::JobStore(path("home")), path("job.toml"));
    EXPECT_TRUE(folder) << folder.error().message();
    return folder ? *folder : jobs::JobFolder{};
  }
  JobStatus run(const std::string& toml) {
    const auto status = run_job(create(toml), services(), {});
    EXPECT_TRUE(status) << status.error().message();
    return status ? *status : JobStatus{};
  }

  core::TempDir dir_;
  core::SystemClock clock_;
  std::shared_ptr<inference::Backend> backend_;
  int opened_ = 0;
  std::int64_t shard_rows_ = 3;
};

inline std::string job_text(const std::string& input, const std::string& steps, const std::string& output) {
  return "[input]\nfiles = [\"" + input + "\"]\n" + steps + "[output]\nfile = \"" + output + "\"\n";
}
}  // namespace zubr::bulk
