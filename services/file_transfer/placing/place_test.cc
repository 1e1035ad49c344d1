#include "services/file_transfer/placing/place.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "gmock/gmock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::file_transfer {
namespace {

int ModeOf(const std::string& path) {
  struct stat found = {};
  EXPECT_EQ(stat(path.c_str(), &found), 0) << path;
  return static_cast<int>(found.st_mode & 07777);
}

TEST(PlaceTest, AWebServerMayReadWhatIsPutThereWhateverMaskTheProcessHas) {
  const test_support::TempDir root;
  std::filesystem::create_directory(root.File("site"));
  // Its group is that of all that is made in it.
  ASSERT_EQ(chmod(root.File("site").c_str(), 02755), 0);
  const auto place = test_support::ValueOrDie(Place::Open({root.path()}, root.File("site"), "shop"));
  const mode_t before = umask(0077);
  auto draft = place->Write([](Place::Sink sink) { return sink("bytes"); }, /*sync=*/true);
  ASSERT_OK(draft.status());
  EXPECT_OK(place->Publish(*std::move(draft), "of/two/file").status());
  umask(before);
  EXPECT_EQ(ModeOf(root.File("site/of/two/file")), 0644);
  EXPECT_EQ(ModeOf(root.File("site/of/two")), 02755);
  EXPECT_EQ(ModeOf(root.File("site/of")), 02755);
}

TEST(PlaceTest, ADirectoryThatWasWrittenIntoSaysWhoseItIs) {
  const test_support::TempDir root;
  std::filesystem::create_directory(root.File("site"));
  const auto open = [&](const char* owner) {
    return test_support::ValueOrDie(Place::Open({root.path()}, root.File("site"), owner));
  };
  EXPECT_FALSE(open("shop")->is_marked());
  EXPECT_OK(open("shop")->Write([](Place::Sink sink) { return sink("bytes"); }, /*sync=*/false).status());
  EXPECT_TRUE(open("shop")->is_marked());
  // Two may share it.
  EXPECT_FALSE(open("sho")->is_marked());
  EXPECT_OK(open("blog")->Mark());
  EXPECT_TRUE(open("shop")->is_marked() && open("blog")->is_marked());
  // By hand, too.
  std::ofstream(root.File("site/.cognate-place")) << "news";
  EXPECT_FALSE(open("shop")->is_marked());
  EXPECT_OK(open("shop")->Mark());
  EXPECT_TRUE(open("shop")->is_marked() && open("news")->is_marked());
}

class DraftTest : public ::testing::Test {
 protected:
  DraftTest() {
    std::filesystem::create_directory(root_.File("site"));
    place_ = test_support::ValueOrDie(Place::Open({root_.path()}, root_.File("site"), "shop"));
  }
  std::string Draft(const std::string& name) const { return root_.File("site/.cognate-drafts/" + name); }
  static std::string Bytes(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }

  const test_support::TempDir root_;
  std::unique_ptr<Place> place_;
};

TEST_F(DraftTest, OneIsWrittenByOneAtATimeAndGoesOnWhereItStands) {
  auto first = place_->Continue("film");
  ASSERT_OK(first.status());
  EXPECT_OK(first->Append("one "));
  EXPECT_TRUE(absl::IsUnavailable(place_->Continue("film").status()));
  first = absl::UnknownError("gone");
  auto second = place_->Continue("film");
  ASSERT_OK(second.status());
  EXPECT_EQ(second->size_bytes(), 4);
  EXPECT_OK(second->Append("two"));
  EXPECT_EQ(Bytes(Draft("film")), "one two");
}

// Where the file system knows no locks.
TEST_F(DraftTest, WhatAnotherOneWritesDoesNotComeInBetween) {
  auto draft = place_->Continue("film");
  ASSERT_OK(draft.status());
  EXPECT_OK(draft->Append("one "));
  std::ofstream(Draft("film"), std::ios::app) << "two and more";
  EXPECT_OK(draft->Append("two"));
  EXPECT_EQ(Bytes(Draft("film")), "one two and more");
  EXPECT_EQ(draft->size_bytes(), 7);
  EXPECT_EQ(test_support::ValueOrDie(draft->SizeOnDisk()), 16)
      << "what is to be published can be told from it";
}

TEST_F(DraftTest, OnlyWhatNobodyHoldsIsSweptAway) {
  const auto age = [&] {
    const timespec old[2] = {{1, 0}, {1, 0}};
    EXPECT_EQ(utimensat(AT_FDCWD, Draft("film").c_str(), old, 0), 0);
  };
  EXPECT_OK(place_->Continue("film").status());
  age();
  {
    const auto draft = place_->Continue("film");
    ASSERT_OK(draft.status());
    // Taken up again it is as new, and a long reading of what is there changes nothing of that.
    EXPECT_EQ(place_->RemoveOldDrafts(3600), 0);
    age();
    EXPECT_EQ(place_->RemoveOldDrafts(3600), 0);
  }
  EXPECT_EQ(place_->RemoveOldDrafts(3600), 1);
  EXPECT_FALSE(std::filesystem::exists(Draft("film")));
}

TEST_F(DraftTest, OneThatCanNeverStandInItsPlaceGoes) {
  std::filesystem::create_directories(root_.File("site/films/one.bin"));
  std::filesystem::create_directory_symlink("films", root_.File("site/link"));
  for (const std::string path : {"films/one.bin", "link/two.bin"}) {
    auto draft = place_->Continue("film");
    ASSERT_OK(draft.status());
    EXPECT_OK(draft->Append("bytes"));
    EXPECT_TRUE(absl::IsPermissionDenied(place_->Publish(*std::move(draft), path).status())) << path;
    EXPECT_FALSE(std::filesystem::exists(Draft("film"))) << path;
  }
}

}  // namespace
}  // namespace cognate::file_transfer
