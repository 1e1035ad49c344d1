#include "cli/audit_lines.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/clock/time_proto.h"

namespace cognate::cli {
namespace {

// A call that is older has met its deadline, if it was given none of its own.
constexpr absl::Duration kMayBeUnderWay = absl::Seconds(60);

std::string KeyOf(const v1::AuditEntry& entry, v1::AuditPhase phase) {
  return absl::StrJoin({absl::StrCat(static_cast<int>(phase)), entry.request_id(), entry.principal(),
                        entry.method(), entry.target()},
                       "\n");
}

}  // namespace

void AuditLines::Add(const v1::AuditEntry& entry) {
  const bool is_end = entry.phase() == v1::AUDIT_PHASE_END;
  const auto other = halves_.find(KeyOf(entry, is_end ? v1::AUDIT_PHASE_BEGIN : v1::AUDIT_PHASE_END));
  if (other != halves_.end()) {
    AuditLine& line = lines_[other->second.back()];
    if (is_end) line.code = entry.code();
    other->second.pop_back();
    if (other->second.empty()) halves_.erase(other);
    return;
  }
  halves_[KeyOf(entry, entry.phase())].push_back(lines_.size());
  lines_.push_back({entry, is_end ? entry.code() : ""});
}

std::string FormatResult(const AuditLine& line, absl::Time now) {
  if (!line.code.empty()) return line.code;
  return now - ToTime(line.entry.time()) < kMayBeUnderWay ? "under way"
                                                          : "unknown: the process ended on the way";
}

std::string FormatPrincipal(const v1::AuditEntry& entry) {
  if (entry.principal_display_name().empty()) return entry.principal();
  return absl::StrCat(entry.principal_display_name(), " (", entry.principal(), ")");
}

}  // namespace cognate::cli
