#include "services/file_transfer/placing/binding_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/postgres/statement.h"
#include "common/status/status_macros.h"

namespace cognate::file_transfer {

const char kPlacementColumns[] =
    "p.platform, p.path, p.sha256, p.size_bytes, p.media_type, p.name, p.state, p.actual_path, "
    "p.placed_bytes, "
    "p.reason, p.message, p.attempt_count, p.next_attempt_at, p.created_at, p.updated_at";
const char kWaitColumns[] =
    "w.platform, w.entity_id, w.model, w.field, w.position, w.source_platform, w.source_path, w.sha256, "
    "w.path, "
    "w.look_count, w.created_at";

namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kFindBindings = {"find_bindings", R"sql(
    SELECT b.path IS NOT NULL, b.sha256, b.path
    FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::integer[])
         WITH ORDINALITY AS wanted (platform, entity_id, model, field, position, place)
    LEFT JOIN LATERAL (
        SELECT sha256, path FROM bindings
        WHERE platform = wanted.platform AND entity_id = wanted.entity_id AND model = wanted.model
          AND field = wanted.field AND position = wanted.position
        LIMIT 1) b ON true
    ORDER BY wanted.place
)sql"};

const Statement kFindSeen = {"find_seen_files", R"sql(
    SELECT s.path IS NOT NULL, s.inode, s.size_bytes, s.modify_time_ns, s.change_time_ns, s.sha256
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (platform, path, place)
    LEFT JOIN LATERAL (
        SELECT * FROM seen_files WHERE platform = wanted.platform AND path = wanted.path LIMIT 1) s ON true
    ORDER BY wanted.place
)sql"};

const Statement kFindPlacements = {"find_placements", absl::StrCat("SELECT ", kPlacementColumns, R"sql(
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (platform, path, place)
    LEFT JOIN LATERAL (
        SELECT * FROM placements WHERE platform = wanted.platform AND path = wanted.path LIMIT 1) p ON true
    ORDER BY wanted.place
)sql")};

const Statement kPlacedBytes = {"placed_bytes", R"sql(
    SELECT COALESCE(sum(size_bytes), 0)::bigint FROM placements WHERE platform = $1 AND state <> 4
)sql"};

const Statement kPutBindings = {"put_bindings", R"sql(
    INSERT INTO bindings AS b (platform, entity_id, model, field, position, sha256, path, updated_at)
    SELECT *, $8::timestamptz
    FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::integer[], $6::bytea[], $7::text[])
    ON CONFLICT (platform, entity_id, model, field, position) DO UPDATE
    SET sha256 = excluded.sha256, path = excluded.path, updated_at = excluded.updated_at
    WHERE b.sha256 IS DISTINCT FROM excluded.sha256 OR b.path <> excluded.path
)sql"};

const Statement kDropBehind = {"drop_bindings_behind", R"sql(
    DELETE FROM bindings WHERE ctid = ANY (ARRAY(
        SELECT b.ctid
        FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::integer[])
             AS last (platform, entity_id, model, field, position)
        CROSS JOIN LATERAL (
            SELECT ctid FROM bindings
            WHERE platform = last.platform AND entity_id = last.entity_id AND model = last.model
              AND field = last.field AND position > last.position
            LIMIT 1000) b))
)sql"};

const Statement kDropBindings = {"drop_bindings", R"sql(
    DELETE FROM bindings WHERE ctid = ANY (ARRAY(
        SELECT b.ctid
        FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::integer[])
             AS gone (platform, entity_id, model, field, position)
        CROSS JOIN LATERAL (
            SELECT ctid FROM bindings
            WHERE platform = gone.platform AND entity_id = gone.entity_id AND model = gone.model
              AND field = gone.field AND position = gone.position
            LIMIT 1) b))
)sql"};

