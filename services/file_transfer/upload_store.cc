#include "services/file_transfer/upload_store.h"

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/possession.h"

namespace cognate::file_transfer {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr char kColumns[] =
    "u.platform, u.upload, u.partial, u.size_bytes, u.sha256, u.committed_bytes, "
    "(extract(epoch FROM u.lifetime) * 1000000)::bigint, u.expire_at, u.file_sha256, u.note, u.hash_state ";

const Statement kFindUpload = {"find_upload", absl::StrCat("SELECT ", kColumns, R"sql(
    FROM uploads u WHERE platform = $1 AND upload = $2 AND expire_at > $3
)sql")};

const Statement kRemoveExpiredUpload = {"remove_expired_upload", R"sql(
    DELETE FROM uploads WHERE platform = $1 AND upload = $2 AND expire_at <= $3
)sql"};

const Statement kBeginUpload = {"begin_upload", absl::StrCat(R"sql(
    INSERT INTO uploads AS u (platform, upload, partial, size_bytes, sha256, committed_bytes, lifetime, expire_at, note)
    VALUES ($1, $2, $3, $4, $5, 0, $6 * interval '1 microsecond', $7, $8)
    ON CONFLICT (platform, upload) DO UPDATE
    SET size_bytes = CASE WHEN u.size_bytes < 0 THEN excluded.size_bytes ELSE u.size_bytes END,
        sha256 = COALESCE(u.sha256, excluded.sha256),
        expire_at = GREATEST(u.expire_at, excluded.expire_at - excluded.lifetime + u.lifetime)
    RETURNING )sql",
                                                             kColumns)};

const Statement kCommitUpload = {"commit_upload", R"sql(
    UPDATE uploads
    SET committed_bytes = $4, hash_state = COALESCE($6, hash_state), expire_at = $5 + lifetime
    WHERE platform = $1 AND upload = $2 AND partial = $3
)sql"};

const Statement kFinishUpload = {"finish_upload", R"sql(
    UPDATE uploads
    SET committed_bytes = $4, size_bytes = $4, file_sha256 = $5, hash_state = NULL, expire_at = $6 + lifetime
    WHERE platform = $1 AND upload = $2 AND partial = $3
)sql"};

const Statement kRemoveUpload = {"remove_upload", absl::StrCat(R"sql(
    DELETE FROM uploads u WHERE platform = $1 AND upload = $2 RETURNING )sql",
                                                               kColumns)};

const Statement kRemoveThisUpload = {"remove_this_upload", R"sql(
    DELETE FROM uploads u WHERE platform = $1 AND upload = $2 AND partial = $3
)sql"};

const Statement kRemoveUnfinishedUpload = {"remove_unfinished_upload", R"sql(
    DELETE FROM uploads u WHERE platform = $1 AND upload = $2 AND partial = $3 AND file_sha256 IS NULL
)sql"};

const Statement kWantUpload = {"want_upload", R"sql(
    UPDATE uploads SET wanted_at = $4 WHERE platform = $1 AND upload = $2 AND partial = $3
)sql"};

const Statement kWantedUploads = {"wanted_uploads", R"sql(
    SELECT partial FROM uploads WHERE partial = ANY ($1::text[]) AND wanted_at > $2
)sql"};

// One that was renewed meanwhile stays: its lock shows it.
const Statement kForgetExpiredUploads = {"forget_expired_uploads", absl::StrCat(R"sql(
    DELETE FROM uploads u
    USING (SELECT e.platform, e.upload FROM uploads e WHERE e.expire_at <= $1 ORDER BY e.expire_at LIMIT $2) expired
    WHERE u.platform = expired.platform AND u.upload = expired.upload AND u.expire_at <= $1
    RETURNING )sql",
                                                                                kColumns)};

const Statement kCountExpiredUploads = {"count_expired_uploads", R"sql(
    SELECT count(*) FROM uploads WHERE expire_at <= $1
)sql"};

const Statement kKnownPartials = {"known_partials", R"sql(
    SELECT partial FROM uploads WHERE partial = ANY ($1::text[])
)sql"};

Upload UploadFromRow(const Rows& rows, int row) {
  Upload upload;
  upload.platform = std::string(rows.GetText(row, 0));
  upload.name = std::string(rows.GetText(row, 1));
  upload.partial = std::string(rows.GetText(row, 2));
  upload.size_bytes = rows.GetInt64(row, 3);
  upload.sha256 = std::string(rows.GetBytes(row, 4));
  upload.committed_bytes = rows.GetInt64(row, 5);
  upload.lifetime = absl::Microseconds(rows.GetInt64(row, 6));
  upload.expire_at = rows.GetTimestamp(row, 7);
  upload.file_sha256 = std::string(rows.GetBytes(row, 8));
  upload.note = std::string(rows.GetBytes(row, 9));
  upload.hash_state = std::string(rows.GetBytes(row, 10));
  return upload;
}

Params KeyOf(const Upload& upload) {
  Params params;
  params.AddText(upload.platform).AddText(upload.name).AddText(upload.partial);
  return params;
}

}  // namespace

absl::StatusOr<std::vector<Upload>> UploadStore::Select(absl::string_view name, const Statement& statement,
                                                        const Params& params) {
  std::vector<Upload> uploads;
  RETURN_IF_ERROR(pool_.Run(name, [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(statement, params));
    for (int row = 0; row < rows.size(); ++row) uploads.push_back(UploadFromRow(rows, row));
    return absl::OkStatus();
  }));
  return uploads;
}

