// The functions of OpenSSL below its providers: only their state can be taken out.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "common/files/digest.h"

#include <algorithm>
#include <cstring>

#include <openssl/sha.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"

namespace cognate::files {
namespace {

// Of what Save makes. Another form of it gets another number.
constexpr char kVersion = 1;
constexpr size_t kBlockBytes = SHA256_CBLOCK;
constexpr size_t kWords = 8;
constexpr size_t kHeadBytes = 1 + kWords * 4 + 8;

SHA256_CTX* ContextOf(std::array<unsigned char, 112>& bytes) {
  static_assert(sizeof(SHA256_CTX) == sizeof(bytes));
  return reinterpret_cast<SHA256_CTX*>(bytes.data());
}

void PutNumber(uint64_t number, size_t bytes, std::string* text) {
  for (size_t i = bytes; i > 0; --i) text->push_back(static_cast<char>(number >> (8 * (i - 1))));
}

uint64_t TakeNumber(absl::string_view* text, size_t bytes) {
  uint64_t number = 0;
  for (const char byte : text->substr(0, bytes)) number = number << 8 | static_cast<unsigned char>(byte);
  text->remove_prefix(bytes);
  return number;
}

}  // namespace

Digest::Digest() { Begin(); }

void Digest::Begin() {
  size_ = 0;
  context_ = {};
  SHA256_Init(ContextOf(context_));
}

void Digest::Add(absl::string_view bytes) {
  size_ += static_cast<int64_t>(bytes.size());
  SHA256_Update(ContextOf(context_), bytes.data(), bytes.size());
}

std::string Digest::Finish() {
  std::string hash(kSha256Bytes, '\0');
  SHA256_Final(reinterpret_cast<unsigned char*>(hash.data()), ContextOf(context_));
  Begin();
  return hash;
}

std::string Digest::Save() const {
  SHA256_CTX context;
  std::memcpy(&context, context_.data(), sizeof(context));
  std::string saved(1, kVersion);
  for (const SHA_LONG word : context.h) PutNumber(word, 4, &saved);
  PutNumber(static_cast<uint64_t>(size_), 8, &saved);
  saved.append(reinterpret_cast<const char*>(context.data), context.num);
  return saved;
}

bool Digest::Restore(absl::string_view saved) {
  Begin();
  if (saved.size() < kHeadBytes || saved.front() != kVersion) return false;
  saved.remove_prefix(1);
  std::array<SHA_LONG, kWords> words = {};
  for (SHA_LONG& word : words) word = static_cast<SHA_LONG>(TakeNumber(&saved, 4));
  const uint64_t size = TakeNumber(&saved, 8);
  if (size > INT64_MAX || saved.size() != size % kBlockBytes) return false;
  SHA256_CTX& context = *ContextOf(context_);
  std::copy(words.begin(), words.end(), context.h);
  context.Nl = static_cast<SHA_LONG>(size << 3);
  context.Nh = static_cast<SHA_LONG>(size >> 29);
  context.num = static_cast<unsigned>(saved.size());
  std::memcpy(context.data, saved.data(), saved.size());
  size_ = static_cast<int64_t>(size);
  return true;
}

std::string Sha256(absl::string_view bytes) {
  Digest digest;
  digest.Add(bytes);
  return digest.Finish();
}

std::string ParseSha256(absl::string_view hex) {
  const bool is_hash = hex.size() == 2 * kSha256Bytes && std::all_of(hex.begin(), hex.end(), [](char c) {
                         return absl::ascii_isxdigit(static_cast<unsigned char>(c));
                       });
  return is_hash ? absl::HexStringToBytes(hex) : "";
}

}  // namespace cognate::files
