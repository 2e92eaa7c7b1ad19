// Any text as a Modelfile and as a chat template in Go. What is read must come back from what is written.
#include <cstddef>
#include <cstdint>

#include "models/modelfile/go_template.h"
#include "models/modelfile/model_parameters.h"
#include "models/modelfile/modelfile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace zubr::models;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)looks_like_go_template(text);
  (void)jinja_of_go_template(text);
  const auto file = parse_modelfile(text);
  if (!file) return 0;
  (void)read_parameters(file->parameters);
  if (!file->chat_template.empty()) (void)jinja_of_go_template(file->chat_template);
  const auto written = modelfile_text(*file);
  if (!written || parse_modelfile(*written) != *file) __builtin_trap();
  return 0;
}
