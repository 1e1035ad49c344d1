#include "common/files/chunker.h"

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"

namespace cognate::files {
namespace {

std::string Noise(size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::vector<Chunk> Cut(const std::string& content, size_t piece = 1 << 20) {
  std::vector<Chunk> chunks;
  Chunker chunker;
  const auto visit = [&](Chunk chunk) { chunks.push_back(std::move(chunk)); };
  for (size_t at = 0; at < content.size(); at += piece) chunker.Add(content.substr(at, piece), visit);
  chunker.Finish(visit);
  return chunks;
}

TEST(Chunker, CoversTheContentWithChunksOfTheirHashes) {
  const std::string content = Noise(9'000'000, 1);
  int64_t at = 0;
  const std::vector<Chunk> chunks = Cut(content);
  for (const Chunk& chunk : chunks) {
    EXPECT_EQ(chunk.offset, at);
    EXPECT_LE(chunk.length, kMaxChunk);
    if (&chunk != &chunks.back()) {
      EXPECT_GT(chunk.length, kMinChunk);
    }
    EXPECT_EQ(chunk.sha256,
              Sha256(content.substr(static_cast<size_t>(at), static_cast<size_t>(chunk.length))));
    at += chunk.length;
  }
  EXPECT_EQ(at, 9'000'000);
}

TEST(Chunker, CutsAlikeHoweverTheContentComes) {
  const std::string content = Noise(3'000'000, 2);
  const auto places = [&](size_t piece) {
    std::vector<int64_t> lengths;
    for (const Chunk& chunk : Cut(content, piece)) lengths.push_back(chunk.length);
    return lengths;
  };
  const std::vector<int64_t> whole = places(content.size());
  for (const size_t piece : {1ul, 7ul, 4'096ul, 131'071ul, 131'073ul, 999'999ul})
    EXPECT_EQ(places(piece), whole);
}

TEST(Chunker, FindsItsWayAgainBehindAChange) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::string content = Noise(16 << 20, seed);
    std::set<std::string> before;
    for (const Chunk& chunk : Cut(content)) before.insert(chunk.sha256);
    content.insert(5'000'000 + seed * 1'000, "some bytes that were not there");
    int64_t fresh = 0;
    for (const Chunk& chunk : Cut(content)) fresh += before.contains(chunk.sha256) ? 0 : chunk.length;
    EXPECT_LE(fresh, 3 * kMaxChunk) << seed;
  }
}

TEST(Chunker, CutsWhatIsAllAlikeAtTheLongest) {
  for (const Chunk& chunk : Cut(std::string(7 << 20, '\0'))) EXPECT_LE(chunk.length, kMaxChunk);
  EXPECT_EQ(Cut("").size(), 0U);
  EXPECT_EQ(Cut("x").size(), 1U);
}

// For other languages: byte i of the content is the lowest one of i * i * 2654435761 >> 13.
TEST(Chunker, CutsAsTheDocumentationSays) {
  std::string content;
  for (uint64_t i = 0; i < 3'000'000; ++i) content.push_back(static_cast<char>(i * i * 2'654'435'761u >> 13));
  std::vector<int64_t> lengths;
  for (const Chunk& chunk : Cut(content)) lengths.push_back(chunk.length);
  EXPECT_THAT(lengths, ::testing::ElementsAre(448248, 226159, 146963, 193420, 482034, 226159, 146963, 193420,
                                              482034, 226159, 146963, 81478));
}

}  // namespace
}  // namespace cognate::files
