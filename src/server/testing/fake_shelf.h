// A ModelShelf with two models, "fake" (which is served) and "other:1b", and one blob. Copying, removing and pulling
// succeed for names that are there, and change nothing.
#pragma once

#include <fmt/format.h>

#include <string>

#include "server/model_shelf.h"

namespace zubr::server::testing {

class FakeShelf : public ModelShelf {
 public:
  static std::string blob() { return "sha256:" + std::string(64, 'a'); }

  Result<std::vector<ShelfModel>> list() override { return std::vector<ShelfModel>{model("fake"), model("other:1b")}; }
  Result<ShelfModel> find(std::string_view name) override {
    if (name == "fake" || name == "other:1b") return model(std::string(name));
    return fail(ErrorCode::kNotFound, "model '{}' is not here", name);
  }
  Result<std::vector<std::pair<std::string, std::string>>> facts(std::string_view) override {
    return std::vector<std::pair<std::string, std::string>>{{"general.architecture", "\"llama\""},
                                                            {"llama.context_length", "128"}};
  }
  Result<std::string> chat_template(std::string_view) override { return std::string("{{ x }}"); }
  Result<ShelfUse> use(std::string_view name) override {
    ShelfUse use{.modelfile = "FROM " + std::string(name) + "\n", .recipe = {}};
    use.recipe.system = "Be brief.";
    use.recipe.parameters = {{"num_ctx", "64"}, {"stop", "a b"}};
    use.recipe.licenses = {"MIT"};
    use.recipe.messages = {{"user", "hi"}};
    return use;
  }
  Result<void> copy(std::string_view source, const std::string&) override {
    ZUBR_CHECK(find(source));
    return {};
  }
  Result<void> remove(std::string_view name, std::stop_token) override {
    ZUBR_CHECK(find(name));
    return {};
  }
  Result<void> pull(std::string_view reference, const std::function<void(const ShelfPullProgress&)>& progress,
                    std::stop_token) override {
    if (reference == "nowhere") return fail(ErrorCode::kNotFound, "there is no model 'nowhere'");
    progress({.digest = blob(), .what = "model", .total = 10, .completed = 5});
    if (reference == "broken") return fail(ErrorCode::kNetwork, "the connection broke");
    progress({.digest = blob(), .what = "model", .total = 10, .completed = 10});
    progress({.digest = blob(), .what = "model", .total = 10, .completed = 10, .verifying = true});
    return {};
  }
  Result<std::vector<std::string>> create(const ShelfRecipe& recipe, std::stop_token) override {
    if (!recipe.from.empty()) ZUBR_CHECK(find(recipe.from));
    return std::vector<std::string>{"a note"};
  }
  Result<void> push(std::string_view name, std::string_view reference,
                    const std::function<void(const ShelfPushProgress&)>& progress, std::stop_token) override {
    ZUBR_CHECK(find(name));
    if (reference == name) return fail(ErrorCode::kInvalidArgument, "'{}' is no place in a registry", reference);
    progress({.what = "model", .total = 10, .completed = 10});
    return {};
  }
  Result<bool> has_blob(std::string_view digest) override {
    if (!digest.starts_with("sha256")) return fail(ErrorCode::kCorrupt, "'{}' is no digest", digest);
    return digest == blob();
  }
  Result<void> put_blob(std::string_view digest, std::string_view bytes, std::stop_token) override {
    if (!digest.starts_with("sha256")) return fail(ErrorCode::kCorrupt, "'{}' is no digest", digest);
    if (bytes != "aaa") return fail(ErrorCode::kInvalidArgument, "the blob has another digest");
    return {};
  }

 private:
  static ShelfModel model(std::string name) {
    return {.name = std::move(name),
            .bytes = 1000,
            .architecture = "llama",
            .parameters = 1'235'814'432,
            .quantization = "Q8_0",
            .context_tokens = 128,
            .digest = blob().substr(7),
            .changed_at = std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000))};
  }
};

}  // namespace zubr::server::testing
