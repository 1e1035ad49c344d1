#include <cstdlib>

#include "services/platform_registry/registry_fixture.h"

namespace cognate::platform_registry {
namespace {

using test_support::HasReason;
using test_support::IsOk;
using test_support::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class PlatformsTest : public RegistryTest {
 protected:
  absl::Status Create(const std::string& platform, const std::string& more = "") {
    return Call(&RegistryStub::CreatePlatform, "platform { " + platform + " } " + more).status();
  }
  v1::Platform Get(const std::string& name) {
    return test_support::ValueOrDie(Call(&RegistryStub::GetPlatform, "name: '" + name + "'")).platform();
  }
  std::string ViolationOf(const absl::Status& status) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    const auto violations = Violations(status);
    return violations.empty() ? "" : violations[0].field;
  }
};

constexpr char kAtlas[] =
    "name: 'platforms/atlas' kind: PLATFORM_KIND_POSTGRES "
    "database { uri: 'postgresql://cognate@db:5432/atlas' password { environment: 'ATLAS_PASSWORD' } }";

TEST_F(PlatformsTest, FillsInDefaultsAndGivesThePlatformBack) {
  ASSERT_OK(Create(kAtlas));
  v1::Platform atlas = Get("platforms/atlas");
  EXPECT_TRUE(atlas.has_create_time());
  EXPECT_FALSE(atlas.etag().empty());
  atlas.clear_create_time();
  atlas.clear_update_time();
  atlas.clear_etag();
  EXPECT_THAT(atlas, test_support::EqualsProto(
                         std::string(kAtlas) +
                         "display_name: 'atlas' channel: CHANNEL_SQL capture_mode: CAPTURE_MODE_NONE"));
  ASSERT_OK(Create("name: 'platforms/till' kind: PLATFORM_KIND_AGENT"));
  EXPECT_EQ(Get("platforms/till").channel(), v1::CHANNEL_NONE);
  EXPECT_EQ(Get("platforms/till").capture_mode(), v1::CAPTURE_MODE_AGENT);
}

TEST_F(PlatformsTest, KeepsWhatIsSaidOfHeldDeliveriesAndNamesWhatIsOutOfBounds) {
  const std::string till = "name: 'platforms/till' kind: PLATFORM_KIND_AGENT delivery { hold { ";
  const auto refused = [&](const std::string& hold) { return ViolationOf(Create(till + hold + " } }")); };
  EXPECT_EQ(refused("lifetime { seconds: 59 }"), "platform.delivery.hold.lifetime");
  EXPECT_EQ(refused("lifetime { seconds: 31536001 }"), "platform.delivery.hold.lifetime");
  EXPECT_EQ(refused("lifetime { seconds: -60 }"), "platform.delivery.hold.lifetime");
  EXPECT_EQ(refused("max_releases: -1"), "platform.delivery.hold.max_releases");
  EXPECT_EQ(refused("max_releases: 1001"), "platform.delivery.hold.max_releases");
  const std::string hold = "is_manual: true max_releases: 1000 lifetime { seconds: 60 }";
  ASSERT_OK(Create(till + hold + " } }"));
  EXPECT_THAT(Get("platforms/till").delivery().hold(), test_support::EqualsProto(hold));
}

TEST_F(PlatformsTest, RefusesASecondPlatformOfTheSameId) {
  ASSERT_OK(Create(kAtlas));
  EXPECT_THAT(Create(kAtlas),
              AllOf(StatusIs(absl::StatusCode::kAlreadyExists), HasReason("PLATFORM_ALREADY_EXISTS")));
}

TEST_F(PlatformsTest, AnswersTheSameRequestIdAsTheFirstTime) {
  const std::string id = "request_id: '0193c1a2-7f6e-7c3d-8a4b-1f2e3d4c5b6a'";
  const auto first = Call(&RegistryStub::CreatePlatform, "platform { " + std::string(kAtlas) + " } " + id);
  ASSERT_OK(Call(
      &RegistryStub::UpdatePlatform,
      "platform { name: 'platforms/atlas' display_name: 'Atlas' } update_mask { paths: 'display_name' }"));
  const auto second = Call(&RegistryStub::CreatePlatform, "platform { " + std::string(kAtlas) + " } " + id);
  ASSERT_OK(first);
  ASSERT_OK(second);
  EXPECT_THAT(*second, test_support::EqualsProto(*first));
  EXPECT_THAT(Create("name: 'platforms/till' kind: PLATFORM_KIND_AGENT", id),
              AllOf(StatusIs(absl::StatusCode::kAlreadyExists), HasReason("REQUEST_ID_REUSED")));
  EXPECT_EQ(ViolationOf(Create("name: 'platforms/till' kind: PLATFORM_KIND_AGENT", "request_id: 'x'")),
            "request_id");
}

TEST_F(PlatformsTest, NamesEveryWrongFieldByItsPath) {
  EXPECT_EQ(ViolationOf(Create("name: 'atlas' kind: PLATFORM_KIND_AGENT")), "platform.name");
  EXPECT_EQ(ViolationOf(Create("name: 'platforms/Atlas' kind: PLATFORM_KIND_AGENT")), "platform.name");
  EXPECT_EQ(ViolationOf(Create("name: 'platforms/atlas'")), "platform.kind");
  EXPECT_EQ(ViolationOf(Create("name: 'platforms/a' kind: PLATFORM_KIND_POSTGRES")), "platform.database");
  EXPECT_EQ(ViolationOf(Create("name: 'platforms/a' kind: PLATFORM_KIND_AGENT channel: CHANNEL_SQL")),
            "platform.channel");
  EXPECT_EQ(ViolationOf(Create(
                "name: 'platforms/a' kind: PLATFORM_KIND_AGENT capture_mode: CAPTURE_MODE_REPLICATION")),
            "platform.capture_mode");
  EXPECT_EQ(ViolationOf(Create("name: 'platforms/a' kind: PLATFORM_KIND_AGENT display_name: '" +
                               std::string(121, 'x') + "'")),
            "platform.display_name");
}

TEST_F(PlatformsTest, KeepsWhereTheFilesAre) {
  ASSERT_OK(
      Create("name: 'platforms/till' kind: PLATFORM_KIND_AGENT files { directory: '/srv/till' url: "
             "'https://till.example/f' "
             "quota_bytes: 5000000000 }"));
  EXPECT_EQ(Get("platforms/till").files().directory(), "/srv/till");
  EXPECT_EQ(Get("platforms/till").files().quota_bytes(), 5'000'000'000);
  ASSERT_OK(Call(&RegistryStub::UpdatePlatform,
                 "platform { name: 'platforms/till' } update_mask { paths: 'files' }"));
  EXPECT_FALSE(Get("platforms/till").has_files());
  const auto wrong = [&](const std::string& files) {
    return ViolationOf(Create("name: 'platforms/b' kind: PLATFORM_KIND_AGENT files { " + files + " }"));
  };
  for (const char* const directory : {"", "srv", "/", "/srv/", "/srv/../etc", "//srv"})
    EXPECT_EQ(wrong("directory: '" + std::string(directory) + "'"), "platform.files.directory") << directory;
  for (const char* const url : {"ftp://x", "https://", "https://me@x", "https://x?y", "javascript:x"})
    EXPECT_EQ(wrong("directory: '/a' url: '" + std::string(url) + "'"), "platform.files.url") << url;
  EXPECT_EQ(wrong("directory: '/a' quota_bytes: -1"), "platform.files.quota_bytes");
}

TEST_F(PlatformsTest, RefusesAPasswordInTheUriAndNeverRepeatsIt) {
  const absl::Status status = Create(
      "name: 'platforms/a' kind: PLATFORM_KIND_POSTGRES database { uri: 'postgresql://me:hush@db/atlas' }");
  EXPECT_EQ(ViolationOf(status), "platform.database.uri");
  EXPECT_THAT(status.ToString(), Not(HasSubstr("hush")));
  EXPECT_THAT(Violations(status)[0].description, HasSubstr("password"));
}

TEST_F(PlatformsTest, UpdatesWhatTheMaskNamesUnderTheRightEtag) {
  ASSERT_OK(Create(kAtlas));
  const std::string etag = Get("platforms/atlas").etag();
  const auto updated = Call(&RegistryStub::UpdatePlatform,
                            "platform { name: 'platforms/atlas' display_name: 'Atlas' capture_mode: "
                            "CAPTURE_MODE_REPLICATION etag: '" +
                                etag + "' } update_mask { paths: 'capture_mode' }");
  ASSERT_OK(updated);
  EXPECT_EQ(updated->platform().display_name(), "atlas");
  EXPECT_EQ(updated->platform().capture_mode(), v1::CAPTURE_MODE_REPLICATION);
  EXPECT_EQ(updated->platform().database().password().environment(), "ATLAS_PASSWORD");
  EXPECT_THAT(
      Call(&RegistryStub::UpdatePlatform, "platform { name: 'platforms/atlas' display_name: 'A' etag: '" +
                                              etag + "' } update_mask { paths: 'display_name' }"),
      AllOf(StatusIs(absl::StatusCode::kAborted), HasReason("ETAG_MISMATCH")));
  EXPECT_EQ(ViolationOf(Call(&RegistryStub::UpdatePlatform,
                             "platform { name: 'platforms/atlas' } update_mask { paths: 'kind' }")
                            .status()),
            "update_mask.paths[0]");
  EXPECT_THAT(Call(&RegistryStub::UpdatePlatform,
                   "platform { name: 'platforms/x' } update_mask { paths: 'channel' }"),
              HasReason("PLATFORM_NOT_FOUND"));
}

TEST_F(PlatformsTest, ListsInPages) {
  for (const char* id : {"c", "a", "b"}) AddAgent(id);
  const auto first = Call(&RegistryStub::ListPlatforms, "page_size: 2");
  ASSERT_OK(first);
  ASSERT_EQ(first->platforms_size(), 2);
  EXPECT_EQ(first->platforms(1).name(), "platforms/b");
  const auto second =
      Call(&RegistryStub::ListPlatforms, "page_size: 2 page_token: '" + first->next_page_token() + "'");
  ASSERT_OK(second);
  ASSERT_EQ(second->platforms_size(), 1);
  EXPECT_EQ(second->platforms(0).name(), "platforms/c");
  EXPECT_EQ(second->next_page_token(), "");
  EXPECT_EQ(
      ViolationOf(Call(&RegistryStub::ListSyncs, "page_token: '" + first->next_page_token() + "'").status()),
      "page_token");
  EXPECT_EQ(ViolationOf(Call(&RegistryStub::ListPlatforms, "page_size: 1001").status()), "page_size");
}

TEST_F(PlatformsTest, DeletesAPlatformThatNoSyncNames) {
  AddAgent("till");
  ASSERT_OK(Call(&RegistryStub::DeletePlatform, "name: 'platforms/till'"));
  EXPECT_THAT(Call(&RegistryStub::GetPlatform, "name: 'platforms/till'"),
              AllOf(StatusIs(absl::StatusCode::kNotFound), HasReason("PLATFORM_NOT_FOUND")));
  EXPECT_THAT(Call(&RegistryStub::DeletePlatform, "name: 'platforms/till'"), HasReason("PLATFORM_NOT_FOUND"));
}

TEST_F(PlatformsTest, EveryChangeRaisesTheRevision) {
  const auto revision = [&] {
    return test_support::ValueOrDie(Call(&RegistryStub::GetRules, "")).revision();
  };
  const int64_t first = revision();
  AddAgent("till");
  const int64_t second = revision();
  EXPECT_GT(second, first);
  EXPECT_FALSE(
      test_support::ValueOrDie(Call(&RegistryStub::GetRules, "known_revision: " + std::to_string(second)))
          .has_rules());
  ASSERT_OK(Call(&RegistryStub::DeletePlatform, "name: 'platforms/till'"));
  EXPECT_GT(revision(), second);
}

}  // namespace
}  // namespace cognate::platform_registry
