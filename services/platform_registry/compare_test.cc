// Comparison of models, and syncs from what it proposes.
#include <array>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "services/platform_registry/registry_fixture.h"

namespace cognate::platform_registry {
namespace {

using test_support::HasReason;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using Mapping = std::map<std::string, std::string>;

std::string FileText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string OutputOf(const std::string& command) {
  std::string output;
  FILE* const pipe = popen(command.c_str(), "r");
  std::array<char, 4096> part{};
  while (const size_t size = fread(part.data(), 1, part.size(), pipe)) output.append(part.data(), size);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return output;
}

class CompareTest : public RegistryTest {
 protected:
  void Add(const std::string& id, const std::string& schema, const std::string& more = "") {
    const std::string uri = test_support::PostgresServer::Shared().CreateDatabase();
    auto connection = test_support::ValueOrDie(postgres::Connection::Open(uri));
    ASSERT_OK(connection->Execute(schema));
    AddPostgres(id, uri, more);
    ASSERT_OK(Call(&RegistryStub::AnalyzeModels, absl::StrCat("platform: 'platforms/", id, "'")));
  }
  void AddBoth(const std::string& source, const std::string& target) {
    Add("here", source, "capture_mode: CAPTURE_MODE_REPLICATION");
    Add("there", target);
  }
  absl::StatusOr<v1::CompareModelsResponse> Compare(const std::string& source, const std::string& target,
                                                    const std::string& from = "here",
                                                    const std::string& to = "there") {
    return Call(&RegistryStub::CompareModels,
                absl::StrCat("source_platform: '", from, "' source_model: 'public.", source,
                             "' target_platform: '", to, "' target_model: 'public.", target, "'"));
  }
  // CreateSync takes the proposal as it is.
  void Create(const v1::CompareModelsResponse& compared) {
    v1::CreateSyncRequest request;
    *request.mutable_sync() = compared.proposed_sync();
    const auto created = Call(&RegistryStub::CreateSync, request);
    ASSERT_OK(created) << compared.proposed_sync().DebugString();
  }
  static Mapping Mapped(const v1::CompareModelsResponse& compared) {
    Mapping mapped;
    for (const v1::ProposedMapping& one : compared.mappings())
      mapped[one.mapping().source()] = one.mapping().target();
    return mapped;
  }
  static v1::ProposedMapping For(const v1::CompareModelsResponse& compared, const std::string& source) {
    for (const v1::ProposedMapping& one : compared.mappings()) {
      if (one.mapping().source() == source) return one;
    }
    ADD_FAILURE() << "no mapping for " << source;
    return {};
  }
};

TEST_F(CompareTest, ProposesWhatTheDemosAuthorWroteByHand) {
  Add("atlas", FileText("demo/atlas.sql"), "capture_mode: CAPTURE_MODE_REPLICATION");
  Add("shop", FileText("demo/shop.sql"));
  const auto syncs =
      nlohmann::json::parse(OutputOf("python3 -c \"import sys, json; sys.path.insert(0, 'demo'); import "
                                     "mapping; print(json.dumps(mapping.SYNCS))\""));
  int proposed = 0, right = 0, wrong = 0, missed = 0;
  for (const auto& sync : syncs) {
    const auto compared = Compare(sync[1], sync[2], "atlas", "shop");
    ASSERT_OK(compared);
    EXPECT_NE(compared->compatibility(), v1::COMPATIBILITY_IMPOSSIBLE);
    const Mapping wanted = sync[3].get<Mapping>();
    const Mapping mapped = Mapped(*compared);
    for (const auto& [source, target] : mapped) {
      ++proposed;
      const auto hand = wanted.find(source);
      const bool is_right = hand != wanted.end() && hand->second == target;
      is_right ? ++right : ++wrong;
      EXPECT_TRUE(is_right) << source << " to " << target;
    }
    for (const auto& [source, target] : wanted) missed += mapped.contains(source) ? 0 : 1;
    Create(*compared);
  }
  std::printf("figure compare.demo proposed=%d right=%d wrong=%d missed=%d\n", proposed, right, wrong,
              missed);
  EXPECT_EQ(wrong + missed, 0);
}

TEST_F(CompareTest, IdenticalModelsAreFullyCompatible) {
  const char* const same =
      "CREATE TABLE tag (id bigserial PRIMARY KEY, code varchar(9) NOT NULL UNIQUE, label text, size int, at "
      "timestamptz)";
  AddBoth(same, same);
  const auto compared = Compare("tag", "tag");
  ASSERT_OK(compared);
  EXPECT_EQ(compared->compatibility(), v1::COMPATIBILITY_FULL);
  EXPECT_THAT(compared->reasons(), IsEmpty());
  EXPECT_EQ(For(*compared, "code").score(), 1);
  EXPECT_THAT(For(*compared, "code").reasons(),
              ElementsAre("same name", "same type, and every value fits", "both are unique"));
  Create(*compared);
}

TEST_F(CompareTest, APartlyCompatiblePairSaysFieldByFieldWhatIsLost) {
  AddBoth("CREATE TABLE page (id serial PRIMARY KEY, title text, mood text, hits int)",
          "CREATE TABLE page (id serial PRIMARY KEY, title varchar(10) NOT NULL, hits int, lang text NOT "
          "NULL DEFAULT 'en')");
  const auto compared = Compare("page", "page");
  ASSERT_OK(compared);
  EXPECT_EQ(compared->compatibility(), v1::COMPATIBILITY_PARTIAL);
  EXPECT_THAT(compared->unused_source_fields(), ElementsAre("mood"));
  EXPECT_THAT(compared->reasons(),
              ElementsAre("mood has no home in public.page",
                          HasSubstr("values longer than 10 characters will be refused")));
  Create(*compared);
}

TEST_F(CompareTest, ARequiredFieldThatNothingFeedsMakesItImpossible) {
  AddBoth("CREATE TABLE page (id serial PRIMARY KEY, title text)",
          "CREATE TABLE page (id serial PRIMARY KEY, title text, weight numeric NOT NULL)");
  const auto compared = Compare("page", "page");
  ASSERT_OK(compared);
  EXPECT_EQ(compared->compatibility(), v1::COMPATIBILITY_IMPOSSIBLE);
  EXPECT_FALSE(compared->has_proposed_sync());
  EXPECT_THAT(compared->missing_target_fields(), ElementsAre("weight"));
  EXPECT_THAT(compared->reasons(),
              ElementsAre("weight of public.page is NOT NULL without a default, and no field of "
                          "public.page seems to belong there"));
}

TEST_F(CompareTest, ModelsWithNothingInCommonAndModelsThatCannotBeCapturedAreImpossible) {
  AddBoth("CREATE TABLE engine (id serial PRIMARY KEY, torque int); CREATE TABLE diary (line text)",
          "CREATE TABLE poem (id serial PRIMARY KEY, verse text, line text)");
  const auto strange = Compare("engine", "poem");
  ASSERT_OK(strange);
  EXPECT_EQ(strange->compatibility(), v1::COMPATIBILITY_IMPOSSIBLE);
  EXPECT_THAT(strange->reasons(),
              Contains("no field of public.engine seems to belong into one of public.poem"));
  const auto keyless = Compare("diary", "poem");
  ASSERT_OK(keyless);
  EXPECT_EQ(keyless->compatibility(), v1::COMPATIBILITY_IMPOSSIBLE);
  EXPECT_THAT(keyless->reasons(), Contains(HasSubstr("has no primary key")));
}

TEST_F(CompareTest, ValuesThatNeedAStepGetIt) {
  AddBoth(
      R"sql(CREATE TABLE item (id serial PRIMARY KEY, is_active int, price text, stock text, tags text, born timestamptz,
                                   created_at bigint, labels text[], done boolean, ratio real))sql",
      R"sql(CREATE TABLE item (id serial PRIMARY KEY, active boolean, price numeric(10,2), stock int, tags text[], born date,
                                   created_at timestamptz, labels text, done int, ratio int))sql");
  const auto compared = Compare("item", "item");
  ASSERT_OK(compared);
  std::map<std::string, v1::Transform::StepCase> steps;
  for (const v1::ProposedMapping& one : compared->mappings())
    steps[one.mapping().source()] = one.step().step_case();
  EXPECT_THAT(steps,
              UnorderedElementsAre(
                  Pair("is_active", v1::Transform::kTruthy), Pair("price", v1::Transform::kToDecimal),
                  Pair("stock", v1::Transform::kToInteger), Pair("tags", v1::Transform::kSplit),
                  Pair("born", v1::Transform::kChangeTime), Pair("created_at", v1::Transform::kChangeTime),
                  Pair("labels", v1::Transform::kEncode), Pair("done", v1::Transform::kToInteger),
                  Pair("ratio", v1::Transform::kToInteger)));
  EXPECT_THAT(For(*compared, "price").reasons(), Contains("text becomes decimal by the step to_decimal"));
  EXPECT_THAT(For(*compared, "ratio").warning(), HasSubstr("with a fraction"));
  Create(*compared);
}

