// What an analysis says of models beyond their fields, and what becomes of entries that people wrote.
#include "absl/strings/str_cat.h"
#include "services/platform_registry/registry_fixture.h"

namespace cognate::platform_registry {
namespace {

using test_support::EqualsProto;
using test_support::HasReason;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr char kSchema[] = R"sql(
    CREATE TABLE users (id bigserial PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, avatar text,
                        shout text GENERATED ALWAYS AS (upper(name)) STORED, joined timestamptz NOT NULL DEFAULT now());
    CREATE TABLE posts (id bigserial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users ON DELETE RESTRICT,
                        editor_id bigint REFERENCES users ON DELETE CASCADE, reviewer_id bigint REFERENCES users,
                        slug varchar(50) NOT NULL, headline text NOT NULL, cover_image_url text, gallery_paths text[],
                        filetype_count int, UNIQUE (slug), UNIQUE (user_id, headline));
    CREATE TABLE tags (id bigserial PRIMARY KEY, label text);
    CREATE TABLE post_tag (post_id bigint REFERENCES posts, tag_id bigint REFERENCES tags, PRIMARY KEY (post_id, tag_id));
    CREATE TABLE follows (id bigserial PRIMARY KEY, who bigint NOT NULL REFERENCES users,
                          whom bigint NOT NULL REFERENCES users, since date);
    CREATE TABLE orders (id bigserial PRIMARY KEY, buyer bigint NOT NULL REFERENCES users,
                         seller bigint NOT NULL REFERENCES users, note text);
    CREATE TABLE roles (id bigserial PRIMARY KEY, title text);
    CREATE TABLE role_user (role_id bigint NOT NULL, user_id bigint NOT NULL);
    CREATE TABLE post_user (post_id bigint NOT NULL, user_id bigint NOT NULL);
    CREATE TABLE comments (id bigserial PRIMARY KEY, commentable_type text NOT NULL, commentable_id bigint NOT NULL, body text);
    CREATE TABLE media (id bigserial PRIMARY KEY, model_type text NOT NULL, model_id bigint NOT NULL,
                        collection_name text NOT NULL, file_name text NOT NULL, disk text NOT NULL);
    CREATE TABLE pages (id bigserial PRIMARY KEY, media_id bigint REFERENCES media, title text);
    CREATE TABLE wp_postmeta (meta_id bigserial PRIMARY KEY, post_id bigint NOT NULL, meta_key text, meta_value text);
    INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.org'), ('Bo', 'bo@example.org');
    INSERT INTO roles (title) VALUES ('admin');
    INSERT INTO role_user VALUES (1, 1), (1, 2);
    INSERT INTO post_user VALUES (77, 1);
    INSERT INTO comments (commentable_type, commentable_id) SELECT kind, n
    FROM (VALUES ('App\Models\Post'), ('App\Models\Page')) AS kinds (kind), generate_series(1, 30) AS n;
    INSERT INTO media (model_type, model_id, collection_name, file_name, disk)
    VALUES ('App\Models\User', 1, 'avatars', 'a.png', 'public'), ('App\Models\User', 2, 'badges', 'b.png', 'public'),
           ('App\Models\Post', 2, 'covers', 'b.png', 'public');
)sql";

class ModelAnalysisTest : public RegistryTest {
 protected:
  void SetUp() override {
    database_ = test_support::ValueOrDie(postgres::Connection::Open(database_uri_));
    ASSERT_OK(database_->Execute(kSchema));
    AddPostgres("blog", database_uri_);
    ASSERT_OK(Analyze());
  }
  absl::StatusOr<v1::AnalyzeModelsResponse> Analyze() {
    return Call(&RegistryStub::AnalyzeModels, "platform: 'platforms/blog'");
  }
  absl::StatusOr<v1::PutModelsResponse> Put(const std::string& platform, const std::string& models) {
    return Call(&RegistryStub::PutModels, absl::StrCat("platform: 'platforms/", platform, "' ", models));
  }
  v1::Model Get(const std::string& model, const std::string& platform = "blog") {
    v1::GetModelRequest request;
    request.set_name(absl::StrCat("platforms/", platform, "/models/", model));
    return test_support::ValueOrDie(Call(&RegistryStub::GetModel, request)).model();
  }
  static std::vector<std::string> Where(const v1::Model& model, bool (v1::ModelField::*is)() const) {
    std::vector<std::string> names;
    for (const v1::ModelField& field : model.fields()) {
      if ((field.*is)()) names.push_back(field.name());
    }
    return names;
  }
  static std::vector<std::string> Files(const v1::Model& model) {
    std::vector<std::string> files;
    for (const v1::FileField& file : model.file_fields()) {
      files.push_back(absl::StrCat(v1::FileKind_Name(file.kind()), " ", file.field(), "|", file.model(), "|",
                                   file.collection(), file.meta_key()));
    }
    return files;
  }

