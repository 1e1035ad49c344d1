#include "common/text/url_rewriter.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate::text {
namespace {

using ::cognate::test_support::StatusIs;
using ::cognate::test_support::ValueOrDie;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

UrlRewriter Rewriter() {
  return ValueOrDie(UrlRewriter::Create({{"example.org", "www.example.net"},
                                         {"example.org/old", "www.example.net/new"},
                                         {"example.org/old/deep", "deep.example.net"},
                                         {"example.org:8080", "dev.example.net:9090"},
                                         {"Secure.Example.org/", "https://secure.example.net/s/"}}));
}

std::string Rewrite(const std::string& text) { return Rewriter().Rewrite(text); }
void ExpectSame(const std::string& text) { EXPECT_EQ(Rewrite(text), text); }

TEST(UrlRewriterTest, RewritesHostsWithAnyScheme) {
  EXPECT_EQ(Rewrite("https://example.org"), "https://www.example.net");
  EXPECT_EQ(Rewrite("http://example.org/a?b#c"), "http://www.example.net/a?b#c");
  EXPECT_EQ(Rewrite("HTTPS://Example.ORG/A"), "HTTPS://www.example.net/A");
  EXPECT_EQ(Rewrite("ftp://example.org, wss://example.org."),
            "ftp://www.example.net, wss://www.example.net.");
  EXPECT_EQ(Rewrite("src=\"//example.org/x.js\""), "src=\"//www.example.net/x.js\"");
  EXPECT_EQ(Rewrite("url(//example.org/x.png) https://example.org"),
            "url(//www.example.net/x.png) https://www.example.net");
}

TEST(UrlRewriterTest, TakesOnlyWholeHosts) {
  ExpectSame("https://notexample.org/");
  ExpectSame("https://example.org.evil.net/");
  ExpectSame("https://example.orgx https://example.org-x https://my-example.org https://example.org_x");
  ExpectSame(
      "https://sub.example.org https://example.organic https://example.org:81/ https://example.org:8080x");
  ExpectSame("https://example.org@evil.net/ https://user@example.org/ https://example.org:pass@evil.net/");
  ExpectSame("https://example.orgé/ https://example.org中");
  ExpectSame("example.org/old is no URL, nor is me@example.org");
  ExpectSame("a//example.org :///example.org ://example.org");
  ExpectSame("https:\\/\\/example.org\\u002eevil.net https%3A%2F%2Fexample.org%2Eevil.net");
}

TEST(UrlRewriterTest, SeesWhereAHostEnds) {
  for (const std::string after :
       {"",        " ",      "\n",  "\"",     "'", "<",    ")",  "]",  "}",  ",",    ";",
        "!",       ".",      "...", ". Next", ":", ": it", "/",  "?a", "#a", "\\\"", "\\n",
        "\\u0022", "&quot;", "|",   "*",      "_", "”",    "。", "`",  "\\"}) {
    EXPECT_EQ(Rewrite("see https://example.org" + after), "see https://www.example.net" + after);
  }
}

TEST(UrlRewriterTest, TakesThePathThatIsLongest) {
  EXPECT_EQ(Rewrite("https://example.org/old"), "https://www.example.net/new");
  EXPECT_EQ(Rewrite("https://example.org/old/x"), "https://www.example.net/new/x");
  EXPECT_EQ(Rewrite("https://example.org/old/deep/x"), "https://deep.example.net/x");
  EXPECT_EQ(Rewrite("https://example.org/old/deeper"), "https://www.example.net/new/deeper");
  EXPECT_EQ(Rewrite("https://example.org/older"), "https://www.example.net/older");
  EXPECT_EQ(Rewrite("https://example.org/Old"), "https://www.example.net/Old") << "paths are to the letter";
  EXPECT_EQ(Rewrite("https://example.org/old.html"), "https://www.example.net/old.html");
  EXPECT_EQ(Rewrite("https://example.org/old-2/ https://example.org/old./"),
            "https://www.example.net/old-2/ https://www.example.net/old./");
  EXPECT_EQ(Rewrite("https://example.org/old%20x"), "https://www.example.net/old%20x");
  EXPECT_EQ(Rewrite("https://example.org/old?x, https://example.org/old#y."),
            "https://www.example.net/new?x, https://www.example.net/new#y.");
  EXPECT_EQ(Rewrite("https://example.org:8080/x"), "https://dev.example.net:9090/x");
}

TEST(UrlRewriterTest, ReplacesTheSchemeWhereTheTableHasOne) {
  EXPECT_EQ(Rewrite("http://secure.example.org/x"), "https://secure.example.net/s/x");
  EXPECT_EQ(Rewrite("//secure.example.org/x"), "//secure.example.net/s/x");
  EXPECT_EQ(Rewrite("{\"a\":\"line\\nhttp:\\/\\/secure.example.org\\/x\"}"),
            "{\"a\":\"line\\nhttps:\\/\\/secure.example.net\\/s\\/x\"}")
      << "the n before it is an escape's";
  EXPECT_EQ(Rewrite("?u%3Dhttp%3A%2F%2Fsecure.example.org%2F"),
            "?u%3Dhttps%3A%2F%2Fsecure.example.net%2Fs%2F");
  EXPECT_EQ(Rewrite("git+http://secure.example.org"), "git+https://secure.example.net/s");
}

TEST(UrlRewriterTest, KeepsTheEscapingThatItFinds) {
  EXPECT_EQ(Rewrite(R"({"u":"https:\/\/example.org\/old\/x"})"),
            R"({"u":"https:\/\/www.example.net\/new\/x"})");
  EXPECT_EQ(Rewrite(R"("{\"u\":\"https:\\\/\\\/example.org\\\/old\"}")"),
            R"("{\"u\":\"https:\\\/\\\/www.example.net\\\/new\"}")");
  EXPECT_EQ(Rewrite(R"("\/\/example.org\/a")"), R"("\/\/www.example.net\/a")");
  EXPECT_EQ(Rewrite("?u=https%3A%2F%2Fexample.org%2Fold%2Fx&v"),
            "?u=https%3A%2F%2Fwww.example.net%2Fnew%2Fx&v");
  EXPECT_EQ(Rewrite("https%3a%2f%2fexample.org%2fold"), "https%3a%2f%2fwww.example.net%2fnew");
  EXPECT_EQ(Rewrite("https%253A%252F%252Fexample.org%252Fold"),
            "https%253A%252F%252Fwww.example.net%252Fnew");
  EXPECT_EQ(Rewrite("https%3A%2F%2Fexample.org%3A8080%2F"), "https%3A%2F%2Fdev.example.net%3A9090%2F");
  EXPECT_EQ(Rewrite("a=%2F%2Fexample.org"), "a=%2F%2Fwww.example.net");
  EXPECT_EQ(Rewrite("a%3D%2F%2Fexample.org"), "a%3D%2F%2Fwww.example.net");
}

TEST(UrlRewriterTest, RewritesAUrlWithinAUrl) {
  EXPECT_EQ(Rewrite("https://archive.example.com/web/https://example.org/old"),
            "https://archive.example.com/web/https://www.example.net/new");
  EXPECT_EQ(Rewrite("https://example.org/?next=https%3A%2F%2Fexample.org%2Fold"),
            "https://www.example.net/?next=https%3A%2F%2Fwww.example.net%2Fnew");
}

TEST(UrlRewriterTest, NeverRewritesWhatItWrote) {
  const UrlRewriter rewriter =
      ValueOrDie(UrlRewriter::Create({{"a.org", "b.org"}, {"b.org", "a.org"}, {"c.org", "c.org/c.org"}}));
  EXPECT_EQ(rewriter.Rewrite("https://a.org https://b.org https://c.org"),
            "https://b.org https://a.org https://c.org/c.org");
}

TEST(UrlRewriterTest, SaysWhetherThereWasAnything) {
  std::string out = "kept";
  EXPECT_FALSE(Rewriter().RewritesInto("https://example.com/", &out));
  EXPECT_EQ(out, "kept");
  EXPECT_TRUE(Rewriter().RewritesInto("https://example.org/", &out));
  EXPECT_EQ(out, "https://www.example.net/");
}

TEST(UrlRewriterTest, RefusesTablesThatMakeNoSense) {
  EXPECT_THAT(UrlRewriter::Create({}), StatusIs(kInvalid, HasSubstr("at least one")));
  for (const std::string from :
       {"", "https://example.org", "example.org?x", "example.org:", "example.org:port", "/old", "example org",
        "example.org//x", ".example.org", "a\"b", "user@example.org"}) {
    EXPECT_THAT(UrlRewriter::Create({{"ok.org", "x.org"}, {from, "x.org"}}),
                StatusIs(kInvalid, HasSubstr("rewrites[1].from: got \"" + from + "\", want a host")))
        << from;
  }
  EXPECT_THAT(UrlRewriter::Create({{"a.org", "://b.org"}}), StatusIs(kInvalid, HasSubstr("rewrites[0].to")));
  EXPECT_THAT(UrlRewriter::Create({{"a.org", "https://b.org/x y"}}),
              StatusIs(kInvalid, HasSubstr("rewrites[0].to")));
  EXPECT_THAT(UrlRewriter::Create({{"a.org", "b.org"}, {"A.org/", "c.org"}}),
              StatusIs(kInvalid, HasSubstr("rewrites[1].from")));
}

}  // namespace
}  // namespace cognate::text
