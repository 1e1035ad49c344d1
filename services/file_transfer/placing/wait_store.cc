#include "services/file_transfer/placing/wait_store.h"

#include "absl/strings/str_cat.h"
#include "services/file_transfer/placing/query.h"

namespace cognate::file_transfer {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr char kColumns[] =
    "w.platform, w.entity_id, w.model, w.field, w.position, w.source_platform, w.source_path, w.sha256, "
    "w.path, "
    "w.look_count, w.created_at, w.ready_at, w.asked_at";

const Statement kPut = {"put_waits", R"sql(
    INSERT INTO waits AS w (platform, entity_id, model, field, position, source_platform, source_path, sha256, path,
                            next_look_at, created_at, asked_at)
    SELECT *, $10::timestamptz, $11::timestamptz, $11::timestamptz
    FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::text[], $8::bytea[], $9::text[])
    ON CONFLICT (platform, entity_id, model, field, position) DO UPDATE
    SET source_platform = excluded.source_platform, source_path = excluded.source_path, sha256 = excluded.sha256,
        path = excluded.path, ready_at = NULL, asked_at = excluded.asked_at,
        look_count = CASE WHEN w.source_path = excluded.source_path AND w.sha256 IS NOT DISTINCT FROM excluded.sha256
                               AND w.path = excluded.path THEN w.look_count ELSE 0 END,
        next_look_at = CASE WHEN w.source_path = excluded.source_path AND w.sha256 IS NOT DISTINCT FROM excluded.sha256
                                 AND w.path = excluded.path THEN w.next_look_at ELSE excluded.next_look_at END
)sql"};

std::string KeysSql(absl::string_view comparison) {
  return absl::StrCat(R"sql(
        SELECT w.ctid, wanted.place
        FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::integer[])
             WITH ORDINALITY AS wanted (platform, entity_id, model, field, position, place)
        CROSS JOIN LATERAL (
            SELECT ctid FROM waits
            WHERE platform = wanted.platform AND entity_id = wanted.entity_id AND model = wanted.model
              AND field = wanted.field AND position )sql",
                      comparison, R"sql( wanted.position
            LIMIT 1000) w
)sql");
}

std::string DropSql(absl::string_view comparison) {
  return absl::StrCat("DELETE FROM waits WHERE ctid = ANY (ARRAY(SELECT k.ctid FROM (", KeysSql(comparison),
                      ") k))");
}

const Statement kDrop = {"drop_waits", DropSql("=")};
const Statement kDropBehind = {"drop_waits_behind", DropSql(">")};

// What has been asked for since is not forgotten.
const Statement kForget = {"forget_waits", R"sql(
    DELETE FROM waits WHERE ctid = ANY (ARRAY(
        SELECT w.ctid
        FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::integer[])
             AS gone (platform, entity_id, model, field, position)
        CROSS JOIN LATERAL (
            SELECT ctid FROM waits
            WHERE platform = gone.platform AND entity_id = gone.entity_id AND model = gone.model
              AND field = gone.field AND position = gone.position AND asked_at < $6
            LIMIT 1 FOR UPDATE) w))
    RETURNING platform, entity_id, model, field, position, path
)sql"};

const Statement kForgetBindings = {"forget_bindings_of_waits", R"sql(
    DELETE FROM bindings WHERE ctid = ANY (ARRAY(
        SELECT b.ctid
        FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::integer[])
             AS gone (platform, entity_id, model, field, position)
        CROSS JOIN LATERAL (
            SELECT ctid FROM bindings
            WHERE platform = gone.platform AND entity_id = gone.entity_id AND model = gone.model
              AND field = gone.field AND position = gone.position AND path = '' AND link_platform IS NULL
            LIMIT 1) b))
      AND path = ''
)sql"};

const Statement kForgetPlacements = {"forget_placements_of_waits", R"sql(
    DELETE FROM placements p
    WHERE ctid = ANY (ARRAY(
        SELECT due.ctid
        FROM unnest($1::text[], $2::text[]) AS gone (platform, path)
        CROSS JOIN LATERAL (SELECT ctid FROM placements
                            WHERE platform = gone.platform AND path = gone.path AND state = 2 LIMIT 1) due))
      AND state = 2 AND actual_path = '' AND updated_at < $3
      AND NOT EXISTS (SELECT 1 FROM waits w WHERE w.platform = p.platform AND w.path = p.path AND w.path <> '')
      AND NOT EXISTS (SELECT 1 FROM bindings b
                      WHERE b.sha256 = p.sha256 AND b.platform = p.platform AND b.path = p.path)
)sql"};

