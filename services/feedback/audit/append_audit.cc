#include "services/feedback/audit/append_audit.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/access/audit_chain.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"

namespace cognate::feedback {
namespace {

constexpr int kMaxEntries = 100;

absl::Status CheckEntry(const std::string& path, const v1::AuditEntry& entry) {
  if (entry.method().empty()) return InvalidField(path + ".method", "got nothing");
  if (entry.principal().empty()) return InvalidField(path + ".principal", "got nothing");
  if (entry.phase() != v1::AUDIT_PHASE_BEGIN && entry.phase() != v1::AUDIT_PHASE_END)
    return InvalidField(path + ".phase", "want AUDIT_PHASE_BEGIN or AUDIT_PHASE_END");
  for (const access::AuditText text : access::kAuditTexts) {
    if (absl::StrContains((entry.*text)(), absl::string_view("\0", 1)))
      return InvalidField(path, "got a NUL character in a text, which cannot be kept");
  }
  return absl::OkStatus();
}

absl::Status Validate(const v1::AppendAuditEntriesRequest& request) {
  if (request.entries().empty() || request.entries_size() > kMaxEntries) {
    return InvalidField("entries", absl::StrCat("got ", request.entries_size(), ", want 1 to ", kMaxEntries));
  }
  for (int i = 0; i < request.entries_size(); ++i)
    RETURN_IF_ERROR(CheckEntry(absl::StrCat("entries[", i, "]"), request.entries(i)));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::AppendAuditEntriesResponse> AppendAuditEntries(
    AuditStore& store, const Clock& clock, const v1::AppendAuditEntriesRequest& request) {
  RETURN_IF_ERROR(Validate(request));
  std::vector<v1::AuditEntry> entries(request.entries().begin(), request.entries().end());
  RETURN_IF_ERROR(store.Append(absl::MakeSpan(entries), clock.Now()));
  return v1::AppendAuditEntriesResponse();
}

}  // namespace cognate::feedback
