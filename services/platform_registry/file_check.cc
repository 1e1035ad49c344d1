#include "services/platform_registry/file_check.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/files/rule.h"
#include "services/platform_registry/errors.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr size_t kMaxUrl = 1'024;

bool IsAddress(absl::string_view url) {
  const bool has_scheme = absl::StartsWith(url, "https://") || absl::StartsWith(url, "http://");
  const absl::string_view rest = has_scheme ? url.substr(url.find("//") + 2) : "";
  return has_scheme && url.size() <= kMaxUrl && !rest.empty() && rest[0] != '/' &&
         std::none_of(url.begin(), url.end(), [](char c) {
           return static_cast<unsigned char>(c) <= ' ' || c == 0x7F || c == '?' || c == '#' || c == '@';
         });
}

// What can hold a path, or several.
bool HoldsPaths(const v1::ModelField& field) {
  switch (field.type()) {
    case v1::FIELD_TYPE_UNSPECIFIED:
    case v1::FIELD_TYPE_TEXT:
    case v1::FIELD_TYPE_JSON:
      return true;
    case v1::FIELD_TYPE_LIST:
      return field.element_type() == v1::FIELD_TYPE_TEXT ||
             field.element_type() == v1::FIELD_TYPE_UNSPECIFIED;
    default:
      return false;
  }
}

std::string HowToSetFiles(const std::string& platform) {
  return StrCat("`cognate platform update ", platform, " --files /its/directory`");
}

void CheckSourceOf(SyncCheck& check, int index, const v1::FieldMapping& mapping) {
  const ChainField* const field = check.record.Find(mapping.source());
  if (field != nullptr && !HoldsPaths(field->field)) {
    check.Wrong(MappingPath(index, "file"),
                StrCat("got a rule for ", mapping.source(), ", which is ", field->field.native_type(),
                       ", want a text, a list of texts or JSON: a path or an address of a file"));
  }
  const v1::Platform& source = *check.source.platform;
  const bool stores = mapping.file().mode() != v1::FILE_MODE_LINK || mapping.file().link_fallback();
  if (files::MayLink(mapping.file()) && source.files().url().empty()) {
    check.Wrong(MappingPath(index, "file"),
                StrCat("got a rule that makes links, but nothing says where ", check.sync.source_platform(),
                       " serves its files; set it by `cognate platform update ", check.sync.source_platform(),
                       " --files /its/directory --files-url https://…`"));
  } else if (stores && !source.has_files() && source.capture_mode() == v1::CAPTURE_MODE_REPLICATION) {
    check.Wrong(MappingPath(index, "file"),
                StrCat("got a rule that ",
                       mapping.file().link_fallback() ? "keeps copies of files behind links" : "copies files",
                       ", but nothing says where ", check.sync.source_platform(),
                       " has them, and no agent brings them; set it by ",
                       HowToSetFiles(check.sync.source_platform())));
  }
}

void CheckTargetOf(SyncCheck& check, int index, const v1::FieldMapping& mapping) {
  const v1::Platform& target = *check.target.platform;
  const v1::ModelField* const field = FindField(*check.target.model, mapping.target());
  if (field == nullptr) return;
  if (!HoldsPaths(*field)) {
    check.Wrong(MappingPath(index, "file"),
                StrCat("got a rule for ", mapping.target(), ", which is ", field->native_type(),
                       " on the target, want a text, a list of texts or JSON: it gets the path of the copy"));
  }
  if (IsKeyField(*check.target.model, mapping.target()))
    check.Wrong(MappingPath(index, "file"),
                StrCat("got a rule for ", mapping.target(), ", which is the target's key"));
  for (const v1::NaturalKey& key : check.sync.natural_keys()) {
    if (std::find(key.fields().begin(), key.fields().end(), mapping.target()) != key.fields().end())
      check.Wrong(MappingPath(index, "file"),
                  StrCat("got a rule for ", mapping.target(),
                         ", which is in a natural key: paths differ on every platform"));
  }
  if (mapping.file().mode() == v1::FILE_MODE_LINK) return;
  const bool is_agent = target.channel() == v1::CHANNEL_AGENT;
  if (!target.has_files() && !is_agent) {
    check.Wrong(MappingPath(index, "file"),
                StrCat("got a rule that copies files, but nothing says where ", check.sync.target_platform(),
                       " keeps them; set it by ", HowToSetFiles(check.sync.target_platform()),
                       ", a directory that the file-transfer service can reach, or use mode: LINK"));
  }
  const int needed = static_cast<int>(files::Completed(mapping.file(), mapping.target()).directory().size()) +
                     files::kPathBehindDirectory;
  if (field->type() == v1::FIELD_TYPE_TEXT && field->max_length() > 0 && field->max_length() < needed) {
    check.Wrong(MappingPath(index, "target"),
                StrCat("got ", mapping.target(), ", which takes ", field->max_length(),
                       " characters, want room for ", needed,
                       ": that long a path of a copy may be; make the column longer"
                       " or the rule's directory shorter"));
  }
}

}  // namespace

void CheckFilePlace(const v1::Platform& platform, std::vector<FieldViolation>* violations) {
  if (!platform.has_files()) return;
  const v1::FilePlace& place = platform.files();
  if (!files::IsCleanAbsolutePath(place.directory())) {
    violations->push_back(
        {"platform.files.directory",
         StrCat("got \"", place.directory(),
                "\", want an absolute path without ., .. or a slash at its end, such as /srv/shop/files")});
  }
  if (!place.url().empty() && !IsAddress(place.url())) {
    violations->push_back(
        {"platform.files.url",
         StrCat("got \"", place.url(),
                "\", want https://… or http://… without user, query or fragment, under which that "
                "directory is served")});
  }
  if (place.quota_bytes() < 0) {
    violations->push_back(
        {"platform.files.quota_bytes", StrCat("got ", place.quota_bytes(), ", want 0 (no limit) or more")});
  }
}

absl::Status CheckPublicUrl(const v1::Sync& sync, bool has_public_url) {
  if (has_public_url) return absl::OkStatus();
  for (int i = 0; i < sync.fields_size(); ++i) {
    if (sync.fields(i).file().link_fallback()) return NoPublicUrl(MappingPath(i, "file.link_fallback"));
  }
  return absl::OkStatus();
}

void CheckFileRules(SyncCheck& check) {
  for (int i = 0; i < check.sync.fields_size(); ++i) {
    const v1::FieldMapping& mapping = check.sync.fields(i);
    if (!mapping.has_file()) continue;
    for (FieldViolation& fault : files::RuleFaults(mapping.file(), MappingPath(i, "file")))
      check.violations.push_back(std::move(fault));
    if (mapping.has_reference())
      check.Wrong(MappingPath(i, "file"),
                  "got one beside reference, want one of the two: a field leads to a file or to a record");
    CheckSourceOf(check, i, mapping);
    CheckTargetOf(check, i, mapping);
  }
}

}  // namespace cognate::platform_registry
