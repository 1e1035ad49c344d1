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
  // Makes it, or finds it and adds what it did not know. An expired one is made anew.
  absl::StatusOr<Upload> Begin(const Upload& upload, absl::Time now);
  // False where it is gone, or another one by now.
  absl::StatusOr<bool> Commit(const Upload& upload, int64_t committed_bytes, absl::Time now);
  absl::Status Finish(const Upload& upload, absl::string_view file_sha256, int64_t size_bytes,
                      absl::Time now);
  // Answers what was there.
  absl::StatusOr<std::optional<Upload>> Remove(absl::string_view platform, absl::string_view name);
  absl::Status RemoveThis(const Upload& upload);

  // Another process's writer is asked to let go, if it is idle.
  absl::Status Want(const Upload& upload, absl::Time now);
  // Partials that were asked for since then, of these.
  absl::StatusOr<std::vector<std::string>> Wanted(const std::vector<std::string>& partials, absl::Time since);

  absl::StatusOr<std::vector<Upload>> Expired(absl::Time now, int limit);
  // Of these names of partials, those that an upload has.
  absl::StatusOr<std::vector<std::string>> Known(const std::vector<std::string>& partials);

 private:
  absl::StatusOr<std::vector<Upload>> Select(absl::string_view name, const postgres::Statement& statement,
                                             const postgres::Params& params);
  postgres::Pool& pool_;
};

}  // namespace cognate::file_transfer
