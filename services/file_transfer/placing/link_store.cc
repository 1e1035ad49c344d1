#include "services/file_transfer/placing/link_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/file_transfer/placing/query.h"

namespace cognate::file_transfer {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr char kColumns[] =
    "l.platform, l.path, l.name, l.rule, l.sha256, l.claimed_sha256, l.reason, l.message, l.look_count";

const Statement kFind = {"find_links", absl::StrCat("SELECT ", kColumns, R"sql(
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (platform, path, place)
    LEFT JOIN LATERAL (
        SELECT * FROM links WHERE platform = wanted.platform AND path = wanted.path LIMIT 1) l ON true
    ORDER BY wanted.place
)sql")};

const Statement kPut = {"put_links", R"sql(
    INSERT INTO links AS l (platform, path, name, rule, claimed_sha256, next_look_at, created_at)
    SELECT *, $6::timestamptz, $6::timestamptz
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bytea[])
    ON CONFLICT (platform, path) DO UPDATE
    SET name = excluded.name, rule = excluded.rule, claimed_sha256 = excluded.claimed_sha256,
        look_count = 0, next_look_at = excluded.next_look_at, unused_at = NULL
)sql"};

const Statement kWake = {"wake_link", R"sql(
    UPDATE links SET next_look_at = $3, look_count = 0
    WHERE platform = $1 AND path = $2
)sql"};

const Statement kTake = {"take_links", absl::StrCat(R"sql(
    UPDATE links AS l SET next_look_at = $2
    WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM links WHERE next_look_at <= $1 ORDER BY next_look_at LIMIT $3 FOR UPDATE SKIP LOCKED))
    RETURNING )sql",
                                                    kColumns)};

const Statement kPutLooked = {"put_looked_links", R"sql(
    UPDATE links
    SET sha256 = ($3::bytea[])[found.place], reason = ($5::text[])[found.place], message = ($6::text[])[found.place],
        claimed_sha256 = CASE WHEN found.is_same THEN ($4::bytea[])[found.place] ELSE claimed_sha256 END,
        look_count = CASE WHEN found.is_same THEN look_count + 1 ELSE look_count END,
        next_look_at = CASE WHEN found.is_same THEN ($7::timestamptz[])[found.place] ELSE next_look_at END,
        looked_at = $9
    FROM (SELECT l.ctid, l.is_same, looked.place
          FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS looked (platform, path, place)
          CROSS JOIN LATERAL (SELECT ctid, next_look_at IS NOT DISTINCT FROM $8::timestamptz AS is_same FROM links
                              WHERE platform = looked.platform AND path = looked.path LIMIT 1 FOR UPDATE) l) found
    WHERE links.ctid = found.ctid
)sql"};

const Statement kAsk = {"ask_for_link", R"sql(
    UPDATE links SET next_look_at = $4
    WHERE platform = $1 AND path = $2 AND next_look_at IS NULL AND (looked_at IS NULL OR looked_at < $3)
)sql"};

const Statement kWakeSent = {"wake_links_of_sent_contents", R"sql(
    UPDATE links SET next_look_at = $1, look_count = 0
    WHERE ctid = ANY (ARRAY(
        SELECT claimed.ctid
        FROM (SELECT ctid, platform, claimed_sha256 FROM links
              WHERE claimed_sha256 IS NOT NULL AND look_count > 0
                AND (next_look_at IS NULL OR next_look_at > $1::timestamptz + interval '1 second')
              LIMIT 5000) claimed
        CROSS JOIN LATERAL (
            SELECT 1 FROM files f
            CROSS JOIN LATERAL (SELECT 1 FROM possessions h
                                WHERE h.platform = claimed.platform AND h.file_id = f.file_id LIMIT 1) has
            WHERE f.sha256 = claimed.claimed_sha256 AND f.damaged_at IS NULL LIMIT 1) sent))
)sql"};

const Statement kRefuse = {"refuse_links", R"sql(
    UPDATE links
    SET claimed_sha256 = NULL, next_look_at = NULL, reason = refused.reason, message = refused.message
    FROM (SELECT l.ctid, given.reason, given.message
          FROM unnest($2::bytea[], $3::text[], $4::text[]) AS given (sha256, reason, message)
          CROSS JOIN LATERAL (SELECT ctid FROM links
                              WHERE platform = $1 AND claimed_sha256 = given.sha256 LIMIT 100000) l) refused
    WHERE links.ctid = refused.ctid
)sql"};

const Statement kDropUnused = {"drop_unused_links", R"sql(
    WITH page AS MATERIALIZED (
        SELECT platform, path FROM links WHERE (platform, path) > ($3, $4) ORDER BY platform, path LIMIT $5),
    looked AS MATERIALIZED (
        SELECT l.ctid, l.unused_at,
               EXISTS (SELECT 1 FROM bindings b
                       WHERE b.link_platform = page.platform AND b.link_path = page.path) AS is_used
        FROM page
        CROSS JOIN LATERAL (SELECT ctid, unused_at FROM links
                            WHERE platform = page.platform AND path = page.path LIMIT 1) l),
    used AS (
        UPDATE links SET unused_at = NULL
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM looked WHERE is_used AND unused_at IS NOT NULL))),
    unused AS (
        UPDATE links SET unused_at = $2
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM looked WHERE NOT is_used AND unused_at IS NULL))),
    dropped AS (
        DELETE FROM links
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM looked WHERE NOT is_used AND unused_at < $1)) AND unused_at < $1)
    SELECT platform, path FROM page ORDER BY platform DESC, path DESC LIMIT 1
)sql"};

