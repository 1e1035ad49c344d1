// A client of the Connect protocol that others wrote: `buf curl`.
#include "absl/strings/match.h"
#include "tests/end_to_end/gateway_fixture.h"

namespace cognate {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kBuf[] = ".tools/node_modules/.bin/buf";

class GatewayBufTest : public GatewayFixture {
 protected:
  std::string Buf(const std::vector<std::string>& flags, const std::string& method, const std::string& json) {
    const std::string log = directory_.File(absl::StrCat("buf-", ++runs_));
    std::vector<std::string> words = {
        kBuf,         "curl",    "--schema", "proto",
        "--protocol", "connect", "-H",       absl::StrCat("authorization: Bearer ", key_),
        "-d",         json};
    words.insert(words.end(), flags.begin(), flags.end());
    words.push_back(Rpc(method));
    process::RunToEnd({.argv = words, .log_file = log}, test_support::kPatience).IgnoreError();
    return contract::ReadFile(log);
  }

  std::string key_;
  int runs_ = 0;
};

TEST_F(GatewayBufTest, ReadsAnswersAndErrors) {
  if (!std::filesystem::exists(kBuf)) GTEST_SKIP() << kBuf << " is not there: `make lint` installs it";
  StartUp();
  MakePlatform("shop");
  key_ = MakeKey(v1::ROLE_VIEWER).secret();
  for (const std::vector<std::string>& flags : {std::vector<std::string>{}, {"--http2-prior-knowledge"}}) {
    EXPECT_THAT(Buf(flags, "PlatformRegistryService/GetPlatform", R"({"name": "platforms/shop"})"),
                HasSubstr("\"displayName\": \"shop\""));
    EXPECT_THAT(Buf(flags, "PlatformRegistryService/GetPlatform", R"({"name": "platforms/none"})"),
                AllOf(HasSubstr("\"code\": \"not_found\""), HasSubstr("PLATFORM_NOT_FOUND")));
    EXPECT_THAT(Buf(flags, "FeedbackService/Watch", "{}"), HasSubstr("/v1/watch"));
  }
}

}  // namespace
}  // namespace cognate
