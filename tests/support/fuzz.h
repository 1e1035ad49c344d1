// Random mutations of a corpus, for tests of parsers: the same seed makes the same inputs.
//
//   Fuzz("php_serialize", kCorpus, [](absl::string_view input) { ReadPhp(input).IgnoreError(); });
//
// COGNATE_TEST_SEED gives the seed, COGNATE_FUZZ_RUNS how many runs are made. Prints
// `figure fuzz.<name> seed=… runs=… crashes=0`: a crash ends the process before, and the sanitizers' presets
// run the same tests.
#pragma once

#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/support/environment.h"

namespace cognate::test_support {

inline constexpr int kFuzzRuns = 200'000;
inline constexpr size_t kLongestFuzzInput = 2000;

inline int FuzzRuns(int otherwise = kFuzzRuns) { return FromEnvironment("COGNATE_FUZZ_RUNS", otherwise); }

class Mutator {
 public:
  Mutator(uint64_t seed, const std::vector<std::string>& corpus) : random_(seed), corpus_(corpus) {}

  // One of the corpus, as it is or with some of its bytes changed, cut, moved, or mixed with another's.
  std::string Next() {
    std::string input = Pick();
    for (uint64_t edits = random_() % 5; edits > 0; --edits) Edit(&input);
    if (input.size() > kLongestFuzzInput) input.resize(kLongestFuzzInput);
    return input;
  }

 private:
  const std::string& Pick() { return corpus_[random_() % corpus_.size()]; }
  size_t Place(const std::string& text) { return text.empty() ? 0 : random_() % text.size(); }

  void Edit(std::string* input) {
    const size_t place = Place(*input);
    const std::string& other = Pick();
    switch (random_() % 7) {
      case 0:
        if (!input->empty()) (*input)[place] = static_cast<char>(random_());
        break;
      case 1:
        input->resize(place);
        break;
      case 2:
        input->insert(place, 1 + random_() % 8, other.empty() ? 'x' : other[Place(other)]);
        break;
      case 3:
        input->erase(place, 1 + random_() % 8);
        break;
      case 4:
        input->insert(place, other, Place(other), 1 + random_() % 32);
        break;
      case 5:
        input->insert(place, *input, Place(*input), 1 + random_() % 32);
        break;
      default:
        if (!input->empty()) (*input)[place] = other.empty() ? '"' : other[Place(other)];
        break;
    }
  }

  std::mt19937_64 random_;
  const std::vector<std::string>& corpus_;
};

// Each input is an exact copy on the heap, so that a sanitizer sees every step beyond it.
template <typename Check>
void Fuzz(const char* name, const std::vector<std::string>& corpus, Check check) {
  const uint64_t seed = TestSeed();
  const int runs = FuzzRuns();
  Mutator mutator(seed, corpus);
  for (int run = 0; run < runs; ++run) {
    const std::string input = mutator.Next();
    const std::vector<char> exact(input.begin(), input.end());
    check(absl::string_view(exact.data(), exact.size()));
  }
  std::printf("figure fuzz.%s seed=%llu runs=%d crashes=0\n", name, static_cast<unsigned long long>(seed),
              runs);
}

}  // namespace cognate::test_support