LinkRow FromRow(const Rows& rows, int row) {
  LinkRow link;
  link.file = {std::string(rows.GetText(row, 0)), std::string(rows.GetText(row, 1))};
  link.name = std::string(rows.GetText(row, 2));
  const absl::string_view rule = rows.GetBytes(row, 3);
  link.rule.ParseFromArray(rule.data(), static_cast<int>(rule.size()));
  if (!rows.IsNull(row, 4)) link.sha256 = std::string(rows.GetBytes(row, 4));
  if (!rows.IsNull(row, 5)) link.claimed_sha256 = std::string(rows.GetBytes(row, 5));
  link.reason = std::string(rows.GetText(row, 6));
  link.message = std::string(rows.GetText(row, 7));
  link.look_count = rows.GetInt32(row, 8);
  return link;
}

// $1 and $2.
template <typename Each, typename FileOf>
Params FileParams(const Each& each, FileOf file_of) {
  std::vector<absl::string_view> platforms, paths;
  for (const auto& one : each) {
    platforms.push_back(file_of(one).platform);
    paths.push_back(file_of(one).path);
  }
  Params params;
  params.AddTextArray(absl::MakeConstSpan(platforms)).AddTextArray(absl::MakeConstSpan(paths));
  return params;
}

Params FileParamsOf(const std::vector<LinkRow>& links) {
  return FileParams(links, [](const LinkRow& link) -> const SourceFile& { return link.file; });
}

}  // namespace

absl::StatusOr<std::vector<std::optional<LinkRow>>> LinkStore::Find(absl::Span<const SourceFile> files) {
  if (files.empty()) return std::vector<std::optional<LinkRow>>();
  return QueryAll<std::optional<LinkRow>>(
      pool_, kFind, FileParams(files, [](const SourceFile& file) -> const SourceFile& { return file; }),
      [](const Rows& rows, int row) -> std::optional<LinkRow> {
        if (rows.IsNull(row, 0)) return std::nullopt;
        return FromRow(rows, row);
      });
}

absl::Status LinkStore::Put(Transaction& transaction, const std::vector<LinkRow>& links, absl::Time now) {
  if (links.empty()) return absl::OkStatus();
  std::vector<absl::string_view> names;
  std::vector<std::string> rules;
  std::vector<std::optional<absl::string_view>> claims;
  for (const LinkRow& link : links) {
    names.push_back(link.name);
    rules.push_back(link.rule.SerializeAsString());
    claims.push_back(ViewOf(link.claimed_sha256));
  }
  Params params = FileParamsOf(links);
  params.AddTextArray(absl::MakeConstSpan(names)).AddByteaArray(absl::MakeConstSpan(rules));
  return transaction.Query(kPut, params.AddByteaArray(absl::MakeConstSpan(claims)).AddTimestamp(now))
      .status();
}

absl::Status LinkStore::Wake(Transaction& transaction, absl::string_view platform, absl::string_view path,
                             absl::Time now) {
  return transaction.Query(kWake, Params().AddText(platform).AddText(path).AddTimestamp(now)).status();
}

absl::StatusOr<std::vector<LinkRow>> LinkStore::Take(absl::Time now, absl::Time lease, int limit) {
  return QueryAll<LinkRow>(pool_, kTake, Params().AddTimestamp(now).AddTimestamp(lease).AddInt32(limit),
                           FromRow);
}

absl::Status LinkStore::PutLooked(const std::vector<LinkRow>& links, absl::Time lease, absl::Time now) {
  if (links.empty()) return absl::OkStatus();
  std::vector<std::optional<absl::string_view>> hashes, claims;
  std::vector<absl::string_view> reasons, messages;
  std::vector<std::optional<absl::Time>> next;
  for (const LinkRow& link : links) {
    hashes.push_back(ViewOf(link.sha256));
    claims.push_back(ViewOf(link.claimed_sha256));
    reasons.push_back(link.reason);
    messages.push_back(link.message);
    next.push_back(link.next_look);
  }
  Params params = FileParamsOf(links);
  params.AddByteaArray(absl::MakeConstSpan(hashes)).AddByteaArray(absl::MakeConstSpan(claims));
  params.AddTextArray(absl::MakeConstSpan(reasons)).AddTextArray(absl::MakeConstSpan(messages));
  params.AddTimestampArray(absl::MakeConstSpan(next)).AddTimestamp(lease).AddTimestamp(now);
  return Do(pool_, kPutLooked, params).status();
}

absl::Status LinkStore::Ask(const SourceFile& file, absl::Time before, absl::Time now) {
  Params params;
  params.AddText(file.platform).AddText(file.path).AddTimestamp(before).AddTimestamp(now);
  return Do(pool_, kAsk, params).status();
}

absl::Status LinkStore::WakeSent(absl::Time now) {
  return Do(pool_, kWakeSent, Params().AddTimestamp(now)).status();
}

absl::Status LinkStore::Refuse(Transaction& transaction, absl::string_view platform,
                               const std::vector<RefusedUpload>& refused) {
  if (refused.empty()) return absl::OkStatus();
  std::vector<absl::string_view> hashes, reasons, messages;
  for (const RefusedUpload& upload : refused) {
    hashes.push_back(upload.sha256);
    reasons.push_back(upload.reason);
    messages.push_back(upload.message);
  }
  Params params;
  params.AddText(platform).AddByteaArray(absl::MakeConstSpan(hashes));
  params.AddTextArray(absl::MakeConstSpan(reasons)).AddTextArray(absl::MakeConstSpan(messages));
  return transaction.Query(kRefuse, params).status();
}

absl::StatusOr<bool> LinkStore::DropUnused(absl::Time before, absl::Time now, int limit, SourceFile* after) {
  Params params;
  params.AddTimestamp(before).AddTimestamp(now).AddText(after->platform).AddText(after->path);
  params.AddInt32(limit);
  return MovePage(pool_, kDropUnused, params, after);
}

}  // namespace cognate::file_transfer
