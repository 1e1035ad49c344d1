#include "cli/contact_words.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace cognate::cli {
namespace {

const char* WhatIsDone(v1::ExistsAction action) {
  switch (action) {
    case v1::EXISTS_ACTION_ADOPT:
      return "becomes the same record, and stays as it is until the next change";
    case v1::EXISTS_ACTION_SKIP:
      return "stays as it is, and the source's is left out";
    case v1::EXISTS_ACTION_ERROR:
      return "is an error";
    case v1::EXISTS_ACTION_RENAME:
      return "stays as it is, and the source's gets a suffix";
    default:
      return "becomes the same record, and is written";
  }
}

std::string Ids(const google::protobuf::RepeatedPtrField<std::string>& ids) {
  constexpr int kShown = 10;
  const std::vector<std::string> shown(ids.begin(), ids.begin() + std::min(ids.size(), kShown));
  return absl::StrCat(absl::StrJoin(shown, ", "),
                      ids.size() > kShown ? absl::StrCat(" and ", ids.size() - kShown, " more") : "");
}

}  // namespace

void PrintContact(std::ostream& out, const v1::Sync& sync) {
  if (!sync.natural_keys().empty()) {
    const std::string keys =
        absl::StrJoin(sync.natural_keys(), ", else ", [](std::string* text, const v1::NaturalKey& key) {
          absl::StrAppend(text, absl::StrJoin(key.fields(), " and "));
        });
    out << "For a record that is new to the target, a record there with the same " << keys
        << " that is no entity's yet " << WhatIsDone(sync.if_exists()) << "; two are a conflict.\n";
  }
  for (const v1::FieldMapping& field : sync.fields()) {
    if (field.on_collision() == v1::COLLISION_ACTION_SUFFIX)
      out << "Where another record of the target has its " << field.target()
          << ", -2, -3 and so on is added.\n";
    if (field.on_collision() == v1::COLLISION_ACTION_ADOPT)
      out << "A record of the target that has its " << field.target() << " becomes the same record.\n";
    if (field.missing_only())
      out << "The target's own " << field.target() << " is kept; only what is missing there is written.\n";
  }
}

void PrintIds(std::ostream& out, const v1::Sync& sync) {
  if (!sync.sync_ids().empty()) out << "Of these it takes only " << Ids(sync.sync_ids()) << ".\n";
  if (!sync.ignore_ids().empty()) out << "It never takes " << Ids(sync.ignore_ids()) << ".\n";
}

}  // namespace cognate::cli
