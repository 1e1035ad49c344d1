// A magazine's database whose writers and articles go to a site that no database of ours reaches: persons and
// stories with ids of its own.
#pragma once

#include <string>
#include <utility>

#include "tests/end_to_end/two_databases.h"

namespace cognate {

class MagazineAndSite : public TwoDatabases {
 protected:
  // `id_type` is that of the site's ids.
  MagazineAndSite(std::string site, std::string id_type, cluster::Shape shape = cluster::Shape::kOneProcess)
      : TwoDatabases(shape), site_(std::move(site)), id_type_(std::move(id_type)) {}

  // The services and the magazine; the site is added by the test.
  void AddMagazine() {
    ASSERT_TRUE(cluster_.WaitUntilServing());
    registry_ = v1::PlatformRegistryService::NewStub(cluster_.ChannelTo("platform-registry"));
    feedback_ = v1::FeedbackService::NewStub(cluster_.ChannelTo("feedback"));
    source_ = AddPlatform("magazine", R"sql(
        CREATE TABLE writer (id serial PRIMARY KEY, name text NOT NULL);
        CREATE TABLE article (id serial PRIMARY KEY, title text NOT NULL, writer_id int REFERENCES writer);
    )sql",
                          "capture_mode: CAPTURE_MODE_REPLICATION");
  }

  void PutModels() {
    const auto name = [&](const char* model) {
      return absl::StrCat("name: 'platforms/", site_, "/models/", model, "' model: '", model,
                          "' key_fields: 'id' fields { name: 'id' type: ", id_type_, " has_default: true } ");
    };
    ASSERT_THAT(
        Do(*registry_, &RegistryStub::PutModels,
           absl::StrCat(
               "platform: 'platforms/", site_, "' models { ", name("person"),
               "fields { name: 'name' type: FIELD_TYPE_TEXT } } models { ", name("story"),
               "fields { name: 'headline' type: FIELD_TYPE_TEXT } fields { name: 'author' type: ", id_type_,
               " nullable: true } foreign_keys { name: 'author' fields: 'author' model: 'person' "
               "referenced_fields: 'id' } }")),
        test_support::IsOk());
  }

  void AddSyncs() {
    AddSync("writers", "public.writer", "person", "fields { source: 'name' target: 'name' }");
    AddSync("articles", "public.article", "story",
            "fields { source: 'title' target: 'headline' } fields { source: 'writer_id' target: 'author' }");
  }

  std::string Cli(const std::vector<std::string>& words) { return cluster_.Run(words).output; }

 private:
  void AddSync(const std::string& id, const std::string& from, const std::string& to,
               const std::string& fields) {
    ASSERT_THAT(
        Do(*registry_, &RegistryStub::CreateSync,
           absl::StrCat("sync { name: 'syncs/", id, "' source_platform: 'magazine' source_model: '", from,
                        "' target_platform: '", site_, "' target_model: '", to, "' ", fields, " }")),
        test_support::IsOk());
  }

  const std::string site_, id_type_;
};

}  // namespace cognate
