#include "services/platform_registry/platform_store.h"

#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "services/platform_registry/definition.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/keys/enrolment_store.h"
#include "services/platform_registry/keys/key_store.h"
#include "services/platform_registry/sync_store.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kSelectPlatform = {"select_platform", R"sql(
    SELECT name, display_name, kind, channel, capture_mode, database_uri, password_file, password_environment,
           revision, create_time, update_time, webhook::text, delivery::text, lock_reason, lock_time, lock_expire_time,
           password_sealed::text, files::text
    FROM platforms
    WHERE name = $1
)sql"};

const Statement kSelectPlatforms = {"select_platforms", R"sql(
    SELECT name, display_name, kind, channel, capture_mode, database_uri, password_file, password_environment,
           revision, create_time, update_time, webhook::text, delivery::text, lock_reason, lock_time, lock_expire_time,
           password_sealed::text, files::text
    FROM platforms
    WHERE name > $1
    ORDER BY name
    LIMIT $2
)sql"};

const Statement kInsertPlatform = {"insert_platform", R"sql(
    INSERT INTO platforms (name, display_name, kind, channel, capture_mode, database_uri, password_file,
                           password_environment, revision, webhook, delivery, lock_reason, lock_time,
                           lock_expire_time, password_sealed, files)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    ON CONFLICT (name) DO NOTHING
)sql"};

const Statement kUpdatePlatform = {"update_platform", R"sql(
    UPDATE platforms
    SET display_name = $2, kind = $3, channel = $4, capture_mode = $5, database_uri = $6, password_file = $7,
        password_environment = $8, revision = $9, webhook = $10, delivery = $11, lock_reason = $12,
        lock_time = $13, lock_expire_time = $14, password_sealed = $15, files = $16, update_time = now()
    WHERE name = $1
)sql"};

const Statement kSelectSyncsOfPlatform = {"select_syncs_of_platform", R"sql(
    SELECT s.name
    FROM platforms p
    JOIN models m ON m.platform_id = p.platform_id
    JOIN syncs s ON m.model_id IN (s.source_model_id, s.target_model_id)
    WHERE p.name = $1 AND NOT s.deleted
    GROUP BY s.name
    ORDER BY s.name
)sql"};

const Statement kDeletePlanBatches = {"delete_plan_batches_of_platform", R"sql(
    DELETE FROM plan_batches b
    USING platforms p
    WHERE p.name = $1 AND b.platform_id = p.platform_id
)sql"};

const Statement kDeletePlatform = {"delete_platform", R"sql(
    DELETE FROM platforms WHERE name = $1
)sql"};

template <typename Enum>
Enum ReadEnum(const Rows& rows, int row, int column, bool (*parse)(const std::string&, Enum*)) {
  Enum value{};
  parse(std::string(rows.GetText(row, column)), &value);
  return value;
}

absl::Status ReadPassword(const Rows& rows, int row, v1::Platform* platform) {
  if (!rows.IsNull(row, 6))
    platform->mutable_database()->mutable_password()->set_file(std::string(rows.GetText(row, 6)));
  if (!rows.IsNull(row, 7))
    platform->mutable_database()->mutable_password()->set_environment(std::string(rows.GetText(row, 7)));
  if (rows.IsNull(row, 16)) return absl::OkStatus();
  return FromDefinition(rows.GetText(row, 16),
                        platform->mutable_database()->mutable_password()->mutable_sealed());
}

absl::StatusOr<v1::Platform> PlatformFromRow(const Rows& rows, int row) {
  v1::Platform platform;
  platform.set_name(PlatformName(rows.GetText(row, 0)));
  platform.set_display_name(std::string(rows.GetText(row, 1)));
  platform.set_kind(ReadEnum(rows, row, 2, &v1::PlatformKind_Parse));
  platform.set_channel(ReadEnum(rows, row, 3, &v1::Channel_Parse));
  platform.set_capture_mode(ReadEnum(rows, row, 4, &v1::CaptureMode_Parse));
  if (!rows.IsNull(row, 5)) platform.mutable_database()->set_uri(std::string(rows.GetText(row, 5)));
  RETURN_IF_ERROR(ReadPassword(rows, row, &platform));
  platform.set_etag(absl::StrCat(rows.GetInt64(row, 8)));
  *platform.mutable_create_time() = ToTimestamp(rows.GetTimestamp(row, 9));
  *platform.mutable_update_time() = ToTimestamp(rows.GetTimestamp(row, 10));
  if (!rows.IsNull(row, 11)) {
    RETURN_IF_ERROR(FromDefinition(rows.GetText(row, 11), platform.mutable_webhook()));
  }
  if (!rows.IsNull(row, 12)) {
    RETURN_IF_ERROR(FromDefinition(rows.GetText(row, 12), platform.mutable_delivery()));
  }
  if (!rows.IsNull(row, 17)) {
    RETURN_IF_ERROR(FromDefinition(rows.GetText(row, 17), platform.mutable_files()));
  }
  if (!rows.IsNull(row, 13)) {
    v1::PlatformLock& lock = *platform.mutable_lock();
    lock.set_reason(std::string(rows.GetText(row, 13)));
    *lock.mutable_lock_time() = ToTimestamp(rows.GetTimestamp(row, 14));
    if (!rows.IsNull(row, 15)) *lock.mutable_expire_time() = ToTimestamp(rows.GetTimestamp(row, 15));
  }
  return platform;
}

