// The reader believes nothing: whatever a file holds, it ends with a sentence.
#include "absl/strings/match.h"
#include "common/backup/test_backup.h"
#include "gtest/gtest.h"
#include "tests/support/fuzz.h"

namespace cognate::backup {
namespace {

using test_support::Fuzz;

const std::string kText =
    R"(["cognate-backup",{"created_at":"","figures":{},"format":1,"schemas":{"a":1},"sealing_keys":[],"version":"1"}])"
    "\n"
    R"(["part",{"columns":["id"],"name":"a.b"}])"
    "\n"
    R"({"id":1})"
    "\n"
    R"(["end",{"name":"a.b","rows":1,"sha256":"4f0c"}])"
    "\n"
    R"(["done",{"parts":1,"rows":1,"sha256":"00"}])"
    "\n";

TEST(BackupFuzz, AnyTextEndsWithASentence) {
  const std::vector<std::string> corpus = {kText, kText + kText, R"(["part",{}])", "[[[[{", "{}\n{}\n"};
  Fuzz("backup_text", corpus, [](absl::string_view input) {
    const absl::Status read = ReadAll(Packed(std::string(input)), 64);
    EXPECT_FALSE(read.ok());  // The checksums are wrong.
    EXPECT_FALSE(read.message().empty());
  });
}

TEST(BackupFuzz, AnyBytesEndWithASentence) {
  const std::vector<std::string> corpus = {Packed(kText), Packed(kText) + Packed(kText), Packed(""),
                                           "(\xb5/\xfd"};
  Fuzz("backup_bytes", corpus, [](absl::string_view input) {
    const absl::Status read = ReadAll(std::string(input), 64);
    EXPECT_FALSE(read.ok());
    EXPECT_FALSE(read.message().empty());
  });
}

}  // namespace
}  // namespace cognate::backup
