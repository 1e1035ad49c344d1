// Memory that platforms share: each may take its part of it, so that one whose directory does not answer
// takes nothing of the others'.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"

namespace cognate::file_transfer {

// Thread safe. Shares may outlive it.
class ByteShares {
  struct Books;

 public:
  // `total` for all together, `each` for one platform.
  ByteShares(const Clock& clock, int64_t total, int64_t each)
      : clock_(clock), books_(std::make_shared<Books>(total, each)) {}

  // Given back when nobody holds it any more.
  class Share {
   public:
    Share(std::shared_ptr<Books> books, std::string platform, int64_t bytes)
        : books_(std::move(books)), platform_(std::move(platform)), bytes_(bytes) {}
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share();
    // Held by what hangs: it counts to its platform's part alone from now on.
    void Forsake();

   private:
    const std::shared_ptr<Books> books_;
    const std::string platform_;
    const int64_t bytes_;
    bool is_forsaken_ = false;  // under the books' mutex
  };

  // Waits until there is room; null where there is none at that time. What alone is more than all is let in
  // when nothing else is.
  std::shared_ptr<Share> Take(const std::string& platform, int64_t bytes, absl::Time until);

 private:
  struct Books {
    Books(int64_t total_bytes, int64_t each_bytes) : total(total_bytes), each(each_bytes) {}
    const int64_t total;
    const int64_t each;
    Mutex mutex;
    CondVar given;
    int64_t taken ABSL_GUARDED_BY(mutex) = 0;
    std::map<std::string, int64_t> of_platforms ABSL_GUARDED_BY(mutex);
  };

  const Clock& clock_;
  const std::shared_ptr<Books> books_;
};

}  // namespace cognate::file_transfer
