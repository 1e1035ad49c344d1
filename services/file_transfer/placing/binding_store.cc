#include "services/file_transfer/placing/binding_store.h"

#include "absl/strings/str_cat.h"
#include "services/file_transfer/placing/query.h"

namespace cognate::file_transfer {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kFind = {"find_bindings", R"sql(
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

const Statement kPut = {"put_bindings", R"sql(
    INSERT INTO bindings AS b (platform, entity_id, model, field, position, sha256, path, link_platform, link_path,
                               updated_at)
    SELECT *, $10::timestamptz
    FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::integer[], $6::bytea[], $7::text[], $8::text[],
                $9::text[])
    ON CONFLICT (platform, entity_id, model, field, position) DO UPDATE
    -- Of a source's file whose new content is not there yet the old one stays.
    SET sha256 = CASE WHEN excluded.sha256 IS NULL AND excluded.path <> '' AND b.path = excluded.path THEN b.sha256
                      ELSE excluded.sha256 END,
        path = excluded.path, link_platform = excluded.link_platform, link_path = excluded.link_path,
        updated_at = excluded.updated_at
    WHERE b.sha256 IS DISTINCT FROM excluded.sha256 OR b.path <> excluded.path
       OR b.link_platform IS DISTINCT FROM excluded.link_platform OR b.link_path IS DISTINCT FROM excluded.link_path
)sql"};

// `position` is compared by the operator; more than a field can hold is more than there is.
std::string DropSql(absl::string_view comparison, absl::string_view more) {
  return absl::StrCat(R"sql(
    DELETE FROM bindings WHERE ctid = ANY (ARRAY(
        SELECT b.ctid
        FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::integer[])
             AS gone (platform, entity_id, model, field, position)
        CROSS JOIN LATERAL (
            SELECT ctid FROM bindings own
            WHERE platform = gone.platform AND entity_id = gone.entity_id AND model = gone.model
              AND field = gone.field AND position )sql",
                      comparison, " gone.position ", more, R"sql(
            LIMIT 1000) b))
)sql");
}

// $6: the platform whose field leads there no more. A field that has a link is a target's, too, and leads
// there still.
constexpr char kNoThird[] = R"sql(
              AND own.link_platform IS NULL
              AND NOT EXISTS (SELECT 1 FROM bindings third
                              WHERE third.entity_id = own.entity_id
                                AND (third.sha256 = own.sha256
                                     OR (third.link_platform = own.platform AND third.link_path = own.path))
                                AND third.platform <> own.platform AND third.platform <> $6))sql";

const Statement kDropBehind = {"drop_bindings_behind", DropSql(">", "")};
const Statement kDrop = {"drop_bindings", DropSql("=", "")};
const Statement kDropSourcesBehind = {"drop_source_bindings_behind", DropSql(">", kNoThird)};
const Statement kDropSources = {"drop_source_bindings", DropSql("=", kNoThird)};

const Statement kEntities = {"entities_of_bindings", R"sql(
    SELECT DISTINCT entity_id FROM bindings WHERE entity_id > $1 ORDER BY entity_id LIMIT $2
)sql"};

absl::Status QueryKeys(Transaction& transaction, const Statement& statement,
                       const std::vector<BindingKey>& keys) {
  return keys.empty() ? absl::OkStatus() : transaction.Query(statement, KeyParams(keys)).status();
}

absl::Status QuerySources(Transaction& transaction, const Statement& statement,
                          const std::vector<BindingKey>& keys, const std::string& target_platform) {
  if (keys.empty()) return absl::OkStatus();
  return transaction.Query(statement, KeyParams(keys).AddText(target_platform)).status();
}

}  // namespace

absl::StatusOr<std::vector<std::optional<Binding>>> BindingStore::Find(absl::Span<const BindingKey> keys) {
  if (keys.empty()) return std::vector<std::optional<Binding>>();
  return QueryAll<std::optional<Binding>>(
      pool_, kFind, KeyParams(keys), [&](const Rows& rows, int row) -> std::optional<Binding> {
        if (!rows.GetBool(row, 0)) return std::nullopt;
        Binding binding = {keys[static_cast<size_t>(row)], std::nullopt, std::string(rows.GetText(row, 2))};
        if (!rows.IsNull(row, 1)) binding.sha256 = std::string(rows.GetBytes(row, 1));
        return binding;
      });
}

absl::Status BindingStore::Put(Transaction& transaction, const std::vector<Binding>& bindings,
                               absl::Time now) {
  if (bindings.empty()) return absl::OkStatus();
  std::vector<std::optional<absl::string_view>> hashes, link_platforms, link_paths;
  std::vector<absl::string_view> paths;
  for (const Binding& binding : bindings) {
    hashes.push_back(ViewOf(binding.sha256));
    paths.push_back(binding.path);
    const std::optional<SourceFile>& link = binding.link;
    link_platforms.push_back(link ? std::optional<absl::string_view>(link->platform) : std::nullopt);
    link_paths.push_back(link ? std::optional<absl::string_view>(link->path) : std::nullopt);
  }
  Params params = KeyParamsOf(bindings);
  params.AddByteaArray(absl::MakeConstSpan(hashes))
      .AddTextArray(absl::MakeConstSpan(paths))
      .AddTextArray(absl::MakeConstSpan(link_platforms))
      .AddTextArray(absl::MakeConstSpan(link_paths))
      .AddTimestamp(now);
  return transaction.Query(kPut, params).status();
}

absl::Status BindingStore::DropBehind(Transaction& transaction, const std::vector<BindingKey>& last) {
  return QueryKeys(transaction, kDropBehind, last);
}

absl::Status BindingStore::Drop(Transaction& transaction, const std::vector<BindingKey>& keys) {
  return QueryKeys(transaction, kDrop, keys);
}

absl::Status BindingStore::DropSourcesBehind(Transaction& transaction, const std::vector<BindingKey>& last,
                                             const std::string& target_platform) {
  return QuerySources(transaction, kDropSourcesBehind, last, target_platform);
}

absl::Status BindingStore::DropSources(Transaction& transaction, const std::vector<BindingKey>& keys,
                                       const std::string& target_platform) {
  return QuerySources(transaction, kDropSources, keys, target_platform);
}

absl::StatusOr<std::vector<Uuid>> BindingStore::Entities(const Uuid& after, int limit) {
  return QueryAll<Uuid>(pool_, kEntities, Params().AddUuid(after).AddInt32(limit),
                        [](const Rows& rows, int row) { return rows.GetUuid(row, 0); });
}

}  // namespace cognate::file_transfer
