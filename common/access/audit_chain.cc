#include "common/access/audit_chain.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/access/sha256.h"
#include "common/clock/time_proto.h"

namespace cognate::access {
namespace {

// Lengths go before the values, so that no two entries have the same bytes.
void AppendField(absl::string_view value, std::string* bytes) {
  const uint64_t size = value.size();
  for (int shift = 56; shift >= 0; shift -= 8) bytes->push_back(static_cast<char>(size >> shift));
  absl::StrAppend(bytes, value);
}

}  // namespace

std::string AuditChainStart() { return std::string(kAuditHashBytes, '\0'); }

std::string AuditHash(absl::string_view previous_hash, const v1::AuditEntry& entry) {
  std::string bytes(previous_hash);
  AppendField(absl::StrCat(entry.sequence()), &bytes);
  AppendField(absl::StrCat(absl::ToUnixMicros(ToTime(entry.time()))), &bytes);
  AppendField(absl::StrCat(static_cast<int>(entry.phase())), &bytes);
  for (const AuditText text : kAuditTexts) AppendField((entry.*text)(), &bytes);
  static_assert(kSha256Bytes == kAuditHashBytes);
  return Sha256(bytes);
}

void AuditVerifier::Add(const v1::AuditEntry& entry) {
  const int64_t sequence = entry.sequence();
  const int64_t expected = last_sequence_ + 1;
  if (sequence > expected) {
    Report(expected, sequence == expected + 1
                         ? absl::StrCat("entry ", expected, " is missing")
                         : absl::StrCat("entries ", expected, " to ", sequence - 1, " are missing"));
  } else if (sequence < expected) {
    Report(sequence, absl::StrCat("entry ", sequence, " stands after entry ", last_sequence_));
  } else if (entry.hash() != AuditHash(entry.previous_hash(), entry)) {
    Report(sequence, absl::StrCat("entry ", sequence, " was changed: its hash is not that of its fields"));
  } else if (entry.previous_hash() != head_) {
    Report(sequence, absl::StrCat("entry ", sequence, " does not follow on entry ", last_sequence_,
                                  ": one of the two was replaced by another"));
  }
  // After a fault a hash proves nothing any more.
  if (!fault_ && entry.hash() == known_head_) head_was_met_ = true;
  ++count_;
  last_sequence_ = sequence;
  head_ = entry.hash();
}

const std::optional<AuditFault>& AuditVerifier::Finish() {
  if (!known_head_.empty() && known_head_ != AuditChainStart() && !head_was_met_) {
    Report(last_sequence_ + 1,
           absl::StrCat("no entry has the given head: what came after entry ", last_sequence_,
                        " was cut off, or entries were replaced and all hashes made anew"));
  }
  return fault_;
}

void AuditVerifier::Report(int64_t sequence, std::string what) {
  if (!fault_) fault_ = AuditFault{sequence, std::move(what)};
}

}  // namespace cognate::access
