#include "bench/noise.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <random>

#include <fcntl.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace cognate::bench {
namespace {

void Fill(std::string* bytes, std::mt19937_64& random) {
  for (size_t at = 0; at + 8 <= bytes->size(); at += 8) {
    const uint64_t next = random();
    std::memcpy(bytes->data() + at, &next, 8);
  }
}

// Letters that zstd makes about half of.
void FillText(std::string* bytes, std::mt19937_64& random) {
  for (char& byte : *bytes) byte = static_cast<char>('a' + random() % 16);
}

void WriteFile(const std::string& path, const std::string& content) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (file < 0 || write(file, content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    std::cerr << "cannot write " << path << std::endl;
    std::exit(1);
  }
  close(file);
}

}  // namespace

void WriteNoise(const std::string& path, int64_t bytes, uint64_t seed) {
  std::mt19937_64 random(seed);
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  std::string piece(1 << 20, '\0');
  for (int64_t done = 0; done < bytes; done += static_cast<int64_t>(piece.size())) {
    Fill(&piece, random);
    piece.resize(static_cast<size_t>(std::min<int64_t>(bytes - done, 1 << 20)));
    if (write(file, piece.data(), piece.size()) != static_cast<ssize_t>(piece.size())) {
      std::cerr << "cannot write " << path << std::endl;
      std::exit(1);
    }
  }
  fdatasync(file);
  close(file);
}

void WriteSmallFiles(const std::string& directory, int64_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string content;
  for (int64_t i = 0; i < count; ++i) {
    const std::string folder = absl::StrCat(directory, "/", i / 1000);
    if (i % 1000 == 0) std::filesystem::create_directories(folder);
    content.resize(1024 + random() % (49 * 1024));
    i % 2 == 0 ? Fill(&content, random) : FillText(&content, random);
    WriteFile(absl::StrCat(folder, "/", i), content);
  }
  sync();
}

}  // namespace cognate::bench
