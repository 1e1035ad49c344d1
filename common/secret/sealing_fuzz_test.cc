#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/secret/sealing_keys.h"
#include "gtest/gtest.h"
#include "tests/support/fuzz.h"

namespace cognate::secret {
namespace {

const std::vector<std::string>& Corpus() {
  static const std::vector<std::string> kCorpus = {
      absl::StrCat("# keys\n2026-11 ", absl::Base64Escape(std::string(32, '\xff')), "\n"),
      absl::StrCat("a ", absl::Base64Escape(std::string(32, 'a')), "\nb ",
                   absl::Base64Escape(std::string(32, 'b'))),
      "a\tAAAA\n\n#\n \r\n",
      "id id id\n",
  };
  return kCorpus;
}

TEST(SealingFuzzTest, SurvivesHostileFiles) {
  int read = 0;
  test_support::Fuzz("sealing_keys", Corpus(), [&](absl::string_view input) {
    const auto keys = ParseSealingKeys(input, "keys");
    if (!keys.ok()) return;
    ++read;
    ASSERT_EQ((*keys)->first().bytes.size(), 32U);
    ASSERT_EQ((*keys)->Find((*keys)->first().id), &(*keys)->first());
    ASSERT_EQ((*keys)->Find("no such id"), nullptr);
  });
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace cognate::secret