constexpr char kLaravel[] = R"sql(
    CREATE TABLE users (id bigserial PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, password text NOT NULL,
                        username text NOT NULL, website text, created_at timestamptz, updated_at timestamptz);
    CREATE TABLE posts (id bigserial PRIMARY KEY, author_id bigint NOT NULL REFERENCES users, title text NOT NULL, slug text NOT NULL,
                        body text NOT NULL, excerpt text, status text NOT NULL, created_at timestamptz NOT NULL,
                        updated_at timestamptz, parent_id bigint REFERENCES posts);
    CREATE TABLE comments (id bigserial PRIMARY KEY, post_id bigint NOT NULL, commentable_type text, commentable_id bigint, body text);
)sql";
constexpr char kWordPress[] = R"sql(
    CREATE TABLE wp_users ("ID" bigserial PRIMARY KEY, user_login varchar(60) NOT NULL, user_pass varchar(255) NOT NULL,
                           user_email varchar(100) NOT NULL UNIQUE, user_url varchar(100) NOT NULL DEFAULT '',
                           user_registered timestamptz NOT NULL DEFAULT now(), display_name varchar(250) NOT NULL);
    CREATE TABLE wp_posts ("ID" bigserial PRIMARY KEY, post_author bigint NOT NULL DEFAULT 0, post_date timestamptz NOT NULL,
                           post_content text NOT NULL, post_title text NOT NULL, post_excerpt text NOT NULL DEFAULT '',
                           post_status varchar(20) NOT NULL DEFAULT 'publish', post_name varchar(200) NOT NULL DEFAULT '',
                           post_modified timestamptz, post_parent bigint NOT NULL DEFAULT 0, menu_order int NOT NULL DEFAULT 0);
    CREATE TABLE wp_comments ("comment_ID" bigserial PRIMARY KEY, "comment_post_ID" bigint NOT NULL REFERENCES wp_posts,
                              comment_content text);
)sql";

