#include "services/file_transfer/s3/s3_settings.h"

#include <fstream>

#include "services/file_transfer/config.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::file_transfer {
namespace {

using test_support::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

class S3SettingsTest : public ::testing::Test {
 protected:
  S3SettingsTest() { std::ofstream(directory_.File("secret")) << "hunter2hunter2\n"; }

  // The whole of `arguments`, with what every program needs.
  absl::Status Parse(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"file-transfer", "--postgres-uri=postgresql://localhost/x"});
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    config::Settings settings("file-transfer", "");
    config_ = Config();
    config_.Register(settings);
    const absl::Status status = settings
                                    .Parse(static_cast<int>(argv.size()), argv.data(),
                                           [](const std::string&) { return std::nullopt; })
                                    .status();
    printed_ = settings.Print();
    return status;
  }
  // With all that a store in S3 needs, but for what is changed.
  absl::Status ParseS3(const std::vector<std::string>& changes) {
    std::vector<std::string> arguments = {
        "--file-store=s3://cognate-files/main", "--s3-access-key=AKIDEXAMPLE",
        "--s3-secret-key-file=" + directory_.File("secret"), "--file-staging=/var/lib/cognate/staging"};
    for (const std::string& change : changes) {
      const std::string name = change.substr(0, change.find('=') + 1);
      std::erase_if(arguments,
                    [&](const std::string& one) { return one.compare(0, name.size(), name) == 0; });
      arguments.push_back(change);
    }
    return Parse(arguments);
  }

  test_support::TempDir directory_;
  Config config_;
  std::string printed_;
};

TEST_F(S3SettingsTest, TakesABucketWithItsKeyFromAFile) {
  ASSERT_OK(ParseS3({"--s3-region=eu-central-1"}));
  const s3::Options options = config_.s3.Options(config_.file_store);
  EXPECT_EQ(options.bucket, "cognate-files");
  EXPECT_EQ(options.endpoint.region, "eu-central-1");
  EXPECT_EQ(options.credentials.secret_key, "hunter2hunter2");
  EXPECT_THAT(printed_, Not(HasSubstr("hunter2")));
}

TEST_F(S3SettingsTest, ADirectoryNeedsNoneOfThem) {
  EXPECT_OK(Parse({"--file-store=/var/lib/cognate/files"}));
}

TEST_F(S3SettingsTest, SaysWhatIsMissingOrWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"--file-store=s3://Cognate", "--file-store"},
      {"--file-store=s3:bucket", "--file-store"},
      {"--s3-access-key=", "--s3-access-key"},
      {"--file-staging=staging", "--file-staging"},
      {"--s3-endpoint=http://10.0.0.7:9000", "want https://"},
      {"--s3-endpoint=https://10.0.0.7:9000", "--s3-path-style"},
      {"--s3-endpoint=https://user:hunter2@s3.example.org", "--s3-endpoint"},
      {"--s3-region=US EAST", "--s3-endpoint"},
  };
  for (const auto& [change, words] : cases) {
    const absl::Status status = ParseS3({change});
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(words))) << change;
    EXPECT_THAT(status.message(), Not(HasSubstr("hunter2")));
  }
}

TEST_F(S3SettingsTest, PlainHttpIsForThisMachineUnlessAllowed) {
  EXPECT_OK(ParseS3({"--s3-endpoint=http://127.0.0.1:9000", "--s3-path-style=true"}));
  EXPECT_OK(ParseS3({"--s3-endpoint=http://minio:9000", "--s3-path-style=true", "--s3-plaintext=true"}));
}

}  // namespace
}  // namespace cognate::file_transfer
