#include "common/text/strip_tags.h"

#include <chrono>
#include <string>

#include "gtest/gtest.h"

namespace cognate::text {
namespace {

TEST(StripTagsTest, LeavesTheText) {
  EXPECT_EQ(StripTags("plain"), "plain");
  EXPECT_EQ(StripTags("<b>bold</b> and <a href='x>y' title=\"a>b\">a link</a>"), "bold and a link");
  EXPECT_EQ(StripTags("a<!-- <b>no</b> -->b<!DOCTYPE html>c<?php if ($a > 1) echo 2; ?>d"), "abcd");
  EXPECT_EQ(StripTags("a<!-->b<!--->c<!---->d"), "abcd");
  EXPECT_EQ(StripTags(""), "");
}

TEST(StripTagsTest, LeavesOutScriptsAndStyles) {
  EXPECT_EQ(StripTags("a<script>if (1 < 2) document.write('</b>');</script>b"), "ab");
  EXPECT_EQ(StripTags("a<STYLE type=x>b{}</sTyLe >c"), "ac");
  EXPECT_EQ(StripTags("a<script></scripted></script/>b"), "ab");
  EXPECT_EQ(StripTags("a<scripted>b"), "ab");
  EXPECT_EQ(StripTags("a<script>never ends"), "a");
}

TEST(StripTagsTest, KeepsWordsApart) {
  EXPECT_EQ(StripTags("<p>one</p><p>two</p>"), "one\ntwo");
  EXPECT_EQ(StripTags("one<br>two<br/><br />three"), "one\ntwo\nthree");
  EXPECT_EQ(StripTags("<ul>\n  <li>one\n  <li>two\n</ul>\n<p>three"), "\n  one\n  two\n\nthree");
  EXPECT_EQ(StripTags("<table><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></table>"), "a b\nc");
  EXPECT_EQ(StripTags("<div><div><h1>a</h1></div></div>b"), "a\nb");
  EXPECT_EQ(StripTags("un<b>break</b>able"), "unbreakable");
  EXPECT_EQ(StripTags("<p>a</p>\n<p>b</p>"), "a\nb");
}

TEST(StripTagsTest, TakesNoTagForOneThatIsNone) {
  EXPECT_EQ(StripTags("a < b > c"), "a < b > c");
  EXPECT_EQ(StripTags("I <3 you </3"), "I <3 you </3");
  EXPECT_EQ(StripTags("1<2"), "1<2");
  EXPECT_EQ(StripTags("a<"), "a<");
  EXPECT_EQ(StripTags("a</"), "a</");
  EXPECT_EQ(StripTags("<p it's>text"), "text") << "a quote that opens no value";
  EXPECT_EQ(StripTags("a<b never ends"), "a");
  EXPECT_EQ(StripTags("a<b c=\"never ends>"), "a");
  EXPECT_EQ(StripTags("a<!-- never ends"), "a");
}

TEST(StripTagsTest, ResolvesEntitiesOnce) {
  EXPECT_EQ(StripTags("&lt;b&gt; &amp;amp; &quot;&apos;"), "<b> &amp; \"'");
  EXPECT_EQ(StripTags("&auml;&Auml;&euro;&hearts;&thetasym;&zwnj;"), "äÄ€♥ϑ\u200C");
  EXPECT_EQ(StripTags("&#64;&#x40;&#X1F600;&#0064;"), "@@\U0001F600@");
  EXPECT_EQ(StripTags("&#146;&#150;"), "’–") << "as Windows meant them";
  EXPECT_EQ(StripTags("&#0;&#xD800;&#x110000;&#99999999999999999999;"), "\uFFFD\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(StripTags("a&nbsp;b"), "a\u00A0b");
  EXPECT_EQ(StripTags("AT&T & &; &nosuch; &amp &#; &#x; &#xg; &thetasymm;"),
            "AT&T & &; &nosuch; &amp &#; &#x; &#xg; &thetasymm;");
  EXPECT_EQ(StripTags("a&"), "a&");
}

TEST(StripTagsTest, IsLinearForHostileTexts) {
  for (const std::string part : {"<", "<a ", "<!--", "<a b=\"", "</", "&", "&#", "<script>", "</script",
                                 "<p>", "<p> ", "&#1", "<?", "<td>\n", "<a =' "}) {
    std::string text;
    while (text.size() < (1 << 20)) text += part;
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_LE(StripTags(text).size(), text.size());
    EXPECT_LE(StripTags("<script>" + text).size(), text.size());
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    EXPECT_LT(seconds, 20) << part << ": a quarter of a second without sanitizers";
    if (getenv("SHOW")) printf("%s %.3f\n", part.c_str(), seconds);
  }
}

}  // namespace
}  // namespace cognate::text