TEST_F(CompareTest, FindsItsWayFromLaravelToWordPress) {
  AddBoth(kLaravel, kWordPress);
  const auto users = Compare("users", "wp_users");
  ASSERT_OK(users);
  EXPECT_THAT(Mapped(*users),
              IsSupersetOf({Pair("email", "user_email"), Pair("password", "user_pass"),
                            Pair("username", "user_login"), Pair("website", "user_url"),
                            Pair("created_at", "user_registered"), Pair("name", "display_name")}));
  Create(*users);
  const auto posts = Compare("posts", "wp_posts");
  ASSERT_OK(posts);
  EXPECT_THAT(Mapped(*posts),
              IsSupersetOf({Pair("author_id", "post_author"), Pair("title", "post_title"),
                            Pair("body", "post_content"), Pair("excerpt", "post_excerpt"),
                            Pair("status", "post_status"), Pair("created_at", "post_date"),
                            Pair("updated_at", "post_modified"), Pair("parent_id", "post_parent")}));
  EXPECT_EQ(For(*posts, "author_id").mapping().reference().source_model(), "public.users");
  EXPECT_THAT(For(*posts, "title").reasons(), Contains("same name but for that of the model"));
  Create(*posts);
  const auto comments = Compare("comments", "wp_comments");
  ASSERT_OK(comments);
  EXPECT_EQ(For(*comments, "post_id").mapping().target(), "comment_post_ID");
  EXPECT_EQ(For(*comments, "post_id").mapping().reference().source_model(), "public.posts");
  EXPECT_THAT(comments->reasons(),
              Contains("commentable_id refers to records of several models: a step has to say to which"));
  Create(*comments);
}

