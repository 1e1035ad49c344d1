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
#include "services/file_transfer/placing/refusal_store.h"
#include "services/file_transfer/placing/rows.h"

namespace cognate::file_transfer {

// The table `links`: files of sources that fields lead to by lasting addresses. Several processes share the
// work, as in WaitStore. Thread safe.
class LinkStore {
 public:
  explicit LinkStore(postgres::Pool& pool) : pool_(pool) {}

  // Each as what is asked for.
  absl::StatusOr<std::vector<std::optional<LinkRow>>> Find(absl::Span<const SourceFile> files);

  // As parts of a transaction. A record leads to them: they are looked at now, and keep the copies that they
  // have. In the order of their files, none twice.
  static absl::Status Put(postgres::Transaction& transaction, const std::vector<LinkRow>& links,
                          absl::Time now);
  // It was read: it is looked at now.
  static absl::Status Wake(postgres::Transaction& transaction, absl::string_view platform,
                           absl::string_view path, absl::Time now);

  absl::StatusOr<std::vector<LinkRow>> Take(absl::Time now, absl::Time lease, int limit);
  // As they were found. `lease` is what they were taken with: what a record leads to anew since is looked at
  // once more.
  absl::Status PutLooked(const std::vector<LinkRow>& links, absl::Time lease, absl::Time now);
  // Somebody opens it: it is looked at now, unless that was done since `before`.
  absl::Status Ask(const SourceFile& file, absl::Time before, absl::Time now);
  // Those whose contents their sources have sent meanwhile, as far as 5,000 at a time.
  absl::Status WakeSent(absl::Time now);
  // As a part of a transaction. Contents that the platform's agent will not send.
  static absl::Status Refuse(postgres::Transaction& transaction, absl::string_view platform,
                             const std::vector<RefusedUpload>& refused);

  // Of a page behind `after`, which it moves: notes which no field leads to, and drops those that none has
  // led to since `before`. Whether there was a page.
  absl::StatusOr<bool> DropUnused(absl::Time before, absl::Time now, int limit, SourceFile* after);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::file_transfer
