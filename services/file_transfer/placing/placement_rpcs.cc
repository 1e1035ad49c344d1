#include "services/file_transfer/placing/placement_rpcs.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "common/value/parse.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/placing/names.h"
#include "services/file_transfer/placing/placement_records.h"

namespace cognate::file_transfer {
namespace {

using absl::StrCat;

constexpr int kMaxPage = 1'000;
constexpr int kDefaultPage = 100;
constexpr char kEnd[] = ".";

absl::StatusOr<int> PageSize(int wanted) {
  if (wanted < 0 || wanted > kMaxPage)
    return InvalidField("page_size", StrCat("got ", wanted, ", want at most ", kMaxPage));
  return wanted == 0 ? kDefaultPage : wanted;
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

// Where the next page begins, of both lists that a page has a part of each of. An end is an end.
struct MissingCursor {
  bool uploads_are_over = false;
  std::string sha256;
  bool placements_are_over = false;
  absl::Time created = absl::InfinitePast();
  std::string path;
};

std::string TokenOf(const MissingCursor& cursor) {
  return absl::WebSafeBase64Escape(StrCat(
      cursor.uploads_are_over ? kEnd : absl::BytesToHexString(cursor.sha256), " ",
      cursor.placements_are_over ? kEnd : StrCat(absl::ToUnixMicros(cursor.created)), " ", cursor.path));
}

absl::StatusOr<MissingCursor> ReadToken(const std::string& token) {
  MissingCursor cursor;
  if (token.empty()) return cursor;
  std::string text;
  const auto not_ours = [] {
    return InvalidField("page_token", "got one that was not given out by this method");
  };
  if (!absl::WebSafeBase64Unescape(token, &text) || !value::CharacterCount(text).has_value())
    return not_ours();
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits(' ', 2));
  if (parts.size() != 3) return not_ours();
  cursor.uploads_are_over = parts[0] == kEnd;
  cursor.placements_are_over = parts[1] == kEnd;
  int64_t micros = absl::ToUnixMicros(cursor.created);
  const bool is_hex = parts[0].size() <= 64 && parts[0].size() % 2 == 0 &&
                      parts[0].find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!cursor.uploads_are_over && !is_hex) return not_ours();
  if (!cursor.placements_are_over && !absl::SimpleAtoi(parts[1], &micros)) return not_ours();
  if (!cursor.uploads_are_over) cursor.sha256 = absl::HexStringToBytes(parts[0]);
  if (micros != absl::ToUnixMicros(absl::InfinitePast())) cursor.created = absl::FromUnixMicros(micros);
  cursor.path = parts[2];
  return cursor;
}

}  // namespace

absl::StatusOr<std::string> PlatformId(absl::string_view platform) {
  absl::ConsumePrefix(&platform, "platforms/");
  if (platform.empty() || absl::StrContains(platform, '/'))
    return InvalidField("platform",
                        StrCat("got \"", absl::Utf8SafeCHexEscape(platform), "\", want the platform's id"));
  return std::string(platform);
}

absl::StatusOr<v1::MissingResponse> Missing(const PlacementParts& parts, const v1::MissingRequest& request) {
  ASSIGN_OR_RETURN(const std::string platform, PlatformId(request.platform()));
  ASSIGN_OR_RETURN(const int size, PageSize(request.page_size()));
  ASSIGN_OR_RETURN(MissingCursor cursor, ReadToken(request.page_token()));
  v1::MissingResponse response;
  // What others wait for comes first: it costs the agent an upload, and then it is gone from here.
  if (!cursor.uploads_are_over) {
    ASSIGN_OR_RETURN(const std::vector<WaitRow> wanted,
                     parts.stores.waits.Wanted(platform, cursor.sha256, size + 1));
    const size_t count = std::min(wanted.size(), static_cast<size_t>(size));
    for (size_t i = 0; i < count; ++i) *response.add_placements() = UploadOf(wanted[i]);
    cursor.uploads_are_over = wanted.size() <= count;
    if (count > 0) cursor.sha256 = *wanted[count - 1].sha256;
  }
  if (!cursor.placements_are_over) {
    ASSIGN_OR_RETURN(
        const std::vector<PlacementRow> rows,
        parts.stores.placements.Missing(platform, parts.clock.Now(), cursor.created, cursor.path, size + 1));
    const size_t count = std::min(rows.size(), static_cast<size_t>(size));
    for (size_t i = 0; i < count; ++i) {
      v1::Placement& placement = *response.add_placements();
      placement = ProtoOf(rows[i]);
      // By which Place finds it, wherever it was before it was lost.
      placement.set_path(rows[i].path);
    }
    cursor.placements_are_over = rows.size() <= count;
    if (count > 0) {
      cursor.created = rows[count - 1].created;
      cursor.path = rows[count - 1].path;
    }
  }
  if (!cursor.uploads_are_over || !cursor.placements_are_over) response.set_next_page_token(TokenOf(cursor));
  return response;
}

absl::StatusOr<v1::ListPlacementsResponse> ListPlacements(const PlacementParts& parts,
                                                          const v1::ListPlacementsRequest& request) {
  ASSIGN_OR_RETURN(const std::string platform, PlatformId(request.platform()));
  ASSIGN_OR_RETURN(const int size, PageSize(request.page_size()));
  if (!v1::PlacementState_IsValid(request.state()))
    return InvalidField("state",
                        StrCat("got ", static_cast<int>(request.state()), ", want one of PlacementState"));
  std::string after;
  if (!request.page_token().empty() && (!absl::WebSafeBase64Unescape(request.page_token(), &after) ||
                                        !value::CharacterCount(after).has_value()))
    return InvalidField("page_token", "got one that was not given out by this method");
  ASSIGN_OR_RETURN(const std::vector<PlacementRow> rows,
                   parts.stores.placements.List(platform, request.state(), after, size + 1));
  v1::ListPlacementsResponse response;
  const size_t count = std::min(rows.size(), static_cast<size_t>(size));
  for (size_t i = 0; i < count; ++i) *response.add_placements() = ProtoOf(rows[i]);
  RETURN_IF_ERROR(
      NameRecords(parts.stores.uses, parts.registry, absl::MakeConstSpan(rows).subspan(0, count), &response));
  if (rows.size() > count) response.set_next_page_token(absl::WebSafeBase64Escape(rows[count - 1].path));
  ASSIGN_OR_RETURN(const PlacementTotals totals, parts.stores.placements.Totals(platform));
  response.set_total_count(totals.total_count);
  response.set_total_bytes(totals.total_bytes);
  response.set_placed_count(totals.placed_count);
  response.set_placed_bytes(totals.placed_bytes);
  return response;
}

}  // namespace cognate::file_transfer