TEST_F(CompareTest, AForeignKeyFollowsTheSyncThatBringsWhatItRefersTo) {
  AddBoth(
      "CREATE TABLE album (id serial PRIMARY KEY, title text); CREATE TABLE folder (id serial PRIMARY KEY, "
      "title text);"
      "CREATE TABLE photo (id serial PRIMARY KEY, album_id int REFERENCES album, folder_id int REFERENCES "
      "folder)",
      "CREATE TABLE box (id serial PRIMARY KEY, title text); CREATE TABLE shelf (id serial PRIMARY KEY, "
      "title text);"
      "CREATE TABLE photo (id serial PRIMARY KEY, box_id int REFERENCES box, shelf_id int REFERENCES shelf)");
  EXPECT_EQ(test_support::ValueOrDie(Compare("photo", "photo")).compatibility(),
            v1::COMPATIBILITY_IMPOSSIBLE);
  Create(test_support::ValueOrDie(Compare("album", "shelf")));
  Create(test_support::ValueOrDie(Compare("folder", "box")));
  const auto compared = Compare("photo", "photo");
  ASSERT_OK(compared);
  EXPECT_THAT(Mapped(*compared),
              UnorderedElementsAre(Pair("album_id", "shelf_id"), Pair("folder_id", "box_id")));
  EXPECT_THAT(For(*compared, "album_id").reasons(),
              Contains("they refer to public.album, which a sync brings to public.shelf"));
  Create(*compared);
}

TEST_F(CompareTest, WhatIsRequiredIsFedBeforeWhatIsNot) {
  AddBoth("CREATE TABLE item (id serial PRIMARY KEY, name text NOT NULL)",
          "CREATE TABLE item (id serial PRIMARY KEY, name text, title text NOT NULL)");
  const auto compared = Compare("item", "item");
  ASSERT_OK(compared);
  EXPECT_THAT(Mapped(*compared), ElementsAre(Pair("name", "title")));
  Create(*compared);
}

TEST_F(CompareTest, TheWayBackFollowsTheSyncThatIsThereWithoutACycle) {
  AddBoth("CREATE TABLE item (id serial PRIMARY KEY, name text NOT NULL, label text)",
          "CREATE TABLE thing (id serial PRIMARY KEY, title text NOT NULL, caption text)");
  ASSERT_OK(Call(&RegistryStub::UpdatePlatform,
                 "platform { name: 'platforms/there' capture_mode: CAPTURE_MODE_REPLICATION } "
                 "update_mask { paths: 'capture_mode' }"));
  ASSERT_OK(Call(
      &RegistryStub::CreateSync,
      "sync { name: 'syncs/go' source_platform: 'here' source_model: 'public.item' target_platform: 'there' "
      "target_model: 'public.thing' fields { source: 'label' target: 'title' } fields { source: 'name' "
      "target: 'caption' } }"));
  const auto back = Compare("thing", "item", "there", "here");
  ASSERT_OK(back);
  EXPECT_THAT(Mapped(*back), ElementsAre(Pair("caption", "name"), Pair("title", "label")));
  EXPECT_THAT(For(*back, "title").reasons(), Contains("syncs/go maps it the other way"));
  Create(*back);
  const auto again = Compare("item", "thing");
  ASSERT_OK(again);
  EXPECT_THAT(again->reasons(), Contains(HasSubstr("syncs/go joins the two already")));
}

TEST_F(CompareTest, SaysWhatIsNotThere) {
  AddBoth("CREATE TABLE item (id serial PRIMARY KEY, name text)",
          "CREATE TABLE item (id serial PRIMARY KEY, name text)");
  EXPECT_THAT(Compare("none", "item"), HasReason("MODEL_NOT_FOUND"));
  EXPECT_THAT(Compare("item", "item", "here", "nowhere"), HasReason("PLATFORM_NOT_FOUND"));
  EXPECT_THAT(Compare("item", "item", "here", "here"), HasReason("INVALID_FIELD"));
  EXPECT_EQ(Compare("item", "item")->SerializeAsString(), Compare("item", "item")->SerializeAsString());
}

}  // namespace
}  // namespace cognate::platform_registry
