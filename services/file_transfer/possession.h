// Which platforms have which contents.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/postgres/pool.h"

namespace cognate::file_transfer {

// A platform has a content once it has sent all of its bytes, once the service has read it in the platform's
// directory, and once it has been given a copy. To know a hash is not enough: what a platform does not have
// is, for it, not stored; it sends the bytes and shows by that that it has them. Forgotten with the content.
// Thread safe.
class Possession {
 public:
  explicit Possession(postgres::Pool& pool) : pool_(pool) {}

  // As `sha256s`: whether the platform has it, and it is stored. Of one that is damaged, too.
  absl::StatusOr<std::vector<bool>> Has(absl::string_view platform, absl::Span<const std::string> sha256s);
  absl::StatusOr<bool> HasOne(absl::string_view platform, absl::string_view sha256);

  // The service has read them in its directory, or it was given them, or somebody who may says so. What is
  // not stored is left out. For thousands at once; in any order, any number of times.
  absl::Status Add(absl::string_view platform, absl::Span<const std::string> sha256s);
  // The same: it has sent all bytes of them. They count to UnboundBytes until a record leads to them.
  absl::Status AddSent(absl::string_view platform, absl::Span<const std::string> sha256s);
  // As a part of somebody else's transaction.
  // In a transaction of the caller's.
  static absl::Status AddIn(postgres::Transaction& transaction, absl::string_view platform,
                            absl::Span<const std::string> sha256s);
  static absl::Status AddSentIn(postgres::Transaction& transaction, absl::string_view platform,
                                absl::string_view sha256);

  // Some that have it, in order.
  absl::StatusOr<std::vector<std::string>> PlatformsOf(absl::string_view sha256, int limit);

  // What it has sent, and what is on its way, that no field of a record leads to.
  absl::StatusOr<int64_t> UnboundBytes(absl::string_view platform);

 private:
  absl::Status Insert(absl::string_view platform, absl::Span<const std::string> sha256s, bool is_unbound);
  postgres::Pool& pool_;
};

}  // namespace cognate::file_transfer
