#include "cli/audit_lines.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/clock/time_proto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate::cli {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

v1::AuditEntry Entry(v1::AuditPhase phase, const std::string& request_id, const std::string& code = "") {
  v1::AuditEntry entry;
  entry.set_phase(phase);
  entry.set_principal("keys/ada");
  entry.set_method("cognate.v1.PlatformRegistryService/UpdateSync");
  entry.set_request_id(request_id);
  entry.set_code(code);
  *entry.mutable_time() = ToTimestamp(kNow - absl::Minutes(5));
  return entry;
}
v1::AuditEntry Begin(const std::string& id) { return Entry(v1::AUDIT_PHASE_BEGIN, id); }
v1::AuditEntry End(const std::string& id, const std::string& code) {
  return Entry(v1::AUDIT_PHASE_END, id, code);
}

std::string Shown(const std::vector<v1::AuditEntry>& entries) {
  AuditLines lines;
  for (const v1::AuditEntry& entry : entries) lines.Add(entry);
  return absl::StrJoin(lines.lines(), ", ", [](std::string* out, const AuditLine& line) {
    absl::StrAppend(out, line.entry.request_id(), " ", FormatResult(line, kNow));
  });
}

TEST(AuditLines, BothHalvesOfACallAreOneLine) {
  EXPECT_EQ(Shown({Begin("a"), End("a", "OK")}), "a OK");
  EXPECT_EQ(Shown({End("a", "OK"), Begin("a")}), "a OK") << "newest first";
  EXPECT_EQ(Shown({Begin("a"), Begin("b"), End("b", "NOT_FOUND"), End("a", "OK")}), "a OK, b NOT_FOUND");
}

TEST(AuditLines, ACallThatHasNotEndedSaysSo) {
  EXPECT_EQ(Shown({Begin("a"), Begin("b"), End("b", "OK")}), "a unknown: the process ended on the way, b OK");
  v1::AuditEntry young = Begin("a");
  *young.mutable_time() = ToTimestamp(kNow - absl::Seconds(5));
  EXPECT_EQ(Shown({young}), "a under way");
}

TEST(AuditLines, ACallThatWasMadeAgainAfterACrashIsTwoLines) {
  EXPECT_EQ(Shown({Begin("a"), Begin("a"), End("a", "OK")}), "a unknown: the process ended on the way, a OK");
  EXPECT_EQ(Shown({End("a", "OK"), Begin("a"), Begin("a")}), "a OK, a unknown: the process ended on the way");
}

TEST(AuditLines, WhatIsOfAnotherCallIsAnotherLine) {
  v1::AuditEntry other = End("a", "OK");
  other.set_principal("keys/bob");
  EXPECT_EQ(Shown({Begin("a"), other}), "a unknown: the process ended on the way, a OK");
}

}  // namespace
}  // namespace cognate::cli
