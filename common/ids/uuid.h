// Identifiers. UUIDs of version 7 sort by the time of their making, which keeps B-tree inserts at the right
// edge.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"

namespace cognate {

// Sixteen bytes in network order; a value. The default is the nil UUID.
class Uuid {
 public:
  constexpr Uuid() = default;

  // New, from `now` and the kernel's random bytes. Strictly ascending within this process, whatever the clock
  // does.
  static Uuid V7(absl::Time now);
  static Uuid V7(const Clock& clock) { return V7(clock.Now()); }
  // Exactly 16 bytes, as PostgreSQL and our messages carry them.
  static absl::StatusOr<Uuid> FromBytes(absl::string_view bytes);
  // 8-4-4-4-12 hexadecimal digits of either case, or 32 without dashes.
  static absl::StatusOr<Uuid> Parse(absl::string_view text);

  // View into this value.
  absl::string_view AsBytes() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }
  std::string ToString() const;
  bool IsNil() const { return *this == Uuid(); }

  auto operator<=>(const Uuid&) const = default;  // NOLINT(modernize-use-nullptr): it knows no defaulted ones

  template <typename H>
  friend H AbslHashValue(H state, const Uuid& uuid) {
    return H::combine(std::move(state), uuid.bytes_);
  }

 private:
  std::array<uint8_t, 16> bytes_ = {};
};

// Fills `size` bytes from getrandom.
void RandomBytes(void* out, size_t size);
// 2 · `bytes` lower-case hexadecimal digits, for names of instances and the like.
std::string RandomHex(size_t bytes);

}  // namespace cognate