const Statement kWakeSource = {"wake_waits_of_source", R"sql(
    UPDATE waits SET next_look_at = $3, look_count = 0 WHERE source_platform = $1 AND source_path = $2 AND path = ''
)sql"};

const Statement kWakeTargets = {"wake_waits_of_targets", R"sql(
    UPDATE waits SET next_look_at = $3, look_count = 0
    WHERE ctid = ANY (ARRAY(
        SELECT w.ctid FROM unnest($1::text[], $2::text[]) AS ended (platform, path)
        CROSS JOIN LATERAL (SELECT ctid FROM waits
                            WHERE platform = ended.platform AND path = ended.path AND path <> '' LIMIT 100000) w))
)sql"};

const Statement kTake = {"take_waits", absl::StrCat(R"sql(
    UPDATE waits AS w SET next_look_at = $2
    WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM waits WHERE next_look_at <= $1 ORDER BY next_look_at LIMIT $3 FOR UPDATE SKIP LOCKED))
    RETURNING )sql",
                                                    kColumns)};

// A content that is stored, and that the platform itself has: to know its hash is not to have it.
constexpr char kHas[] = R"sql(
        SELECT f.file_id
        FROM files f
        CROSS JOIN LATERAL (SELECT 1 FROM possessions h
                            WHERE h.platform = wanted.source AND h.file_id = f.file_id LIMIT 1) has
        WHERE f.sha256 = wanted.sha256 AND f.damaged_at IS NULL LIMIT 1
)sql";

