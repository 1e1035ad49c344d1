#include "services/delivery/lease_store.h"

#include <algorithm>

#include "common/status/status_macros.h"

namespace cognate::delivery {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// A row that is over is nobody's to renew: another process may be taking its lanes.
const Statement kRenew = {"renew_lane_owner", R"sql(
    UPDATE lane_owners
    SET expires_at = now() + $2 * interval '1 millisecond'
    WHERE owner = $1 AND expires_at > now()
)sql"};

const Statement kJoin = {"join_lane_owners", R"sql(
    INSERT INTO lane_owners (owner, address, expires_at)
    VALUES ($1, $2, now() + $3 * interval '1 millisecond')
)sql"};

const Statement kDropOwner = {"drop_lane_owner", R"sql(
    DELETE FROM lane_owners WHERE owner = $1
)sql"};

// The row's lock makes it wait for a renewal that is being committed, and then looks again.
const Statement kDropOver = {"drop_lane_owners", R"sql(
    DELETE FROM lane_owners WHERE expires_at <= now() RETURNING owner
)sql"};

const Statement kFreeOwned = {"free_lanes", R"sql(
    UPDATE lane_leases
    SET owner = '', owner_row = '', expires_at = now()
    WHERE owner = owner_row AND owner = ANY ($1::text[])
)sql"};

const Statement kFree = {"list_free_lanes", R"sql(
    SELECT l.platform
    FROM lane_leases l
    LEFT JOIN lane_owners o ON o.owner = l.owner AND o.owner = l.owner_row
    WHERE o.owner IS NULL AND (l.expires_at <= now() OR (l.owner = l.owner_row AND l.owner <> ''))
)sql"};

const Statement kFirstEnd = {"first_lane_owner_end", R"sql(
    SELECT ceil(extract(epoch FROM expires_at - now()) * 1000)::bigint
    FROM lane_owners
    WHERE owner <> $1
    ORDER BY expires_at
    LIMIT 1
)sql"};

// Who takes lanes must see the rows of all whose lanes are there already: one at a time.
const Statement kTakeTurns = {"take_turns", R"sql(
    SELECT pg_advisory_xact_lock(hashtext('cognate.lane_leases')) IS NULL
)sql"};

const Statement kTake = {"take_leases", R"sql(
    INSERT INTO lane_leases AS l (platform, owner, owner_row, fence, expires_at, address)
    SELECT u.platform, $2, $2, 1, now() + $3 * interval '1 millisecond', $4
    FROM unnest($1::text[]) AS u(platform)
    ON CONFLICT (platform) DO UPDATE
    SET owner = excluded.owner,
        owner_row = excluded.owner_row,
        fence = l.fence + CASE WHEN l.owner = excluded.owner THEN 0 ELSE 1 END,
        expires_at = excluded.expires_at,
        address = excluded.address
    WHERE l.owner = excluded.owner
       OR CASE WHEN l.owner = l.owner_row AND l.owner <> ''
               THEN NOT EXISTS (SELECT 1 FROM lane_owners o WHERE o.owner = l.owner)
               ELSE l.expires_at <= now() END
    RETURNING l.platform, l.fence
)sql"};

const Statement kRefresh = {"refresh_leases", R"sql(
    UPDATE lane_leases
    SET expires_at = now() + $3 * interval '1 millisecond'
    WHERE owner = $2 AND owner_row = $2 AND platform = ANY ($1::text[])
    RETURNING platform
)sql"};

const Statement kRelease = {"release_leases", R"sql(
    UPDATE lane_leases
    SET owner = '', owner_row = '', expires_at = now()
    WHERE owner = $2 AND platform = ANY ($1::text[])
)sql"};

const Statement kOwners = {"lease_owners", R"sql(
    SELECT l.platform,
           CASE WHEN CASE WHEN l.owner = l.owner_row THEN o.expires_at ELSE l.expires_at END > now()
                THEN l.owner ELSE '' END
    FROM lane_leases l
    LEFT JOIN lane_owners o ON o.owner = l.owner
    ORDER BY l.platform
)sql"};

const Statement kAddress = {"lease_address", R"sql(
    SELECT CASE WHEN l.owner = l.owner_row THEN o.address ELSE l.address END
    FROM lane_leases l
    LEFT JOIN lane_owners o ON o.owner = l.owner
    WHERE l.platform = $1 AND CASE WHEN l.owner = l.owner_row THEN o.expires_at ELSE l.expires_at END > now()
)sql"};

int64_t Milliseconds(absl::Duration duration) { return absl::ToInt64Milliseconds(duration); }

std::vector<std::string> Texts(const Rows& rows) {
  std::vector<std::string> texts;
  for (int row = 0; row < rows.size(); ++row) texts.emplace_back(rows.GetText(row, 0));
  return texts;
}

absl::Status Free(Transaction& transaction, const std::vector<std::string>& owners) {
  if (owners.empty()) return absl::OkStatus();
  Params params;
  params.AddTextArray(Params::Many<std::string>(owners));
  return transaction.Query(kFreeOwned, params).status();
}

}  // namespace