// Parameters $1 to $16 of the insert and the update.
absl::StatusOr<Params> WriteParams(absl::string_view id, const v1::Platform& platform, int64_t revision) {
  const v1::SecretReference& password = platform.database().password();
  Params params;
  params.AddText(id).AddText(platform.display_name()).AddText(v1::PlatformKind_Name(platform.kind()));
  params.AddText(v1::Channel_Name(platform.channel())).AddText(v1::CaptureMode_Name(platform.capture_mode()));
  platform.has_database() ? params.AddText(platform.database().uri()) : params.AddNull();
  password.has_file() ? params.AddText(password.file()) : params.AddNull();
  password.has_environment() ? params.AddText(password.environment()) : params.AddNull();
  params.AddInt64(revision);
  std::string webhook, delivery, sealed, files;
  if (platform.has_webhook()) {
    ASSIGN_OR_RETURN(webhook, ToDefinition(platform.webhook()));
  }
  if (platform.has_delivery()) {
    ASSIGN_OR_RETURN(delivery, ToDefinition(platform.delivery()));
  }
  if (password.has_sealed()) {
    ASSIGN_OR_RETURN(sealed, ToDefinition(password.sealed()));
  }
  if (platform.has_files()) {
    ASSIGN_OR_RETURN(files, ToDefinition(platform.files()));
  }
  platform.has_webhook() ? params.AddJsonb(webhook) : params.AddNull();
  platform.has_delivery() ? params.AddJsonb(delivery) : params.AddNull();
  const v1::PlatformLock& lock = platform.lock();
  platform.has_lock() ? params.AddText(lock.reason()) : params.AddNull();
  platform.has_lock() ? params.AddTimestamp(ToTime(lock.lock_time())) : params.AddNull();
  lock.has_expire_time() ? params.AddTimestamp(ToTime(lock.expire_time())) : params.AddNull();
  password.has_sealed() ? params.AddJsonb(sealed) : params.AddNull();
  platform.has_files() ? params.AddJsonb(files) : params.AddNull();
  return params;
}

absl::StatusOr<std::vector<v1::Platform>> SelectMany(Transaction& transaction, absl::string_view after,
                                                     int64_t limit) {
  ASSIGN_OR_RETURN(const Rows rows,
                   transaction.Query(kSelectPlatforms, Params().AddText(after).AddInt64(limit)));
  std::vector<v1::Platform> platforms;
  for (int row = 0; row < rows.size(); ++row) {
    ASSIGN_OR_RETURN(platforms.emplace_back(), PlatformFromRow(rows, row));
  }
  return platforms;
}

}  // namespace

absl::StatusOr<v1::Platform> SelectPlatform(Transaction& transaction, absl::string_view id) {
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectPlatform, Params().AddText(id)));
  if (rows.empty()) return PlatformNotFound(id);
  return PlatformFromRow(rows, 0);
}

absl::StatusOr<v1::CreatePlatformResponse> PlatformStore::Create(const v1::Platform& platform,
                                                                 const CreateRequest& request) {
  return CreateOnce<v1::CreatePlatformResponse>(
      pool_, request, [&](Transaction& transaction) -> absl::StatusOr<v1::CreatePlatformResponse> {
        ASSIGN_OR_RETURN(const std::string id, ParsePlatformName(platform.name(), "platform.name"));
        ASSIGN_OR_RETURN(const int64_t revision, RaiseRevision(transaction));
        ASSIGN_OR_RETURN(const Params params, WriteParams(id, platform, revision));
        ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kInsertPlatform, params));
        if (rows.affected() == 0) return PlatformAlreadyExists(id);
        v1::CreatePlatformResponse response;
        ASSIGN_OR_RETURN(*response.mutable_platform(), SelectPlatform(transaction, id));
        return response;
      });
}

