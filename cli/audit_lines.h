#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "cognate/v1/audit_service.pb.h"

namespace cognate::cli {

// One call, of its BEGIN and its END as far as they are there.
struct AuditLine {
  v1::AuditEntry entry;  // The one that was met first.
  std::string code;      // Empty: no END was met.
};

// Puts the two entries of each call together, in either order.
class AuditLines {
 public:
  void Add(const v1::AuditEntry& entry);

  // In the order in which each was met first.
  const std::vector<AuditLine>& lines() const { return lines_; }

 private:
  std::vector<AuditLine> lines_;
  // Lines whose other half is still to come, by what both halves have; the last one met is last.
  absl::flat_hash_map<std::string, std::vector<size_t>> halves_;
};

// "OK"; without an END what is known of it.
std::string FormatResult(const AuditLine& line, absl::Time now);
// "Ada (keys/0193…)"; "local".
std::string FormatPrincipal(const v1::AuditEntry& entry);

}  // namespace cognate::cli
