#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "common/value/parse.h"
#include "common/value/value.h"
#include "services/file_transfer/placing/file_type.h"
#include "services/file_transfer/placing/link_fields.h"
#include "services/file_transfer/placing/names.h"
#include "services/file_transfer/placing/wanted.h"

namespace cognate::file_transfer {
namespace {

using absl::StrCat;

class Understanding {
 public:
  explicit Understanding(BindWork& work) : work_(work) {}

  absl::Status Run() {
    ReadAll();
    StatAll();
    RETURN_IF_ERROR(LookUp());
    RETURN_IF_ERROR(FindContents());
    RETURN_IF_ERROR(CheckClaims());
    for (Wanted& wanted : work_.wanted) ApplyRules(wanted);
    return absl::OkStatus();
  }

 private:
  void ReadAll() {
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
      FindSource(wanted, binding.source().platform());
      if (wanted.is_answered()) continue;
      if (binding.value().has_file_value()) {
        ReadFile(wanted, binding.value().file_value());
      } else if (binding.value().has_text_value()) {
        ReadText(wanted, binding.value().text_value());
      } else if (binding.value().kind_case() == v1::Value::KIND_NOT_SET) {
        // The field leads to nothing any more.
        wanted.is_linked = true;
        wanted.Place(value::Null());
      } else {
        wanted.Refuse("WRONG_TYPE", StrCat("got ", value::Describe(binding.value()),
                                           ", want the path or address of a file"));
      }
      if (!wanted.is_answered() && wanted.rule->mode() == v1::FILE_MODE_LINK && !IsLasting(wanted))
        PlaceSourceAddress(wanted);
    }
  }

  // One that is gone, or that nothing can be learnt of now, concerns its own files alone.
  void FindSource(Wanted& wanted, const std::string& platform) {
    std::shared_ptr<const PlatformFiles>& known = work_.sources[platform];
    absl::Status& why = faults_[platform];
    if (known == nullptr) {
      absl::StatusOr<std::shared_ptr<const PlatformFiles>> files = work_.parts.platforms.Get(platform);
      why = files.status();
      auto nothing = std::make_shared<PlatformFiles>();
      nothing->id = platform;
      known = files.ok() ? *std::move(files) : nothing;
    }
    wanted.source = known.get();
    if (why.ok()) return;
    if (absl::IsNotFound(why)) {
      wanted.Refuse("FILE_UNKNOWN", StrCat("its source ", platform, " is no platform any more"));
    } else {
      wanted.Wait(v1::PLACEMENT_STATE_LACKING, StrCat("a file of ", platform, ": ", why.message()));
    }
  }

  void ReadFile(Wanted& wanted, const v1::FileValue& file) {
    if (file.sha256().size() != 32)
      return wanted.Refuse("WRONG_TYPE", "got a file without a SHA-256 of 32 bytes; correct its agent");
    if (file.path().size() > kMaxPath || file.name().size() > kMaxPath) {
      return wanted.Refuse("WRONG_TYPE", StrCat("got a file whose name or path is longer than ", kMaxPath,
                                                " bytes; correct its agent"));
    }
    if (!value::CharacterCount(file.name()).has_value() || !value::CharacterCount(file.path()).has_value())
      return wanted.Refuse("WRONG_TYPE", "got a file whose name or path is not UTF-8; correct its agent");
    wanted.is_claimed = true;
    wanted.sha256 = file.sha256();
    wanted.size_bytes = file.size_bytes();
    wanted.source_path = file.path();
    wanted.name = file.name().empty() ? std::string(NameOf(file.path())) : file.name();
    wanted.extension = ExtensionOf(wanted.name);
    if (file.has_modify_time()) wanted.modified = ToTime(file.modify_time());
  }

  // An address of the gateway, which was given out for a file of the target or of a third platform: it is
  // that file, and no foreign address.
  bool Follow(Wanted& wanted, const std::string& text) {
    const std::optional<SourceFile> file = FileOfAddress(work_.parts.links, text);
    if (!file.has_value()) return false;
    if (file->platform == work_.target->id) {
      wanted.is_own = true;
      wanted.Place(value::Text(file->path));
      return true;
    }
    wanted.is_followed = true;
    if (wanted.rule->mode() == v1::FILE_MODE_LINK && !IsLasting(wanted)) {
      wanted.is_linked = true;
      wanted.Place(value::Text(text));
      return true;
    }
    FindSource(wanted, file->platform);
    if (!wanted.is_answered()) TakePath(wanted, file->path);
    return true;
  }

