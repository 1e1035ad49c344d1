#include "cli/sync_file.h"

#include <fstream>

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::cli {
namespace {

using test_support::EqualsProto;
using test_support::HasReason;
using test_support::ParseProto;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kTwo[] =
    "name: syncs/a\nfilter: x = 1\n---\nname: syncs/b\nfields:\n  - {source: a, target: b}\n";

TEST(SyncFileTest, HoldsOneSyncADocument) {
  const auto syncs = ReadSyncs(kTwo, "s.yaml");
  ASSERT_OK(syncs);
  ASSERT_THAT(*syncs, SizeIs(2));
  EXPECT_EQ((*syncs)[1].sync.name(), "syncs/b");
  EXPECT_EQ((*syncs)[1].PlaceOf("sync.fields[0].source"), "s.yaml:6");
  EXPECT_EQ((*syncs)[1].PlaceOf("sync"), "s.yaml:4");
  EXPECT_THAT(ReadSyncs("filter: x", "s.yaml"), AllOf(HasReason("INVALID_FILE")));
  EXPECT_THAT(*ReadSyncs("# nothing\n", "s.yaml"), SizeIs(0));
}

TEST(SyncFileTest, IsWrittenWithoutWhatTheServicesSay) {
  const v1::Sync sync = ParseProto<v1::Sync>(
      "name: 'syncs/a' title: 'a on b' revision: 7 etag: '7' create_time { seconds: 5 } update_time { "
      "seconds: 6 } "
      "status: SYNC_STATUS_ACTIVE");
  EXPECT_EQ(WriteSyncs({sync, sync}),
            "name: syncs/a\nstatus: SYNC_STATUS_ACTIVE\n---\nname: syncs/a\nstatus: SYNC_STATUS_ACTIVE\n");
  // Every field that a client cannot say is known here.
  const auto* const descriptor = v1::Sync::descriptor();
  v1::Sync all;
  for (const char* const name : {"title", "revision", "create_time", "update_time", "etag"})
    ASSERT_NE(descriptor->FindFieldByName(name), nullptr) << name;
  ClearOutputOnly(&all);
  EXPECT_THAT(all, EqualsProto(v1::Sync()));
}

TEST(SyncFileTest, RulesOfFilesComeBackAsTheyWere) {
  const v1::Sync sync = ParseProto<v1::Sync>(
      "name: 'syncs/a' fields { source: 'avatar' target: 'picture' file { mode: FILE_MODE_COPY directory: "
      "'avatars/large' "
      "allowed_extensions: 'png' allowed_extensions: 'jpg' max_bytes: 5000000000 too_large: "
      "FILE_SKIP_ACTION_LINK "
      "modified_since { seconds: 1700000000 } too_old: FILE_SKIP_ACTION_EMPTY max_count: 7 "
      "absence: FILE_ABSENCE_PLACEHOLDER placeholder: 'default.png' } } fields { source: 'scan' target: "
      "'scan' file {} } fields { source: 'cover' target: 'cover' file { mode: FILE_MODE_LINK link_fallback: "
      "true } }");
  const std::string text = WriteSyncs({sync});
  EXPECT_THAT(text, HasSubstr("directory: avatars/large"));
  EXPECT_THAT(text, HasSubstr("link_fallback: true"));
  const auto read = ReadSyncs(text, "s.yaml");
  ASSERT_OK(read);
  EXPECT_THAT((*read)[0].sync, EqualsProto(sync)) << text;
}

TEST(SyncFileTest, ManyFilesAreOneAndNoNameComesTwice) {
  const test_support::TempDir directory;
  std::ofstream(directory.File("a.yaml")) << kTwo;
  std::ofstream(directory.File("b.yaml")) << "name: syncs/c\n";
  std::ofstream(directory.File("c.yaml")) << "\n\nname: syncs/a\n";
  EXPECT_THAT(*ReadSyncFiles({directory.File("a.yaml"), directory.File("b.yaml")}), SizeIs(3));
  EXPECT_THAT(ReadSyncFiles({directory.File("a.yaml"), directory.File("c.yaml")}).status().message(),
              AllOf(HasSubstr("c.yaml:3: name: got syncs/a again"), HasSubstr("a.yaml:1")));
  EXPECT_THAT(ReadSyncFiles({directory.File("none.yaml")}), HasReason("INVALID_FILE"));
  EXPECT_THAT(ReadSyncFiles({directory.path()}), HasReason("INVALID_FILE"));
  EXPECT_THAT(ReadSyncFiles({"/dev/zero"}), HasReason("INVALID_FILE"));
}

}  // namespace
}  // namespace cognate::cli
