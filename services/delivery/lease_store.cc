#include "services/delivery/lease_store.h"

#include "common/status/status_macros.h"

namespace cognate::delivery {
namespace {

const postgres::Statement kAcquire = {"acquire_leases", R"sql(
    INSERT INTO lane_leases AS l (platform, owner, fence, expires_at, address)
    SELECT u.platform, $2, 1, now() + $3 * interval '1 millisecond', $4
    FROM unnest($1::text[]) AS u(platform)
    ON CONFLICT (platform) DO UPDATE
    SET owner = excluded.owner,
        fence = l.fence + CASE WHEN l.owner = excluded.owner THEN 0 ELSE 1 END,
        expires_at = excluded.expires_at,
        address = excluded.address
    WHERE l.owner = excluded.owner OR l.expires_at <= now()
    RETURNING l.platform, l.fence
)sql"};

const postgres::Statement kRelease = {"release_leases", R"sql(
    UPDATE lane_leases
    SET owner = '', expires_at = now()
    WHERE owner = $2 AND platform = ANY ($1::text[])
)sql"};

const postgres::Statement kOwners = {"lease_owners", R"sql(
    SELECT platform, CASE WHEN expires_at > now() THEN owner ELSE '' END
    FROM lane_leases
    ORDER BY platform
)sql"};

const postgres::Statement kAddress = {"lease_address", R"sql(
    SELECT address FROM lane_leases WHERE platform = $1 AND expires_at > now()
)sql"};

}  // namespace

absl::StatusOr<absl::btree_map<std::string, int64_t>> LeaseStore::Acquire(
    const std::vector<std::string>& platforms, absl::string_view owner, absl::string_view address,
    absl::Duration duration) {
  absl::btree_map<std::string, int64_t> held;
  // Sorted by the caller's set, so that two processes take the rows in the same order.
  RETURN_IF_ERROR(pool_.Run("acquire_leases", [&](postgres::Transaction& transaction) -> absl::Status {
    postgres::Params params;
    params.AddTextArray(postgres::Params::Many<std::string>(platforms));
    params.AddText(owner).AddInt64(absl::ToInt64Milliseconds(duration)).AddText(address);
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kAcquire, params));
    for (int row = 0; row < rows.size(); ++row) {
      held.emplace(std::string(rows.GetText(row, 0)), rows.GetInt64(row, 1));
    }
    return absl::OkStatus();
  }));
  return held;
}

absl::Status LeaseStore::Release(const std::vector<std::string>& platforms, absl::string_view owner) {
  return pool_.Run("release_leases", [&](postgres::Transaction& transaction) -> absl::Status {
    postgres::Params params;
    params.AddTextArray(postgres::Params::Many<std::string>(platforms));
    params.AddText(owner);
    return transaction.Query(kRelease, params).status();
  });
}

absl::StatusOr<std::string> LeaseStore::AddressOf(absl::string_view platform) {
  std::string address;
  RETURN_IF_ERROR(pool_.Run("lease_address", [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const postgres::Rows rows,
                     transaction.Query(kAddress, postgres::Params().AddText(platform)));
    if (!rows.empty()) address = std::string(rows.GetText(0, 0));
    return absl::OkStatus();
  }));
  return address;
}

absl::StatusOr<absl::btree_map<std::string, std::string>> LeaseStore::Owners() {
  absl::btree_map<std::string, std::string> owners;
  RETURN_IF_ERROR(pool_.Run("lease_owners", [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kOwners));
    for (int row = 0; row < rows.size(); ++row) {
      owners.emplace(std::string(rows.GetText(row, 0)), std::string(rows.GetText(row, 1)));
    }
    return absl::OkStatus();
  }));
  return owners;
}

}  // namespace cognate::delivery
