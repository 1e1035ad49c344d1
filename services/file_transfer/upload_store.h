// The rows of uploads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/postgres/pool.h"

namespace cognate::file_transfer {

struct Upload {
  std::string platform;
  std::string name;         // The client's.
  std::string partial;      // Ours, of its partial file.
  int64_t size_bytes = -1;  // -1: the client has not said.
  std::string sha256;       // Empty: the client has not said.
  int64_t committed_bytes = 0;
  std::string
      hash_state;  // Of what is committed, as far as it is hashed (files::Digest::Save); may be empty.
  absl::Duration lifetime;
  absl::Time expire_at;
  std::string file_sha256;  // What it has become; empty: it is on its way.
  std::string note;         // The client's own; may be empty.
};

// Thread safe.
class UploadStore {
 public:
  explicit UploadStore(postgres::Pool& pool) : pool_(pool) {}

  // Expired ones are none.
  absl::StatusOr<std::optional<Upload>> Find(absl::string_view platform, absl::string_view name,
                                             absl::Time now);
  // Makes it, or finds it, adds what it did not know, and renews it. An expired one is made anew.
  absl::StatusOr<Upload> Begin(const Upload& upload, absl::Time now);
  // False where it is gone, or another one by now.
  absl::StatusOr<bool> Commit(const Upload& upload, int64_t committed_bytes, absl::string_view hash_state,
                              absl::Time now);
  // It has become this content, which its platform has from then on.
  absl::Status Finish(const Upload& upload, absl::string_view file_sha256, int64_t size_bytes,
                      absl::Time now);
  // As a part of the transaction that stores the content, so that no upload that is open shares its file with
  // a stored one.
  static absl::Status FinishIn(postgres::Transaction& transaction, const Upload& upload,
                               absl::string_view file_sha256, int64_t size_bytes, absl::Time now);
  // Answers what was there.
  absl::StatusOr<std::optional<Upload>> Remove(absl::string_view platform, absl::string_view name);
  // False where it has become a content meanwhile, or is gone.
  absl::StatusOr<bool> RemoveUnfinished(const Upload& upload);
  // Of one whose content is gone.
  absl::Status RemoveThis(const Upload& upload);
  // As a part of the transaction that stores the content, where nobody asks for the upload afterwards.
  static absl::Status RemoveIn(postgres::Transaction& transaction, const Upload& upload);

  // Another process's writer is asked to let go, if it is idle.
  absl::Status Want(const Upload& upload, absl::Time now);
  // Partials that were asked for since then, of these.
  absl::StatusOr<std::vector<std::string>> Wanted(const std::vector<std::string>& partials, absl::Time since);

  // Forgets some of them; none are left where it answers with none.
  absl::StatusOr<std::vector<Upload>> ForgetExpired(absl::Time now, int limit);
  absl::StatusOr<int64_t> CountExpired(absl::Time now);
  // Of these names of partials, those that an upload has.
  absl::StatusOr<std::vector<std::string>> Known(const std::vector<std::string>& partials);

 private:
  absl::StatusOr<std::vector<Upload>> Select(absl::string_view name, const postgres::Statement& statement,
                                             const postgres::Params& params);
  postgres::Pool& pool_;
};

}  // namespace cognate::file_transfer