const Statement kWakeSent = {"wake_waits_of_sent_contents", absl::StrCat(R"sql(
    UPDATE waits SET next_look_at = $1, look_count = 0
    WHERE ctid = ANY (ARRAY(
        SELECT wanted.ctid
        FROM (SELECT ctid, sha256, source_platform AS source FROM waits
              WHERE sha256 IS NOT NULL AND path = '' AND next_look_at > $1::timestamptz + interval '1 second'
                AND look_count > 0
              ORDER BY next_look_at DESC LIMIT 5000) wanted
        CROSS JOIN LATERAL ()sql",
                                                                         kHas, R"sql() sent))
)sql")};

const Statement kStandsOf = {"stands_of_waits", absl::StrCat(R"sql(
    SELECT CASE WHEN wanted.path <> '' THEN COALESCE(p.state IN (3, 4), false) ELSE had.file_id IS NOT NULL END,
           r.path IS NOT NULL, refused.platform IS NOT NULL
    FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::text[])
         WITH ORDINALITY AS wanted (platform, path, sha256, source, source_path, place)
    LEFT JOIN LATERAL (
        SELECT state FROM placements WHERE platform = wanted.platform AND path = wanted.path LIMIT 1) p ON true
    LEFT JOIN LATERAL ()sql",
                                                             kHas, R"sql() had ON true
    LEFT JOIN LATERAL (
        SELECT path FROM reads WHERE platform = wanted.source AND path = wanted.source_path LIMIT 1) r ON true
    LEFT JOIN LATERAL (
        SELECT platform FROM refused_uploads
        WHERE platform = wanted.source AND sha256 = wanted.sha256 LIMIT 1) refused ON true
    ORDER BY wanted.place
)sql")};

const Statement kPutOff = {"put_off_waits", absl::StrCat(R"sql(
    UPDATE waits SET next_look_at = ($6::timestamptz[])[due.place], look_count = look_count + 1,
                     ready_at = CASE WHEN ($8::boolean[])[due.place] THEN COALESCE(ready_at, $9) END
    FROM ()sql",
                                                         KeysSql("="), R"sql() due
    WHERE waits.ctid = due.ctid AND waits.next_look_at = $7
)sql")};

// For records that wait, and for copies behind links, for which none does; and what was found damaged here
// and the platform has shown to have.
const Statement kWanted = {"wanted_uploads", absl::StrCat("SELECT DISTINCT ON (w.sha256) ", kColumns, R"sql(
    FROM (SELECT platform, entity_id, model, field, position, source_platform, source_path, sha256, path, look_count,
                 created_at, ready_at, asked_at
          FROM waits WHERE source_platform = $1 AND sha256 IS NOT NULL AND sha256 > $2 AND path = ''
          UNION ALL
          SELECT '', '00000000-0000-0000-0000-000000000000'::uuid, '', '', 0, platform, path, claimed_sha256, '', 0,
                 created_at, NULL, created_at
          FROM links
          WHERE platform = $1 AND claimed_sha256 > $2
          UNION ALL
          SELECT '', '00000000-0000-0000-0000-000000000000'::uuid, '', '', 0, $1, COALESCE(led.path, ''), f.sha256, '', 0,
                 f.damaged_at, NULL, f.damaged_at
          FROM files f
          CROSS JOIN LATERAL (SELECT 1 FROM possessions h WHERE h.platform = $1 AND h.file_id = f.file_id LIMIT 1) had
          LEFT JOIN LATERAL (SELECT path FROM bindings b
                             WHERE b.sha256 = f.sha256 AND b.platform = $1 AND b.path <> '' LIMIT 1) led ON true
          WHERE f.damaged_at IS NOT NULL AND f.sha256 > $2) w
    CROSS JOIN LATERAL (SELECT w.source_platform AS source, w.sha256 AS sha256) wanted
    WHERE NOT EXISTS ()sql",
                                                          kHas, R"sql()
      AND NOT EXISTS (SELECT 1 FROM refused_uploads r WHERE r.platform = $1 AND r.sha256 = w.sha256)
    ORDER BY w.sha256
    LIMIT $3
)sql")};

WaitRow FromRow(const Rows& rows, int row) {
  WaitRow wait;
  wait.key = {std::string(rows.GetText(row, 0)), rows.GetUuid(row, 1), std::string(rows.GetText(row, 2)),
              std::string(rows.GetText(row, 3)), rows.GetInt32(row, 4)};
  wait.source_platform = std::string(rows.GetText(row, 5));
  wait.source_path = std::string(rows.GetText(row, 6));
  if (!rows.IsNull(row, 7)) wait.sha256 = std::string(rows.GetBytes(row, 7));
  wait.path = std::string(rows.GetText(row, 8));
  wait.look_count = rows.GetInt32(row, 9);
  wait.created = rows.GetTimestamp(row, 10);
  if (!rows.IsNull(row, 11)) wait.ready = rows.GetTimestamp(row, 11);
  wait.asked = rows.GetTimestamp(row, 12);
  return wait;
}

// How soon what has just been told to wait is looked at.
constexpr absl::Duration kFirstLook = absl::Milliseconds(500);

absl::Status QueryKeys(Transaction& transaction, const Statement& statement,
                       const std::vector<BindingKey>& keys) {
  return keys.empty() ? absl::OkStatus() : transaction.Query(statement, KeyParams(keys)).status();
}

}  // namespace

absl::Status WaitStore::Put(Transaction& transaction, const std::vector<WaitRow>& waits, absl::Time now) {
  if (waits.empty()) return absl::OkStatus();
  std::vector<absl::string_view> sources, source_paths, paths;
  std::vector<std::optional<absl::string_view>> hashes;
  for (const WaitRow& wait : waits) {
    sources.push_back(wait.source_platform);
    source_paths.push_back(wait.source_path);
    hashes.push_back(ViewOf(wait.sha256));
    paths.push_back(wait.path);
  }
  Params params = KeyParamsOf(waits);
  params.AddTextArray(absl::MakeConstSpan(sources)).AddTextArray(absl::MakeConstSpan(source_paths));
  params.AddByteaArray(absl::MakeConstSpan(hashes)).AddTextArray(absl::MakeConstSpan(paths));
  params.AddTimestamp(now + kFirstLook).AddTimestamp(now);
  return transaction.Query(kPut, params).status();
}

absl::Status WaitStore::Drop(Transaction& transaction, const std::vector<BindingKey>& keys) {
  return QueryKeys(transaction, kDrop, keys);
}

absl::Status WaitStore::DropBehind(Transaction& transaction, const std::vector<BindingKey>& last) {
  return QueryKeys(transaction, kDropBehind, last);
}

absl::Status WaitStore::WakeSource(Transaction& transaction, absl::string_view platform,
                                   absl::string_view path, absl::Time now) {
  return transaction.Query(kWakeSource, Params().AddText(platform).AddText(path).AddTimestamp(now)).status();
}

absl::Status WaitStore::WakeTargets(Transaction& transaction, const std::vector<PlacementRow>& placements,
                                    absl::Time now) {
  if (placements.empty()) return absl::OkStatus();
  return transaction.Query(kWakeTargets, PathParamsOf(placements).AddTimestamp(now)).status();
}

absl::Status WaitStore::WakeSent(absl::Time now) {
  return Do(pool_, kWakeSent, Params().AddTimestamp(now)).status();
}

absl::StatusOr<std::vector<WaitRow>> WaitStore::Take(absl::Time now, absl::Time lease, int limit) {
  return QueryAll<WaitRow>(pool_, kTake, Params().AddTimestamp(now).AddTimestamp(lease).AddInt32(limit),
                           FromRow);
}

absl::StatusOr<std::vector<WaitStore::Stand>> WaitStore::StandsOf(const std::vector<WaitRow>& waits) {
  std::vector<absl::string_view> platforms, paths, sources, source_paths;
  std::vector<std::optional<absl::string_view>> hashes;
  for (const WaitRow& wait : waits) {
    platforms.push_back(wait.key.platform);
    paths.push_back(wait.path);
    hashes.push_back(ViewOf(wait.sha256));
    sources.push_back(wait.source_platform);
    source_paths.push_back(wait.source_path);
  }
  Params params;
  params.AddTextArray(absl::MakeConstSpan(platforms)).AddTextArray(absl::MakeConstSpan(paths));
  params.AddByteaArray(absl::MakeConstSpan(hashes));
  params.AddTextArray(absl::MakeConstSpan(sources)).AddTextArray(absl::MakeConstSpan(source_paths));
  return QueryAll<Stand>(pool_, kStandsOf, params, [](const Rows& rows, int row) {
    return Stand{rows.GetBool(row, 0), rows.GetBool(row, 1), rows.GetBool(row, 2)};
  });
}

absl::Status WaitStore::PutOff(const std::vector<WaitRow>& waits, const std::vector<absl::Time>& next,
                               const std::vector<bool>& ready, absl::Time lease, absl::Time now) {
  if (waits.empty()) return absl::OkStatus();
  Params params = KeyParamsOf(waits);
  params.AddTimestampArray(absl::MakeConstSpan(next)).AddTimestamp(lease);
  return Do(pool_, kPutOff, params.AddBoolArray(ready).AddTimestamp(now)).status();
}

absl::Status WaitStore::Forget(const std::vector<WaitRow>& waits, absl::Time before) {
  if (waits.empty()) return absl::OkStatus();
  return pool_.InTransactionWithRetry("forget_waits", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kForget, KeyParamsOf(waits).AddTimestamp(before)));
    std::vector<BindingKey> keys;
    std::vector<std::string> platforms, paths;
    for (int row = 0; row < rows.size(); ++row) {
      keys.push_back({std::string(rows.GetText(row, 0)), rows.GetUuid(row, 1),
                      std::string(rows.GetText(row, 2)), std::string(rows.GetText(row, 3)),
                      rows.GetInt32(row, 4)});
      platforms.push_back(keys.back().platform);
      paths.emplace_back(rows.GetText(row, 5));
    }
    if (keys.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(transaction.Query(kForgetBindings, KeyParams(keys)).status());
    Params params;
    params.AddTextArray(platforms).AddTextArray(paths).AddTimestamp(before);
    return transaction.Query(kForgetPlacements, params).status();
  });
}

absl::StatusOr<std::vector<WaitRow>> WaitStore::Wanted(absl::string_view platform, absl::string_view after,
                                                       int limit) {
  return QueryAll<WaitRow>(pool_, kWanted, Params().AddText(platform).AddBytes(after).AddInt32(limit),
                           FromRow);
}

}  // namespace cognate::file_transfer
