// What the headers of uploads and downloads say, and what strangers make of them.
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/gateway/files/download_headers.h"
#include "services/gateway/files/tus_note.h"
#include "services/gateway/files/upload_headers.h"
#include "tests/support/fuzz.h"
#include "tests/support/status_matchers.h"

namespace cognate::gateway {
namespace {

using test_support::Fuzz;
using test_support::HasReason;
using test_support::IsOk;
using test_support::ValueOrDie;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr char kHash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(UploadMetadataTest, ReadsNamesAndValues) {
  EXPECT_THAT(ValueOrDie(ParseUploadMetadata("filename d29ybGQ=,is_draft, empty ")).values,
              ElementsAre(Pair("filename", "world"), Pair("is_draft", ""), Pair("empty", "")));
  EXPECT_THAT(ValueOrDie(ParseUploadMetadata("")).values, ElementsAre());
}

TEST(UploadMetadataTest, KeepsANameInEveryScriptAsItIs) {
  for (const std::string name : {"日本語.png", "../../etc/passwd", "ملف.bin", "🙂", "a\0b"}) {
    const auto metadata =
        ValueOrDie(ParseUploadMetadata(absl::StrCat("filename ", absl::Base64Escape(name))));
    EXPECT_EQ(*metadata.Find("filename"), name);
  }
}

TEST(UploadMetadataTest, RefusesWhatCanBeReadInTwoWays) {
  for (const std::string text : {"a d29ybGQ=,a d29ybGQ=", "a *", "a d29ybGQ", "a d29y bGQ=", ",", "a,",
                                 "a d29ybGQ==", "\xc3\xa4 d29ybGQ="})
    EXPECT_THAT(ParseUploadMetadata(text), HasReason("INVALID_HEADER")) << text;
  EXPECT_THAT(ParseUploadMetadata(absl::StrCat("a ", std::string(8000, 'a'))), HasReason("INVALID_HEADER"));
}

TEST(UploadMetadataTest, ReadsTheHashThatAClientKnows) {
  const auto of = [](const std::string& text) {
    return Sha256Of(ValueOrDie(ParseUploadMetadata(absl::StrCat("sha256 ", absl::Base64Escape(text)))));
  };
  EXPECT_EQ(ValueOrDie(of(kHash)), absl::HexStringToBytes(kHash));
  EXPECT_EQ(ValueOrDie(Sha256Of(UploadMetadata())), "");
  EXPECT_THAT(of("e3b0"), HasReason("INVALID_HEADER"));
  EXPECT_THAT(of(std::string(64, 'x')), HasReason("INVALID_HEADER"));
}

TEST(UploadConcatTest, ReadsPartsWithAndWithoutAHost) {
  const auto concat = ValueOrDie(ParseUploadConcat(
      "final;/files/tus/0123456789abcdef https://files.example.org/files/tus/fedcba9876543210"));
  EXPECT_TRUE(concat.is_final);
  EXPECT_THAT(concat.parts, ElementsAre("0123456789abcdef", "fedcba9876543210"));
  EXPECT_TRUE(ValueOrDie(ParseUploadConcat("partial")).is_partial);
  EXPECT_FALSE(ValueOrDie(ParseUploadConcat("")).is_final);
}

TEST(UploadConcatTest, RefusesWhatIsNoUploadOfOurs) {
  for (const std::string text : {"final", "final;", "final; ", "Partial", "final;/files/tus/../../etc/passwd",
                                 "final;/files/tus/short", "final;/files/sha256/0123456789abcdef",
                                 "final;//files/tus/0123456789abcdef", "final;/files/tus/0123456789abcdef?x"})
    EXPECT_THAT(ParseUploadConcat(text), HasReason("INVALID_HEADER")) << text;
}

TEST(UploadChecksumTest, ReadsAChecksumOfTheRightLength) {
  const auto checksum = ValueOrDie(ParseUploadChecksum("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="));
  EXPECT_EQ(checksum.algorithm, "sha1");
  EXPECT_EQ(checksum.digest.size(), 20);
  for (const std::string text :
       {"sha1", "sha1 ", "crc32 AAAA", "md5 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", "sha1 ????"})
    EXPECT_THAT(ParseUploadChecksum(text), HasReason("INVALID_HEADER")) << text;
}

TEST(UploadPathTest, IsANameAndNothingElse) {
  EXPECT_EQ(UploadOfPath("/files/tus/0123456789abcdef"), "0123456789abcdef");
  for (const std::string path :
       {"/files/tus/", "/files/tus/a", "/files/tus/0123456789abcdef/", "/files/tus/%2e%2e",
        "/files/tus/../../../../../etc/passwd", "/files/tus0123456789abcdef"})
    EXPECT_EQ(UploadOfPath(path), std::nullopt) << path;
}

TEST(ByteCountTest, IsAWholeNumber) {
  EXPECT_EQ(ValueOrDie(ParseByteCount("upload-length", "9223372036854775807")), INT64_MAX);
  for (const std::string text : {"", "-1", "+1", " 1", "1 ", "1e3", "9223372036854775808", "0x10"})
    EXPECT_THAT(ParseByteCount("upload-length", text), HasReason("INVALID_HEADER")) << text;
}

TEST(TusNoteTest, ComesBackAsItWas) {
  TusNote note;
  note.metadata = "filename d29ybGQ=";
  note.concat = "final;/files/tus/0123456789abcdef";
  note.is_final = true;
  note.sha256 = absl::HexStringToBytes(kHash);
  const auto again = TusNote::FromBytes(note.ToBytes());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->metadata, note.metadata);
  EXPECT_EQ(again->concat, note.concat);
  EXPECT_TRUE(again->is_final);
  EXPECT_EQ(again->sha256, note.sha256);
  for (const std::string other : {"", "{}", "[1]", "not json", "{\"protocol\":7}"})
    EXPECT_FALSE(TusNote::FromBytes(other).has_value()) << other;
}

using Kind = ByteRange::Kind;

void ExpectPart(const std::string& header, int64_t offset, int64_t length) {
  const ByteRange range = ParseRange(header, 1000);
  EXPECT_EQ(range.kind, Kind::kPart) << header;
  EXPECT_EQ(range.offset, offset) << header;
  EXPECT_EQ(range.length, length) << header;
}

TEST(RangeTest, ReadsOneRange) {
  ExpectPart("bytes=0-99", 0, 100);
  ExpectPart("bytes=100-", 100, 900);
  ExpectPart("bytes=-100", 900, 100);
  ExpectPart("bytes=-5000", 0, 1000);
  ExpectPart("bytes=999-99999999999999999999999", 999, 1);
  EXPECT_EQ(ParseRange("bytes=1000-", 1000).kind, Kind::kUnsatisfiable);
  EXPECT_EQ(ParseRange("bytes=99999999999999999999999-", 1000).kind, Kind::kUnsatisfiable);
  EXPECT_EQ(ParseRange("bytes=-0", 1000).kind, Kind::kUnsatisfiable);
  EXPECT_EQ(ParseRange("bytes=0-", 0).kind, Kind::kUnsatisfiable);
}

TEST(RangeTest, AnswersAllOfItWhereItDoesNotUnderstand) {
  for (const std::string header : {"", "bytes=", "bytes=a-b", "bytes=5-2", "bytes=0-1,5-6", "lines=0-1",
                                   "bytes=1", "bytes=--5", "bytes=-"})
    EXPECT_EQ(ParseRange(header, 1000).kind, Kind::kAll) << header;
}

TEST(TagTest, IsOneOfThoseThatTheBrowserHas) {
  EXPECT_TRUE(NamesTag("\"b\"", "\"b\""));
  EXPECT_TRUE(NamesTag("\"a\", W/\"b\"", "\"b\""));
  EXPECT_TRUE(NamesTag("*", "\"b\""));
  EXPECT_FALSE(NamesTag("\"a\"", "\"b\""));
  EXPECT_FALSE(NamesTag("", "\"b\""));
}

TEST(AttachmentTest, ANameIsOnlyEverAName) {
  EXPECT_EQ(AttachmentOf("photo.jpg"), "attachment; filename=\"photo.jpg\"");
  EXPECT_EQ(AttachmentOf("../../etc/passwd"), "attachment; filename=\"_.._etc_passwd\"");
  EXPECT_EQ(AttachmentOf("a\"; filename=b\r\nx: y"), "attachment; filename=\"a_; filename=b__x_ y\"");
  EXPECT_EQ(AttachmentOf(""), "attachment; filename=\"file\"");
  EXPECT_EQ(AttachmentOf(".."), "attachment; filename=\"file\"");
  EXPECT_EQ(AttachmentOf("ä €.txt"),
            "attachment; filename=\"__ ___.txt\"; filename*=UTF-8''%C3%A4%20%E2%82%AC.txt");
}

TEST(FileHeadersFuzzTest, NothingThatAStrangerSaysDoesHarm) {
  Fuzz("upload_metadata", {"filename d29ybGQ=,is_draft", "sha256 ZTNiMGM0NDI5OGZj", "a b,c d", "=,=, ,"},
       [](absl::string_view text) {
         const auto metadata = ParseUploadMetadata(text);
         if (metadata.ok()) Sha256Of(*metadata).IgnoreError();
       });
  Fuzz("upload_concat",
       {"partial", "final;/files/tus/0123456789abcdef http://a/files/tus/fedcba9876543210", "final; ;"},
       [](absl::string_view text) {
         const auto concat = ParseUploadConcat(text);
         if (!concat.ok()) return;
         for (const std::string& part : concat->parts) EXPECT_FALSE(absl::StrContains(part, '/'));
       });
  Fuzz("range", {"bytes=0-99", "bytes=-5", "bytes=7-", "bytes=0-1,5-6", "bytes=99999999999999999999-"},
       [](absl::string_view text) {
         const ByteRange range = ParseRange(text, 1000);
         EXPECT_GE(range.offset, 0);
         EXPECT_LE(range.offset + range.length, 1000);
         EXPECT_TRUE(range.kind != Kind::kPart || range.length > 0);
       });
  Fuzz("attachment", {"photo.jpg", "../..", "ä\"\r\n", "a;b=c"}, [](absl::string_view text) {
    EXPECT_THAT(AttachmentOf(text), AllOf(Not(HasSubstr("\r")), Not(HasSubstr("/"))));
  });
}

}  // namespace
}  // namespace cognate::gateway
