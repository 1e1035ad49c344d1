// A condition as a person may write it: parentheses where they must stand and sometimes where they need not,
// either quotes, spaces here and there.
#pragma once

#include <random>
#include <string>

#include "common/condition/test_naive_evaluator.h"

namespace cognate::condition::naive {

class Writer {
 public:
  explicit Writer(uint64_t seed) : random_(seed) {}

  // `is_operand`: parentheses go around what is true or false.
  std::string Write(const Node& node, bool is_operand = false);

 private:
  bool OneIn(uint64_t n) { return random_() % n == 0; }
  std::string Space();
  std::string WriteText(const std::string& text);
  std::string WriteLiteral(const Node& node);
  std::string WriteTruth(const Node& node);

  std::mt19937_64 random_;
};

}  // namespace cognate::condition::naive