absl::StatusOr<v1::Platform> PlatformStore::Get(absl::string_view id) {
  v1::Platform platform;
  RETURN_IF_ERROR(pool_.Run("get_platform", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(platform, SelectPlatform(transaction, id));
    return absl::OkStatus();
  }));
  return platform;
}

absl::StatusOr<std::vector<v1::Platform>> PlatformStore::List(const Page& page) {
  std::vector<v1::Platform> platforms;
  RETURN_IF_ERROR(pool_.Run("list_platforms", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(platforms, SelectMany(transaction, page.after, page.size + 1));
    return absl::OkStatus();
  }));
  return platforms;
}

absl::StatusOr<v1::Platform> PlatformStore::Update(absl::string_view id, absl::string_view etag,
                                                   absl::FunctionRef<absl::Status(v1::Platform&)> change) {
  v1::Platform platform;
  bool judged = false;
  RETURN_IF_ERROR(pool_.InTransaction("update_platform", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(platform, SelectPlatform(transaction, id));
    if (!etag.empty() && etag != platform.etag()) return EtagMismatch(platform.name(), platform.etag());
    RETURN_IF_ERROR(change(platform));
    ASSIGN_OR_RETURN(const int64_t revision, RaiseRevision(transaction));
    ASSIGN_OR_RETURN(const Params params, WriteParams(id, platform, revision));
    RETURN_IF_ERROR(transaction.Query(kUpdatePlatform, params).status());
    // A sync fits, or not, by channel and capture mode, too.
    RETURN_IF_ERROR(RefreshBroken(configurations_, transaction, &judged).status());
    ASSIGN_OR_RETURN(platform, SelectPlatform(transaction, id));
    return absl::OkStatus();
  }));
  if (judged) configurations_.SetJudged();
  return platform;
}

absl::StatusOr<std::string> PlatformStore::ChangePage(
    const Page& page, absl::FunctionRef<absl::StatusOr<bool>(v1::Platform&)> change) {
  std::string last;
  RETURN_IF_ERROR(pool_.InTransaction("change_platforms", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(std::vector<v1::Platform> platforms, SelectMany(transaction, page.after, page.size));
    std::optional<int64_t> revision;
    for (v1::Platform& platform : platforms) {
      ASSIGN_OR_RETURN(last, ParsePlatformName(platform.name(), "name"));
      ASSIGN_OR_RETURN(const bool is_changed, change(platform));
      if (!is_changed) continue;
      if (!revision.has_value()) {
        ASSIGN_OR_RETURN(revision, RaiseRevision(transaction));
      }
      ASSIGN_OR_RETURN(const Params params, WriteParams(last, platform, *revision));
      RETURN_IF_ERROR(transaction.Query(kUpdatePlatform, params).status());
    }
    if (static_cast<int>(platforms.size()) < page.size) last.clear();
    return absl::OkStatus();
  }));
  return last;
}

absl::Status PlatformStore::Delete(absl::string_view id) {
  return pool_.InTransaction("delete_platform", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(const Rows users, transaction.Query(kSelectSyncsOfPlatform, Params().AddText(id)));
    std::vector<std::string> syncs;
    for (int row = 0; row < users.size(); ++row) syncs.push_back(SyncName(users.GetText(row, 0)));
    if (!syncs.empty()) return PlatformInUse(id, syncs);
    RETURN_IF_ERROR(transaction.Query(kDeletePlanBatches, Params().AddText(id)).status());
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kDeletePlatform, Params().AddText(id)));
    if (rows.affected() == 0) return PlatformNotFound(id);
    RETURN_IF_ERROR(RevokeKeysOfPlatform(transaction, id));
    RETURN_IF_ERROR(DeleteTokensOfPlatform(transaction, id));
    return RaiseRevision(transaction).status();
  });
}

absl::StatusOr<absl::flat_hash_map<std::string, v1::Platform>> SelectAllPlatforms(Transaction& transaction) {
  ASSIGN_OR_RETURN(const std::vector<v1::Platform> platforms,
                   SelectMany(transaction, "", std::numeric_limits<int64_t>::max()));
  absl::flat_hash_map<std::string, v1::Platform> by_id;
  for (const v1::Platform& platform : platforms) {
    ASSIGN_OR_RETURN(const std::string id, ParsePlatformName(platform.name(), "name"));
    by_id.emplace(id, platform);
  }
  return by_id;
}

}  // namespace cognate::platform_registry
