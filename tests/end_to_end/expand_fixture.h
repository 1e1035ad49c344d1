// Posts with a JSON column of translations and a comma list of tags on one platform; on the other each
// translation and each tag is a row of its own, with its post's id there.
#pragma once

#include <string>

#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/expansion_service.grpc.pb.h"
#include "tests/end_to_end/two_databases.h"

namespace cognate {

class ExpandFixture : public TwoDatabases {
 protected:
  explicit ExpandFixture(cluster::Shape shape = cluster::Shape::kOneProcess) : TwoDatabases(shape) {}

  void SetUp() override {
    Build(kSource, kTarget, TargetIsCaptured());
    capture_ = v1::ChangeCaptureService::NewStub(cluster_.ChannelTo("change-capture"));
    expansions_ = v1::ExpansionService::NewStub(cluster_.ChannelTo("change-capture"));
  }

  virtual bool TargetIsCaptured() const { return false; }

  absl::StatusOr<v1::PutModelsResponse> PutModel(const std::string& model, const std::string& more) {
    return Do(*registry_, &RegistryStub::PutModels,
              absl::StrCat("platform: 'platforms/magazine' models { model: '", model, "' ", more, " }"));
  }
  absl::Status PutTranslations(const std::string& more = "") {
    return PutModel("public.post_translations",
                    absl::StrCat(R"pb(
                                   fields { name: 'post_id' type: FIELD_TYPE_INTEGER size_bits: 32 }
                                   fields { name: 'locale' type: FIELD_TYPE_TEXT }
                                   fields { name: 'title' type: FIELD_TYPE_TEXT nullable: true }
                                   fields { name: 'slug' type: FIELD_TYPE_TEXT }
                                   expansion { model: 'public.post' field: 'translations' key: 'locale'
                                               parent_fields { field: 'id' into: 'post_id' }
                                               parent_fields { field: 'slug' })pb",
                                 more, " }"))
        .status();
  }
  absl::Status SyncPosts() { return CreateSync("posts", "post", "article", "all_fields: true").status(); }
  absl::Status SyncTranslations(const std::string& more = "") {
    return CreateSync("translations", "post_translations", "article_text",
                      absl::StrCat(R"pb(
                                     fields { source: 'post_id' target: 'article_no' }
                                     fields { source: 'locale' target: 'lang' }
                                     fields { source: 'title' target: 'heading' }
                                     fields { source: 'slug' target: 'slug' })pb",
                                   more))
        .status();
  }
  absl::Status Backfill(const std::string& sync) {
    return Do(*capture_, &v1::ChangeCaptureService::Stub::CreateRun,
              absl::StrCat("run { kind: RUN_KIND_BACKFILL sync: 'syncs/", sync, "' }"))
        .status();
  }
  v1::ListPartSetsResponse PartSets(const std::string& more) {
    const auto listed = Do(*expansions_, &v1::ExpansionService::Stub::ListPartSets, more);
    EXPECT_THAT(listed, test_support::IsOk());
    return listed.ok() ? *listed : v1::ListPartSetsResponse();
  }
  // What was written to the texts since the last time, in any order.
  std::string Writes() {
    const std::string writes =
        Ask(*target_, "SELECT coalesce(string_agg(what, ' ' ORDER BY what), '') FROM writes");
    EXPECT_THAT(target_->Execute("DELETE FROM writes"), test_support::IsOk());
    return writes;
  }

  static constexpr char kTexts[] =
      "SELECT coalesce(string_agg(concat_ws(' ', a.slug, t.slug, t.lang, t.heading), '; ' ORDER BY a.slug, "
      "t.lang), '') FROM article_text t JOIN article a ON a.no = t.article_no";
  static constexpr char kSource[] = R"sql(
    CREATE TABLE post (id serial PRIMARY KEY, slug text NOT NULL, translations jsonb, tags text);
  )sql";
  // The target's ids are none of the source's.
  static constexpr char kTarget[] = R"sql(
    CREATE TABLE article (no bigint GENERATED ALWAYS AS IDENTITY (START 1000) PRIMARY KEY, slug text NOT NULL);
    CREATE TABLE article_text (no bigint GENERATED ALWAYS AS IDENTITY (START 5000) PRIMARY KEY,
                               article_no bigint NOT NULL REFERENCES article, lang text NOT NULL,
                               heading text, slug text NOT NULL, UNIQUE (article_no, lang));
    CREATE TABLE article_tag (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                              article_no bigint NOT NULL REFERENCES article, place int NOT NULL, tag text NOT NULL);
    CREATE TABLE writes (what text);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      INSERT INTO public.writes SELECT lower(tg_op) || ':' || coalesce(new.lang, old.lang);
      RETURN NULL;
    END $$;
    CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON article_text FOR EACH ROW EXECUTE FUNCTION note();
  )sql";

  std::unique_ptr<v1::ChangeCaptureService::Stub> capture_;
  std::unique_ptr<v1::ExpansionService::Stub> expansions_;
};

}  // namespace cognate