const Statement kPutSeen = {"put_seen_files", R"sql(
    INSERT INTO seen_files AS s (platform, path, inode, size_bytes, modify_time_ns, change_time_ns, sha256)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bytea[])
    ON CONFLICT (platform, path) DO UPDATE
    SET inode = excluded.inode, size_bytes = excluded.size_bytes, modify_time_ns = excluded.modify_time_ns,
        change_time_ns = excluded.change_time_ns, sha256 = excluded.sha256
)sql"};

const Statement kPutPlacements = {"put_placements", R"sql(
    INSERT INTO placements AS p (platform, path, sha256, size_bytes, media_type, name, state, actual_path, placed_bytes,
                                 next_attempt_at, created_at, updated_at)
    SELECT *, $11::timestamptz, $11::timestamptz
    FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], $5::text[], $6::text[], $7::smallint[], $8::text[],
                $9::bigint[], $10::timestamptz[])
    ON CONFLICT (platform, path) DO UPDATE
    SET sha256 = excluded.sha256, size_bytes = excluded.size_bytes, state = excluded.state,
        actual_path = excluded.actual_path, placed_bytes = excluded.placed_bytes, media_type = excluded.media_type,
        reason = CASE WHEN p.state = excluded.state THEN p.reason ELSE '' END,
        message = CASE WHEN p.state = excluded.state THEN p.message ELSE '' END,
        attempt_count = CASE WHEN p.state = excluded.state THEN p.attempt_count ELSE 0 END,
        next_attempt_at = CASE WHEN p.state = excluded.state AND p.next_attempt_at IS NOT NULL THEN p.next_attempt_at
                               ELSE excluded.next_attempt_at END,
        updated_at = excluded.updated_at
)sql"};

const Statement kPutReads = {"put_reads", R"sql(
    INSERT INTO reads (platform, path, next_attempt_at)
    SELECT *, $3::timestamptz FROM unnest($1::text[], $2::text[])
    ON CONFLICT (platform, path) DO NOTHING
)sql"};

const Statement kPutWaits = {"put_waits", R"sql(
    INSERT INTO waits AS w (platform, entity_id, model, field, position, source_platform, source_path, sha256, path,
                            next_look_at, created_at)
    SELECT *, $10::timestamptz, $11::timestamptz
    FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::text[], $8::bytea[], $9::text[])
    ON CONFLICT (platform, entity_id, model, field, position) DO UPDATE
    SET source_platform = excluded.source_platform, source_path = excluded.source_path, sha256 = excluded.sha256,
        path = excluded.path,
        look_count = CASE WHEN w.source_path = excluded.source_path AND w.sha256 IS NOT DISTINCT FROM excluded.sha256
                               AND w.path = excluded.path THEN w.look_count ELSE 0 END,
        next_look_at = CASE WHEN w.source_path = excluded.source_path AND w.sha256 IS NOT DISTINCT FROM excluded.sha256
                                 AND w.path = excluded.path THEN w.next_look_at ELSE excluded.next_look_at END
)sql"};

const Statement kDropWaits = {"drop_waits", R"sql(
    DELETE FROM waits WHERE ctid = ANY (ARRAY(
        SELECT w.ctid
        FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::integer[])
             AS gone (platform, entity_id, model, field, position)
        CROSS JOIN LATERAL (
            SELECT ctid FROM waits
            WHERE platform = gone.platform AND entity_id = gone.entity_id AND model = gone.model
              AND field = gone.field AND position = gone.position
            LIMIT 1) w))
)sql"};

using Views = std::vector<absl::string_view>;

Params KeyParams(absl::Span<const BindingKey> keys) {
  Views platforms, models, fields;
  std::vector<Uuid> entities;
  std::vector<int32_t> positions;
  for (const BindingKey& key : keys) {
    platforms.push_back(key.platform);
    entities.push_back(key.entity);
    models.push_back(key.model);
    fields.push_back(key.field);
    positions.push_back(key.position);
  }
  Params params;
  params.AddTextArray(absl::MakeConstSpan(platforms)).AddUuidArray(absl::MakeConstSpan(entities));
  params.AddTextArray(absl::MakeConstSpan(models)).AddTextArray(absl::MakeConstSpan(fields));
  params.AddInt32Array(absl::MakeConstSpan(positions));
  return params;
}

