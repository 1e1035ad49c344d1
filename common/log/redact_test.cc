#include "common/log/redact.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace cognate::log {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(IsSecretKeyTest, KnowsSecretsInEverySpelling) {
  for (const char* name : {"password",
                           "PASSWORD",
                           "user_password",
                           "userPassword",
                           "user-pass",
                           "user_pass",
                           "USER_PASS",
                           "passwd",
                           "db.passwd",
                           "pwd",
                           "pass",
                           "token",
                           "api_token",
                           "accessToken",
                           "X-Auth-Token",
                           "next_token",
                           "secret",
                           "client_secret",
                           "secrets",
                           "Authorization",
                           "proxy-authorization",
                           "key",
                           "api_key",
                           "apiKey",
                           "APIKEY",
                           "X-Api-Key",
                           "private_key",
                           "service-key",
                           "sealing.key",
                           "aws_secret_access_key",
                           "credential",
                           "credentials",
                           "Cookie",
                           "Set-Cookie",
                           "passphrase",
                           "pass_word",
                           "t.o.k.e.n",
                           "X-Amz-Signature",
                           "sig"})
    EXPECT_TRUE(IsSecretKey(name)) << name;
}

TEST(IsSecretKeyTest, ShowsWhatIsNone) {
  for (const char* name : {"", "platform", "key_fields", "primary_key", "naturalKey", "foreign-key",
                           "keyboard", "monkey", "keys_count", "author", "compass", "passed", "request_id",
                           "trace_id", "idempotency_key", "code", "error"})
    EXPECT_FALSE(IsSecretKey(name)) << name;
}

struct Masked {
  const char* text;
  const char* shown;
};

TEST(MaskSecretsTest, LeavesWhatHoldsNone) {
  for (const char* text : {"",
                           "redis://host:6379/0",
                           "http://a/b:c@d",
                           "postgres://cognate@host/db",
                           "name=value",
                           "a: b: c",
                           "UpdateSync.key: got \"\", want a name",
                           "duplicate key value violates unique constraint \"x\"",
                           "Key (id)=(5) already exists",
                           "{\"key_fields\":[\"id\"]}",
                           "12:34:56",
                           "a=b&c=d",
                           "\\",
                           "\"",
                           "=",
                           ":",
                           "://",
                           "token",
                           "password",
                           "the bearer of this"})
    EXPECT_EQ(MaskSecrets(text), std::string(text) == "the bearer of this" ? "the bearer *** this" : text);
}

TEST(MaskSecretsTest, HidesTheLoginOfAddresses) {
  for (const auto& [text, shown] : std::initializer_list<Masked>{
           {"postgres://u:p@h/d", "postgres://u:***@h/d"},
           {"a postgres://u:p:q@h/d and redis://:x@h", "a postgres://u:***@h/d and redis://:***@h"},
           {"https://ghp_x@git.example/a", "https://***@git.example/a"},
           {"\"mysql://u:p@q@h\"", "\"mysql://u:***@h\""}})
    EXPECT_EQ(MaskSecrets(text), shown);
}

TEST(MaskSecretsTest, HidesPasswordsOfAddressesThatAreNotEncoded) {
  for (const char* odd : {"?", "#", "/", "\"", "'", "<", ">", " ", "  ", "? ", "@", "?@", "\t"}) {
    for (const char* rest : {"", "/x", "/x?mail=a@b", " and more of it"}) {
      const std::string text =
          absl::StrCat("no route to postgresql://u:pa", odd, "hunter2@db", rest, "\nnext a@b");
      const std::string shown = MaskSecrets(text);
      EXPECT_THAT(shown, Not(HasSubstr("hunter2"))) << text;
      EXPECT_THAT(shown, HasSubstr("postgresql://u:***@")) << text;
      EXPECT_THAT(shown, HasSubstr("next a@b")) << text;
    }
  }
  for (const auto& [text, shown] :
       std::initializer_list<Masked>{{"postgresql://u:pa?ss@db/x", "postgresql://u:***@db/x"},
                                     {"redis://:1234#5@h:6379", "redis://:***@h:6379"},
                                     {"mysql://u:12/34@h", "mysql://u:***@h"}})
    EXPECT_EQ(MaskSecrets(text), shown);
}

TEST(MaskSecretsTest, ShowsAddressesThatHaveNoLogin) {
  for (const char* text :
       {"http://127.0.0.1:7480/users/a@b.c", "https://h:8443?to=a@b", "http://[::1]:80/a@b",
        "redis://h:6379 refused a@b", "'redis://h:6379', as a@b said", "postgres://h:5432/d refused a@b",
        "http://h/x:y z@b"})
    EXPECT_EQ(MaskSecrets(text), text);
}

TEST(MaskSecretsTest, HidesAllCookiesOfALine) {
  for (const auto& [text, shown] :
       std::initializer_list<Masked>{{"Cookie: a=1; session=hunter2\r\nHost: h", "Cookie: ***\r\nHost: h"},
                                     {"set-cookie: a=1; Path=/; session=hunter2", "set-cookie: ***"},
                                     {"Cookie: \"a\"; b=2", "Cookie: ***"},
                                     {"{\"cookie\":\"a=1; b=2\",\"x\":1}", "{\"cookie\":\"***\",\"x\":1}"}})
    EXPECT_EQ(MaskSecrets(text), shown);
}

