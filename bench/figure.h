// What a benchmark found: printed for people, appended to build/bench.jsonl for machines.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zubr::bench {

struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  std::string peer;
  double peer_value = 0;
  double ratio = 0;  // > 1: ours is better, also where less is better
  std::string command;
};

double median(std::vector<double> values);

// "AMD EPYC, 2 cores, avx512_vnni avx512_bf16": what decides how fast it can be.
std::string machine();

// A line on standard output, ours and the peer side by side.
void show(const Figure& figure);

// One line {"name","value","unit","peer","peer_value","ratio","command","machine"}.
void append(const Figure& figure, const std::filesystem::path& jsonl);

}  // namespace zubr::bench
