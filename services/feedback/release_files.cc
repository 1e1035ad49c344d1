#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"
#include "services/feedback/troubles.h"

namespace cognate::feedback {
namespace {

constexpr int kMaxRecords = 1'000;

absl::StatusOr<std::vector<TroubleKey>> KeysOf(const v1::ReleaseRequest& request) {
  if (request.platform().empty())
    return InvalidField("platform", "got nothing, want the target platform's id");
  if (request.records_size() > kMaxRecords)
    return InvalidField("records",
                        absl::StrCat("got ", request.records_size(), ", want at most ", kMaxRecords));
  std::vector<TroubleKey> keys;
  for (int i = 0; i < request.records_size(); ++i) {
    const v1::WaitingRecord& record = request.records(i);
    const absl::StatusOr<Uuid> entity = Uuid::FromBytes(record.entity_id());
    if (!entity.ok())
      return InvalidField(absl::StrCat("records[", i, "].entity_id"), "got another size, want 16 bytes");
    if (record.model().empty())
      return InvalidField(absl::StrCat("records[", i, "].model"), "got nothing, want the target model");
    keys.push_back({*entity, request.platform(), record.model()});
  }
  return keys;
}

}  // namespace

absl::StatusOr<v1::ReleaseResponse> Release(const Parts& parts, const v1::ReleaseRequest& request) {
  ASSIGN_OR_RETURN(const std::vector<TroubleKey> keys, KeysOf(request));
  ASSIGN_OR_RETURN(std::vector<Trouble> found, parts.troubles.Find(keys));
  std::erase_if(found, [](const Trouble& trouble) { return trouble.replay || !trouble.waits_for_file(); });
  ASSIGN_OR_RETURN(const int64_t released,
                   parts.troubles.Release(found, /*allow_incomplete=*/false, parts.clock.Now()));
  if (released > 0) parts.signal.Notify();
  v1::ReleaseResponse response;
  response.set_released_count(released);
  return response;
}

}  // namespace cognate::feedback