template <typename Row>
Params KeyParamsOf(const std::vector<Row>& rows) {
  std::vector<BindingKey> keys;
  for (const Row& row : rows) keys.push_back(row.key);
  return KeyParams(keys);
}

std::optional<absl::string_view> ViewOf(const std::optional<std::string>& text) {
  return text.has_value() ? std::optional<absl::string_view>(*text) : std::nullopt;
}

Params PairParams(absl::Span<const std::string> platforms, absl::Span<const std::string> paths) {
  Params params;
  params.AddTextArray(platforms).AddTextArray(paths);
  return params;
}

absl::Status PutBindings(Transaction& transaction, const std::vector<Binding>& bindings, absl::Time now) {
  if (bindings.empty()) return absl::OkStatus();
  std::vector<std::optional<absl::string_view>> hashes;
  Views paths;
  for (const Binding& binding : bindings) {
    hashes.push_back(ViewOf(binding.sha256));
    paths.push_back(binding.path);
  }
  Params params = KeyParamsOf(bindings);
  params.AddByteaArray(absl::MakeConstSpan(hashes))
      .AddTextArray(absl::MakeConstSpan(paths))
      .AddTimestamp(now);
  return transaction.Query(kPutBindings, params).status();
}

absl::Status PutSeen(Transaction& transaction, const std::vector<SeenFile>& seen) {
  if (seen.empty()) return absl::OkStatus();
  Views platforms, paths, hashes;
  std::vector<int64_t> inodes, sizes, modified, changed;
  for (const SeenFile& file : seen) {
    platforms.push_back(file.platform);
    paths.push_back(file.path);
    hashes.push_back(file.sha256);
    inodes.push_back(file.stand.inode);
    sizes.push_back(file.stand.size_bytes);
    modified.push_back(file.stand.modify_time_ns);
    changed.push_back(file.stand.change_time_ns);
  }
  Params params;
  params.AddTextArray(absl::MakeConstSpan(platforms)).AddTextArray(absl::MakeConstSpan(paths));
  params.AddInt64Array(absl::MakeConstSpan(inodes)).AddInt64Array(absl::MakeConstSpan(sizes));
  params.AddInt64Array(absl::MakeConstSpan(modified)).AddInt64Array(absl::MakeConstSpan(changed));
  params.AddByteaArray(absl::MakeConstSpan(hashes));
  return transaction.Query(kPutSeen, params).status();
}

absl::Status PutPlacements(Transaction& transaction, const std::vector<PlacementRow>& placements,
                           absl::Time now) {
  if (placements.empty()) return absl::OkStatus();
  Views platforms, paths, hashes, types, names, actual;
  std::vector<int64_t> sizes, placed;
  std::vector<int16_t> states;
  std::vector<std::optional<absl::Time>> next;
  for (const PlacementRow& row : placements) {
    platforms.push_back(row.platform);
    paths.push_back(row.path);
    hashes.push_back(row.sha256);
    types.push_back(row.media_type);
    names.push_back(row.name);
    actual.push_back(row.actual_path);
    sizes.push_back(row.size_bytes);
    placed.push_back(row.placed_bytes);
    states.push_back(static_cast<int16_t>(row.state));
    next.push_back(row.next_attempt);
  }
  Params params;
  params.AddTextArray(absl::MakeConstSpan(platforms)).AddTextArray(absl::MakeConstSpan(paths));
  params.AddByteaArray(absl::MakeConstSpan(hashes)).AddInt64Array(absl::MakeConstSpan(sizes));
  params.AddTextArray(absl::MakeConstSpan(types)).AddTextArray(absl::MakeConstSpan(names));
  params.AddInt16Array(absl::MakeConstSpan(states)).AddTextArray(absl::MakeConstSpan(actual));
  params.AddInt64Array(absl::MakeConstSpan(placed))
      .AddTimestampArray(absl::MakeConstSpan(next))
      .AddTimestamp(now);
  return transaction.Query(kPutPlacements, params).status();
}

