#include "common/files/rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cognate::files {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

TEST(FileRuleTest, TakesARuleThatSaysNothingAndFillsInEveryDefault) {
  EXPECT_THAT(RuleFaults({}, "file"), IsEmpty());
  const v1::FileRule full = Completed({}, "avatar path");
  EXPECT_EQ(full.directory(), "avatar_path");
  EXPECT_EQ(full.mode(), v1::FILE_MODE_COPY);
  EXPECT_EQ(full.max_count(), 100);
  EXPECT_EQ(Completed({}, "..").directory(), "files");
}

TEST(FileRuleTest, RefusesADirectoryThatLeavesItsPlace) {
  for (const char* const path : {"../etc", "/etc", "a//b", "a/", "a/./b", "a/../b", "a b", "ä", "a\\b", "..",
                                 ".", ".cognate-drafts", ".Cognate-drafts/a"}) {
    v1::FileRule rule;
    rule.set_directory(path);
    EXPECT_THAT(RuleFaults(rule, "file"), ElementsAre(Field(&FieldViolation::field, "file.directory")))
        << path;
  }
  for (const char* const path : {"a", "a/b", "a.b/c-d_e", "..a", "2026/11"})
    EXPECT_TRUE(IsPlainDirectory(path)) << path;
}

TEST(FileRuleTest, RefusesExtensionsWithDotsAndCapitals) {
  v1::FileRule rule;
  for (const char* const extension : {"png", ".png", "PNG", "", "tar.gz"})
    rule.add_allowed_extensions(extension);
  EXPECT_EQ(RuleFaults(rule, "file").size(), 4u);
}

TEST(FileRuleTest, TakesAFallbackWithLinksAlone) {
  v1::FileRule rule;
  rule.set_link_fallback(true);
  EXPECT_THAT(RuleFaults(rule, "file"), ElementsAre(Field(&FieldViolation::field, "file.link_fallback")));
  rule.set_too_large(v1::FILE_SKIP_ACTION_LINK);
  EXPECT_EQ(RuleFaults(rule, "file").size(), 1u) << "what is not stored has no copy";
  EXPECT_TRUE(MayLink(rule));
  rule.set_mode(v1::FILE_MODE_LINK);
  EXPECT_THAT(RuleFaults(rule, "file"), IsEmpty());
  rule.clear_too_large();
  EXPECT_FALSE(MayLink(rule)) << "the address is the gateway's";
}

TEST(FileRuleTest, KnowsACleanAbsolutePath) {
  for (const char* const path : {"/srv/files", "/a"}) EXPECT_TRUE(IsCleanAbsolutePath(path)) << path;
  for (const char* const path : {"", "/", "srv", "/srv/", "/srv/../etc", "/srv/./x", "//srv"})
    EXPECT_FALSE(IsCleanAbsolutePath(path)) << path;
}

}  // namespace
}  // namespace cognate::files