absl::StatusOr<std::optional<Upload>> UploadStore::Find(absl::string_view platform, absl::string_view name,
                                                        absl::Time now) {
  ASSIGN_OR_RETURN(
      std::vector<Upload> found,
      Select("find_upload", kFindUpload, Params().AddText(platform).AddText(name).AddTimestamp(now)));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

absl::StatusOr<Upload> UploadStore::Begin(const Upload& upload, absl::Time now) {
  Upload begun;
  RETURN_IF_ERROR(pool_.InTransaction("begin_upload", [&](Transaction& transaction) -> absl::Status {
    Params key;
    key.AddText(upload.platform).AddText(upload.name).AddTimestamp(now);
    RETURN_IF_ERROR(transaction.Query(kRemoveExpiredUpload, key).status());
    Params params = KeyOf(upload);
    params.AddInt64(upload.size_bytes);
    upload.sha256.empty() ? params.AddNull() : params.AddBytes(upload.sha256);
    params.AddInt64(absl::ToInt64Microseconds(upload.lifetime)).AddTimestamp(now + upload.lifetime);
    upload.note.empty() ? params.AddNull() : params.AddBytes(upload.note);
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kBeginUpload, params));
    begun = UploadFromRow(rows, 0);
    return absl::OkStatus();
  }));
  return begun;
}

absl::StatusOr<bool> UploadStore::Commit(const Upload& upload, int64_t committed_bytes,
                                         absl::string_view hash_state, absl::Time now) {
  bool is_there = false;
  RETURN_IF_ERROR(pool_.Run("commit_upload", [&](Transaction& transaction) -> absl::Status {
    Params params = KeyOf(upload);
    params.AddInt64(committed_bytes).AddTimestamp(now);
    hash_state.empty() ? params.AddNull() : params.AddBytes(hash_state);
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kCommitUpload, params));
    is_there = rows.affected() > 0;
    return absl::OkStatus();
  }));
  return is_there;
}

absl::Status UploadStore::Finish(const Upload& upload, absl::string_view file_sha256, int64_t size_bytes,
                                 absl::Time now) {
  return pool_.InTransactionWithRetry("finish_upload", [&](Transaction& transaction) {
    return FinishIn(transaction, upload, file_sha256, size_bytes, now);
  });
}

absl::Status UploadStore::FinishIn(Transaction& transaction, const Upload& upload,
                                   absl::string_view file_sha256, int64_t size_bytes, absl::Time now) {
  Params params = KeyOf(upload);
  params.AddInt64(size_bytes).AddBytes(file_sha256).AddTimestamp(now);
  RETURN_IF_ERROR(transaction.Query(kFinishUpload, params).status());
  return Possession::AddSentIn(transaction, upload.platform, file_sha256);
}

absl::StatusOr<std::optional<Upload>> UploadStore::Remove(absl::string_view platform,
                                                          absl::string_view name) {
  ASSIGN_OR_RETURN(std::vector<Upload> removed,
                   Select("remove_upload", kRemoveUpload, Params().AddText(platform).AddText(name)));
  if (removed.empty()) return std::nullopt;
  return std::move(removed.front());
}

absl::StatusOr<bool> UploadStore::RemoveUnfinished(const Upload& upload) {
  bool is_removed = false;
  RETURN_IF_ERROR(pool_.Run("remove_unfinished_upload", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kRemoveUnfinishedUpload, KeyOf(upload)));
    is_removed = rows.affected() > 0;
    return absl::OkStatus();
  }));
  return is_removed;
}

absl::Status UploadStore::RemoveThis(const Upload& upload) {
  return pool_.Run("remove_this_upload", [&](Transaction& transaction) {
    return transaction.Query(kRemoveThisUpload, KeyOf(upload)).status();
  });
}

absl::Status UploadStore::RemoveIn(Transaction& transaction, const Upload& upload) {
  return transaction.Query(kRemoveThisUpload, KeyOf(upload)).status();
}

absl::Status UploadStore::Want(const Upload& upload, absl::Time now) {
  return pool_.Run("want_upload", [&](Transaction& transaction) {
    return transaction.Query(kWantUpload, KeyOf(upload).AddTimestamp(now)).status();
  });
}

absl::StatusOr<std::vector<std::string>> UploadStore::Wanted(const std::vector<std::string>& partials,
                                                             absl::Time since) {
  std::vector<std::string> wanted;
  RETURN_IF_ERROR(pool_.Run("wanted_uploads", [&](Transaction& transaction) -> absl::Status {
    Params params;
    params.AddTextArray(absl::MakeConstSpan(partials)).AddTimestamp(since);
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kWantedUploads, params));
    for (int row = 0; row < rows.size(); ++row) wanted.emplace_back(rows.GetText(row, 0));
    return absl::OkStatus();
  }));
  return wanted;
}

absl::StatusOr<std::vector<Upload>> UploadStore::ForgetExpired(absl::Time now, int limit) {
  return Select("forget_expired_uploads", kForgetExpiredUploads, Params().AddTimestamp(now).AddInt64(limit));
}

absl::StatusOr<int64_t> UploadStore::CountExpired(absl::Time now) {
  int64_t count = 0;
  RETURN_IF_ERROR(pool_.Run("count_expired_uploads", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kCountExpiredUploads, Params().AddTimestamp(now)));
    count = rows.GetInt64(0, 0);
    return absl::OkStatus();
  }));
  return count;
}

absl::StatusOr<std::vector<std::string>> UploadStore::Known(const std::vector<std::string>& partials) {
  std::vector<std::string> known;
  RETURN_IF_ERROR(pool_.Run("known_partials", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows,
                     transaction.Query(kKnownPartials, Params().AddTextArray(absl::MakeConstSpan(partials))));
    for (int row = 0; row < rows.size(); ++row) known.emplace_back(rows.GetText(row, 0));
    return absl::OkStatus();
  }));
  return known;
}

}  // namespace cognate::file_transfer
