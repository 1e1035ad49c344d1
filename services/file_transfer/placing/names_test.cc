#include "services/file_transfer/placing/names.h"

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate::file_transfer {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

const std::string kHash = std::string(32, '\xAB');

TEST(NamesTest, ReadsPathsAndAddressesBelowThePlatformsOwn) {
  const char* const kUrl = "https://shop.example/storage/";
  EXPECT_EQ(ReadSourcePath("avatars/cat.png", kUrl).path, "avatars/cat.png");
  EXPECT_EQ(ReadSourcePath("./avatars//cat.png", "").path, "avatars/cat.png");
  EXPECT_EQ(ReadSourcePath("https://shop.example/storage/a%20b/cat.png?v=2#x", kUrl).path, "a b/cat.png");
  EXPECT_EQ(ReadSourcePath("ünï/кот.png", "").path, "ünï/кот.png");
  EXPECT_EQ(ReadSourcePath("..hidden/x..png", "").path, "..hidden/x..png");
}

TEST(NamesTest, RefusesWhatLeadsOut) {
  for (const std::string& text :
       {std::string("../etc/passwd"), std::string("a/../../etc/passwd"), std::string("a/.."),
        std::string("/etc/passwd"), std::string("a\0b", 3), std::string(""), std::string("a/"),
        std::string("."), std::string(5000, 'a'), std::string("https://elsewhere.example/cat.png"),
        std::string("https://shop.example/storage/../secret"),
        std::string("https://shop.example/storage/%2e%2e/secret"),
        std::string("https://shop.example/storage/a%00b"),
        std::string("https://shop.example/storageroom/x.png"),
        std::string("https://shop.example/storage/%2Fetc/passwd"), std::string(300, 'x')}) {
    const SourcePath read = ReadSourcePath(text, "https://shop.example/storage");
    EXPECT_THAT(read.path, IsEmpty()) << text;
    EXPECT_THAT(read.fault, Not(IsEmpty())) << text;
  }
}

TEST(NamesTest, MakesPathsOfNothingButHarmlessCharacters) {
  EXPECT_EQ(TargetPath("avatars", "Cat Photo (1).PNG", kHash, "png"),
            "avatars/cat-photo-1-abababababababababababab.png");
  EXPECT_EQ(Slug("Ærøskøbing.jpg"), "aeroskobing");
  EXPECT_EQ(Slug("../../etc/passwd"), "etc-passwd");
  EXPECT_EQ(Slug("😀.png"), "file");
  EXPECT_EQ(Slug(""), "file");
  EXPECT_EQ(Slug(".htaccess"), "htaccess");
  for (const char* const name :
       {"名前.png", "имя файла.png", "عكس.png", "ชื่อ.png", "שם.png", "όνομα.png", "नाम.png"}) {
    const std::string slug = Slug(name);
    EXPECT_LE(slug.size(), 40u) << name;
    EXPECT_EQ(slug.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string::npos)
        << name << " " << slug;
  }
  EXPECT_LE(Slug(std::string(250, 'a')).size(), 40u);
}

TEST(NamesTest, TakesTheExtensionOnlyWhereItIsPlain) {
  EXPECT_EQ(ExtensionOf("cat.PNG"), "png");
  for (const char* const name : {"cat", ".png", "cat.", "cat.p ng", "cat.verylongextension", "cat.p/ng"})
    EXPECT_THAT(ExtensionOf(name), IsEmpty()) << name;
}

TEST(NamesTest, WritesAddressesThatReadBack) {
  const std::string address = AddressOf("https://shop.example/storage/", "a b/кот#1.png");
  EXPECT_EQ(address, "https://shop.example/storage/a%20b/%D0%BA%D0%BE%D1%82%231.png");
  EXPECT_EQ(ReadSourcePath(address, "https://shop.example/storage").path, "a b/кот#1.png");
}

}  // namespace
}  // namespace cognate::file_transfer
