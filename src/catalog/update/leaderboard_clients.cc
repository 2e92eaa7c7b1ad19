// Leaderboards: LMArena's boards (one JSON file each), aider's (YAML), and the Open LLM Leaderboard, a data set read
// through Hugging Face's rows API (https://huggingface.co/docs/dataset-viewer/rows), 100 rows a page.
#include <charconv>

#include "catalog/sources/importers.h"
#include "catalog/update/listed_pages.h"

namespace zubr::catalog {
namespace {

class LmArena : public ListedPages {
 public:
  LmArena(const UpdateSites& sites, std::string day) : base_(sites.lmarena), day_(std::move(day)) {
    set_names({"image", "text", "vision"});
  }
  SourceInfo info() const override { return {.name = "lmarena", .url = base_, .date = {}, .license = {}}; }
  PageRequest request(const std::string& position) const override {
    return {.url = fmt::format("{}/leaderboard-{}.json", base_, position), .setting = "catalog.lmarena_url"};
  }
  Result<Facts> read(const std::string& position, const net::HttpResponse& answer) const override {
    return import_lmarena_json(answer.body, position, day_);
  }

 private:
  std::string base_, day_;
};

class Aider : public ListedPages {
 public:
  explicit Aider(const UpdateSites& sites) : base_(sites.aider) { set_names({"edit", "polyglot", "refactor"}); }
  SourceInfo info() const override { return {.name = "aider", .url = base_, .date = {}, .license = "Apache-2.0"}; }
  PageRequest request(const std::string& position) const override {
    return {.url = fmt::format("{}/{}_leaderboard.yml", base_, position),
            .kind = DocumentKind::kText,
            .setting = "catalog.aider_url"};
  }
  Result<Facts> read(const std::string& position, const net::HttpResponse& answer) const override {
    return import_aider(answer.body, position);
  }

 private:
  std::string base_;
};

class OpenLlm : public SourceClient {
 public:
  OpenLlm(const UpdateSites& sites, std::string day) : base_(sites.open_llm), day_(std::move(day)) {}
  SourceInfo info() const override { return {.name = "open-llm", .url = base_, .date = {}, .license = {}}; }
  std::string first() const override { return "0"; }
  PageRequest request(const std::string& position) const override {
    return {.url = fmt::format("{}/rows?dataset=open-llm-leaderboard%2Fcontents&config=default&split=train&offset={}"
                               "&length={}",
                               base_, position, kRows),
            .setting = "catalog.open_llm_url"};
  }
  Result<Facts> read(const std::string&, const net::HttpResponse& answer) const override {
    return import_open_llm_rows(answer.body, day_);
  }
  Result<std::string> next(const std::string& position, const net::HttpResponse&, std::size_t entries) const override {
    std::size_t offset = 0;
    std::from_chars(position.data(), position.data() + position.size(), offset);
    return entries < kRows || offset > kMost ? std::string() : std::to_string(offset + kRows);
  }

 private:
  static constexpr std::size_t kRows = 100, kMost = 100'000;
  std::string base_, day_;
};

}  // namespace

std::unique_ptr<SourceClient> lmarena_client(const UpdateSites& sites, std::string day) {
  return std::make_unique<LmArena>(sites, std::move(day));
}
std::unique_ptr<SourceClient> aider_client(const UpdateSites& sites) { return std::make_unique<Aider>(sites); }
std::unique_ptr<SourceClient> open_llm_client(const UpdateSites& sites, std::string day) {
  return std::make_unique<OpenLlm>(sites, std::move(day));
}

}  // namespace zubr::catalog