absl::Status PutReads(Transaction& transaction, const std::vector<ReadRow>& reads, absl::Time now) {
  if (reads.empty()) return absl::OkStatus();
  std::vector<std::string> platforms, paths;
  for (const ReadRow& read : reads) {
    platforms.push_back(read.platform);
    paths.push_back(read.path);
  }
  return transaction.Query(kPutReads, PairParams(platforms, paths).AddTimestamp(now)).status();
}

absl::Status PutWaits(Transaction& transaction, const std::vector<WaitRow>& waits, absl::Time now) {
  if (waits.empty()) return absl::OkStatus();
  Views platforms, source_paths, paths;
  std::vector<std::optional<absl::string_view>> hashes;
  for (const WaitRow& wait : waits) {
    platforms.push_back(wait.source_platform);
    source_paths.push_back(wait.source_path);
    hashes.push_back(ViewOf(wait.sha256));
    paths.push_back(wait.path);
  }
  Params params = KeyParamsOf(waits);
  params.AddTextArray(absl::MakeConstSpan(platforms)).AddTextArray(absl::MakeConstSpan(source_paths));
  params.AddByteaArray(absl::MakeConstSpan(hashes)).AddTextArray(absl::MakeConstSpan(paths));
  params.AddTimestamp(now + absl::Milliseconds(500)).AddTimestamp(now);
  return transaction.Query(kPutWaits, params).status();
}

absl::Status QueryKeys(Transaction& transaction, const Statement& statement,
                       const std::vector<BindingKey>& keys) {
  return keys.empty() ? absl::OkStatus() : transaction.Query(statement, KeyParams(keys)).status();
}

// In the order of the keys, or two batches would wait for each other.
template <typename Row, typename KeyOf>
void Sort(std::vector<Row>& rows, KeyOf key_of) {
  std::sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return key_of(a) < key_of(b); });
}

}  // namespace

PlacementRow PlacementFromRow(const Rows& rows, int row) {
  PlacementRow placement;
  placement.platform = std::string(rows.GetText(row, 0));
  placement.path = std::string(rows.GetText(row, 1));
  placement.sha256 = std::string(rows.GetBytes(row, 2));
  placement.size_bytes = rows.GetInt64(row, 3);
  placement.media_type = std::string(rows.GetText(row, 4));
  placement.name = std::string(rows.GetText(row, 5));
  placement.state = static_cast<v1::PlacementState>(rows.GetInt32(row, 6));
  placement.actual_path = std::string(rows.GetText(row, 7));
  placement.placed_bytes = rows.GetInt64(row, 8);
  placement.reason = std::string(rows.GetText(row, 9));
  placement.message = std::string(rows.GetText(row, 10));
  placement.attempt_count = rows.GetInt32(row, 11);
  if (!rows.IsNull(row, 12)) placement.next_attempt = rows.GetTimestamp(row, 12);
  placement.created = rows.GetTimestamp(row, 13);
  placement.updated = rows.GetTimestamp(row, 14);
  return placement;
}

WaitRow WaitFromRow(const Rows& rows, int row) {
  WaitRow wait;
  wait.key = {std::string(rows.GetText(row, 0)), rows.GetUuid(row, 1), std::string(rows.GetText(row, 2)),
              std::string(rows.GetText(row, 3)), rows.GetInt32(row, 4)};
  wait.source_platform = std::string(rows.GetText(row, 5));
  wait.source_path = std::string(rows.GetText(row, 6));
  if (!rows.IsNull(row, 7)) wait.sha256 = std::string(rows.GetBytes(row, 7));
  wait.path = std::string(rows.GetText(row, 8));
  wait.look_count = rows.GetInt32(row, 9);
  wait.created = rows.GetTimestamp(row, 10);
  return wait;
}

