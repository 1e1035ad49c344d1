// The published examples of Amazon's documentation and of its SigV4 test suite; and vectors of our own, which
// botocore 1.44.5 has signed.
#include "common/s3/signer.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/s3/encoding.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate::s3 {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Credentials kPublished("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
const Credentials kOfSuite("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
constexpr char kPublishedHost[] = "examplebucket.s3.amazonaws.com";
constexpr char kOwnHost[] = "cognate-files.s3.eu-central-1.amazonaws.com";
constexpr char kToken[] = "FwoGZXIvYXdzEXAMPLE//token+=";

absl::Time At(absl::string_view text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%E4Y%m%dT%H%M%SZ", text, &time, &error)) << error;
  return time;
}

std::string SignatureOf(absl::string_view authorization) {
  return std::vector<std::string>(absl::StrSplit(authorization, "Signature="))[1];
}

// As the client sends them: with the date and the payload's hash among the headers.
Signable Request(std::string method, std::string host, std::string path, absl::string_view date,
                 Pairs query = {}, Pairs headers = {}, absl::string_view payload = "") {
  Signable request;
  request.method = std::move(method);
  request.host = std::move(host);
  request.path = std::move(path);
  request.query = std::move(query);
  request.headers = std::move(headers);
  request.payload_hash = Sha256Hex(payload);
  request.headers.emplace_back("x-amz-content-sha256", request.payload_hash);
  request.headers.emplace_back("x-amz-date", date);
  return request;
}

std::string PublishedSignature(const std::string& method, const std::string& path, Pairs query, Pairs headers,
                               absl::string_view payload) {
  constexpr char kDate[] = "20130524T000000Z";
  return SignatureOf(Authorization(
      Request(method, kPublishedHost, path, kDate, std::move(query), std::move(headers), payload), kPublished,
      {"us-east-1"}, At(kDate)));
}

TEST(SignerTest, SignsThePublishedGetOfARange) {
  EXPECT_EQ(PublishedSignature("GET", "/test.txt", {}, {{"Range", "bytes=0-9"}}, ""),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SignerTest, SignsThePublishedPut) {
  EXPECT_EQ(PublishedSignature(
                "PUT", "/test$file.text", {},
                {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                "Welcome to Amazon S3."),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(SignerTest, SignsThePublishedGetOfALifecycle) {
  EXPECT_EQ(PublishedSignature("GET", "/", {{"lifecycle", ""}}, {}, ""),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(SignerTest, SignsThePublishedList) {
  EXPECT_EQ(PublishedSignature("GET", "/", {{"prefix", "J"}, {"max-keys", "2"}}, {}, ""),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SignerTest, WritesThePublishedHeader) {
  EXPECT_EQ(Authorization(
                Request("GET", kPublishedHost, "/test.txt", "20130524T000000Z", {}, {{"Range", "bytes=0-9"}}),
                kPublished, {"us-east-1"}, At("20130524T000000Z")),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SignerTest, SignsThePublishedAddressOfADay) {
  Signable request;
  request.method = "GET";
  request.host = kPublishedHost;
  request.path = "/test.txt";
  EXPECT_EQ(PresignedTarget(request, kPublished, {"us-east-1"}, At("20130524T000000Z"), absl::Hours(24)),
            "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(SignerTest, AgreesWithTheTestSuite) {
  struct Case {
    const char* path;
    Pairs query;
    const char* signature;
  };
  const Case cases[] = {
      {"/", {}, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
       {},
       "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
      {"/\u1234", {}, "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
      {"/example space/", {}, "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
      {"/",
       {{"Param2", "value2"}, {"Param1", "value1"}},
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"/", {{"\u1234", "bar"}}, "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
  };
  for (const Case& one : cases) {
    Signable request;
    request.method = "GET";
    request.host = "example.amazonaws.com";
    request.path = one.path;
    request.query = one.query;
    request.headers = {{"X-Amz-Date", "20150830T123600Z"}};
    request.payload_hash = Sha256Hex("");
    EXPECT_EQ(SignatureOf(Authorization(request, kOfSuite, {"us-east-1", "service"}, At("20150830T123600Z"))),
              one.signature)
        << one.path;
  }
}

struct OwnCase {
  const char* method;
  const char* path;
  Pairs query;
  Pairs headers;
  const char* payload;
  const char* target;
  const char* signature;
};

TEST(SignerTest, SignsHardPathsAndQueriesAsBotocoreDoes) {
  const OwnCase cases[] = {
      {"GET",
       "/a=b/*.txt",
       {},
       {},
       "",
       "/a%3Db/%2A.txt",
       "63f0c91a34070cc117efa521cb3ee82603b5af479532fe1d98acbf4f434da5ce"},
      {"GET",
       "/a b+c%d/!'()@:,;&$",
       {},
       {},
       "",
       "/a%20b%2Bc%25d/%21%27%28%29%40%3A%2C%3B%26%24",
       "423a17b10a93dac7edfbb08228fa20927b1e036f35c66c699c65c61dc3c5019f"},
      {"PUT",
       "/файлы/日本語/ملف/🦊 é.bin",
       {},
       {},
       "x",
       "/%D1%84%D0%B0%D0%B9%D0%BB%D1%8B/%E6%97%A5%E6%9C%AC%E8%AA%9E/%D9%85%D9%84%D9%81/"
       "%F0%9F%A6%8A%20%C3%A9.bin",
       "18912d04e9fe3ebbbb1d08264ccb7a6b88fa343f32fbaef1d6316dffba6618e3"},
      {"GET",
       "/a//b/../c/./",
       {},
       {},
       "",
       "/a//b/../c/./",
       "c9186c1d088396a188ef15af094744120ad09fac1a732781935c19652f78a594"},
      {"GET",
       "/",
       {{"list-type", "2"},
        {"prefix", "a b/=*+é&?#"},
        {"continuation-token", "1/+=="},
        {"encoding-type", "url"},
        {"delimiter", ""}},
       {},
       "",
       "/?continuation-token=1%2F%2B%3D%3D&delimiter=&encoding-type=url&list-type=2"
       "&prefix=a%20b%2F%3D%2A%2B%C3%A9%26%3F%23",
       "e4726cd93a1663987a6014ee3ba230d83a8e5c307afbd6a135d05af3502fb527"},
      {"GET",
       "/",
       {{"b", "2"}, {"a", "z"}, {"B", "1"}, {"a", "b"}, {"a", "B"}},
       {},
       "",
       "/?B=1&a=B&a=b&a=z&b=2",
       "d7804bbcc155073cde97041f05bf6878c0a9cb268e2006bce83249aad44eb0b1"},
      {"PUT",
       "/big",
       {{"partNumber", "3"},
        {"uploadId",
         "ibZBv_75gd9r8lH_gqXatLdxMVpAlj6CFTR.OwyF3953YdwbcQnMA2BLGn8Lx12fQNICtMw5KyteFeHw.Sjng--"}},
       {},
       "part three",
       "/big?partNumber=3&uploadId="
       "ibZBv_75gd9r8lH_gqXatLdxMVpAlj6CFTR.OwyF3953YdwbcQnMA2BLGn8Lx12fQNICtMw5KyteFeHw.Sjng--",
       "0304016b526148491663d79021d48c8d9735580baa3739e61461b96ff57732ff"},
      {"POST",
       "/big",
       {{"uploads", ""}},
       {},
       "",
       "/big?uploads=",
       "876fba3b6d9342a013dd57d70c572718a292e8890289526a5b52075ad8920486"},
      {"GET",
       "/x",
       {},
       {{"X-Amz-Meta-A", "  a   b  c "}},
       "",
       "/x",
       "154ecce26e7c63ff1418eb14b9b09bf6146e4cd49958730f597217dfebf92355"},
  };
  constexpr char kDate[] = "20261122T123456Z";
  for (const OwnCase& one : cases) {
    const Signable request =
        Request(one.method, kOwnHost, one.path, kDate, one.query, one.headers, one.payload);
    EXPECT_EQ(Target(request), one.target);
    EXPECT_EQ(SignatureOf(Authorization(request, kPublished, {"eu-central-1"}, At(kDate))), one.signature)
        << one.target;
  }
}

TEST(SignerTest, SignsThePortAndTheSessionToken) {
  constexpr char kDate[] = "20261122T123456Z";
  const std::string authorization =
      Authorization(Request("HEAD", "127.0.0.1:9000", "/bucket/pack/ab12", kDate, {},
                            {{"Range", "bytes=5-9"}, {"x-amz-security-token", kToken}}),
                    kPublished, {"us-east-1"}, At(kDate));
  EXPECT_THAT(authorization,
              HasSubstr("SignedHeaders=host;range;x-amz-content-sha256;x-amz-date;x-amz-security-token,"));
  EXPECT_EQ(SignatureOf(authorization), "0670f5b4744da9a3e12fb6c3a0c2f9179a155073ec53143283d744fd7b3adb7f");
}

TEST(SignerTest, SignsAnAddressWithASessionTokenAndAQueryOfItsOwn) {
  Signable request;
  request.method = "GET";
  request.host = "127.0.0.1:9000";
  request.path = "/bucket/a b/é=*.png";
  request.query = {{"response-content-disposition", "attachment; filename=\"a b.png\""}};
  const std::string target =
      PresignedTarget(request, Credentials(kPublished.access_key, kPublished.secret_key, kToken),
                      {"eu-central-1"}, At("20261122T123456Z"), absl::Hours(1));
  EXPECT_EQ(SignatureOf(target), "68dd3372ecd8b757048c8a0c120638ceb57ef61a9d77ad2ab8ba9d3f91b03faf");
  EXPECT_THAT(target, HasSubstr("/bucket/a%20b/%C3%A9%3D%2A.png?"));
}

TEST(SignerTest, AnUnsignedPayloadIsOneWordInsteadOfTheHash) {
  Signable request = Request("PUT", kOwnHost, "/big", "20261122T123456Z");
  const std::string signed_one = Authorization(request, kPublished, {"eu-central-1"}, At("20261122T123456Z"));
  request.payload_hash = kUnsignedPayload;
  request.headers[0].second = kUnsignedPayload;
  const std::string unsigned_one =
      Authorization(request, kPublished, {"eu-central-1"}, At("20261122T123456Z"));
  EXPECT_EQ(SignatureOf(unsigned_one), "8c6b30b098755b1a102dfe6b1e796034530893f0ba4e0f34893bb1b64f73cd73");
  EXPECT_NE(signed_one, unsigned_one);
}

TEST(SignerTest, TheSecretIsNeverInWhatIsSent) {
  Signable request = Request("GET", kOwnHost, "/x", "20261122T123456Z");
  EXPECT_THAT(Authorization(request, kPublished, {"eu-central-1"}, At("20261122T123456Z")),
              Not(HasSubstr(kPublished.secret_key)));
}

TEST(EncodingTest, WhatIsEncodedIsDecodedAgain) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  EXPECT_EQ(Decode(Encode(every_byte)), every_byte);
  EXPECT_EQ(Decode("a+b%2Bc"), "a b+c");
  for (const char* bad : {"%", "%1", "a%zz", "%f"}) EXPECT_FALSE(Decode(bad).has_value()) << bad;
}

}  // namespace
}  // namespace cognate::s3
