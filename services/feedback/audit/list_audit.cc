#include "services/feedback/audit/list_audit.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"

namespace cognate::feedback {
namespace {

constexpr int kDefaultPage = 100;
constexpr int kMaxPage = 1000;

// A token goes on in one direction only.
absl::string_view PrefixOf(bool newest_first) { return newest_first ? "newest " : "oldest "; }

std::string PageToken(bool newest_first, int64_t last) {
  return absl::WebSafeBase64Escape(absl::StrCat(PrefixOf(newest_first), last));
}

absl::StatusOr<std::optional<int64_t>> ParsePageToken(const v1::ListAuditEntriesRequest& request) {
  std::optional<int64_t> after;
  if (request.page_token().empty()) return after;
  int64_t sequence = 0;
  std::string text;
  absl::string_view number;
  const bool is_ours = absl::WebSafeBase64Unescape(request.page_token(), &text) &&
                       absl::ConsumePrefix(&(number = text), PrefixOf(request.newest_first()));
  if (is_ours && absl::SimpleAtoi(number, &sequence)) return after = sequence;
  return InvalidField("page_token", "want one that ListAuditEntries gave out in the same direction");
}

}  // namespace

absl::StatusOr<v1::ListAuditEntriesResponse> ListAuditEntries(AuditStore& store,
                                                              const v1::ListAuditEntriesRequest& request) {
  if (request.page_size() < 0 || request.page_size() > kMaxPage) {
    return InvalidField("page_size", absl::StrCat("got ", request.page_size(), ", want at most ", kMaxPage));
  }
  const int page_size = request.page_size() == 0 ? kDefaultPage : request.page_size();
  AuditQuery query = {request.filter(), request.newest_first(), std::nullopt, page_size + 1};
  ASSIGN_OR_RETURN(query.after, ParsePageToken(request));
  ASSIGN_OR_RETURN(std::vector<v1::AuditEntry> entries, store.List(query));
  v1::ListAuditEntriesResponse response;
  if (entries.size() > static_cast<size_t>(page_size)) {
    entries.pop_back();
    response.set_next_page_token(PageToken(request.newest_first(), entries.back().sequence()));
  }
  for (v1::AuditEntry& entry : entries) *response.add_entries() = std::move(entry);
  return response;
}

}  // namespace cognate::feedback
