// What the environment says to tests: sizes, the seed, the programs under test.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace cognate::test_support {

// NOLINTBEGIN(concurrency-mt-unsafe)

// A number above zero, or `otherwise`.
inline int FromEnvironment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  int number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) && number > 0 ? number : otherwise;
}

inline std::string FromEnvironment(const char* name, const char* otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? text : otherwise;
}

// Of random tests: COGNATE_TEST_SEED, or another each time.
inline uint64_t TestSeed() {
  const char* given = std::getenv("COGNATE_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

// NOLINTEND(concurrency-mt-unsafe)

inline std::string BinDirectory() { return FromEnvironment("COGNATE_BIN_DIR", "build/release/bin"); }

// The file of a program: delivery, cognate.
inline std::string Program(absl::string_view name) { return absl::StrCat(BinDirectory(), "/", name); }

}  // namespace cognate::test_support
