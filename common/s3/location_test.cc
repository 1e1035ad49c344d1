#include "common/s3/location.h"

#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"

namespace cognate::s3 {
namespace {

using test_support::StatusIs;
using ::testing::HasSubstr;

TEST(LocationTest, ReadsABucketAndAPrefix) {
  for (const char* text : {"s3://cognate-files/a/b.c", "s3://cognate-files//a/b.c/"}) {
    ASSERT_OK_AND_ASSIGN(const BucketAndPrefix parsed, ParseLocation(text));
    EXPECT_EQ(parsed.bucket, "cognate-files");
    EXPECT_EQ(parsed.prefix, "a/b.c");
  }
  for (const char* text : {"s3://cognate-files", "s3://cognate-files/"})
    EXPECT_EQ(ParseLocation(text)->prefix, "");
}

TEST(LocationTest, RefusesWhatIsNone) {
  for (const std::string& text :
       {std::string("bucket/a"), std::string("s3:/bucket"), std::string("s3://"), std::string("s3://ab"),
        std::string("s3://Bucket"), std::string("s3://a_b_c"), std::string("s3://-abc"),
        std::string("s3://a..b"), absl::StrCat("s3://", std::string(64, 'a')), std::string("s3://abc/a//b"),
        std::string("s3://abc/../b"), std::string("s3://abc/a/."), std::string("s3://abc/a b"),
        std::string("s3://abc/é"), absl::StrCat("s3://abc/", std::string(513, 'a')),
        std::string("s3://abc?x=y")}) {
    EXPECT_THAT(ParseLocation(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(LocationTest, PutsTheBucketBeforeTheHostOrIntoThePath) {
  ASSERT_OK_AND_ASSIGN(const Endpoint amazon, ParseEndpoint({"", "eu-central-1"}));
  ASSERT_OK_AND_ASSIGN(const Bucket before, Bucket::Create(amazon, "files", false));
  EXPECT_EQ(before.host(), "files.s3.eu-central-1.amazonaws.com");
  EXPECT_EQ(before.Path("a/b"), "/a/b");
  EXPECT_EQ(before.Path(""), "/");
  EXPECT_EQ(before.Url("/a/b"), "https://files.s3.eu-central-1.amazonaws.com/a/b");
  ASSERT_OK_AND_ASSIGN(const Bucket inside, Bucket::Create(amazon, "files", true));
  EXPECT_EQ(inside.host(), "s3.eu-central-1.amazonaws.com");
  EXPECT_EQ(inside.Path("a/b"), "/files/a/b");
  EXPECT_EQ(inside.Path(""), "/files");
}

TEST(LocationTest, KeepsAPortUnlessItIsTheSchemesOwn) {
  const auto host = [](const char* endpoint) {
    return ParseEndpoint({endpoint, "us-east-1", true, true})->host;
  };
  EXPECT_EQ(host("https://s3.example.org:9000"), "s3.example.org:9000");
  EXPECT_EQ(host("https://S3.Example.org:443/"), "s3.example.org");
  EXPECT_EQ(host("http://s3.example.org:80"), "s3.example.org");
  EXPECT_EQ(host("http://s3.example.org:443"), "s3.example.org:443");
  EXPECT_EQ(host("http://[::1]:9000"), "[::1]:9000");
  EXPECT_EQ(host("http://[::1]"), "[::1]");
}

TEST(LocationTest, TakesPlainHttpToThisMachineAloneUnlessAllowed) {
  for (const char* endpoint : {"http://127.0.0.1:9000", "http://localhost", "http://[::1]:9000"})
    EXPECT_OK(ParseEndpoint({endpoint, "us-east-1", true}).status()) << endpoint;
  for (const char* endpoint : {"http://10.0.0.1:9000", "http://127.example.org", "http://s3.example.org"}) {
    EXPECT_THAT(ParseEndpoint({endpoint, "us-east-1", true}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("want https://")))
        << endpoint;
    EXPECT_OK(ParseEndpoint({endpoint, "us-east-1", true, true}).status()) << endpoint;
  }
}

TEST(LocationTest, RefusesEndpointsAndRegionsThatAreNone) {
  for (const char* endpoint : {"s3.example.org", "ftp://s3.example.org", "https://", "https://a/b",
                               "https://a?b", "https://user:hunter2@a", "https://a:", "https://a:0",
                               "https://a:65536", "https://a b", "https://[::1"}) {
    const absl::Status status = ParseEndpoint({endpoint, "us-east-1", true, true}).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument)) << endpoint;
    EXPECT_THAT(status.message(), ::testing::Not(HasSubstr("hunter2")));
  }
  for (const char* region : {"", "US", "a/b", "a\nb"})
    EXPECT_THAT(ParseEndpoint({"", region}), StatusIs(absl::StatusCode::kInvalidArgument)) << region;
}

TEST(LocationTest, AsksForPathStyleWhereNoHostCanBeMade) {
  EXPECT_THAT(ParseEndpoint({"http://127.0.0.1:9000", "us-east-1"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--s3-path-style")));
  EXPECT_THAT(Bucket::Create({"https", "s3.example.org"}, "my.files", false),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--s3-path-style")));
  EXPECT_OK(Bucket::Create({"https", "s3.example.org"}, "my.files", true).status());
}

}  // namespace
}  // namespace cognate::s3
