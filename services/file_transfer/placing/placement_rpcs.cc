#include "services/file_transfer/placing/placement_rpcs.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "common/value/parse.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/placing/names.h"

namespace cognate::file_transfer {
namespace {

using absl::StrCat;

constexpr int kMaxPage = 1'000;
constexpr int kDefaultPage = 100;
constexpr int kMaxResults = 1'000;
constexpr size_t kMaxPath = 4'096;
constexpr size_t kMaxText = 500;

absl::StatusOr<int> PageSize(int wanted) {
  if (wanted < 0 || wanted > kMaxPage)
    return InvalidField("page_size", StrCat("got ", wanted, ", want at most ", kMaxPage));
  return wanted == 0 ? kDefaultPage : wanted;
}

absl::Status CheckPlatform(const std::string& platform) {
  return platform.empty() ? InvalidField("platform", "got nothing, want the platform's id")
                          : absl::OkStatus();
}

v1::Placement ProtoOf(const PlacementRow& row) {
  v1::Placement placement;
  placement.set_platform(row.platform);
  placement.set_state(row.state);
  placement.mutable_file()->set_sha256(row.sha256);
  placement.mutable_file()->set_size_bytes(row.size_bytes);
  placement.mutable_file()->set_media_type(row.media_type);
  placement.set_path(row.path_there());
  placement.set_name(ShownName(row.name));
  if (!row.reason.empty()) {
    placement.mutable_error()->set_reason(row.reason);
    placement.mutable_error()->set_message(row.message);
  }
  placement.set_placed_bytes(row.placed_bytes);
  *placement.mutable_update_time() = ToTimestamp(row.updated);
  return placement;
}

// What others wait for, and the platform itself has.
v1::Placement UploadOf(const WaitRow& wait) {
  v1::Placement placement;
  placement.set_platform(wait.source_platform);
  placement.set_state(v1::PLACEMENT_STATE_LACKING);
  placement.mutable_file()->set_sha256(*wait.sha256);
  placement.set_path(wait.source_path);
  placement.set_name(ShownName(NameOf(wait.source_path)));
  *placement.mutable_update_time() = ToTimestamp(wait.created);
  return placement;
}

std::string TokenOf(const PlacementRow& last) {
  return absl::WebSafeBase64Escape(StrCat(absl::ToUnixMicros(last.created), " ", last.path));
}

absl::Status ReadToken(const std::string& token, absl::Time* created, std::string* path) {
  *created = absl::InfinitePast();
  if (token.empty()) return absl::OkStatus();
  std::string text;
  int64_t micros = 0;
  const bool is_ours = absl::WebSafeBase64Unescape(token, &text) && text.find(' ') != std::string::npos &&
                       absl::SimpleAtoi(text.substr(0, text.find(' ')), &micros) &&
                       value::CharacterCount(text).has_value();
  if (!is_ours) return InvalidField("page_token", "got one that was not given out by this method");
  *created = absl::FromUnixMicros(micros);
  *path = text.substr(text.find(' ') + 1);
  return absl::OkStatus();
}

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

}  // namespace

absl::StatusOr<v1::MissingResponse> Missing(const PlacementParts& parts, const v1::MissingRequest& request) {
  RETURN_IF_ERROR(CheckPlatform(request.platform()));
  ASSIGN_OR_RETURN(const int size, PageSize(request.page_size()));
  absl::Time created;
  std::string path;
  RETURN_IF_ERROR(ReadToken(request.page_token(), &created, &path));
  v1::MissingResponse response;
  // What others wait for comes first, on the first page: it costs the agent an upload, and then it is gone
  // from here.
  if (request.page_token().empty()) {
    ASSIGN_OR_RETURN(const std::vector<WaitRow> wanted, parts.store.Wanted(request.platform(), size));
    for (const WaitRow& wait : wanted) *response.add_placements() = UploadOf(wait);
  }
  ASSIGN_OR_RETURN(const std::vector<PlacementRow> rows,
                   parts.store.Missing(request.platform(), created, path, size + 1));
  const size_t count = std::min(rows.size(), static_cast<size_t>(size));
  for (size_t i = 0; i < count; ++i) *response.add_placements() = ProtoOf(rows[i]);
  if (rows.size() > count) response.set_next_page_token(TokenOf(rows[count - 1]));
  return response;
}

absl::StatusOr<v1::PlaceResponse> PlaceFiles(const PlacementParts& parts, const v1::PlaceRequest& request) {
  RETURN_IF_ERROR(CheckPlatform(request.platform()));
  if (request.results_size() > kMaxResults)
    return InvalidField("results", StrCat("got ", request.results_size(), ", want at most ", kMaxResults));
  std::vector<std::string> paths;
  absl::flat_hash_map<std::string, const v1::PlaceResult*> of_path;  // the last one counts
  for (int i = 0; i < request.results_size(); ++i) {
    RETURN_IF_ERROR(CheckResult(i, request.results(i)));
    if (of_path.insert_or_assign(request.results(i).path(), &request.results(i)).second)
      paths.push_back(request.results(i).path());
  }
  ASSIGN_OR_RETURN(const auto found, parts.store.Find(request.platform(), paths));
  const absl::Time now = parts.clock.Now();
  std::vector<PlacementRow> ended;
  for (size_t i = 0; i < found.size(); ++i) {
    const v1::PlaceResult& result = *of_path[paths[i]];
    // Another content may be due there by now, or none: then nobody asks for this answer any more.
    if (!found[i].has_value() || found[i]->sha256 != result.sha256()) continue;
    PlacementRow row = *found[i];
    if (!result.has_error()) {
      if (row.state == v1::PLACEMENT_STATE_PLACED && row.actual_path == result.actual_path()) continue;
      row.state = v1::PLACEMENT_STATE_PLACED;
      row.actual_path = result.actual_path() == row.path ? "" : result.actual_path();
      row.placed_bytes = row.size_bytes;
      row.reason.clear();
      row.message.clear();
      ended.push_back(std::move(row));
      continue;
    }
    row.reason = Cut(result.error().reason(), 100);
    if (row.reason.empty()) row.reason = "REFUSED_BY_TARGET";
    row.message = Cut(result.error().message(), kMaxText);
    if (row.message.empty()) row.message = StrCat(request.platform(), "'s agent did not say why");
    if (result.error().has_retry_delay()) {
      row.next_attempt.reset();
      RETURN_IF_ERROR(parts.store.PutFailed(row));
      parts.teller.Failed();
    } else if (row.state == v1::PLACEMENT_STATE_DUE) {
      row.state = v1::PLACEMENT_STATE_REFUSED;
      row.placed_bytes = 0;
      ended.push_back(std::move(row));
    }
  }
  std::sort(ended.begin(), ended.end(),
            [](const PlacementRow& a, const PlacementRow& b) { return a.path < b.path; });
  if (!ended.empty()) RETURN_IF_ERROR(parts.store.PutEnded(ended, {}, now));
  for (const PlacementRow& row : ended) parts.teller.Ended(row);
  return v1::PlaceResponse();
}

absl::StatusOr<v1::ListPlacementsResponse> ListPlacements(const PlacementParts& parts,
                                                          const v1::ListPlacementsRequest& request) {
  RETURN_IF_ERROR(CheckPlatform(request.platform()));
  ASSIGN_OR_RETURN(const int size, PageSize(request.page_size()));
  if (!v1::PlacementState_IsValid(request.state()))
    return InvalidField("state",
                        StrCat("got ", static_cast<int>(request.state()), ", want one of PlacementState"));
  std::string after;
  if (!request.page_token().empty() && (!absl::WebSafeBase64Unescape(request.page_token(), &after) ||
                                        !value::CharacterCount(after).has_value()))
    return InvalidField("page_token", "got one that was not given out by this method");
  ASSIGN_OR_RETURN(const std::vector<PlacementRow> rows,
                   parts.store.List(request.platform(), request.state(), after, size + 1));
  v1::ListPlacementsResponse response;
  const size_t count = std::min(rows.size(), static_cast<size_t>(size));
  for (size_t i = 0; i < count; ++i) *response.add_placements() = ProtoOf(rows[i]);
  if (rows.size() > count) response.set_next_page_token(absl::WebSafeBase64Escape(rows[count - 1].path));
  ASSIGN_OR_RETURN(const PlacementTotals totals, parts.store.Totals(request.platform()));
  response.set_total_count(totals.total_count);
  response.set_total_bytes(totals.total_bytes);
  response.set_placed_count(totals.placed_count);
  response.set_placed_bytes(totals.placed_bytes);
  return response;
}

}  // namespace cognate::file_transfer
