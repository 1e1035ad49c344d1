#include "services/platform_registry/name_words.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate::platform_registry {
namespace {

using ::testing::ElementsAre;

TEST(NameWordsTest, ReadsNamesAsTheyAreWritten) {
  EXPECT_THAT(WordsOf("postTitles"), ElementsAre("post", "title"));
  EXPECT_THAT(WordsOf("HTMLBody_v2"), ElementsAre("html", "body", "v", "2"));
  EXPECT_THAT(WordsOf("Größen"), ElementsAre("größen"));
  EXPECT_THAT(WordsOf("addresses categories status boxes"),
              ElementsAre("address", "category", "status", "box"));
  EXPECT_THAT(WordsOfModel("App\\Models\\BlogPost"), ElementsAre("blog", "post"));
  EXPECT_THAT(WordsOfField("post_title", WordsOfModel("public.wp_posts")), ElementsAre("title"));
  EXPECT_THAT(WordsOfField("post", WordsOfModel("public.post")), ElementsAre("post"));
  EXPECT_EQ(MeaningsOf({"created", "at"}), MeaningsOf({"date"}));
}

}  // namespace
}  // namespace cognate::platform_registry
