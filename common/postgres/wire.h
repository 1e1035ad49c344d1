// PostgreSQL's binary forms: type numbers (stable since ever, see pg_type.dat), byte order, and time.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>

#include "absl/time/time.h"

namespace cognate::postgres {

inline constexpr unsigned kBoolType = 16, kBoolArrayType = 1000;
inline constexpr unsigned kByteaType = 17, kByteaArrayType = 1001;
inline constexpr unsigned kInt8Type = 20, kInt8ArrayType = 1016;
inline constexpr unsigned kInt2Type = 21, kInt2ArrayType = 1005;
inline constexpr unsigned kInt4Type = 23, kInt4ArrayType = 1007;
inline constexpr unsigned kTextType = 25, kTextArrayType = 1009;
inline constexpr unsigned kFloat8Type = 701;
inline constexpr unsigned kTimestamptzType = 1184, kTimestamptzArrayType = 1185;
inline constexpr unsigned kUuidType = 2950, kUuidArrayType = 2951;
inline constexpr unsigned kJsonbType = 3802;
inline constexpr char kJsonbVersion = 1;  // the first byte of every binary jsonb

template <typename T>
T ToBigEndian(T value) {
  static_assert(std::endian::native == std::endian::little);
  if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(static_cast<uint64_t>(value)));
  if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(value)));
  if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(static_cast<uint16_t>(value)));
  return value;
}

template <typename T>
T FromBigEndian(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return ToBigEndian(value);
}

// Microseconds since 2000-01-01; the extremes mean infinity.
inline constexpr int64_t kEpochUnixMicros = 946'684'800'000'000;

inline int64_t ToWireTime(absl::Time time) {
  if (time == absl::InfiniteFuture()) return std::numeric_limits<int64_t>::max();
  if (time == absl::InfinitePast()) return std::numeric_limits<int64_t>::min();
  return absl::ToUnixMicros(time) - kEpochUnixMicros;
}

inline absl::Time FromWireTime(int64_t wire) {
  if (wire == std::numeric_limits<int64_t>::max()) return absl::InfiniteFuture();
  if (wire == std::numeric_limits<int64_t>::min()) return absl::InfinitePast();
  return absl::FromUnixMicros(kEpochUnixMicros) + absl::Microseconds(wire);
}

}  // namespace cognate::postgres
