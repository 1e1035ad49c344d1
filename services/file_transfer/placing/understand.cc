#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "common/value/parse.h"
#include "common/value/value.h"
#include "services/file_transfer/placing/file_type.h"
#include "services/file_transfer/placing/names.h"
#include "services/file_transfer/placing/wanted.h"

namespace cognate::file_transfer {
namespace {

using absl::StrCat;

class Understanding {
 public:
  explicit Understanding(BindWork& work) : work_(work) {}

  absl::Status Run() {
    RETURN_IF_ERROR(ReadAll());
    RETURN_IF_ERROR(LookUp());
    RETURN_IF_ERROR(FindContents());
    for (Wanted& wanted : work_.wanted) ApplyRules(wanted);
    return absl::OkStatus();
  }

 private:
  absl::Status ReadAll() {
    work_.response.mutable_files()->Reserve(work_.request.bindings_size());
    work_.wanted.reserve(static_cast<size_t>(work_.request.bindings_size()));
    for (const v1::FileBinding& binding : work_.request.bindings()) {
      Wanted& wanted = work_.wanted.emplace_back();
      wanted.binding = &binding;
      wanted.rule = &work_.request.rules(binding.rule());
      wanted.out = work_.response.add_files();
      const Uuid entity = *Uuid::FromBytes(binding.entity_id());
      wanted.target_key = {work_.request.platform(), entity, binding.model(), binding.field(),
                           binding.position()};
      wanted.source_key = {binding.source().platform(), entity, binding.source().model(),
                           binding.source_field(), binding.position()};
      ASSIGN_OR_RETURN(wanted.source, SourceOf(binding.source().platform()));
      if (binding.value().has_file_value()) {
        ReadFile(wanted, binding.value().file_value());
      } else if (binding.value().has_text_value()) {
        ReadText(wanted, binding.value().text_value());
      } else {
        wanted.Refuse("WRONG_TYPE", StrCat("got ", value::Describe(binding.value()),
                                           ", want the path or address of a file"));
      }
      if (!wanted.is_answered() && wanted.rule->mode() == v1::FILE_MODE_LINK) Link(wanted);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<const PlatformFiles*> SourceOf(const std::string& platform) {
    std::shared_ptr<const PlatformFiles>& known = work_.sources[platform];
    if (known == nullptr) {
      ASSIGN_OR_RETURN(known, work_.parts.platforms.Get(platform));
    }
    return known.get();
  }

  void ReadFile(Wanted& wanted, const v1::FileValue& file) {
    if (file.sha256().size() != 32)
      return wanted.Refuse("WRONG_TYPE", "got a file without a SHA-256 of 32 bytes; correct its agent");
    if (!value::CharacterCount(file.name()).has_value() || !value::CharacterCount(file.path()).has_value())
      return wanted.Refuse("WRONG_TYPE", "got a file whose name or path is not UTF-8; correct its agent");
    wanted.sha256 = file.sha256();
    wanted.size_bytes = file.size_bytes();
    wanted.source_path = file.path();
    wanted.name = file.name().empty() ? std::string(NameOf(file.path())) : file.name();
    wanted.extension = ExtensionOf(wanted.name);
    if (file.has_modify_time()) wanted.modified = ToTime(file.modify_time());
  }

  void ReadText(Wanted& wanted, const std::string& text) {
    if (wanted.rule->mode() == v1::FILE_MODE_LINK && IsAddress(text)) {
      wanted.is_linked = true;
      return wanted.Place(value::Text(text));
    }
    SourcePath read = ReadSourcePath(text, wanted.source->url);
    if (read.path.empty()) {
      return wanted.Refuse("FILE_OUTSIDE_PLACE", StrCat("got ", ShownName(text), " from ", wanted.source->id,
                                                        ": ", read.fault, "; correct it at the source"));
    }
    wanted.source_path = std::move(read.path);
    wanted.name = std::string(NameOf(wanted.source_path));
    wanted.extension = ExtensionOf(wanted.name);
    if (wanted.source->has_place && wanted.rule->mode() != v1::FILE_MODE_LINK) Stat(wanted);
  }

  void Stat(Wanted& wanted) {
    if (wanted.source->place == nullptr) {
      return wanted.Wait(v1::PLACEMENT_STATE_LACKING,
                         StrCat(ShownName(wanted.source_path), ": ", wanted.source->why.message()));
    }
    const absl::StatusOr<FileStand> stand = wanted.source->place->Stat(wanted.source_path);
    if (!stand.ok()) return wanted.Lack(stand.status());
    wanted.stand = *stand;
    wanted.size_bytes = stand->size_bytes;
    wanted.modified = absl::FromUnixNanos(stand->modify_time_ns);
  }

  void Link(Wanted& wanted) {
    wanted.is_linked = true;
    if (!wanted.source->url.empty() && !wanted.source_path.empty()) {
      const SourcePath path = ReadSourcePath(wanted.source_path, wanted.source->url);
      if (!path.path.empty()) return wanted.Place(value::Text(AddressOf(wanted.source->url, path.path)));
    }
    wanted.Refuse("FILE_HAS_NO_ADDRESS",
                  wanted.source->url.empty()
                      ? StrCat("nothing says where ", wanted.source->id, " serves ", ShownName(wanted.name),
                               "; set it by `cognate platform update ", wanted.source->id,
                               " --files /its/directory --files-url https://…`")
                      : StrCat(wanted.source->id, " does not say under which path it serves ",
                               ShownName(wanted.name), "; its agent has to give the path"));
  }

  absl::Status LookUp() {
    std::vector<BindingKey> keys;
    std::vector<Wanted*> of_keys;
    std::vector<std::string> platforms, paths;
    std::vector<Wanted*> of_paths, of_agents;
    for (Wanted& wanted : work_.wanted) {
      if (wanted.is_answered()) continue;
      keys.push_back(wanted.target_key);
      of_keys.push_back(&wanted);
      if (wanted.stand.has_value()) {
        platforms.push_back(wanted.source->id);
        paths.push_back(wanted.source_path);
        of_paths.push_back(&wanted);
      } else if (wanted.sha256.empty()) {
        of_agents.push_back(&wanted);
      }
    }
    ASSIGN_OR_RETURN(const auto bound, work_.parts.store.FindBindings(keys));
    for (size_t i = 0; i < bound.size(); ++i) of_keys[i]->bound = bound[i];
    ASSIGN_OR_RETURN(const auto seen, work_.parts.store.FindSeen(platforms, paths));
    for (size_t i = 0; i < seen.size(); ++i) {
      if (seen[i].has_value() && seen[i]->stand == *of_paths[i]->stand) of_paths[i]->sha256 = seen[i]->sha256;
    }
    return LookUpOfAgents(of_agents);
  }

  // A path of an agent's record is a file that it has sent before, or that it was given.
  absl::Status LookUpOfAgents(const std::vector<Wanted*>& wanted) {
    std::vector<BindingKey> keys;
    std::vector<std::string> platforms, paths;
    for (const Wanted* one : wanted) {
      keys.push_back(one->source_key);
      platforms.push_back(one->source->id);
      paths.push_back(one->source_path);
    }
    ASSIGN_OR_RETURN(const auto sent, work_.parts.store.FindBindings(keys));
    ASSIGN_OR_RETURN(const auto given, work_.parts.store.FindPlacements(platforms, paths));
    for (size_t i = 0; i < wanted.size(); ++i) {
      Wanted& one = *wanted[i];
      if (sent[i].has_value() && sent[i]->sha256.has_value() && sent[i]->path == one.source_path) {
        one.sha256 = *sent[i]->sha256;
      } else if (given[i].has_value() && given[i]->state == v1::PLACEMENT_STATE_PLACED) {
        one.sha256 = given[i]->sha256;
      } else {
        one.Refuse("FILE_UNKNOWN", StrCat("nothing is known of ", ShownName(one.source_path),
                                          " but its path; ", one.source->id,
                                          "'s agent has to send it as a file, or set where its files are by "
                                          "`cognate platform update ",
                                          one.source->id, " --files /its/directory`"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status FindContents() {
    std::vector<std::string> hashes;
    std::vector<Wanted*> of_hashes;
    for (Wanted& wanted : work_.wanted) {
      if (wanted.is_answered() || wanted.sha256.empty()) continue;
      hashes.push_back(wanted.sha256);
      of_hashes.push_back(&wanted);
    }
    if (hashes.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const auto found, work_.parts.contents.Find(hashes));
    for (size_t i = 0; i < found.size(); ++i) {
      Wanted& wanted = *of_hashes[i];
      if (found[i].has_value()) {
        wanted.is_stored = true;
        wanted.size_bytes = found[i]->size_bytes();
        wanted.media_type = found[i]->media_type();
      }
    }
    return absl::OkStatus();
  }

  void ApplyRules(Wanted& wanted) {
    if (wanted.is_answered()) return;
    const v1::FileRule& rule = *wanted.rule;
    if (rule.has_modified_since() && wanted.modified.has_value() &&
        *wanted.modified < ToTime(rule.modified_since())) {
      return Skip(
          wanted,
          rule.too_old() == v1::FILE_SKIP_ACTION_UNSPECIFIED ? v1::FILE_SKIP_ACTION_EMPTY : rule.too_old(),
          "FILE_TOO_OLD",
          StrCat("was last changed on ", absl::FormatTime("%Y-%m-%d", *wanted.modified, absl::UTCTimeZone()),
                 ", and the sync takes newer ones (file.modified_since)"));
    }
    if (rule.max_bytes() > 0 && wanted.size_bytes > rule.max_bytes()) {
      return Skip(wanted,
                  rule.too_large() == v1::FILE_SKIP_ACTION_UNSPECIFIED ? v1::FILE_SKIP_ACTION_REJECT
                                                                       : rule.too_large(),
                  "FILE_TOO_LARGE",
                  StrCat("has ", wanted.size_bytes, " bytes, and the sync takes at most ", rule.max_bytes(),
                         " (file.max_bytes)"));
    }
    if (auto error = CheckExtension(rule, wanted.name, wanted.extension); error.has_value())
      wanted.Refuse(*std::move(error));
  }

  void Skip(Wanted& wanted, v1::FileSkipAction action, absl::string_view reason, const std::string& why) {
    if (action == v1::FILE_SKIP_ACTION_LINK) return Link(wanted);
    wanted.is_linked = true;  // nothing of it is kept
    if (action == v1::FILE_SKIP_ACTION_EMPTY) return wanted.Place(value::Null());
    wanted.Refuse(reason, StrCat(ShownName(wanted.name), " ", why));
  }

  BindWork& work_;
};

}  // namespace

absl::Status Understand(BindWork& work) { return Understanding(work).Run(); }

}  // namespace cognate::file_transfer
