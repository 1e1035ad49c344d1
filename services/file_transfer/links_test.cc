#include "services/file_transfer/links.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate::file_transfer {
namespace {

using test_support::HasReason;
using test_support::IsOk;
using test_support::ValueOrDie;
using ::testing::ElementsAre;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const std::string kOne(32, '1');
const std::string kTwo(32, '2');

Link SomeLink() { return {std::string(32, '\x7f'), "Übung.pdf", kNow + absl::Hours(1)}; }

TEST(LinksTest, OpenWhatTheySigned) {
  const Links links({kOne});
  const std::string token = links.Sign(SomeLink());
  EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos)
      << "it is a part of an address as it is";
  const Link link = ValueOrDie(links.Open(token, kNow));
  EXPECT_EQ(link.sha256, SomeLink().sha256);
  EXPECT_EQ(link.name, "Übung.pdf");
  EXPECT_EQ(link.expire_at, SomeLink().expire_at);
}

TEST(LinksTest, AreRefusedWhenTheyHaveExpired) {
  const Links links({kOne});
  const std::string token = links.Sign(SomeLink());
  EXPECT_THAT(links.Open(token, kNow + absl::Minutes(59)), IsOk());
  EXPECT_THAT(links.Open(token, kNow + absl::Hours(1)), HasReason("LINK_REFUSED"));
}

TEST(LinksTest, AreRefusedWithAnyBitOfThemChanged) {
  const Links links({kOne});
  std::string bytes;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(links.Sign(SomeLink()), &bytes));
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string forged = bytes;
    forged[at] = static_cast<char>(forged[at] ^ 1);
    EXPECT_THAT(links.Open(absl::WebSafeBase64Escape(forged), kNow), HasReason("LINK_REFUSED")) << at;
    EXPECT_THAT(links.Open(absl::WebSafeBase64Escape(bytes.substr(0, at)), kNow), HasReason("LINK_REFUSED"));
  }
  const std::string long_one(5000, 'A');
  for (const absl::string_view none : {"", "x", "../../etc/passwd", "====", long_one.c_str()})
    EXPECT_THAT(links.Open(none, kNow), HasReason("LINK_REFUSED"));
}

TEST(LinksTest, AreSignedByTheFirstKeyAndOpenedByAll) {
  const std::string old = Links({kOne}).Sign(SomeLink());
  EXPECT_THAT(Links({kTwo, kOne}).Open(old, kNow), IsOk());
  EXPECT_THAT(Links({kTwo}).Open(old, kNow), HasReason("LINK_REFUSED"));
  EXPECT_THAT(Links({kTwo}).Open(Links({kTwo, kOne}).Sign(SomeLink()), kNow), IsOk());
  EXPECT_THAT(Links({}).Open(old, kNow), HasReason("LINK_REFUSED"));
}

TEST(LastingLinksTest, LeadToAFileOfASourceAndStayTheSame) {
  const Links links({kOne});
  const std::string token = links.SignLasting({"magazine", "people/Ada Lövelace.png"});
  EXPECT_EQ(token, links.SignLasting({"magazine", "people/Ada Lövelace.png"}));
  EXPECT_NE(token, links.SignLasting({"magazine", "people/Ada Lovelace.png"}));
  EXPECT_NE(token, links.SignLasting({"magazin", "epeople/Ada Lövelace.png"}));
  EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  const LastingLink link = ValueOrDie(links.OpenLasting(token));
  EXPECT_EQ(link.platform, "magazine");
  EXPECT_EQ(link.path, "people/Ada Lövelace.png");
}

TEST(LastingLinksTest, AreRefusedWithAnyBitOfThemChangedAndWithoutTheirKey) {
  const Links links({kOne});
  const std::string token = links.SignLasting({"magazine", "people/ada.png"});
  std::string bytes;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(token, &bytes));
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string forged = bytes;
    forged[at] = static_cast<char>(forged[at] ^ 1);
    EXPECT_THAT(links.OpenLasting(absl::WebSafeBase64Escape(forged)), HasReason("LINK_REFUSED")) << at;
    EXPECT_THAT(links.OpenLasting(absl::WebSafeBase64Escape(bytes.substr(0, at))), HasReason("LINK_REFUSED"));
  }
  const std::string long_one(5000, 'A');
  for (const absl::string_view none : {"", "x", "../../etc/passwd", "====", long_one.c_str()})
    EXPECT_THAT(links.OpenLasting(none), HasReason("LINK_REFUSED"));
  EXPECT_THAT(Links({kTwo, kOne}).OpenLasting(token), IsOk());
  EXPECT_THAT(Links({kTwo}).OpenLasting(token), HasReason("LINK_REFUSED"));
  EXPECT_THAT(Links({}).OpenLasting(token), HasReason("LINK_REFUSED"));
}

TEST(LastingLinksTest, AreNeverTakenForThoseThatExpireNorTheyForThem) {
  const Links links({kOne});
  EXPECT_THAT(links.Open(links.SignLasting({"magazine", std::string(200, 'a')}), kNow),
              HasReason("LINK_REFUSED"));
  EXPECT_THAT(links.OpenLasting(links.Sign(SomeLink())), HasReason("LINK_REFUSED"));
}

TEST(LinkKeysTest, AreLinesOfAFile) {
  EXPECT_THAT(ValueOrDie(LinkKeys(absl::StrCat(kOne, "\n\n ", kTwo, "\r\n"))), ElementsAre(kOne, kTwo));
  EXPECT_THAT(ValueOrDie(LinkKeys("")), ElementsAre());
  EXPECT_FALSE(LinkKeys("short").ok());
}

}  // namespace
}  // namespace cognate::file_transfer
