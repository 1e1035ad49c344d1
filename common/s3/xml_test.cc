#include "common/s3/xml.h"

#include "absl/strings/str_cat.h"
#include "common/s3/answers.h"
#include "common/s3/errors.h"
#include "tests/support/fuzz.h"
#include "tests/support/status_matchers.h"

namespace cognate::s3 {
namespace {

using test_support::StatusIs;
using ::testing::HasSubstr;

constexpr char kError[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>The resource you "
    "requested does not exist</Message><Resource>/mybucket/a&amp;b</Resource><RequestId/></Error>";
constexpr char kList[] =
    "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
    "<Name>b</Name><IsTruncated>false</IsTruncated><Contents><Key>a&#x41;&#233;</Key><Size>1</Size>"
    "</Contents><!-- c --><s3:Contents kind='x > y'><s3:Key><![CDATA[<b>]]></s3:Key></s3:Contents >"
    "</ListBucketResult>\n";

constexpr char kUploads[] =
    "<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
    "<NextKeyMarker>a%20b</NextKeyMarker><NextUploadIdMarker>1</NextUploadIdMarker><Upload><Key>a+b%2F</Key>"
    "<UploadId>1</UploadId><Initiated>2026-11-22T12:00:00.000Z</Initiated></Upload>"
    "</ListMultipartUploadsResult>";

TEST(XmlTest, ReadsAnErrorOfS3) {
  ASSERT_OK_AND_ASSIGN(const Element root, ParseXml(kError));
  EXPECT_EQ(root.name, "Error");
  EXPECT_EQ(root.TextOf("Code"), "NoSuchKey");
  EXPECT_EQ(root.TextOf("Resource"), "/mybucket/a&b");
  EXPECT_NE(root.Child("RequestId"), nullptr);
  EXPECT_EQ(root.Child("HostId"), nullptr);
  EXPECT_EQ(root.TextOf("HostId"), "");
}

TEST(XmlTest, ReadsNamespacesAttributesCharactersAndLiteralText) {
  ASSERT_OK_AND_ASSIGN(const Element root, ParseXml(kList));
  ASSERT_EQ(root.children.size(), 4u);
  EXPECT_EQ(root.children[2].TextOf("Key"), "aA\u00e9");
  EXPECT_EQ(root.children[3].name, "Contents");
  EXPECT_EQ(root.children[3].TextOf("Key"), "<b>");
}

TEST(XmlTest, RefusesWhatIsNoDocument) {
  for (const char* bad : {"",
                          "x",
                          "<",
                          "<a",
                          "<a>",
                          "<a></b>",
                          "<a/><b/>",
                          "<a>&bad;</a>",
                          "<a>&amp</a>",
                          "<a>&#0;</a>",
                          "<a>&#xd800;</a>",
                          "<a>&#x110000;</a>",
                          "<a b></a>",
                          "<a b=c></a>",
                          "<a b='c></a>",
                          "<a><![CDATA[</a>",
                          "<a><!-- </a>",
                          "<?xml",
                          "</a>",
                          "<a>\n</a",
                          "<a/>x",
                          "{\"a\":1}"}) {
    EXPECT_THAT(ParseXml(bad), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at byte"))) << bad;
  }
}

TEST(XmlTest, RefusesADocumentTypeSoThatNoEntityGrows) {
  EXPECT_THAT(ParseXml("<!DOCTYPE a [<!ENTITY b \"c\"><!ENTITY d \"&b;&b;\">]><a>&d;</a>"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("document type")));
}

TEST(XmlTest, HasLimits) {
  std::string deep;
  for (size_t i = 0; i < kMaxXmlDepth; ++i) absl::StrAppend(&deep, "<a>");
  for (size_t i = 0; i < kMaxXmlDepth; ++i) absl::StrAppend(&deep, "</a>");
  EXPECT_OK(ParseXml(deep));
  EXPECT_THAT(ParseXml(absl::StrCat("<a>", deep, "</a>")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("too deep")));
  std::string wide = "<r>";
  for (size_t i = 0; i < kMaxXmlElements; ++i) absl::StrAppend(&wide, "<a/>");
  EXPECT_THAT(ParseXml(absl::StrCat(wide, "</r>")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("too many")));
}

TEST(XmlTest, SurvivesWhateverItIsGiven) {
  test_support::Fuzz("s3_xml", {kError, kList, kUploads, "<a>&#233;<b c='d'/><![CDATA[x]]></a>"},
                     [](absl::string_view input) {
                       ReadObjectPage(input).IgnoreError();
                       ReadPendingUploadPage(input).IgnoreError();
                       ReadUploadId(input).IgnoreError();
                       HttpAnswer answer;
                       answer.status = 400;
                       answer.body = std::string(input);
                       ErrorOf(answer, {}).IgnoreError();
                     });
}

}  // namespace
}  // namespace cognate::s3
