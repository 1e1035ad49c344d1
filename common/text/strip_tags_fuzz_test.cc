#include <string>
#include <vector>

#include "common/text/strip_tags.h"
#include "gtest/gtest.h"
#include "tests/support/fuzz.h"

namespace cognate::text {
namespace {

const std::vector<std::string>& Corpus() {
  static const std::vector<std::string> kCorpus = {
      "<p>one</p><br/><ul><li>two<li>three</ul>",
      "<a href=\"https://example.org/?a=1&amp;b=2\" title='it>s'>x</a>",
      "<script type=\"text/javascript\">if (a < b && c > d) { x('</b>'); }</script>after",
      "<style>p > a { content: \"<\" }</style><!-- <p>hidden</p> --><!DOCTYPE html><?php echo 1 > 0; ?>",
      "&lt;&amp;&quot;&auml;&thetasym;&#64;&#x1F600;&#146;&#99999999999999999999;&nosuch;",
      "a < b, I <3 you </3 ä&ouml;\xc3\x28 \xff",
      "<table><tr><td>a</td><th>b</th></tr></table>\n \n<div> x </div>",
  };
  return kCorpus;
}

TEST(StripTagsFuzzTest, SurvivesHostileHtml) {
  test_support::Fuzz("html", Corpus(), [](absl::string_view html) {
    const std::string text = StripTags(html);
    ASSERT_LE(text.size(), html.size());
  });
}

}  // namespace
}  // namespace cognate::text
