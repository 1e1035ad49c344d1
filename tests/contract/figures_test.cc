// `make figures` runs every proof: each figure that a test prints is in the list of scripts/figures.
#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/contract/source_tree.h"

namespace cognate::contract {
namespace {

// Printed with names that are put together, or not by a test of these folders.
const std::map<std::string, std::string> kExceptions = {
    {"fuzz.%s", "of tests/support/fuzz.h; each is listed by its own name"},
};

std::set<std::string> Matches(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it)
    found.insert((*it)[1]);
  return found;
}

// Names that end in "_" begin others.
std::set<std::string> ListedFigures() {
  const std::string script = ReadFile("scripts/figures");
  const size_t begin = script.find("<<'PROOFS'");
  const std::string list = script.substr(begin, script.find("\nPROOFS\n") - begin);
  return Matches(list, std::regex(R"re( ([a-z_0-9]+\.[a-z_0-9]+)(?=[ \n]|$))re"));
}

TEST(Figures, EachThatATestPrintsIsInTheList) {
  const std::set<std::string> listed = ListedFigures();
  ASSERT_GT(listed.size(), 100u);
  const std::regex printed(R"re(figure ([a-z_]+\.[a-z_0-9%]+))re");
  for (const char* const folder : {"tests", "services"}) {
    for (const std::string& path : FilesBelow(folder, {".cc", ".h", ".py"})) {
      const std::string text = ReadFile(path);
      if (text.find("figure ") == std::string::npos) continue;  // a regex over all of it takes a while
      for (const std::string& name : Matches(text, printed)) {
        const bool begun = std::any_of(listed.begin(), listed.end(), [&](const std::string& one) {
          return one.ends_with('_') && name.starts_with(one);
        });
        EXPECT_TRUE(begun || listed.contains(name) || kExceptions.contains(name))
            << path << " prints the figure " << name << ", which scripts/figures does not know";
      }
    }
  }
}

}  // namespace
}  // namespace cognate::contract
