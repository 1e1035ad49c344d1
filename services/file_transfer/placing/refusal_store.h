#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/postgres/pool.h"

namespace cognate::file_transfer {

// A content that an agent was asked for and will not send.
struct RefusedUpload {
  std::string sha256;
  std::string reason;
  std::string message;
};

// The table `refused_uploads`. Thread safe.
class RefusalStore {
 public:
  explicit RefusalStore(postgres::Pool& pool) : pool_(pool) {}

  // As a part of a transaction. Where somebody waits for them, or they are damaged here; what waits is looked
  // at now. No content twice.
  static absl::Status Put(postgres::Transaction& transaction, absl::string_view platform,
                          const std::vector<RefusedUpload>& refused, absl::Time now);
  // Each as what is asked for.
  absl::StatusOr<std::vector<std::optional<RefusedUpload>>> Find(absl::Span<const std::string> platforms,
                                                                 absl::Span<const std::string> sha256s);
  // Those that were said where they were asked for. As many of the one as of the other.
  static absl::Status DropTold(postgres::Transaction& transaction, absl::Span<const std::string> platforms,
                               absl::Span<const std::string> sha256s);
  absl::Status DropBefore(absl::Time time);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::file_transfer
