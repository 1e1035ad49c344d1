// A backup's file: written, read, and everything that may be wrong with it.
#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/backup/backup_errors.h"
#include "common/backup/backup_reader.h"
#include "common/backup/backup_writer.h"
#include "common/backup/test_backup.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::backup {
namespace {

using test_support::IsOk;
using ::testing::HasSubstr;

class BackupFileTest : public ::testing::Test {
 protected:
  std::string Written() {
    auto writer = *BackupWriter::Create(path_);
    EXPECT_THAT(writer->Begin({.created_at = "2026-11-22T00:00:00Z", .version = "1", .schemas = {{"a", 1}}}),
                IsOk());
    EXPECT_THAT(writer->BeginPart({"a.b", {"id", "name"}}), IsOk());
    EXPECT_THAT(writer->AddRow(R"({"id":1,"name":"ü"})"), IsOk());
    EXPECT_THAT(writer->AddRow(R"({"id":9007199254740993,"name":null})"), IsOk());
    EXPECT_THAT(writer->EndPart(), IsOk());
    EXPECT_THAT(writer->BeginPart({"a.c", {"id"}}), IsOk());
    EXPECT_THAT(writer->EndPart(), IsOk());
    EXPECT_THAT(writer->Finish().status(), IsOk());
    return Content(path_);
  }
  static std::string Content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream content;
    content << file.rdbuf();
    return content.str();
  }

  test_support::TempDir directory_{"cgb"};
  std::string path_ = directory_.File("a.backup");
};

TEST_F(BackupFileTest, WhatIsWrittenIsRead) {
  const std::string text = Unpacked(Written());
  EXPECT_THAT(text, HasSubstr("{\"id\":9007199254740993,\"name\":null}\n[\"end\""));
  auto source = OpenBackup(path_);
  ASSERT_THAT(source.status(), IsOk());
  BackupReader reader(*source);
  const auto header = reader.ReadHeader();
  ASSERT_THAT(header.status(), IsOk());
  EXPECT_EQ(header->schemas.at("a"), 1);
  int rows = 0;
  while (true) {
    const auto kind = reader.Next();
    ASSERT_THAT(kind.status(), IsOk());
    if (*kind == BackupReader::Kind::kDone) break;
    if (*kind == BackupReader::Kind::kRow) ++rows;
  }
  EXPECT_EQ(rows, 2);
  EXPECT_EQ(reader.totals().parts, 2);
}

TEST_F(BackupFileTest, IsForItsUserAloneAndThereOnlyWhenItIsWhole) {
  {
    auto writer = *BackupWriter::Create(path_);
    EXPECT_THAT(writer->Begin({}), IsOk());
    EXPECT_EQ(ErrorReason(BackupWriter::Create(path_).status()), "BACKUP_UNDER_WAY");
  }
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
  Written();
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_NE(access((path_ + ".part").c_str(), F_OK), 0);
}

TEST_F(BackupFileTest, OfTwoWritersOnlyOneWritesAndTheOtherNeverIntoAFinishedOne) {
  std::atomic<int> written = 0;
  const auto write = [&] {
    for (int i = 0; i < 300; ++i) {
      auto writer = BackupWriter::Create(path_);
      if (!writer.ok()) {
        EXPECT_EQ(ErrorReason(writer.status()), "BACKUP_UNDER_WAY");
        continue;
      }
      EXPECT_THAT((*writer)->Begin({.created_at = "2026-11-22T00:00:00Z", .version = "1"}), IsOk());
      EXPECT_THAT((*writer)->Finish().status(), IsOk());
      ++written;
    }
  };
  std::thread other(write);
  write();
  other.join();
  EXPECT_GT(written, 0);
  EXPECT_THAT(ReadAll(Content(path_)), IsOk());
}

TEST_F(BackupFileTest, WhatItSaysOfItselfIsFitForATerminal) {
  const auto header = ParseHeader(
      HeaderLine({.created_at = "2026\x1b[2J", .version = "1\n2", .sealing_keys = {"a\u009b0m"}}));
  ASSERT_THAT(header.status(), IsOk());
  EXPECT_EQ(header->created_at, "2026 [2J");
  EXPECT_EQ(header->version, "1 2");
  EXPECT_EQ(header->sealing_keys.front(), "a 0m");
  EXPECT_EQ(Damaged("\x1b[2J").message().find('\x1b'), absl::string_view::npos);
}

TEST_F(BackupFileTest, ACutOneIsRefusedWhereverItIsCut) {
  const std::string whole = Written();
  ASSERT_THAT(ReadAll(whole), IsOk());
  for (size_t size = 0; size < whole.size(); ++size) {
    const absl::Status read = ReadAll(whole.substr(0, size));
    EXPECT_FALSE(read.ok()) << size;
  }
  // Also between two lines, where each is whole.
  const std::string text = Unpacked(whole);
  for (size_t end = text.find('\n'); end + 1 < text.size(); end = text.find('\n', end + 1))
    EXPECT_EQ(ErrorReason(ReadAll(Packed(text.substr(0, end + 1)))), "BACKUP_DAMAGED");
}

TEST_F(BackupFileTest, AChangedOneIsRefusedWhicheverByteIsChanged) {
  const std::string text = Unpacked(Written());
  ASSERT_THAT(ReadAll(Packed(text)), IsOk());
  for (size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(ReadAll(Packed(changed)).ok()) << at << " " << changed.substr(at, 20);
  }
}

TEST_F(BackupFileTest, WhatDoesNotFitIsRefusedWithASentence) {
  const std::string text = Unpacked(Written());
  const auto why = [&](const std::string& bytes) { return std::string(ReadAll(Packed(bytes)).message()); };
  EXPECT_THAT(why(text + "{\"id\":3}\n"), HasSubstr("it goes on behind its end"));
  EXPECT_THAT(why(absl::StrReplaceAll(text, {{"{\"id\":1,\"name\":\"ü\"}", "{\"id\":1},{\"id\":2}"}})),
              HasSubstr("row 1 of a.b cannot be read"));
  EXPECT_THAT(why(absl::StrReplaceAll(text, {{"a.c", "a.b"}})), HasSubstr("a.b is there twice"));
  EXPECT_THAT(why(absl::StrReplaceAll(text, {{"\"rows\":2", "\"rows\":1"}})), HasSubstr("a.b has 2 rows"));
  EXPECT_EQ(ErrorReason(ReadAll(Packed(absl::StrReplaceAll(text, {{"\"format\":1", "\"format\":2"}})))),
            "BACKUP_TOO_NEW");
  EXPECT_EQ(ErrorReason(ReadAll(Packed("[\"other\",{}]\n"))), "BACKUP_FOREIGN");
  EXPECT_EQ(ErrorReason(ReadAll("SQLite format 3")), "BACKUP_FOREIGN");
  EXPECT_EQ(ErrorReason(ReadAll("")), "BACKUP_FOREIGN");
}

TEST_F(BackupFileTest, AFileThatUnpacksWithoutEndIsRefusedWithLittleMemory) {
  EXPECT_THAT(std::string(ReadAll(Packed("[" + std::string(kLongestControlLine + 10, 'x'))).message()),
              HasSubstr("longer than any can be"));
}

TEST_F(BackupFileTest, ItIsReadInPiecesOfAnySize) {
  const std::string whole = Written();
  EXPECT_THAT(ReadAll(whole, 1), IsOk());
  EXPECT_THAT(ReadAll(whole, 7), IsOk());
}

}  // namespace
}  // namespace cognate::backup
