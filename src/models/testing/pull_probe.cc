// A process of its own that pulls one blob, for tests that kill it: pull_probe FOLDER URL SHA256 SIZE. Prints how many
// bytes it fetched; exits with 0 when the blob is whole.
#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "models/fetch/download.h"

int main(int argc, char** argv) {
  using namespace zubr;
  using namespace zubr::models;
  if (argc != 5) return 2;
  const auto store = BlobStore::open(argv[1]);
  const auto digest = Digest::parse(argv[3]);
  if (!store || !digest) return 2;
  net::HttpClient client({.proxy = "none"});
  DownloadOptions options;
  options.plan = {.parallel = 3, .min_part_bytes = 64 << 10, .max_part_bytes = 512 << 10};
  options.checkpoint_bytes = 64 << 10;
  const DownloadRequest request{.sources = {{argv[2]}}, .digest = *digest, .size = std::stoull(argv[4])};
  const auto blob = download(client, *store, request, options, {}, {});
  if (!blob) {
    fmt::print(stderr, "{}\n", blob.error().message());
    return 1;
  }
  fmt::print("{}\n", blob->fetched);
  return 0;
}
