// What a content is, found by looking into it (libmagic).
#pragma once

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "common/sync/mutex.h"

struct magic_set;

namespace cognate::file_transfer {

// Thread safe. Reads the system's database when it is first asked.
class MediaTypes {
 public:
  // So much of a content's beginning says what it is.
  static constexpr size_t kHeadBytes = 64 << 10;

  // `image/png`; `application/octet-stream` where nothing is known.
  std::string Of(absl::string_view head);

 private:
  struct Close {
    void operator()(magic_set* magic) const;
  };
  Mutex mutex_;
  std::unique_ptr<magic_set, Close> magic_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::file_transfer