absl::StatusOr<bool> LeaseStore::Renew(absl::string_view owner, absl::Duration duration) {
  bool is_there = false;
  RETURN_IF_ERROR(pool_.Run("renew_lane_owner", [&](Transaction& transaction) -> absl::Status {
    Params params;
    params.AddText(owner).AddInt64(Milliseconds(duration));
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kRenew, params));
    is_there = rows.affected() > 0;
    return absl::OkStatus();
  }));
  return is_there;
}

absl::Status LeaseStore::Join(absl::string_view owner, absl::string_view address, absl::Duration duration) {
  return pool_.InTransactionWithRetry("join_lane_owners", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(transaction.Query(kTakeTurns).status());
    RETURN_IF_ERROR(transaction.Query(kDropOwner, Params().AddText(owner)).status());
    RETURN_IF_ERROR(Free(transaction, {std::string(owner)}));
    Params params;
    params.AddText(owner).AddText(address).AddInt64(Milliseconds(duration));
    return transaction.Query(kJoin, params).status();
  });
}

absl::StatusOr<std::vector<std::string>> LeaseStore::ListFree() {
  std::vector<std::string> free;
  RETURN_IF_ERROR(
      pool_.InTransactionWithRetry("list_free_lanes", [&](Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(const Rows over, transaction.Query(kDropOver));
        RETURN_IF_ERROR(Free(transaction, Texts(over)));
        ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFree));
        free = Texts(rows);
        return absl::OkStatus();
      }));
  return free;
}

absl::StatusOr<absl::Duration> LeaseStore::FirstEnd(absl::string_view owner) {
  absl::Duration end = absl::InfiniteDuration();
  RETURN_IF_ERROR(pool_.Run("first_lane_owner_end", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFirstEnd, Params().AddText(owner)));
    if (!rows.empty()) end = absl::Milliseconds(rows.GetInt64(0, 0));
    return absl::OkStatus();
  }));
  return end;
}

absl::StatusOr<absl::btree_map<std::string, int64_t>> LeaseStore::Take(
    const std::vector<std::string>& platforms, absl::string_view owner, absl::string_view address) {
  // Sorted, so that a process of the version before, which takes no turns, has the rows in the same order.
  std::vector<std::string> sorted = platforms;
  std::sort(sorted.begin(), sorted.end());
  absl::btree_map<std::string, int64_t> held;
  RETURN_IF_ERROR(pool_.InTransactionWithRetry("take_leases", [&](Transaction& transaction) -> absl::Status {
    held.clear();
    RETURN_IF_ERROR(transaction.Query(kTakeTurns).status());
    Params params;
    params.AddTextArray(Params::Many<std::string>(sorted));
    params.AddText(owner).AddInt64(Milliseconds(kLaneLease)).AddText(address);
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kTake, params));
    for (int row = 0; row < rows.size(); ++row) {
      held.emplace(std::string(rows.GetText(row, 0)), rows.GetInt64(row, 1));
    }
    return absl::OkStatus();
  }));
  return held;
}

absl::StatusOr<std::vector<std::string>> LeaseStore::Refresh(const std::vector<std::string>& platforms,
                                                             absl::string_view owner) {
  std::vector<std::string> held;
  RETURN_IF_ERROR(pool_.Run("refresh_leases", [&](Transaction& transaction) -> absl::Status {
    Params params;
    params.AddTextArray(Params::Many<std::string>(platforms));
    params.AddText(owner).AddInt64(Milliseconds(kLaneLease));
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kRefresh, params));
    held = Texts(rows);
    return absl::OkStatus();
  }));
  return held;
}

absl::Status LeaseStore::Release(const std::vector<std::string>& platforms, absl::string_view owner) {
  return pool_.Run("release_leases", [&](Transaction& transaction) -> absl::Status {
    Params params;
    params.AddTextArray(Params::Many<std::string>(platforms));
    params.AddText(owner);
    return transaction.Query(kRelease, params).status();
  });
}

absl::Status LeaseStore::Leave(absl::string_view owner) {
  return pool_.InTransactionWithRetry("leave_lane_owners", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(transaction.Query(kDropOwner, Params().AddText(owner)).status());
    return Free(transaction, {std::string(owner)});
  });
}

absl::StatusOr<std::string> LeaseStore::AddressOf(absl::string_view platform) {
  std::string address;
  RETURN_IF_ERROR(pool_.Run("lease_address", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kAddress, Params().AddText(platform)));
    if (!rows.empty()) address = std::string(rows.GetText(0, 0));
    return absl::OkStatus();
  }));
  return address;
}

absl::StatusOr<absl::btree_map<std::string, std::string>> LeaseStore::Owners() {
  absl::btree_map<std::string, std::string> owners;
  RETURN_IF_ERROR(pool_.Run("lease_owners", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kOwners));
    for (int row = 0; row < rows.size(); ++row) {
      owners.emplace(std::string(rows.GetText(row, 0)), std::string(rows.GetText(row, 1)));
    }
    return absl::OkStatus();
  }));
  return owners;
}

}  // namespace cognate::delivery
