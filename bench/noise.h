#pragma once

#include <cstdint>
#include <string>

namespace cognate::bench {

// A file of bytes that nothing makes smaller, on disk when this returns; others for another seed.
void WriteNoise(const std::string& path, int64_t bytes, uint64_t seed);

// So many files of 1 to 50 KiB, half of noise and half of what looks like text, in folders of a thousand.
void WriteSmallFiles(const std::string& directory, int64_t count, uint64_t seed);

}  // namespace cognate::bench
