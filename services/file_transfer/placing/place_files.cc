// What an agent says of the files that it was to put in place, or to send.
#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "common/value/parse.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/placing/names.h"
#include "services/file_transfer/placing/placement_rpcs.h"
#include "services/file_transfer/possession.h"

namespace cognate::file_transfer {
namespace {

using absl::StrCat;

constexpr int kMaxResults = 1'000;
constexpr absl::Duration kLongestDelay = absl::Hours(24);
constexpr size_t kMaxText = 500;

std::string Cut(const std::string& text, size_t limit) {
  if (!value::CharacterCount(text).has_value()) return "";
  size_t end = std::min(text.size(), limit);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

absl::Status CheckResult(int index, const v1::PlaceResult& result) {
  const auto at = [&](const char* field) { return StrCat("results[", index, "].", field); };
  if (result.sha256().size() != 32)
    return InvalidField(at("sha256"), StrCat("got ", result.sha256().size(), " bytes, want 32"));
  if (result.path().empty()) return InvalidField(at("path"), "got nothing, want the path of the placement");
  for (const std::string* const path : {&result.path(), &result.actual_path()}) {
    if (path->size() > kMaxPath || !value::CharacterCount(*path).has_value())
      return InvalidField(path == &result.path() ? at("path") : at("actual_path"),
                          StrCat("want at most ", kMaxPath, " bytes of UTF-8 without NUL characters"));
  }
  return absl::OkStatus();
}

struct PlacedFiles {
  PlacementStore::Outcome outcome;
  std::vector<PlacementRow> failed;
  std::vector<RefusedUpload> refused;  // of its own files
};

std::string ReasonOf(const v1::PlaceResult& result) {
  const std::string reason = Cut(result.error().reason(), 100);
  return reason.empty() ? "REFUSED_BY_TARGET" : reason;
}

std::string MessageOf(const v1::PlaceResult& result, const std::string& platform) {
  const std::string message = Cut(result.error().message(), kMaxText);
  return message.empty() ? StrCat(platform, "'s agent did not say why") : message;
}

void Take(PlacementRow row, const v1::PlaceResult& result, absl::Time now, PlacedFiles* placed) {
  if (!result.has_error()) {
    if (row.state == v1::PLACEMENT_STATE_PLACED && row.actual_path == result.actual_path()) return;
    row.state = v1::PLACEMENT_STATE_PLACED;
    row.actual_path = result.actual_path() == row.path ? "" : result.actual_path();
    row.placed_bytes = row.size_bytes;
    row.reason.clear();
    row.message.clear();
    placed->outcome.ended.push_back(std::move(row));
    return;
  }
  row.reason = ReasonOf(result);
  row.message = MessageOf(result, row.platform);
  if (result.error().has_retry_delay()) {
    row.next_attempt.reset();
    row.not_before =
        now + std::clamp(ToDuration(result.error().retry_delay()), absl::ZeroDuration(), kLongestDelay);
    const bool is_lost = row.state == v1::PLACEMENT_STATE_PLACED;
    (is_lost ? placed->outcome.lost : placed->failed).push_back(std::move(row));
  } else if (row.state == v1::PLACEMENT_STATE_DUE) {
    row.state = v1::PLACEMENT_STATE_REFUSED;
    row.placed_bytes = 0;
    placed->outcome.ended.push_back(std::move(row));
  }
}

// All of it or nothing: what was said once is passed over when it is said again.
absl::Status Keep(const PlacementParts& parts, const std::string& platform, PlacedFiles& placed,
                  absl::Time now) {
  const auto by_path = [](const PlacementRow& a, const PlacementRow& b) { return a.path < b.path; };
  std::sort(placed.outcome.ended.begin(), placed.outcome.ended.end(), by_path);
  std::sort(placed.outcome.lost.begin(), placed.outcome.lost.end(), by_path);
  std::vector<std::string> given;
  for (const PlacementRow& row : placed.outcome.ended) {
    if (row.state == v1::PLACEMENT_STATE_PLACED) given.push_back(row.sha256);
  }
  if (placed.outcome.ended.empty() && placed.outcome.lost.empty() && placed.refused.empty())
    return absl::OkStatus();
  return parts.stores.placements.PutEnded(
      placed.outcome, now, [&](postgres::Transaction& transaction) -> absl::Status {
        RETURN_IF_ERROR(RefusalStore::Put(transaction, platform, placed.refused, now));
        RETURN_IF_ERROR(LinkStore::Refuse(transaction, platform, placed.refused));
        return given.empty() ? absl::OkStatus() : Possession::AddIn(transaction, platform, given);
      });
}

// In a directory the service places, and nobody else says what is there.
absl::Status CheckHasAgent(const PlacementParts& parts, const std::string& platform) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const PlatformFiles> files, parts.platforms.Get(platform));
  if (!files->has_place) return absl::OkStatus();
  return InvalidField(
      "platform",
      StrCat("got ", platform,
             ", in whose directory the service places files itself; ask it for deliveries alone"));
}

}  // namespace

absl::StatusOr<v1::PlaceResponse> PlaceFiles(const PlacementParts& parts, const v1::PlaceRequest& request) {
  ASSIGN_OR_RETURN(const std::string platform, PlatformId(request.platform()));
  if (request.results_size() > kMaxResults)
    return InvalidField("results", StrCat("got ", request.results_size(), ", want at most ", kMaxResults));
  std::vector<std::string> paths;
  absl::flat_hash_map<std::string, const v1::PlaceResult*> of_path;  // the last one counts
  for (int i = 0; i < request.results_size(); ++i) {
    RETURN_IF_ERROR(CheckResult(i, request.results(i)));
    if (of_path.insert_or_assign(request.results(i).path(), &request.results(i)).second)
      paths.push_back(request.results(i).path());
  }
  RETURN_IF_ERROR(CheckHasAgent(parts, platform));
  ASSIGN_OR_RETURN(const auto found,
                   parts.stores.placements.Find(std::vector<std::string>(paths.size(), platform), paths));
  const absl::Time now = parts.clock.Now();
  PlacedFiles placed;
  std::set<std::string> refused;
  for (size_t i = 0; i < found.size(); ++i) {
    const v1::PlaceResult& result = *of_path[paths[i]];
    // Another content may be due there by now, or none: then nobody asks for this answer any more.
    if (found[i].has_value() && found[i]->sha256 == result.sha256()) {
      Take(*found[i], result, now, &placed);
    } else if (result.has_error() && !result.error().has_retry_delay() &&
               refused.insert(result.sha256()).second) {
      placed.refused.push_back({result.sha256(), ReasonOf(result), MessageOf(result, platform)});
    }
  }
  for (const PlacementRow& row : placed.failed) {
    RETURN_IF_ERROR(parts.stores.placements.PutFailed(row));
    parts.teller.Failed();
  }
  RETURN_IF_ERROR(Keep(parts, platform, placed, now));
  for (const PlacementRow& row : placed.outcome.ended) parts.teller.Ended(row);
  return v1::PlaceResponse();
}

}  // namespace cognate::file_transfer
