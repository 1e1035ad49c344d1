// Files of platforms that file-transfer cannot reach: their agents fetch and bring them.
#include "absl/strings/match.h"
#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/delivery_service.grpc.pb.h"
#include "common/files/digest.h"
#include "tests/end_to_end/files_fixture.h"

namespace cognate {
namespace {

using test_support::Eventually;
using test_support::IsOk;
using test_support::kPatience;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class AgentFilesTest : public FilesTest {
 protected:
  void SetUp() override {
    FilesTest::SetUp();
    delivery_ = v1::DeliveryService::NewStub(cluster_.ChannelTo("delivery"));
    capture_ = v1::ChangeCaptureService::NewStub(cluster_.ChannelTo("change-capture"));
    ASSERT_THAT(Do(*registry_, &RegistryStub::CreatePlatform,
                   "platform { name: 'platforms/till' kind: PLATFORM_KIND_AGENT channel: CHANNEL_AGENT }"),
                IsOk());
    ASSERT_THAT(Do(*registry_, &RegistryStub::PutModels,
                   "platform: 'platforms/till' models { name: 'platforms/till/models/person' model: 'person' "
                   "key_fields: 'id' "
                   "fields { name: 'id' type: FIELD_TYPE_INTEGER has_default: true } fields { name: 'name' "
                   "type: FIELD_TYPE_TEXT } "
                   "fields { name: 'photo' type: FIELD_TYPE_TEXT nullable: true } }"),
                IsOk());
  }

  void SyncToTill() {
    ASSERT_THAT(Do(*registry_, &RegistryStub::CreateSync,
                   "sync { name: 'syncs/to-till' source_platform: 'magazine' source_model: 'public.author' "
                   "target_platform: 'till' "
                   "target_model: 'person' fields { source: 'name' target: 'name' } "
                   "fields { source: 'avatar' target: 'photo' file { directory: 'photos' } } }"),
                IsOk());
  }
  void SyncFromTill() {
    ASSERT_THAT(Do(*registry_, &RegistryStub::CreateSync,
                   "sync { name: 'syncs/from-till' source_platform: 'till' source_model: 'person' "
                   "target_platform: 'blog' "
                   "target_model: 'public.writer' fields { source: 'name' target: 'title' } "
                   "fields { source: 'photo' target: 'picture' file {} } }"),
                IsOk());
  }

  v1::MissingResponse AwaitMissing() {
    v1::MissingResponse missing;
    EXPECT_TRUE(Eventually([&] {
      // Its lane is open while the agent asks for deliveries; what waits for a file is not among them.
      const auto pulled =
          Do(*delivery_, &v1::DeliveryService::Stub::Pull, "platform: 'till' wait { seconds: 1 }");
      EXPECT_TRUE(!pulled.ok() || pulled->deliveries().empty());
      const auto asked = Do(*files_, &FilesStub::Missing, "platform: 'till'");
      if (asked.ok()) missing = *asked;
      return !missing.placements().empty();
    }));
    return missing;
  }
  v1::PullResponse Pull() {
    v1::PullResponse pulled;
    Eventually([&] {
      const auto answer =
          Do(*delivery_, &v1::DeliveryService::Stub::Pull, "platform: 'till' wait { seconds: 1 }");
      if (answer.ok()) pulled = *answer;
      return !pulled.deliveries().empty();
    });
    return pulled;
  }
  absl::Status Place(const v1::Placement& placement, const std::string& actual_path,
                     const std::string& reason = "") {
    v1::PlaceRequest request;
    request.set_platform("till");
    v1::PlaceResult& result = *request.add_results();
    result.set_sha256(placement.file().sha256());
    result.set_path(placement.path());
    result.set_actual_path(actual_path);
    if (!reason.empty()) {
      result.mutable_error()->set_reason(reason);
      result.mutable_error()->set_message("no");
    }
    return grpc_support::Call(*files_, &FilesStub::Place, request, {.timeout = kPatience}).status();
  }

  // A person of the till, whose photo is this file.
  void Capture(const std::string& id, const std::string& name, const std::string& content,
               const std::string& path) {
    v1::CaptureRequest request;
    request.set_platform("till");
    v1::Change& change = *request.add_changes();
    change.set_change_id(absl::StrCat("change-", id, "-", name));
    change.set_model("person");
    change.set_local_id(id);
    change.set_operation(v1::OPERATION_UPDATE);
    const auto field = [&](const char* field_name) -> v1::Value& {
      v1::Field& added = *change.add_fields();
      added.set_name(field_name);
      return *added.mutable_value();
    };
    field("id").set_int64_value(std::stoi(id));
    field("name").set_text_value(name);
    v1::FileValue& file = *field("photo").mutable_file_value();
    file.set_sha256(files::Sha256(content));
    file.set_size_bytes(static_cast<int64_t>(content.size()));
    file.set_name("Photo of " + name + ".png");
    file.set_path(path);
    ASSERT_THAT(grpc_support::Call(*capture_, &v1::ChangeCaptureService::Stub::Capture, request,
                                   {.timeout = kPatience}),
                IsOk());
  }

  std::unique_ptr<v1::DeliveryService::Stub> delivery_;
  std::unique_ptr<v1::ChangeCaptureService::Stub> capture_;
};

TEST_F(AgentFilesTest, TheAgentFetchesTheFileBeforeItGetsTheRecord) {
  SyncToTill();
  Put("magazine", "ada.png", Png("ada"));
  Run("INSERT INTO author VALUES (1, 'Ada', 'ada.png')");
  const v1::MissingResponse missing = AwaitMissing();
  ASSERT_THAT(missing.placements(), SizeIs(1));
  const v1::Placement& placement = missing.placements(0);
  EXPECT_EQ(placement.state(), v1::PLACEMENT_STATE_DUE);
  EXPECT_THAT(placement.path(), HasSubstr("photos/ada-"));
  v1::BatchReadRequest read;
  read.set_platform("till");
  read.add_sha256s(placement.file().sha256());
  const auto got = grpc_support::Call(*files_, &FilesStub::BatchRead, read, {.timeout = kPatience});
  ASSERT_THAT(got, IsOk());
  ASSERT_THAT(got->files(), SizeIs(1));
  EXPECT_EQ(got->files(0).data(), Png("ada"));
  ASSERT_THAT(Place(placement, "/var/till/ada-1.png"), IsOk());
  const v1::PullResponse pulled = Pull();
  ASSERT_THAT(pulled.deliveries(), SizeIs(1));
  EXPECT_THAT(pulled.deliveries(0).ShortDebugString(), HasSubstr("/var/till/ada-1.png"));
  EXPECT_TRUE(Do(*files_, &FilesStub::Missing, "platform: 'till'")->placements().empty());
}

TEST_F(AgentFilesTest, WhatTheAgentRefusesIsRejected) {
  SyncToTill();
  Put("magazine", "ada.png", Png("ada"));
  Run("INSERT INTO author VALUES (1, 'Ada', 'ada.png')");
  ASSERT_THAT(Place(AwaitMissing().placements(0), "", "NO_ROOM_FOR_PICTURES"), IsOk());
  EXPECT_TRUE(Eventually([&] {
    const auto troubles = Do(*feedback_, &v1::FeedbackService::Stub::ListTroubles,
                             "filter { platform: 'till' reason: 'NO_ROOM_FOR_PICTURES' }");
    return troubles.ok() && troubles->troubles_size() == 1;
  }));
}

TEST_F(AgentFilesTest, ARecordOfAnAgentWaitsForItsUpload) {
  SyncFromTill();
  Capture("7", "Ada", Png("till"), "img/7.png");
  const v1::MissingResponse missing = AwaitMissing();
  ASSERT_THAT(missing.placements(), SizeIs(1));
  EXPECT_EQ(missing.placements(0).state(), v1::PLACEMENT_STATE_LACKING);
  EXPECT_EQ(missing.placements(0).path(), "img/7.png");
  EXPECT_EQ(PictureOf("Ada"), "");
  v1::BatchWriteRequest write;
  write.set_platform("till");
  write.add_files()->set_sha256(missing.placements(0).file().sha256());
  write.mutable_files(0)->set_data(Png("till"));
  ASSERT_THAT(grpc_support::Call(*files_, &FilesStub::BatchWrite, write, {.timeout = kPatience}), IsOk());
  const std::string picture = AwaitPictureOf("Ada");
  EXPECT_THAT(picture, HasSubstr("picture/photo-of-ada-"));
  EXPECT_TRUE(Has("blog", picture, Png("till")));
}

TEST_F(AgentFilesTest, AMalformedFileIsRefusedWhereItIsCaptured) {
  v1::CaptureRequest request = test_support::ParseProto<v1::CaptureRequest>(
      "platform: 'till' changes { change_id: 'c' model: 'person' local_id: '1' operation: OPERATION_UPDATE "
      "fields { name: 'name' value { text_value: 'x' } } "
      "fields { name: 'photo' value { file_value { sha256: 'short' name: '../x' } } } }");
  const auto captured = grpc_support::Call(*capture_, &v1::ChangeCaptureService::Stub::Capture, request,
                                           {.timeout = kPatience});
  EXPECT_THAT(captured.ok() ? captured->ShortDebugString() : captured.status().ToString(),
              HasSubstr("sha256 of 32 bytes"));
}

}  // namespace
}  // namespace cognate
