#include "cli/secret_file.h"

#include <filesystem>
#include <fstream>
#include <utility>

#include <sys/stat.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::cli {
namespace {

using test_support::HasReason;
using test_support::IsOkAndHolds;
using test_support::TempDir;
using test_support::ValueOrDie;

TEST(SecretOutputTest, IsAFileThatOnlyItsOwnerReads) {
  const TempDir directory;
  const std::string path = directory.File("ada.key");
  {
    SecretOutput output = ValueOrDie(SecretOutput::Open(path));
    ASSERT_OK(output.Write("cgk_x"));
  }
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_THAT(ReadSecretFile("--token-file", path), IsOkAndHolds("cgk_x"));
  EXPECT_THAT(SecretOutput::Open(path), HasReason("INVALID_FIELD")) << "what is there is not overwritten";
  EXPECT_THAT(SecretOutput::Open("/nowhere/ada.key"), HasReason("INVALID_FIELD"));
}

TEST(SecretOutputTest, LeavesNoFileWhenNoSecretCame) {
  const TempDir directory;
  const std::string path = directory.File("ada.key");
  {
    SecretOutput output = ValueOrDie(SecretOutput::Open(path));
    const SecretOutput moved = std::move(output);
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ReadSecretFileTest, WantsAFileWithSomethingInIt) {
  const TempDir directory;
  std::ofstream(directory.File("empty")) << "\n";
  std::ofstream(directory.File("large")) << std::string((64 << 10) + 1, 'x');
  std::ofstream(directory.File("lines")) << "a\nb\r\n";
  EXPECT_THAT(ReadSecretFile("--token-file", directory.File("empty")), HasReason("INVALID_FIELD"));
  EXPECT_THAT(ReadSecretFile("--token-file", directory.File("large")), HasReason("INVALID_FIELD"));
  EXPECT_THAT(ReadSecretFile("--token-file", directory.File("none")), HasReason("INVALID_FIELD"));
  EXPECT_THAT(ReadSecretFile("--token-file", directory.File("lines")), IsOkAndHolds("a\nb"));
}

}  // namespace
}  // namespace cognate::cli
