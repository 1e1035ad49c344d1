#include "common/access/audit_chain.h"

#include <functional>
#include <set>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate::access {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

v1::AuditEntry Entry(int64_t sequence) {
  v1::AuditEntry entry;
  entry.set_sequence(sequence);
  entry.mutable_time()->set_seconds(1'700'000'000 + sequence);
  entry.mutable_time()->set_nanos(123'456'000);
  entry.set_phase(v1::AUDIT_PHASE_BEGIN);
  entry.set_principal("keys/ada");
  entry.set_principal_display_name("Ada");
  entry.set_address("203.0.113.7");
  entry.set_method("cognate.v1.PlatformRegistryService/UpdateSync");
  entry.set_target("syncs/countries");
  entry.set_request_id("r1");
  entry.set_request("{}");
  return entry;
}

std::vector<v1::AuditEntry> Chain(int length) {
  std::vector<v1::AuditEntry> entries;
  std::string head = AuditChainStart();
  for (int i = 1; i <= length; ++i) {
    v1::AuditEntry& entry = entries.emplace_back(Entry(i));
    entry.set_previous_hash(head);
    head = AuditHash(head, entry);
    entry.set_hash(head);
  }
  return entries;
}

std::optional<AuditFault> Verify(const std::vector<v1::AuditEntry>& entries, const std::string& head = "") {
  AuditVerifier verifier(head);
  for (const v1::AuditEntry& entry : entries) verifier.Add(entry);
  return verifier.Finish();
}

// Made by hashlib of Python: whoever changes the form breaks every audit that there is.
TEST(AuditChain, TheFormIsThatOfTheDocs) {
  EXPECT_EQ(absl::BytesToHexString(AuditHash(AuditChainStart(), Entry(1))),
            "9370490634f28d9d24315e77436d0b0e0bf26d10e07b6788c74b3172dad8e1b1");
}

TEST(AuditChain, EachFieldCounts) {
  const std::vector<std::function<void(v1::AuditEntry&)>> changes = {
      [](auto& entry) { entry.set_sequence(2); },
      [](auto& entry) { entry.mutable_time()->set_seconds(1); },
      [](auto& entry) { entry.mutable_time()->set_nanos(123'457'000); },
      [](auto& entry) { entry.set_phase(v1::AUDIT_PHASE_END); },
      [](auto& entry) { entry.set_principal("keys/bob"); },
      [](auto& entry) { entry.set_principal_display_name("Bob"); },
      [](auto& entry) { entry.set_address("unix"); },
      [](auto& entry) { entry.set_method("cognate.v1.PlatformRegistryService/DeleteSync"); },
      [](auto& entry) { entry.set_target("syncs/cities"); },
      [](auto& entry) { entry.set_request_id("r2"); },
      [](auto& entry) { entry.set_code("OK"); },
      [](auto& entry) { entry.set_request("{ }"); },
      // Text that moves from one field into its neighbour.
      [](auto& entry) { entry.set_principal("keys/adaA"), entry.set_principal_display_name("da"); },
      [](auto& entry) { entry.set_request(""), entry.set_code("{}"); },
  };
  std::set<std::string> hashes = {AuditHash(AuditChainStart(), Entry(1)),
                                  AuditHash(std::string(kAuditHashBytes, 'x'), Entry(1))};
  for (const auto& change : changes) {
    v1::AuditEntry entry = Entry(1);
    change(entry);
    hashes.insert(AuditHash(AuditChainStart(), entry));
  }
  EXPECT_THAT(hashes, SizeIs(changes.size() + 2));
}

TEST(AuditChain, AnIntactOneHasNoFault) {
  const std::vector<v1::AuditEntry> entries = Chain(5);
  EXPECT_EQ(Verify(entries), std::nullopt);
  EXPECT_EQ(Verify({}), std::nullopt);
  EXPECT_EQ(Verify(entries, entries[4].hash()), std::nullopt);
  EXPECT_EQ(Verify(entries, entries[2].hash()), std::nullopt) << "written down earlier";
  EXPECT_EQ(Verify(entries, AuditChainStart()), std::nullopt) << "written down before the first entry";
}

struct Manipulation {
  const char* name;
  std::function<void(std::vector<v1::AuditEntry>&)> act;
  int64_t found_at;
  const char* what;
};

TEST(AuditChain, EachManipulationIsFoundWhereItIs) {
  const Manipulation manipulations[] = {
      {"a field", [](auto& entries) { entries[2].set_target("other"); }, 3, "entry 3 was changed"},
      {"the first", [](auto& entries) { entries.erase(entries.begin()); }, 1, "entry 1 is missing"},
      {"one of the middle", [](auto& entries) { entries.erase(entries.begin() + 2); }, 3,
       "entry 3 is missing"},
      {"several", [](auto& entries) { entries.erase(entries.begin() + 1, entries.begin() + 4); }, 2,
       "entries 2 to 4 are missing"},
      {"two swapped", [](auto& entries) { std::swap(entries[1], entries[2]); }, 2, "entry 2 is missing"},
      {"two swapped with their numbers",
       [](auto& entries) {
         std::swap(entries[1], entries[2]);
         entries[1].set_sequence(2), entries[2].set_sequence(3);
       },
       2, "entry 2 was changed"},
      {"one replaced by another with a hash of its own",
       [](auto& entries) {
         entries[2].set_target("other");
         entries[2].set_hash(AuditHash(entries[2].previous_hash(), entries[2]));
       },
       4, "entry 4 does not follow on entry 3"},
      {"one twice", [](auto& entries) { entries.insert(entries.begin() + 2, entries[1]); }, 2,
       "entry 2 stands after entry 2"},
      {"no hash", [](auto& entries) { entries[2].clear_hash(); }, 3, "entry 3 was changed"},
  };
  for (const Manipulation& manipulation : manipulations) {
    SCOPED_TRACE(manipulation.name);
    std::vector<v1::AuditEntry> entries = Chain(5);
    manipulation.act(entries);
    const std::optional<AuditFault> fault = Verify(entries);
    ASSERT_TRUE(fault.has_value());
    EXPECT_EQ(fault->sequence, manipulation.found_at);
    EXPECT_THAT(fault->what, HasSubstr(manipulation.what));
  }
}

TEST(AuditChain, WhatNoChainCanShowIsShownByTheHead) {
  const std::vector<v1::AuditEntry> entries = Chain(5);
  const std::string head = entries[4].hash();
  std::vector<v1::AuditEntry> cut(entries.begin(), entries.begin() + 3);
  EXPECT_EQ(Verify(cut), std::nullopt);
  EXPECT_THAT(Verify(cut, head)->what, HasSubstr("cut off"));
  EXPECT_THAT(Verify({}, head)->what, HasSubstr("cut off"));
  std::vector<v1::AuditEntry> anew = entries;
  anew[1].set_target("other");
  std::string hash = anew[0].hash();
  for (size_t i = 1; i < anew.size(); ++i) {
    anew[i].set_previous_hash(hash);
    hash = AuditHash(hash, anew[i]);
    anew[i].set_hash(hash);
  }
  EXPECT_EQ(Verify(anew), std::nullopt);
  EXPECT_THAT(Verify(anew, head)->what, HasSubstr("made anew"));
}

}  // namespace
}  // namespace cognate::access