  const std::string database_uri_ = test_support::PostgresServer::Shared().CreateDatabase();
  std::unique_ptr<postgres::Connection> database_;
};

TEST_F(ModelAnalysisTest, SaysWhatARecordCannotBeWrittenWithoutAndWhatIsUniqueAlone) {
  EXPECT_THAT(Where(Get("public.users"), &v1::ModelField::required), ElementsAre("name", "email"));
  EXPECT_THAT(Where(Get("public.users"), &v1::ModelField::unique), ElementsAre("id", "email"));
  EXPECT_THAT(Where(Get("public.posts"), &v1::ModelField::unique), ElementsAre("id", "slug"));
  EXPECT_THAT(Where(Get("public.post_tag"), &v1::ModelField::unique), IsEmpty());
}

TEST_F(ModelAnalysisTest, ARelationIsRequiredWhereItTakesNoNullOrCascades) {
  std::map<std::string, bool> required;
  const v1::Model posts = Get("public.posts");
  for (const v1::ForeignKey& key : posts.foreign_keys()) required[key.fields(0)] = key.required();
  EXPECT_THAT(required, UnorderedElementsAre(std::pair("user_id", true), std::pair("editor_id", true),
                                             std::pair("reviewer_id", false)));
}

TEST_F(ModelAnalysisTest, FindsPivotsByKeysByShapeAndByTheirData) {
  EXPECT_THAT(Get("public.post_tag").pivot(), EqualsProto(R"pb(
                evidence: PIVOT_EVIDENCE_KEYS
                sides { fields: 'post_id' model: 'public.posts' }
                sides { fields: 'tag_id' model: 'public.tags' }
              )pb"));
  EXPECT_EQ(Get("public.follows").pivot().evidence(), v1::PIVOT_EVIDENCE_SHAPE);
  EXPECT_THAT(Get("public.role_user").pivot(), EqualsProto(R"pb(
                evidence: PIVOT_EVIDENCE_DATA
                sides { fields: 'role_id' model: 'public.roles' }
                sides { fields: 'user_id' model: 'public.users' }
              )pb"));
  EXPECT_FALSE(Get("public.post_user").has_pivot()) << "its values are no posts";
  EXPECT_FALSE(Get("public.orders").has_pivot()) << "it has a text of its own";
  EXPECT_FALSE(Get("public.posts").has_pivot());
}

TEST_F(ModelAnalysisTest, FindsPolymorphicPairsWithTheTypesThatTheRecordsHave) {
  const v1::Model comments = Get("public.comments");
  ASSERT_EQ(comments.polymorphic_pairs_size(), 1);
  EXPECT_THAT(comments.polymorphic_pairs(0), EqualsProto(R"pb(name: 'commentable'
                                                              type_field: 'commentable_type'
                                                              id_field: 'commentable_id'
                                                              types: 'App\\Models\\Page'
                                                              types: 'App\\Models\\Post')pb"));
  EXPECT_EQ(Get("public.posts").polymorphic_pairs_size(), 0);
}

TEST_F(ModelAnalysisTest, FindsFilesByNamesReferencesMediaTablesAndWordPressMeta) {
  EXPECT_THAT(Files(Get("public.posts")),
              ElementsAre("FILE_KIND_NATIVE cover_image_url||", "FILE_KIND_NATIVE gallery_paths||",
                          "FILE_KIND_MEDIA |public.media|covers"));
  EXPECT_THAT(Files(Get("public.users")),
              ElementsAre("FILE_KIND_NATIVE avatar||", "FILE_KIND_MEDIA |public.media|avatars",
                          "FILE_KIND_MEDIA |public.media|badges"));
  EXPECT_THAT(Files(Get("public.media")), ElementsAre("FILE_KIND_MEDIA file_name|public.media|"));
  EXPECT_THAT(Files(Get("public.pages")), ElementsAre("FILE_KIND_RELATION media_id|public.media|"));
  EXPECT_THAT(Files(Get("public.wp_postmeta")), ElementsAre("FILE_KIND_META meta_value||_wp_attached_file",
                                                            "FILE_KIND_META meta_value||_thumbnail_id"));
}

TEST_F(ModelAnalysisTest, FindsTheTextByWhichPeopleKnowARecord) {
  EXPECT_EQ(Get("public.users").title_field(), "name");
  EXPECT_EQ(Get("public.posts").title_field(), "headline");
  EXPECT_EQ(Get("public.tags").title_field(), "label");
  EXPECT_EQ(Get("public.follows").title_field(), "");
}

TEST_F(ModelAnalysisTest, ATableThatMayNotBeReadIsStillDescribed) {
  ASSERT_OK(database_->Execute("CREATE ROLE reader LOGIN; GRANT SELECT ON users, media TO reader"));
  ASSERT_OK(
      Call(&RegistryStub::CreatePlatform,
           absl::StrCat("platform { name: 'platforms/shy' kind: PLATFORM_KIND_POSTGRES database { uri: '",
                        database_uri_, database_uri_.find('?') == std::string::npos ? "?" : "&",
                        "options=-crole%3Dreader' } }")));
  ASSERT_OK(Call(&RegistryStub::AnalyzeModels, "platform: 'platforms/shy'"));
  EXPECT_EQ(Get("public.comments", "shy").polymorphic_pairs(0).types_size(), 0);
  EXPECT_EQ(Get("public.media", "shy").polymorphic_pairs(0).types_size(), 2);
}

constexpr char kCustomUsers[] = R"pb(
  models {
    model: 'public.users'
    fields { name: 'id' type: FIELD_TYPE_INTEGER size_bits: 64 has_default: true }
    fields { name: 'name' type: FIELD_TYPE_TEXT max_length: 40 }
    fields { name: 'handle' type: FIELD_TYPE_TEXT nullable: true }
    key_fields: 'id'
    file_fields { kind: FILE_KIND_NATIVE field: 'handle' }
  }
)pb";

TEST_F(ModelAnalysisTest, ACustomEntryOutlivesAnalysesWhichSayWhatTheyLeftAlone) {
  ASSERT_OK(Put("blog", kCustomUsers));
  EXPECT_EQ(Get("public.users").origin(), v1::MODEL_ORIGIN_CUSTOM);
  const auto again = Analyze();
  ASSERT_OK(again);
  ASSERT_EQ(again->kept_models_size(), 1);
  EXPECT_EQ(again->kept_models(0).model(), "public.users");
  EXPECT_THAT(again->kept_models(0).differences(),
              ElementsAre("name is text, not text of at most 40 characters", "has no field handle",
                          "has a field email, text", "has a field avatar, text", "has a field shout, text",
                          "has a field joined, timestamp"));
  EXPECT_EQ(Get("public.users").fields_size(), 3);
  EXPECT_THAT(Files(Get("public.users")), ElementsAre("FILE_KIND_NATIVE handle||"));
  EXPECT_EQ(Get("public.posts").origin(), v1::MODEL_ORIGIN_GENERATED);
}

TEST_F(ModelAnalysisTest, ACustomEntryOfSomethingThatIsNoTableStays) {
  ASSERT_OK(
      Put("blog",
          "models { model: 'view.of_mine' fields { name: 'id' type: FIELD_TYPE_TEXT } key_fields: 'id' }"));
  ASSERT_OK(Analyze());
  EXPECT_EQ(Get("view.of_mine").origin(), v1::MODEL_ORIGIN_CUSTOM);
}

TEST_F(ModelAnalysisTest, ACustomEntryThatIsGivenBackIsOverwrittenByTheNextAnalysis) {
  ASSERT_OK(Put("blog", kCustomUsers));
  v1::PutModelsRequest request;
  request.set_platform("platforms/blog");
  *request.add_models() = Get("public.users");
  request.mutable_models(0)->set_origin(v1::MODEL_ORIGIN_GENERATED);
  ASSERT_OK(Call(&RegistryStub::PutModels, request));
  const auto again = Analyze();
  ASSERT_OK(again);
  EXPECT_EQ(again->kept_models_size(), 0);
  EXPECT_EQ(Get("public.users").fields_size(), 6);
}

TEST_F(ModelAnalysisTest, AnAgentsDescriptionLeavesCustomEntriesAlone) {
  AddAgent("till");
  const std::string item =
      "models { model: 'item' fields { name: 'id' type: FIELD_TYPE_TEXT } key_fields: 'id' ";
  ASSERT_OK(Put("till", item + "}"));
  EXPECT_EQ(Get("item", "till").origin(), v1::MODEL_ORIGIN_GENERATED);
  ASSERT_OK(
      Put("till", item + "fields { name: 'photo' type: FIELD_TYPE_TEXT } origin: MODEL_ORIGIN_CUSTOM }"));
  const auto kept = Put("till", item + "}");
  ASSERT_OK(kept);
  EXPECT_EQ(kept->kept_models_size(), 1);
  EXPECT_EQ(kept->models(0).fields_size(), 2);
  EXPECT_EQ(Get("item", "till").file_fields(0).field(), "photo");
}

TEST_F(ModelAnalysisTest, ADescriptionThatNamesFieldsWhichAreNotThereIsRefusedAsAWhole) {
  AddAgent("till");
  const auto wrong = Put("till", R"pb(
    models {
      model: 'item'
      fields { name: 'id' type: FIELD_TYPE_TEXT }
      uniques { fields: 'code' }
      foreign_keys { fields: 'shop' model: 'shops' referenced_fields: 'a' referenced_fields: 'b' }
      pivot { sides { fields: 'id' model: 'x' } }
      polymorphic_pairs { type_field: 'kind' id_field: 'id' }
      file_fields { field: 'picture' }
      title_field: 'name'
    }
  )pb");
  ASSERT_THAT(wrong, HasReason("INVALID_FIELD"));
  std::vector<std::string> paths;
  for (const FieldViolation& violation : Violations(wrong.status())) paths.push_back(violation.field);
  EXPECT_THAT(paths, ElementsAre("models[0].uniques[0].fields[0]", "models[0].foreign_keys[0].fields[0]",
                                 "models[0].foreign_keys[0].referenced_fields", "models[0].pivot.sides",
                                 "models[0].polymorphic_pairs[0].type_field", "models[0].file_fields[0].kind",
                                 "models[0].file_fields[0].field", "models[0].title_field"));
  EXPECT_THAT(Call(&RegistryStub::GetModel, "name: 'platforms/till/models/item'"),
              HasReason("MODEL_NOT_FOUND"));
}

}  // namespace
}  // namespace cognate::platform_registry
