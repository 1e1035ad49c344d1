// Every table of every service is in a backup, or it is said why not; and every column that is named is
// there.
#include <regex>
#include <set>

#include "absl/strings/str_cat.h"
#include "cli/backup/backup_tables.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/contract/source_tree.h"

namespace cognate::contract {
namespace {

// Bodies of CREATE TABLE by schema.table.
std::map<std::string, std::string> TablesInSchemas() {
  std::map<std::string, std::string> tables;
  const std::regex table(R"re(CREATE TABLE ([a-z_]+\.[a-z_]+) \(([^;]*)\))re");
  for (const std::string& path : FilesBelow("services", {".sql"})) {
    if (!path.ends_with("/schema.sql")) continue;
    const std::string text = ReadFile(path);
    for (std::sregex_iterator it(text.begin(), text.end(), table), end; it != end; ++it)
      tables[(*it)[1]] = (*it)[2];
  }
  return tables;
}

TEST(BackupTables, EveryTableIsInABackupOrItIsSaidWhyNot) {
  std::set<std::string> there, known;
  for (const auto& [name, body] : TablesInSchemas()) there.insert(name);
  for (const backup::Table& table : backup::AllTables()) EXPECT_TRUE(known.insert(table.Full()).second);
  for (const backup::LeftOut& table : backup::LeftOutTables()) {
    EXPECT_TRUE(known.insert(table.table).second) << table.table;
    EXPECT_FALSE(table.why.empty());
  }
  EXPECT_THAT(known, ::testing::ContainerEq(there));
}

TEST(BackupTables, ColumnsThatAreNamedExist) {
  const std::map<std::string, std::string> tables = TablesInSchemas();
  for (const backup::Table& table : backup::AllTables()) {
    const std::string& body = tables.at(table.Full());
    std::vector<std::string> named = table.left_out;
    if (!table.newer_by.empty()) named.push_back(table.newer_by);
    for (const std::string& column : named)
      EXPECT_THAT(body, ::testing::HasSubstr(absl::StrCat(" ", column, " "))) << table.Full();
  }
}

TEST(BackupTables, ThePageNamesEveryTableThatIsLeftOut) {
  const std::string page = ReadFile("docs/backup.md");
  for (const backup::LeftOut& table : backup::LeftOutTables())
    EXPECT_THAT(page, ::testing::HasSubstr(table.table.substr(0, table.table.find('.') + 1))) << table.table;
}

}  // namespace
}  // namespace cognate::contract
