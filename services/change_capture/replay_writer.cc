#include "services/change_capture/replay_writer.h"

#include <algorithm>
#include <utility>

#include "common/status/status_macros.h"
#include "common/trace/current.h"
#include "services/change_capture/renewal.h"

namespace cognate::change_capture {
namespace {

struct Part {
  BatchHeader header;
  std::vector<int64_t> versions;
  absl::Span<LoggedState> states;
};

std::vector<Part> MakeParts(absl::Span<LoggedState> states, const ReplayOptions& options,
                            int64_t rules_revision) {
  std::vector<int64_t> sizes;
  for (const LoggedState& state : states) {
    sizes.push_back(static_cast<int64_t>(state.fields.size() + state.local_id.size()));
  }
  std::vector<Part> parts;
  for (const BatchPart& bounds : SplitIntoParts(sizes)) {
    Part part;
    part.header = {0, rules_revision, options.target_platform, options.allow_incomplete, true};
    part.states = states.subspan(static_cast<size_t>(bounds.first), static_cast<size_t>(bounds.count));
    for (const LoggedState& state : part.states) part.versions.push_back(state.version);
    parts.push_back(std::move(part));
  }
  return parts;
}

EncodedBatch Encode(Part& part, absl::Time now) {
  BatchEncoder encoder(part.header, static_cast<int>(part.states.size()));
  for (LoggedState& state : part.states) encoder.Add(std::move(state));
  return {part.header.batch_id, encoder.Encode(), now, trace::Now().span};
}

}  // namespace

absl::Status ReplayWriter::Write(std::vector<LoggedState> states, const ReplayOptions& options,
                                 const std::function<absl::Status(postgres::Transaction&)>& along) {
  if (states.empty() && !along) return absl::OkStatus();
  return WriteMade(options,
                   [&](postgres::Transaction& transaction) -> absl::StatusOr<std::vector<LoggedState>> {
                     if (along) RETURN_IF_ERROR(along(transaction));
                     return options.renew ? Renew(transaction, states) : states;
                   });
}

absl::Status ReplayWriter::WriteMade(const ReplayOptions& options, const Make& make) {
  std::vector<LoggedState> states;
  std::vector<Part> parts;
  const bool queued = feeder_.Direct();
  RETURN_IF_ERROR(pool_.InTransaction("replay", [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(states, make(transaction));
    std::sort(states.begin(), states.end(),
              [](const LoggedState& a, const LoggedState& b) { return a.version < b.version; });
    parts = MakeParts(absl::MakeSpan(states), options, catalogue_.Revision());
    for (Part& part : parts) {
      RETURN_IF_ERROR(BatchStore::InsertReplay(transaction, part.versions, queued, &part.header));
    }
    return absl::OkStatus();
  }));
  if (parts.empty()) return absl::OkStatus();
  if (!queued) {
    std::vector<int64_t> batch_ids;
    for (const Part& part : parts) batch_ids.push_back(part.header.batch_id);
    feeder_.NoticeUnqueued(batch_ids, trace::Now().span);
    return absl::OkStatus();
  }
  std::vector<EncodedBatch> batches;
  for (Part& part : parts) batches.push_back(Encode(part, clock_.Now()));
  feeder_.Offer(std::move(batches));
  return absl::OkStatus();
}

}  // namespace cognate::change_capture
