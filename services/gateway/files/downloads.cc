#include "services/gateway/files/downloads.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace cognate::gateway {
namespace {

constexpr absl::Duration kQuick = absl::Seconds(1);
constexpr absl::Duration kSlow = absl::Seconds(10);
constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr int64_t kBytesOfSecond = 16 << 10;
constexpr absl::Duration kComeAgain = absl::Seconds(5);

absl::Status TooMany(absl::string_view whose) {
  return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_DOWNLOADS",
               absl::StrCat("too many downloads at once", whose, ": try again"))
      .RetryAfter(kComeAgain);
}

int CountOf(const absl::flat_hash_map<std::string, int>& counts, const std::string& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

void CountDown(absl::flat_hash_map<std::string, int>& counts, const std::string& key) {
  const auto found = counts.find(key);
  if (found != counts.end() && --found->second == 0) counts.erase(found);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Downloads::Seat>> Downloads::Enter(const std::string& address,
                                                                  const std::string& link) {
  {
    MutexLock lock(&mutex_);
    if (count_ >= kMost) return TooMany("");
    if (CountOf(of_address_, address) >= kMostOfAddress) return TooMany(" of this address");
    if (!link.empty() && CountOf(of_link_, link) >= kMostOfLink) return TooMany(" of this file");
    ++count_;
    ++of_address_[address];
    if (!link.empty()) ++of_link_[link];
  }
  return std::make_unique<Seat>(*this, address, link);
}

void Downloads::Leave(const std::string& address, const std::string& link) {
  MutexLock lock(&mutex_);
  --count_;
  CountDown(of_address_, address);
  if (!link.empty()) CountDown(of_link_, link);
}

int64_t Downloads::NextPiece(int64_t last, absl::Duration taken_in) const {
  if (taken_in > kSlow) return kSmallestPiece;
  const int64_t next = last == 0 ? kFirstPiece : taken_in > kQuick ? last : std::min(2 * last, kLargestPiece);
  const bool has_room = memory_->taken() + static_cast<size_t>(next) <= kShareBytes / 2;
  return has_room ? next : kSmallestPiece;
}

absl::Duration Downloads::PatienceFor(int64_t piece_bytes) {
  return kPatience + absl::Seconds(piece_bytes / kBytesOfSecond);
}

}  // namespace cognate::gateway