TEST(MaskSecretsTest, KnowsOurOwnSecretsByTheirShape) {
  for (const auto& [text, shown] :
       std::initializer_list<Masked>{{"refused cgk_abcdefgh2345_0aB9zzzz of h", "refused cgk_*** of h"},
                                     {"[\"cgt_abcdefgh2345_0aB9zzzz\"]", "[\"cgt_***\"]"},
                                     {"(whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw==)", "(whsec_***)"},
                                     {"/x/whsk_MfKQ9r8G%2BKYqrTw/y", "/x/whsk_***"},
                                     {"want whsec_ and the base64 of it", "want whsec_ and the base64 of it"},
                                     {"cgk_\xe2\x80\xa6 is a key, ducgk_abcdefgh2345 is none",
                                      "cgk_\xe2\x80\xa6 is a key, ducgk_abcdefgh2345 is none"}})
    EXPECT_EQ(MaskSecrets(text), shown);
}

TEST(MaskSecretsTest, HidesTheSignaturesOfLinks) {
  for (const char* name : {"X-Amz-Signature", "sig", "signature", "Signature", "x-goog-signature"})
    EXPECT_EQ(MaskSecrets(absl::StrCat("https://s3/b/k?X-Amz-Expires=60&", name, "=hunter2")),
              absl::StrCat("https://s3/b/k?X-Amz-Expires=60&", name, "=***"));
  for (const char* text : {"webhook.signature: not valid", "design=1", "signed=1"})
    EXPECT_EQ(MaskSecrets(text), text);
}

TEST(MaskSecretsTest, HidesValuesHoweverTheyAreWritten) {
  for (const auto& [text, shown] : std::initializer_list<Masked>{
           {"password=abc x=1", "password=*** x=1"},
           {"host=h password='a b\\'c' user=u", "host=h password='***' user=u"},
           {"password='it''s' user=u", "password='***' user=u"},
           {"password = abc", "password = ***"},
           {"PGPASSWORD=a,b;c}d", "PGPASSWORD=***"},
           {"?token=abc&page=2", "?token=***"},
           {"Authorization: Bearer abc.def-g", "Authorization: ***"},
           {"authorization: Basic YTpi, accept: x", "authorization: ***, accept: x"},
           {"sent bearer cgk_1 to h", "sent bearer *** to h"},
           {"{\"user\":\"u\",\"password\":\"a\\\"b\",\"x\":1}",
            "{\"user\":\"u\",\"password\":\"***\",\"x\":1}"},
           {"{\"api_key\" : \"abc\"}", "{\"api_key\" : \"***\"}"},
           {"{\"token\":12345,\"x\":1}", "{\"token\":***,\"x\":1}"},
           {"{\"secrets\":[\"a\",\"b\"],\"x\":1}", "{\"secrets\":[***],\"x\":1}"},
           {"{\"secret\":{\"a\":{\"b\":\"c\"}},\"x\":1}", "{\"secret\":{***},\"x\":1}"},
           {"{'user_pass': '$P$abc'}", "{'user_pass': '***'}"},
           {"X-Api-Key: abc", "X-Api-Key: ***"},
           {"key=abc", "key=***"}})
    EXPECT_EQ(MaskSecrets(text), shown);
}

TEST(MaskSecretsTest, HidesSecretsInTextsThatAreQuotedOnceMore) {
  EXPECT_EQ(MaskSecrets(R"({"body":"{\"password\":\"abc\",\"x\":1}"})"),
            R"({"body":"{\"password\":\"***\",\"x\":1}"})");
  EXPECT_EQ(MaskSecrets(R"("{\\\"token\\\":\\\"a\\\"}")"), R"("{\\\"token\\\":\\\"***\\\"}")");
}

TEST(MaskSecretsTest, HidesRatherThanShowsWhatHasNoEnd) {
  for (const char* text : {"{\"password\":\"hunter2", "password='hunter2", "{\"secret\":[\"hunter2\"",
                           "token=hunter2", "{\"token\":{\"a\":\"hunter2"})
    EXPECT_THAT(MaskSecrets(text), Not(HasSubstr("hunter2")));
}

TEST(MaskSecretsTest, HidesASecretAmongAnything) {
  std::mt19937 random(7);
  const std::string alphabet = "ab=:'\"\\{}[] ,;/@&?\n\tkey";
  for (int round = 0; round < 20'000; ++round) {
    const auto noise = [&] {
      std::string text;
      for (size_t i = random() % 12; i > 0; --i) text.push_back(alphabet[random() % alphabet.size()]);
      return text;
    };
    const std::string quote = round % 3 == 0 ? "\"" : round % 3 == 1 ? "'" : "";
    const std::string text = absl::StrCat(noise(), " user_password=", quote, "hunter2", quote, " ", noise());
    EXPECT_THAT(MaskSecrets(text), Not(HasSubstr("hunter2"))) << text;
  }
}

TEST(MaskSecretsTest, TakesTimeInStepWithTheLengthAlone) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "token:{\\\"=://";
  EXPECT_LE(MaskSecrets(text).size(), text.size());
  text.clear();
  for (int i = 0; i < 200'000; ++i) text += "a://u:x?cgk_1 Cookie ";
  EXPECT_LE(MaskSecrets(text).size(), text.size());
}

}  // namespace
}  // namespace cognate::log