absl::StatusOr<std::vector<std::optional<Binding>>> BindingStore::FindBindings(
    absl::Span<const BindingKey> keys) {
  std::vector<std::optional<Binding>> found(keys.size());
  if (keys.empty()) return found;
  RETURN_IF_ERROR(pool_.Run("find_bindings", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFindBindings, KeyParams(keys)));
    for (int row = 0; row < rows.size(); ++row) {
      if (!rows.GetBool(row, 0)) continue;
      Binding& binding = found[static_cast<size_t>(row)].emplace();
      binding.key = keys[static_cast<size_t>(row)];
      if (!rows.IsNull(row, 1)) binding.sha256 = std::string(rows.GetBytes(row, 1));
      binding.path = std::string(rows.GetText(row, 2));
    }
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<std::vector<std::optional<SeenFile>>> BindingStore::FindSeen(
    absl::Span<const std::string> platforms, absl::Span<const std::string> paths) {
  std::vector<std::optional<SeenFile>> found(paths.size());
  if (paths.empty()) return found;
  RETURN_IF_ERROR(pool_.Run("find_seen_files", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFindSeen, PairParams(platforms, paths)));
    for (int row = 0; row < rows.size(); ++row) {
      if (!rows.GetBool(row, 0)) continue;
      const auto place = static_cast<size_t>(row);
      found[place] = SeenFile{
          platforms[place],
          paths[place],
          {rows.GetInt64(row, 1), rows.GetInt64(row, 2), rows.GetInt64(row, 3), rows.GetInt64(row, 4)},
          std::string(rows.GetBytes(row, 5))};
    }
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<std::vector<std::optional<PlacementRow>>> BindingStore::FindPlacements(
    absl::Span<const std::string> platforms, absl::Span<const std::string> paths) {
  std::vector<std::optional<PlacementRow>> found(paths.size());
  if (paths.empty()) return found;
  RETURN_IF_ERROR(pool_.Run("find_placements", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFindPlacements, PairParams(platforms, paths)));
    for (int row = 0; row < rows.size(); ++row) {
      if (!rows.IsNull(row, 0)) found[static_cast<size_t>(row)] = PlacementFromRow(rows, row);
    }
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<int64_t> BindingStore::PlacedBytes(absl::string_view platform) {
  int64_t bytes = 0;
  RETURN_IF_ERROR(pool_.Run("placed_bytes", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kPlacedBytes, Params().AddText(platform)));
    bytes = rows.GetInt64(0, 0);
    return absl::OkStatus();
  }));
  return bytes;
}

absl::Status BindingStore::Commit(BindChanges changes, absl::Time now) {
  const auto by_key = [](const auto& row) -> const BindingKey& { return row.key; };
  const auto by_path = [](const auto& row) { return std::tie(row.platform, row.path); };
  Sort(changes.bindings, by_key);
  Sort(changes.waits, by_key);
  Sort(changes.seen, by_path);
  Sort(changes.placements, by_path);
  Sort(changes.reads, by_path);
  return pool_.InTransactionWithRetry("bind", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(PutSeen(transaction, changes.seen));
    RETURN_IF_ERROR(PutPlacements(transaction, changes.placements, now));
    RETURN_IF_ERROR(PutBindings(transaction, changes.bindings, now));
    RETURN_IF_ERROR(QueryKeys(transaction, kDropBehind, changes.last_positions));
    RETURN_IF_ERROR(QueryKeys(transaction, kDropBindings, changes.unbound));
    RETURN_IF_ERROR(PutReads(transaction, changes.reads, now));
    RETURN_IF_ERROR(QueryKeys(transaction, kDropWaits, changes.settled));
    return PutWaits(transaction, changes.waits, now);
  });
}

}  // namespace cognate::file_transfer
