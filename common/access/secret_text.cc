#include "common/access/secret_text.h"

#include <array>
#include <cstdint>
#include <cstdlib>

#include <sodium.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/access/sha256.h"

namespace cognate::access {
namespace {

constexpr absl::string_view kIdLetters = "abcdefghijklmnopqrstuvwxyz234567";
constexpr absl::string_view kSecretLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr size_t kIdSize = 12;
constexpr size_t kSecretSize = 43;  // 62^43 > 2^256
constexpr size_t kCheckSize = 6;    // 62^6 > 2^32

std::string RandomText(absl::string_view letters, size_t size) {
  std::string text(size, '\0');
  for (char& letter : text) letter = letters[randombytes_uniform(static_cast<uint32_t>(letters.size()))];
  return text;
}

// As in Ethernet and zip, so that others can write scanners.
uint32_t Crc32(absl::string_view text) {
  uint32_t crc = 0xFFFFFFFF;
  for (const char letter : text) {
    crc ^= static_cast<unsigned char>(letter);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
  }
  return ~crc;
}

std::string Check(absl::string_view text) {
  std::string check(kCheckSize, '0');
  uint32_t rest = Crc32(text);
  for (size_t i = kCheckSize; i-- > 0; rest /= kSecretLetters.size())
    check[i] = kSecretLetters[rest % kSecretLetters.size()];
  return check;
}

bool ConsistsOf(absl::string_view letters, absl::string_view text) {
  return text.find_first_not_of(letters) == absl::string_view::npos;
}

// Without random numbers and hashes nothing here may go on.
void MustBeReady() {
  static const bool kReady = sodium_init() >= 0;
  if (!kReady) std::abort();
}

}  // namespace

NewSecret MakeSecret(absl::string_view prefix) {
  MustBeReady();
  NewSecret made;
  made.id = RandomText(kIdLetters, kIdSize);
  made.text = absl::StrCat(prefix, "_", made.id, "_", RandomText(kSecretLetters, kSecretSize));
  made.text += Check(made.text);
  return made;
}

std::optional<std::string> SecretId(absl::string_view prefix, absl::string_view text) {
  absl::string_view rest = text;
  if (!absl::ConsumePrefix(&rest, prefix) || !absl::ConsumePrefix(&rest, "_") ||
      rest.size() != kIdSize + 1 + kSecretSize + kCheckSize || rest[kIdSize] != '_') {
    return std::nullopt;
  }
  const absl::string_view id = rest.substr(0, kIdSize);
  if (!ConsistsOf(kIdLetters, id) || !ConsistsOf(kSecretLetters, rest.substr(kIdSize + 1)) ||
      Check(text.substr(0, text.size() - kCheckSize)) != text.substr(text.size() - kCheckSize)) {
    return std::nullopt;
  }
  return std::string(id);
}

bool LooksLikeKey(absl::string_view text) { return SecretId(kKeyPrefix, text).has_value(); }

std::string HashSecret(absl::string_view text) { return Sha256(text); }

bool IsSameHash(absl::string_view left, absl::string_view right) {
  return left.size() == right.size() && sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace cognate::access