  void ReadText(Wanted& wanted, const std::string& text) {
    if (Follow(wanted, text)) return;
    SourcePath read = ReadSourcePath(text, wanted.source->url);
    const bool passes = !IsLasting(wanted) || read.path.empty();
    if (wanted.rule->mode() == v1::FILE_MODE_LINK && IsAddress(text) && passes) {
      wanted.is_linked = true;
      return wanted.Place(value::Text(text));
    }
    if (read.path.empty()) {
      return wanted.Refuse("FILE_OUTSIDE_PLACE", StrCat("got ", ShownName(text), " from ", wanted.source->id,
                                                        ": ", read.fault, "; correct it at the source"));
    }
    TakePath(wanted, std::move(read.path));
  }

  void TakePath(Wanted& wanted, std::string path) {
    wanted.source_path = std::move(path);
    wanted.name = std::string(NameOf(wanted.source_path));
    wanted.extension = ExtensionOf(wanted.name);
    const bool is_linked = wanted.rule->mode() == v1::FILE_MODE_LINK;
    if (!wanted.source->has_place || (is_linked && !IsLasting(wanted))) return;
    if (wanted.source->place == nullptr) {
      // A link is good while the directory is not.
      if (is_linked) return;
      return wanted.Wait(v1::PLACEMENT_STATE_LACKING,
                         StrCat(ShownName(wanted.source_path), ": ", wanted.source->why.message()));
    }
    to_look_at_[wanted.source].push_back(&wanted);
  }

  // `wanted` does not move any more: its vector has its size.
  void StatAll() {
    for (const auto& [source, wanted] : to_look_at_) {
      std::vector<std::string> paths;
      for (const Wanted* const one : wanted) paths.push_back(one->source_path);
      const std::vector<absl::StatusOr<FileStand>> stands = work_.In(*source).Stat(std::move(paths));
      for (size_t i = 0; i < stands.size(); ++i) {
        if (!stands[i].ok()) {
          // A link may lead to what is not there yet.
          if (!IsLasting(*wanted[i]) || absl::IsPermissionDenied(stands[i].status()))
            wanted[i]->Lack(stands[i].status());
          continue;
        }
        wanted[i]->stand = *stands[i];
        wanted[i]->size_bytes = stands[i]->size_bytes;
        wanted[i]->modified = absl::FromUnixNanos(stands[i]->modify_time_ns);
      }
    }
  }

