#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "common/text/url_rewriter.h"
#include "gtest/gtest.h"
#include "tests/support/fuzz.h"
#include "tests/support/status_matchers.h"

namespace cognate::text {
namespace {

UrlRewriter LargeTable() {
  std::vector<std::pair<std::string, std::string>> rewrites = {{"example.org", "https://www.example.net"},
                                                               {"example.org/old", "www.example.net/new%20"}};
  std::string path = "example.org";
  for (int i = 0; i < 1000; ++i) {
    rewrites.emplace_back("site" + std::to_string(i) + ".example.org", "s" + std::to_string(i) + ".net");
    path += "/a";
    rewrites.emplace_back(path, "a.net");
  }
  return test_support::ValueOrDie(UrlRewriter::Create(std::move(rewrites)));
}

TEST(UrlRewriterSpeedTest, IsLinearForHostileTextsAndLargeTables) {
  const UrlRewriter rewriter = LargeTable();
  for (const std::string part :
       {"/", "//", "\\", "\\/", "%", "%25", "%252F", "https://", "https://example.org/",
        "//example.org/a/a/a/a/a/a/a/a/a/a/a/a/a/a", "//example.org....", "a", ":",
        "http:\\/\\/example.org\\", "//example.org/a."}) {
    std::string text;
    while (text.size() < (1 << 20)) text += part;
    const auto begin = std::chrono::steady_clock::now();
    rewriter.Rewrite(text);
    rewriter.Rewrite("https://example.org" + text);
    rewriter.Rewrite("https://example.org/a" + text);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    EXPECT_LT(seconds, 20) << part << ": a quarter of a second without sanitizers";
    if (getenv("SHOW")) printf("%s %.3f\n", part.c_str(), seconds);
  }
}

TEST(UrlRewriterSpeedTest, SurvivesHostileTexts) {
  static const std::vector<std::string> kCorpus = {
      "<a href=\"https://example.org/old/x?y#z\">//example.org</a> http://site7.example.org.",
      R"({"u":"https:\/\/example.org\/old\/x","v":"\\/\\/example.org","w":"\u0022http://example.org"})",
      "?u=https%3A%2F%2Fexample.org%2Fold&v=https%253A%252F%252Fexample.org%252Fa%252Fa",
      "https://example.org:8080 https://example.org.evil.net https://user@example.org é\xff",
  };
  const UrlRewriter rewriter = LargeTable();
  test_support::Fuzz("urls", kCorpus, [&](absl::string_view text) {
    ASSERT_LE(rewriter.Rewrite(text).size(), text.size() * 4 + 100);
  });
}

}  // namespace
}  // namespace cognate::text
