#include "services/file_transfer/placing/seen_store.h"

#include "services/file_transfer/placing/query.h"

namespace cognate::file_transfer {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kFind = {"find_seen_files", R"sql(
    SELECT s.path IS NOT NULL, s.inode, s.size_bytes, s.modify_time_ns, s.change_time_ns, s.sha256
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (platform, path, place)
    LEFT JOIN LATERAL (
        SELECT * FROM seen_files WHERE platform = wanted.platform AND path = wanted.path LIMIT 1) s ON true
    ORDER BY wanted.place
)sql"};

const Statement kOf = {"seen_files_of_content", R"sql(
    SELECT platform, path, inode, size_bytes, modify_time_ns, change_time_ns, sha256
    FROM seen_files WHERE sha256 = $1 LIMIT 20
)sql"};

const Statement kPut = {"put_seen_files", R"sql(
    INSERT INTO seen_files AS s (platform, path, inode, size_bytes, modify_time_ns, change_time_ns, sha256)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bytea[])
    ON CONFLICT (platform, path) DO UPDATE
    SET inode = excluded.inode, size_bytes = excluded.size_bytes, modify_time_ns = excluded.modify_time_ns,
        change_time_ns = excluded.change_time_ns, sha256 = excluded.sha256
)sql"};

const Statement kPaths = {"paths_of_seen_files", R"sql(
    SELECT s.path, EXISTS (SELECT 1 FROM bindings b WHERE b.sha256 = s.sha256 AND b.platform = $1)
                   OR EXISTS (SELECT 1 FROM links l WHERE l.platform = $1 AND l.path = s.path)
    FROM (SELECT path, sha256 FROM seen_files WHERE platform = $1 AND path > $2 ORDER BY path LIMIT $3) s
    ORDER BY s.path
)sql"};

const Statement kDrop = {"drop_seen_files", R"sql(
    DELETE FROM seen_files WHERE ctid = ANY (ARRAY(
        SELECT s.ctid FROM unnest($2::text[]) AS gone (path)
        CROSS JOIN LATERAL (SELECT ctid FROM seen_files WHERE platform = $1 AND path = gone.path LIMIT 1) s))
)sql"};

FileStand StandFromRow(const Rows& rows, int row, int column) {
  return {rows.GetInt64(row, column), rows.GetInt64(row, column + 1), rows.GetInt64(row, column + 2),
          rows.GetInt64(row, column + 3)};
}

}  // namespace

absl::StatusOr<std::vector<std::optional<SeenFile>>> SeenStore::Find(absl::Span<const std::string> platforms,
                                                                     absl::Span<const std::string> paths) {
  if (paths.empty()) return std::vector<std::optional<SeenFile>>();
  return QueryAll<std::optional<SeenFile>>(pool_, kFind, Params().AddTextArray(platforms).AddTextArray(paths),
                                           [&](const Rows& rows, int row) -> std::optional<SeenFile> {
                                             if (!rows.GetBool(row, 0)) return std::nullopt;
                                             const auto place = static_cast<size_t>(row);
                                             return SeenFile{platforms[place], paths[place],
                                                             StandFromRow(rows, row, 1),
                                                             std::string(rows.GetBytes(row, 5))};
                                           });
}

absl::StatusOr<std::vector<SeenFile>> SeenStore::Of(absl::string_view sha256) {
  return QueryAll<SeenFile>(pool_, kOf, Params().AddBytes(sha256), [](const Rows& rows, int row) {
    return SeenFile{std::string(rows.GetText(row, 0)), std::string(rows.GetText(row, 1)),
                    StandFromRow(rows, row, 2), std::string(rows.GetBytes(row, 6))};
  });
}

absl::Status SeenStore::Put(Transaction& transaction, const std::vector<SeenFile>& seen) {
  if (seen.empty()) return absl::OkStatus();
  std::vector<absl::string_view> hashes;
  std::vector<int64_t> inodes, sizes, modified, changed;
  for (const SeenFile& file : seen) {
    hashes.push_back(file.sha256);
    inodes.push_back(file.stand.inode);
    sizes.push_back(file.stand.size_bytes);
    modified.push_back(file.stand.modify_time_ns);
    changed.push_back(file.stand.change_time_ns);
  }
  Params params = PathParamsOf(seen);
  params.AddInt64Array(absl::MakeConstSpan(inodes)).AddInt64Array(absl::MakeConstSpan(sizes));
  params.AddInt64Array(absl::MakeConstSpan(modified)).AddInt64Array(absl::MakeConstSpan(changed));
  params.AddByteaArray(absl::MakeConstSpan(hashes));
  return transaction.Query(kPut, params).status();
}

absl::StatusOr<std::vector<SeenStore::Path>> SeenStore::Paths(absl::string_view platform,
                                                              absl::string_view after, int limit) {
  return QueryAll<Path>(pool_, kPaths, Params().AddText(platform).AddText(after).AddInt32(limit),
                        [](const Rows& rows, int row) {
                          return Path{std::string(rows.GetText(row, 0)), rows.GetBool(row, 1)};
                        });
}

absl::Status SeenStore::Drop(absl::string_view platform, absl::Span<const std::string> paths) {
  if (paths.empty()) return absl::OkStatus();
  return Do(pool_, kDrop, Params().AddText(platform).AddTextArray(paths)).status();
}

}  // namespace cognate::file_transfer
