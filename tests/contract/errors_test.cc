// docs/errors.md lists every reason that the code can answer with, and no other.
#include <regex>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/contract/source_tree.h"

namespace cognate::contract {
namespace {

std::set<std::string> Matches(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it)
    found.insert((*it)[1]);
  return found;
}

TEST(Errors, TheListAndTheCodeAgree) {
  // A reason is an upper-case string literal with an underscore; nothing else in the code looks like that,
  // but for what stands in docs/errors.md below "Not reasons".
  const std::regex literal(R"re("([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)")re");
  std::set<std::string> in_code;
  for (const std::string folder : {"common", "services", "cli"}) {
    for (const std::string& path : FilesBelow(folder, {".cc", ".h"})) {
      if (path.ends_with("_test.cc") || path.ends_with("_benchmark.cc") ||
          path.find("/testing/") != std::string::npos)
        continue;
      const std::set<std::string> found = Matches(ReadFile(path), literal);
      in_code.insert(found.begin(), found.end());
    }
  }
  const std::string page = ReadFile("docs/errors.md");
  const size_t end = page.find("## Not reasons");
  ASSERT_NE(end, std::string::npos);
  const std::regex row(R"re(\n\| `([A-Z0-9_]+)` \|)re");
  const std::set<std::string> listed = Matches(page.substr(0, end), row);
  for (const std::string& other : Matches(page.substr(end), std::regex(R"re(`([A-Z0-9_]+)`)re")))
    in_code.erase(other);
  EXPECT_THAT(in_code, ::testing::ContainerEq(listed));
}

}  // namespace
}  // namespace cognate::contract
