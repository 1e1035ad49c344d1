// For which platform a request is: one that there is, by its id or by its name.
#include "common/grpc/fake_services.h"
#include "common/grpc/host.h"
#include "common/status/error.h"
#include "services/file_transfer/testing/files_fixture.h"

namespace cognate::file_transfer {
namespace {

using test_support::HasReason;

class PlatformTest : public FilesTest {
 protected:
  // With a registry that knows `shop` alone.
  PlatformTest() : registry_(metrics_) {
    Stop();
    registry_.handler = [](const grpc_support::Rpc&,
                           const v1::GetPlatformRequest& request) -> absl::StatusOr<v1::Platform> {
      if (request.name() != "platforms/shop")
        return Error(absl::StatusCode::kNotFound, "PLATFORM_NOT_FOUND", "no platform of this test");
      v1::Platform platform;
      platform.set_name(request.name());
      return platform;
    };
    host_ = test_support::ValueOrDie(grpc_support::Host::Start(
        {.addresses = {absl::StrCat("unix:", directory_.File("registry.sock"))}}, {&registry_}));
    config_.peers.registry = host_->address();
    Start();
  }
  ~PlatformTest() override { Stop(); }

  // What each of the calls that name a platform answers.
  struct Answers {
    absl::Status write, batch_write, check, status, cancel;
  };
  Answers Ask(const std::string& platform, const std::string& upload = NewUpload()) {
    Answers answers;
    answers.write = PutAs("", platform, RandomContent(200'000, 1)).status();
    v1::BatchWriteRequest batch;
    batch.set_platform(platform);
    v1::SmallFile& file = *batch.add_files();
    file.set_data("small");
    file.set_sha256(files::Sha256("small"));
    answers.batch_write = Call(&Stub::BatchWrite, batch).status();
    v1::CheckRequest check;
    check.set_platform(platform);
    answers.check = Call(&Stub::Check, check).status();
    v1::QueryWriteStatusRequest status;
    status.set_upload(upload);
    status.set_platform(platform);
    answers.status = Call(&Stub::QueryWriteStatus, status).status();
    v1::CancelWriteRequest cancel;
    cancel.set_upload(upload);
    cancel.set_platform(platform);
    answers.cancel = Call(&Stub::CancelWrite, cancel).status();
    return answers;
  }

  // An upload of half a content.
  std::string Begin(const std::string& platform) {
    const std::string upload = NewUpload();
    WriteStream stream(stub());
    v1::WriteRequest message = First(upload);
    message.set_platform(platform);
    message.set_data(RandomContent(300'000, 2));
    EXPECT_TRUE(stream.Send(message));
    EXPECT_OK(stream.End());
    return upload;
  }

  metrics::Registry metrics_;
  grpc_support::FakeRegistry registry_;
  std::unique_ptr<grpc_support::Host> host_;
};

TEST_F(PlatformTest, NothingIsTakenForAPlatformThatIsNone) {
  for (const std::string platform : {"shp", "platforms/shp", "../../../tmp/escape", "shop/"}) {
    const Answers answers = Ask(platform);
    for (const absl::Status& status :
         {answers.write, answers.batch_write, answers.check, answers.status, answers.cancel})
      EXPECT_THAT(status, HasReason("PLATFORM_NOT_FOUND")) << platform;
  }
  EXPECT_EQ(List()->total_count(), 0);
  const Answers nobody = Ask("");
  for (const absl::Status& status :
       {nobody.write, nobody.batch_write, nobody.check, nobody.status, nobody.cancel})
    EXPECT_THAT(status, HasReason("INVALID_FIELD"));
}

TEST_F(PlatformTest, AnIdAndANameAreTheSamePlatform) {
  for (const auto& [one, other] :
       {std::pair("shop", "platforms/shop"), std::pair("platforms/shop", "shop")}) {
    const std::string upload = Begin(one);
    const Answers answers = Ask(other, upload);
    for (const absl::Status& status :
         {answers.write, answers.batch_write, answers.check, answers.status, answers.cancel})
      EXPECT_OK(status);
    EXPECT_THAT(Ask(one, upload).status, HasReason("UPLOAD_NOT_FOUND"));
  }
}

TEST_F(PlatformTest, WhileTheRegistryIsAwayContentsAreTakenAllTheSame) {
  host_->Shutdown(absl::ZeroDuration());
  const Answers answers = Ask("shop");
  EXPECT_OK(answers.write);
  EXPECT_OK(answers.batch_write);
  EXPECT_OK(answers.check);
  EXPECT_THAT(answers.status, HasReason("UPLOAD_NOT_FOUND"));
}

}  // namespace
}  // namespace cognate::file_transfer
