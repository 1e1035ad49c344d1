// The chain of hashes that holds the audit together, as docs/audit.md describes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "cognate/v1/audit_service.pb.h"

namespace cognate::access {

inline constexpr size_t kAuditHashBytes = 32;

// The texts of an entry, in the order in which they are hashed.
using AuditText = const std::string& (v1::AuditEntry::*)() const;
inline constexpr AuditText kAuditTexts[] = {
    &v1::AuditEntry::principal, &v1::AuditEntry::principal_display_name,
    &v1::AuditEntry::address,   &v1::AuditEntry::method,
    &v1::AuditEntry::target,    &v1::AuditEntry::request_id,
    &v1::AuditEntry::code,      &v1::AuditEntry::request};

// What the first entry has as its `previous_hash`.
std::string AuditChainStart();

// SHA-256 over `previous_hash` and the fields of `entry` from `sequence` to `request`. The time counts in
// whole microseconds.
std::string AuditHash(absl::string_view previous_hash, const v1::AuditEntry& entry);

// What is wrong, and where.
struct AuditFault {
  int64_t sequence = 0;
  std::string what;  // A sentence.
};

// Follows the chain entry by entry, from the first one on.
class AuditVerifier {
 public:
  // `known_head` is the hash of some entry, written down elsewhere earlier; empty: none was.
  explicit AuditVerifier(std::string known_head = "") : known_head_(std::move(known_head)) {}

  // The next entry, in ascending order.
  void Add(const v1::AuditEntry& entry);

  int64_t count() const { return count_; }
  // The hash that the last entry has.
  const std::string& head() const { return head_; }
  // The first thing that is wrong with the entries so far. A head that is not among them is one only in the
  // end: see Finish().
  const std::optional<AuditFault>& fault() const { return fault_; }
  // After the last entry.
  const std::optional<AuditFault>& Finish();

 private:
  void Report(int64_t sequence, std::string what);

  const std::string known_head_;
  bool head_was_met_ = false;
  int64_t count_ = 0;
  int64_t last_sequence_ = 0;
  std::string head_ = AuditChainStart();
  std::optional<AuditFault> fault_;
};

}  // namespace cognate::access