  absl::Status LookUp() {
    std::vector<BindingKey> keys;
    std::vector<Wanted*> of_keys;
    std::vector<std::string> platforms, paths;
    std::vector<Wanted*> of_paths, of_agents;
    for (Wanted& wanted : work_.wanted) {
      if (wanted.is_answered()) continue;
      if (IsLasting(wanted)) {
        if (!wanted.source->has_place && wanted.sha256.empty()) of_agents.push_back(&wanted);
        continue;
      }
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
    ASSIGN_OR_RETURN(const auto bound, work_.parts.stores.bindings.Find(keys));
    for (size_t i = 0; i < bound.size(); ++i) of_keys[i]->bound = bound[i];
    ASSIGN_OR_RETURN(const auto seen, work_.parts.stores.seen.Find(platforms, paths));
    for (size_t i = 0; i < seen.size(); ++i) {
      if (seen[i].has_value() && seen[i]->stand == *of_paths[i]->stand) of_paths[i]->sha256 = seen[i]->sha256;
    }
    return LookUpOfAgents(of_agents);
  }

  // A path of an agent's record is a file that it has sent before, or that it was given, or that links lead
  // to.
  absl::Status LookUpOfAgents(const std::vector<Wanted*>& wanted) {
    std::vector<BindingKey> keys;
    std::vector<std::string> platforms, paths;
    std::vector<SourceFile> files;
    for (const Wanted* one : wanted) {
      keys.push_back(one->source_key);
      files.push_back({one->source->id, one->source_path});
      platforms.push_back(one->source->id);
      paths.push_back(one->source_path);
    }
    ASSIGN_OR_RETURN(const auto sent, work_.parts.stores.bindings.Find(keys));
    ASSIGN_OR_RETURN(const auto given, work_.parts.stores.placements.Find(platforms, paths));
    ASSIGN_OR_RETURN(const auto linked, work_.parts.stores.links.Find(files));
    for (size_t i = 0; i < wanted.size(); ++i) {
      Wanted& one = *wanted[i];
      const std::optional<std::string> known = !linked[i].has_value() ? std::nullopt
                                               : linked[i]->claimed_sha256.has_value()
                                                   ? linked[i]->claimed_sha256
                                                   : linked[i]->sha256;
      const bool was_sent = !one.is_followed && sent[i].has_value() && sent[i]->sha256.has_value() &&
                            sent[i]->path == one.source_path;
      if (was_sent) {
        one.sha256 = *sent[i]->sha256;
        one.is_claimed = true;
      } else if (given[i].has_value() && (given[i]->state == v1::PLACEMENT_STATE_PLACED ||
                                          given[i]->state == v1::PLACEMENT_STATE_DUE)) {
        // Also what it has lost meanwhile.
        one.sha256 = given[i]->sha256;
      } else if (known.has_value()) {
        one.sha256 = *known;
        one.is_claimed = true;
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
      if (wanted.is_answered() || wanted.sha256.empty() || IsLasting(wanted)) continue;
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
        // It lies there as it was when the service read it.
        if (wanted.stand.has_value()) work_.changes.possessed[wanted.source->id].push_back(wanted.sha256);
      }
    }
    return absl::OkStatus();
  }

  // A content that an agent names is there once that platform has it: for others it is not stored.
  absl::Status CheckClaims() {
    std::map<std::string, std::vector<Wanted*>> of_sources;
    for (Wanted& wanted : work_.wanted) {
      if (!wanted.is_answered() && wanted.is_claimed && !IsLasting(wanted))
        of_sources[wanted.source->id].push_back(&wanted);
    }
    std::vector<Wanted*> lacking;
    for (const auto& [source, claimed] : of_sources) {
      std::vector<std::string> hashes;
      for (const Wanted* const wanted : claimed) hashes.push_back(wanted->sha256);
      ASSIGN_OR_RETURN(const std::vector<bool> has, work_.parts.possession.Has(source, hashes));
      for (size_t i = 0; i < claimed.size(); ++i) {
        claimed[i]->is_stored = claimed[i]->is_stored && has[i];
        if (claimed[i]->is_stored) continue;
        // Not even how large another's content of that hash is.
        claimed[i]->size_bytes = claimed[i]->binding->value().file_value().size_bytes();
        claimed[i]->media_type.clear();
        lacking.push_back(claimed[i]);
      }
    }
    return CheckRefusals(lacking);
  }

  absl::Status CheckRefusals(const std::vector<Wanted*>& lacking) {
    std::vector<std::string> platforms, hashes;
    for (const Wanted* const wanted : lacking) {
      platforms.push_back(wanted->source->id);
      hashes.push_back(wanted->sha256);
    }
    ASSIGN_OR_RETURN(const auto refused, work_.parts.stores.refusals.Find(platforms, hashes));
    for (size_t i = 0; i < refused.size(); ++i) {
      if (!refused[i].has_value()) continue;
      work_.changes.refusing_platforms.push_back(platforms[i]);
      work_.changes.refused_sha256s.push_back(hashes[i]);
      lacking[i]->Refuse(refused[i]->reason, StrCat(ShownName(lacking[i]->name), " is not sent by ",
                                                    lacking[i]->source->id, ": ", refused[i]->message));
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
      return wanted.Refuse(*std::move(error));
    if (IsLasting(wanted)) PlaceLastingAddress(work_.parts, wanted);
  }

  void Skip(Wanted& wanted, v1::FileSkipAction action, absl::string_view reason, const std::string& why) {
    if (action == v1::FILE_SKIP_ACTION_LINK) return PlaceSourceAddress(wanted);
    wanted.is_linked = true;  // nothing of it is kept
    if (action == v1::FILE_SKIP_ACTION_EMPTY) return wanted.Place(value::Null());
    wanted.Refuse(reason, StrCat(ShownName(wanted.name), " ", why));
  }

  BindWork& work_;
  std::map<std::string, absl::Status> faults_;  // of sources
  std::map<const PlatformFiles*, std::vector<Wanted*>> to_look_at_;
};

}  // namespace

absl::Status Understand(BindWork& work) { return Understanding(work).Run(); }

}  // namespace cognate::file_transfer
