#include "common/webhook/signer.h"

#include <utility>

#include <sodium.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace cognate::webhook {
namespace {

constexpr size_t kMinHmacKey = 24;
constexpr size_t kMaxHmacKey = 64;

bool IsReady() {
  static const bool kReady = sodium_init() >= 0;
  return kReady;
}

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string Hmac(absl::string_view key, absl::string_view content) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, Bytes(key), key.size());
  crypto_auth_hmacsha256_update(&state, Bytes(content), content.size());
  std::string code(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(code.data()));
  return code;
}

std::string Ed25519(absl::string_view key, absl::string_view content) {
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, Bytes(content),
                       content.size(), Bytes(key));
  return signature;
}

// Its private key of 64 bytes, of which the last 32 are the public one; empty for what is neither.
std::string PrivateKey(absl::string_view decoded) {
  std::string key(crypto_sign_SECRETKEYBYTES, '\0');
  unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
  if (decoded.size() != crypto_sign_SEEDBYTES && decoded.size() != crypto_sign_SECRETKEYBYTES) return "";
  crypto_sign_seed_keypair(public_key, reinterpret_cast<unsigned char*>(key.data()), Bytes(decoded));
  // Its two halves must belong together, or every signature is wrong.
  const bool agrees = decoded.size() == crypto_sign_SEEDBYTES || key == decoded;
  return agrees ? key : "";
}

absl::Status Unfit(absl::string_view got) {
  return absl::InvalidArgumentError(absl::StrCat(
      "got a webhook secret ", got,
      "; want whsec_ and the base64 of 24 to 64 bytes, or whsk_ and the base64 of an ed25519 seed"));
}

}  // namespace

Signer::~Signer() {
  for (Key& key : keys_) sodium_memzero(key.bytes.data(), key.bytes.size());
}

absl::StatusOr<Signer> Signer::Create(absl::Span<const std::string> secrets) {
  if (!IsReady()) return absl::InternalError("libsodium cannot be used on this machine");
  if (secrets.empty()) return Unfit("list without an entry");
  std::vector<Key> keys;
  for (const std::string& secret : secrets) {
    absl::string_view rest = secret;
    Key key;
    key.is_ed25519 = absl::ConsumePrefix(&rest, "whsk_");
    if (!key.is_ed25519 && !absl::ConsumePrefix(&rest, "whsec_")) return Unfit("without its prefix");
    std::string decoded;
    if (!absl::Base64Unescape(rest, &decoded)) return Unfit("that is no base64 after its prefix");
    if (key.is_ed25519) {
      key.bytes = PrivateKey(decoded);
      if (key.bytes.empty()) return Unfit("that is no ed25519 key");
    } else {
      if (decoded.size() < kMinHmacKey || decoded.size() > kMaxHmacKey)
        return Unfit(absl::StrCat("of ", decoded.size(), " bytes"));
      key.bytes = decoded;
    }
    sodium_memzero(decoded.data(), decoded.size());
    keys.push_back(std::move(key));
  }
  return Signer(std::move(keys));
}

std::string Signer::Sign(absl::string_view id, int64_t timestamp, absl::string_view body) const {
  const std::string content = absl::StrCat(id, ".", timestamp, ".", body);
  std::string signatures;
  for (const Key& key : keys_) {
    absl::StrAppend(
        &signatures, signatures.empty() ? "" : " ", key.is_ed25519 ? "v1a," : "v1,",
        absl::Base64Escape(key.is_ed25519 ? Ed25519(key.bytes, content) : Hmac(key.bytes, content)));
  }
  return signatures;
}

absl::StatusOr<std::string> PublicKey(absl::string_view secret) {
  std::string decoded;
  if (!IsReady() || !absl::ConsumePrefix(&secret, "whsk_") || !absl::Base64Unescape(secret, &decoded))
    return Unfit("that is no whsk_…");
  const std::string key = PrivateKey(decoded);
  if (key.empty()) return Unfit("that is no ed25519 key");
  return absl::StrCat("whpk_", absl::Base64Escape(absl::string_view(key).substr(crypto_sign_SEEDBYTES)));
}

}  // namespace cognate::webhook
