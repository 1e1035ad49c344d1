#include "services/file_transfer/placing/byte_shares.h"

namespace cognate::file_transfer {

ByteShares::Share::~Share() {
  MutexLock lock(&books_->mutex);
  if (!is_forsaken_) books_->taken -= bytes_;
  const auto own = books_->of_platforms.find(platform_);
  own->second -= bytes_;
  if (own->second == 0) books_->of_platforms.erase(own);
  books_->given.SignalAll();
}

void ByteShares::Share::Forsake() {
  MutexLock lock(&books_->mutex);
  if (is_forsaken_) return;
  is_forsaken_ = true;
  books_->taken -= bytes_;
  books_->given.SignalAll();
}

std::shared_ptr<ByteShares::Share> ByteShares::Take(const std::string& platform, int64_t bytes,
                                                    absl::Time until) {
  Books& books = *books_;
  MutexLock lock(&books.mutex);
  while (true) {
    const auto own = books.of_platforms.find(platform);
    const bool fits_own =
        own == books.of_platforms.end() || own->second == 0 || own->second + bytes <= books.each;
    if (fits_own && (books.taken == 0 || books.taken + bytes <= books.total)) break;
    const absl::Duration rest = until - clock_.Now();
    if (rest <= absl::ZeroDuration()) return nullptr;
    books.given.WaitFor(&books.mutex, rest);
  }
  books.taken += bytes;
  books.of_platforms[platform] += bytes;
  return std::make_shared<Share>(books_, platform, bytes);
}

}  // namespace cognate::file_transfer
