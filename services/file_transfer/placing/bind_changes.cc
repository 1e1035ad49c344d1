#include "services/file_transfer/placing/bind_changes.h"

#include <tuple>

#include "services/file_transfer/placing/binding_store.h"
#include "services/file_transfer/placing/link_store.h"
#include "services/file_transfer/placing/placement_store.h"
#include "services/file_transfer/placing/query.h"
#include "services/file_transfer/placing/read_store.h"
#include "services/file_transfer/placing/refusal_store.h"
#include "services/file_transfer/placing/seen_store.h"
#include "services/file_transfer/placing/wait_store.h"
#include "services/file_transfer/possession.h"

namespace cognate::file_transfer {

absl::Status BindChanges::Commit(postgres::Pool& pool, absl::Time now) {
  const auto by_key = [](const auto& row) -> const BindingKey& { return row.key; };
  const auto by_path = [](const auto& row) { return std::tie(row.platform, row.path); };
  SortBy(bindings, by_key);
  SortBy(waits, by_key);
  SortBy(seen, by_path);
  SortBy(placements, by_path);
  SortBy(reads, by_path);
  SortBy(links, [](const LinkRow& link) -> const SourceFile& { return link.file; });
  return pool.InTransactionWithRetry("bind", [&](postgres::Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(SeenStore::Put(transaction, seen));
    RETURN_IF_ERROR(PlacementStore::Put(transaction, placements, now));
    RETURN_IF_ERROR(BindingStore::Put(transaction, bindings, now));
    RETURN_IF_ERROR(BindingStore::DropBehind(transaction, last_positions));
    RETURN_IF_ERROR(BindingStore::Drop(transaction, unbound));
    // After those of the target: a content that it shares is nobody else's then.
    RETURN_IF_ERROR(BindingStore::DropSourcesBehind(transaction, source_last_positions, target_platform));
    RETURN_IF_ERROR(BindingStore::DropSources(transaction, unbound_sources, target_platform));
    RETURN_IF_ERROR(ReadStore::Put(transaction, reads, now));
    RETURN_IF_ERROR(LinkStore::Put(transaction, links, now));
    RETURN_IF_ERROR(WaitStore::Drop(transaction, settled));
    RETURN_IF_ERROR(WaitStore::DropBehind(transaction, last_positions));
    RETURN_IF_ERROR(WaitStore::Put(transaction, waits, now));
    RETURN_IF_ERROR(RefusalStore::DropTold(transaction, refusing_platforms, refused_sha256s));
    for (const auto& [platform, sha256s] : possessed)
      RETURN_IF_ERROR(Possession::AddIn(transaction, platform, sha256s));
    return absl::OkStatus();
  });
}

}  // namespace cognate::file_transfer
