#include "common/secret/sealing_keys.h"

#include <utility>

#include <sodium.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::secret {
namespace {

constexpr size_t kMaxId = 64;
constexpr size_t kMaxKeys = 100;
constexpr char kWant[] =
    "want an id and 32 bytes in base64 (`openssl rand -base64 32`), with a blank between them";

bool IsId(absl::string_view id) {
  if (id.empty() || id.size() > kMaxId) return false;
  for (const char letter : id) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(letter)) && !absl::StrContains("-_.", letter))
      return false;
  }
  return true;
}

// In words after "got "; empty if the line is fit.
std::string ReadLine(absl::string_view line, SealingKeys::Key* key) {
  const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (words.size() != 2) return absl::StrCat(words.size(), words.size() == 1 ? " word" : " words");
  if (!IsId(words[0]))
    return "an id that is longer than 64 characters, or has others than a-z, A-Z, 0-9, -, _ and .";
  if (!absl::Base64Unescape(words[1], &key->bytes)) return "a key that is not base64";
  if (key->bytes.size() != crypto_secretbox_KEYBYTES)
    return absl::StrCat("a key of ", key->bytes.size(), " bytes");
  key->id = words[0];
  return "";
}

Error Invalid(absl::string_view place, size_t line, absl::string_view got) {
  return Error(absl::StatusCode::kFailedPrecondition, "SEALING_KEYS_INVALID",
               absl::StrCat("the sealing keys in ", place, ", line ", line, ": got ", got, ", ", kWant))
      .With("file", place)
      .With("line", absl::StrCat(line));
}

}  // namespace

SealingKeys::~SealingKeys() {
  for (Key& key : keys_) sodium_memzero(key.bytes.data(), key.bytes.size());
}

const SealingKeys::Key* SealingKeys::Find(absl::string_view id) const {
  for (const Key& key : keys_) {
    if (key.id == id) return &key;
  }
  return nullptr;
}

absl::StatusOr<std::shared_ptr<const SealingKeys>> ParseSealingKeys(absl::string_view text,
                                                                    absl::string_view place) {
  std::vector<SealingKeys::Key> keys;
  size_t number = 0;
  for (const absl::string_view whole : absl::StrSplit(text, '\n')) {
    ++number;
    const absl::string_view line = absl::StripAsciiWhitespace(whole);
    if (line.empty() || line[0] == '#') continue;
    SealingKeys::Key key;
    if (const std::string fault = ReadLine(line, &key); !fault.empty()) return Invalid(place, number, fault);
    for (const SealingKeys::Key& other : keys) {
      if (other.id == key.id)
        return Invalid(place, number, absl::StrCat("the id ", key.id, " a second time"));
    }
    if (keys.size() == kMaxKeys) return Invalid(place, number, absl::StrCat("more than ", kMaxKeys, " keys"));
    keys.push_back(std::move(key));
  }
  if (keys.empty()) return Invalid(place, number, "no key");
  return std::make_shared<const SealingKeys>(std::move(keys));
}

}  // namespace cognate::secret
