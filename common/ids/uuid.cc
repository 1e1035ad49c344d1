#include "common/ids/uuid.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <sys/random.h>

#include "absl/numeric/int128.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/sync/mutex.h"

namespace cognate {
namespace {

// Random bits of a version 7: 74, of which the top one starts at 0, so that counting up within a millisecond
// has room.
constexpr int kRandomBits = 74;

// Hands out numbers of (milliseconds, 74 bits) in strictly ascending order.
class Sequence {
 public:
  absl::uint128 Next(absl::Time now) {
    MutexLock lock(&mutex_);
    const absl::uint128 start = absl::uint128(static_cast<uint64_t>(absl::ToUnixMillis(now))) << kRandomBits;
    if (start > last_) {
      const absl::uint128 random = absl::MakeUint128(Random(), Random());
      last_ = start | (random & ((absl::uint128(1) << (kRandomBits - 1)) - 1));
    } else {
      last_ += 1 + (Random() & 0xffffffffU);
    }
    return last_;
  }

 private:
  // In pages: one system call for 64 words.
  uint64_t Random() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (next_ == page_.size()) {
      RandomBytes(page_.data(), sizeof(page_));
      next_ = 0;
    }
    return page_[next_++];
  }

  Mutex mutex_;
  absl::uint128 last_ ABSL_GUARDED_BY(mutex_) = 0;
  std::array<uint64_t, 64> page_ ABSL_GUARDED_BY(mutex_);
  size_t next_ ABSL_GUARDED_BY(mutex_) = 64;
};

void StoreBigEndian(uint64_t value, uint8_t* out) {
  for (int i = 7; i >= 0; --i, value >>= 8) out[i] = static_cast<uint8_t>(value);
}

absl::Status NotAUuid(absl::string_view got) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_UUID",
               absl::StrCat("got '", absl::CHexEscape(got.substr(0, 64)), "', want a UUID"));
}

}  // namespace

void RandomBytes(void* out, size_t size) {
  auto* next = static_cast<char*>(out);
  while (size > 0) {
    const ssize_t got = getrandom(next, size, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      std::abort();  // no kernel of ours lacks getrandom; ids that are not random would be worse than none
    }
    next += got;
    size -= static_cast<size_t>(got);
  }
}

std::string RandomHex(size_t bytes) {
  std::string random(bytes, '\0');
  RandomBytes(random.data(), bytes);
  return absl::BytesToHexString(random);
}

Uuid Uuid::V7(absl::Time now) {
  static Sequence sequence;
  const absl::uint128 value = sequence.Next(now);
  const auto milliseconds = static_cast<uint64_t>(value >> kRandomBits);
  const auto random_a = static_cast<uint64_t>(value >> 62) & 0xfffU;
  const auto random_b = static_cast<uint64_t>(value) & ((uint64_t{1} << 62) - 1);
  Uuid uuid;
  StoreBigEndian(milliseconds << 16 | 0x7000U | random_a, uuid.bytes_.data());
  StoreBigEndian(uint64_t{1} << 63 | random_b, uuid.bytes_.data() + 8);
  return uuid;
}

absl::StatusOr<Uuid> Uuid::FromBytes(absl::string_view bytes) {
  Uuid uuid;
  if (bytes.size() != uuid.bytes_.size()) return NotAUuid(bytes);
  std::memcpy(uuid.bytes_.data(), bytes.data(), bytes.size());
  return uuid;
}

absl::StatusOr<Uuid> Uuid::Parse(absl::string_view text) {
  std::string digits(text);
  if (digits.size() == 36) {
    for (const size_t dash : {23, 18, 13, 8}) {
      if (digits[dash] != '-') return NotAUuid(text);
      digits.erase(dash, 1);
    }
  }
  const bool hexadecimal = std::all_of(digits.begin(), digits.end(), [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c));
  });
  if (digits.size() != 32 || !hexadecimal) return NotAUuid(text);
  return FromBytes(absl::HexStringToBytes(digits));
}

std::string Uuid::ToString() const {
  std::string text = absl::BytesToHexString(AsBytes());
  for (const size_t dash : {8, 13, 18, 23}) text.insert(dash, 1, '-');
  return text;
}

}  // namespace cognate
