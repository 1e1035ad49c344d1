#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "services/file_transfer/placing/markup.h"
#include "tests/support/fuzz.h"

namespace cognate::file_transfer {
namespace {

const std::vector<std::string>& Corpus() {
  static const std::vector<std::string> kCorpus = {
      "<svg xmlns=\"http://www.w3.org/2000/svg\"><g fill=\"url(#a)\"><rect width=\"1\"/></g></svg>",
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?><svg xmlns=\"http://www.w3.org/2000/svg\"><a "
      "href=\"#x\">x</a></svg>",
      "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"><script>alert(1)</script></svg>",
      "<svg xmlns=\"http://www.w3.org/2000/svg\"><a "
      "href=\"java&#x73;cript:alert(1)\"/><style>a{}</style></svg>",
      "<!DOCTYPE svg [<!ATTLIST svg onload CDATA \"x\">]><svg xmlns=\"http://www.w3.org/2000/svg\"/>",
      "<s:svg xmlns:s=\"http://www.w3.org/2000/svg\"><s:rect s:onclick=\"x\" onclick=\"x\"/><!-- x "
      "--></s:svg>",
      "<svg xmlns=\"http://www.w3.org/2000/svg\"><style><![CDATA[a{fill:url(x\\73)}]]></style><?p q?></svg>",
      "<x xmlns:h=\"http://www.w3.org/1999/xhtml\"><h:body/>\xc3\xa4\xff</x>",
  };
  return kCorpus;
}

// Whatever else is taken: an element of script, and an event that an element handles, never stand in it.
bool RunsPlainly(absl::string_view markup) {
  const std::string lower = absl::AsciiStrToLower(markup);
  // There they are words.
  for (const char* const quote : {"<!--", "cdata", "'"}) {
    if (absl::StrContains(lower, quote)) return false;
  }
  for (const char* const sign : {"<script", "<!doctype", " onload=\"", " onclick=\"", "\"javascript:"}) {
    const size_t at = lower.find(sign);
    if (at == std::string::npos) continue;
    const size_t open = lower.rfind('<', at);
    const size_t closed = lower.rfind('>', at);
    if (open != std::string::npos && (closed == std::string::npos || open > closed)) return true;
  }
  return false;
}

TEST(MarkupFuzzTest, TakesNothingThatRuns) {
  int taken = 0;
  test_support::Fuzz("markup", Corpus(), [&](absl::string_view markup) {
    FaultOfMarkup(markup, /*is_drawing=*/false);
    if (!FaultOfMarkup(markup, /*is_drawing=*/true).empty()) return;
    ++taken;
    EXPECT_FALSE(RunsPlainly(markup)) << markup;
  });
  EXPECT_GT(taken, 0);
}

}  // namespace
}  // namespace cognate::file_transfer
