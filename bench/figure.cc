#include "figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

#include "process.h"

namespace zubr::bench {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string machine() {
  std::ifstream info("/proc/cpuinfo");
  std::string model = "unknown CPU", flags;
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    if (line.rfind("model name", 0) == 0) model = line.substr(colon + 2);
    if (line.rfind("flags", 0) == 0) flags = line.substr(colon + 2);
    if (!flags.empty()) break;
  }
  // The instructions that matrix products are made of, as the kernel lists them.
  std::string matter;
  std::istringstream words(flags);
  for (std::string flag; words >> flag;) {
    for (const char* known : {"avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8", "amx_bf16"}) {
      if (flag == known) matter += " " + flag;
    }
  }
  const unsigned cores = std::thread::hardware_concurrency();
  return fmt::format("{}, {} cores{}", model, cores, matter.empty() ? "" : "," + matter);
}

void append(const Figure& figure, const std::filesystem::path& jsonl) {
  const auto text = [](const std::string& value) { return boost::json::serialize(boost::json::string(value)); };
  std::ofstream file(jsonl, std::ios::app);
  file << fmt::format(R"({{"name":{},"value":{:.4g},"unit":{},)", text(figure.name), figure.value, text(figure.unit))
       << fmt::format(R"("peer":{},"peer_value":{:.4g},"ratio":{:.4g},)", text(figure.peer), figure.peer_value,
                      figure.ratio)
       << fmt::format(R"("command":{},"machine":{}}})", text(figure.command), text(machine()));
  file << '\n';
  if (!file.flush()) die("cannot write " + jsonl.string());
}

void show(const Figure& figure) {
  fmt::print("{:32} {:>10.4g} {:9} {:28} {:>10.4g}   ratio {:.3g}\n", figure.name, figure.value, figure.unit,
             figure.peer, figure.peer_value, figure.ratio);
  std::fflush(stdout);
}

}  // namespace zubr::bench
