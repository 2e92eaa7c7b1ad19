// MediaReader: pictures and sounds as input of a model, by libmtmd and the model's projector.
//
// Threads: open() any; then one at a time. Ownership: keeps its Model alive. Exceptions of libmtmd end here.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/llama/context.h"
#include "engine/llama/model.h"

namespace zubr::engine {

// A file's input: what stands around it as tokens, and vectors between.
class ReadMedia {
 public:
  ReadMedia();
  ~ReadMedia();
  ReadMedia(ReadMedia&&) noexcept;
  ReadMedia& operator=(ReadMedia&&) noexcept;

  int tokens() const;

 private:
  friend class MediaReader;
  struct Chunks;
  std::unique_ptr<Chunks> chunks_;
};

class MediaReader {
 public:
  // Errors of inspect_model_file for a file that is no projector; kUnsupported for one that does not fit the model.
  static Result<std::unique_ptr<MediaReader>> open(std::shared_ptr<const Model> model,
                                                   const std::filesystem::path& projector, int threads);
  ~MediaReader();
  MediaReader(const MediaReader&) = delete;
  MediaReader& operator=(const MediaReader&) = delete;

  bool sees() const;
  bool hears() const;

  // What inspect_media() says of the file; kUnsupported for a sound where the model is deaf; kCorrupt for a file that
  // cannot be decoded.
  Result<ReadMedia> read(const std::string& bytes) const;

  // Evaluates it as what follows on `position` in the sequence. Returns the position behind it. kInternal.
  Result<int> evaluate(const ReadMedia& media, Context& context, int position, int sequence) const;

 private:
  struct Handle;
  MediaReader();
  std::shared_ptr<const Model> model_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace zubr::engine
