#include "services/platform_registry/reverse.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/status_macros.h"
#include "common/transform/inverse.h"
#include "services/platform_registry/chain_fields.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/rules.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

v1::ConflictPolicy Turned(v1::ConflictPolicy policy) {
  if (policy == v1::CONFLICT_POLICY_SOURCE) return v1::CONFLICT_POLICY_TARGET;
  if (policy == v1::CONFLICT_POLICY_TARGET) return v1::CONFLICT_POLICY_SOURCE;
  return policy;
}

// `countries-back` of `countries`, and `countries` of that.
std::string BackName(const std::string& name) {
  absl::string_view id = absl::StripPrefix(name, "syncs/");
  if (absl::ConsumeSuffix(&id, "-back")) return SyncName(id);
  return SyncName(StrCat(id.substr(0, 58), "-back"));
}

class Reverser {
 public:
  Reverser(const Configuration& configuration, const v1::Sync& sync)
      : sync_(sync), compiled_(CompileSync(configuration, sync)) {
    for (const v1::Transform& transform : compiled_.sync().transforms()) Add(transform, "", own_++);
    if (compiled_.chain().empty()) return;
    steps_.Clear();
    places_.clear();
    for (const v1::CompiledStep& step : compiled_.chain())
      Add(step.transform(), step.pipeline(), step.place());
  }

  v1::ReverseSyncResponse Run() {
    v1::Sync& back = *response_.mutable_sync();
    back.set_name(BackName(sync_.name()));
    back.set_status(sync_.status());
    back.set_source_platform(sync_.target_platform());
    back.set_source_model(sync_.target_model());
    back.set_target_platform(sync_.source_platform());
    back.set_target_model(sync_.source_model());
    back.set_conflict_policy(Turned(sync_.conflict_policy()));
    // Without a chain fields of the same name find each other on the way back, too.
    back.set_all_fields(sync_.all_fields() && steps_.empty());
    TurnFields(back);
    TurnKeys(back);
    TellWhatStays();
    return std::move(response_);
  }

 private:
  void Add(const v1::Transform& transform, const std::string& pipeline, int place) {
    *steps_.Add() = transform;
    places_.push_back(StrCat(pipeline.empty() ? "sync" : pipeline, ".transforms[", place, "]"));
  }

  void Missing(std::string field, std::string reason) {
    v1::NotInvertible* const missing = response_.add_missing();
    missing->set_field(std::move(field));
    missing->set_reason(std::move(reason));
  }

  // Those that are written down, and with a chain also those that follow from `all_fields`.
  google::protobuf::RepeatedPtrField<v1::FieldMapping> Mappings() const {
    google::protobuf::RepeatedPtrField<v1::FieldMapping> mappings = sync_.fields();
    const auto is_known = [&](const v1::CompiledField& field) {
      return absl::c_any_of(sync_.fields(), [&](const v1::FieldMapping& mapping) {
        return mapping.target() == field.target();
      });
    };
    for (const v1::CompiledField& field : compiled_.fields()) {
      if (steps_.empty() || field.source().empty() || is_known(field)) continue;
      v1::FieldMapping* const mapping = mappings.Add();
      mapping->set_source(field.source());
      mapping->set_target(field.target());
    }
    for (v1::FieldMapping& mapping : mappings) {
      if (!mapping.has_reference() || !mapping.reference().target_model().empty()) continue;
      for (const v1::CompiledField& field : compiled_.fields()) {
        if (field.target() == mapping.target())
          mapping.mutable_reference()->set_target_model(field.reference_target_model());
      }
    }
    return mappings;
  }

  void TurnFields(v1::Sync& back) {
    transform::Inverse inverse = transform::Invert(steps_, Mappings());
    *back.mutable_transforms() = std::move(inverse.transforms);
    for (v1::FieldMapping& field : inverse.fields) {
      for (int i = 0; i < sync_.fields_size(); ++i) {
        const v1::FieldMapping& forth = sync_.fields(i);
        if (forth.target() != field.source()) continue;
        field.set_conflict_policy(Turned(forth.conflict_policy()));
        if (forth.has_file()) {
          *field.mutable_file() = forth.file();
          field.mutable_file()->clear_directory();
        }
        if (forth.missing_only())
          Missing(
              StrCat("sync.fields[", i, "].missing_only"),
              "the source's own values are not spared on the way back; say it there, too, if it is meant");
      }
      *back.add_fields() = std::move(field);
    }
    for (const transform::NotInvertible& missing : inverse.missing)
      Missing(PathOf(missing.path), missing.reason);
  }

  // `transforms[3].slug` counts through the whole chain.
  std::string PathOf(absl::string_view path) const {
    absl::string_view rest = path;
    size_t index = 0;
    if (!absl::ConsumePrefix(&rest, "transforms[")) return StrCat("sync.", path);
    const size_t end = rest.find(']');
    if (!absl::SimpleAtoi(rest.substr(0, end), &index) || index >= places_.size())
      return StrCat("sync.", path);
    return StrCat(places_[index], rest.substr(end + 1));
  }

  void TurnKeys(v1::Sync& back) {
    for (int i = 0; i < sync_.natural_keys_size(); ++i) {
      v1::NaturalKey key;
      for (const std::string& field : sync_.natural_keys(i).fields()) {
        const auto found = absl::c_find_if(
            back.fields(), [&](const v1::FieldMapping& mapping) { return mapping.source() == field; });
        if (found != back.fields().end()) {
          key.add_fields(found->target());
        } else if (back.all_fields()) {
          key.add_fields(field);
        }
      }
      if (key.fields_size() == sync_.natural_keys(i).fields_size()) {
        *back.add_natural_keys() = std::move(key);
      } else {
        Missing(StrCat("sync.natural_keys[", i, "]"), "not all of its fields come back as they are");
      }
    }
  }

  // What is said about one side has no meaning on the other.
  void TellWhatStays() {
    constexpr char kOtherSide[] =
        "it is about the other side's records: say on the way back what is meant there";
    const auto* const reflection = sync_.GetReflection();
    for (const char* const name : {"filter", "leave", "on_delete", "sync_ids", "ignore_ids", "only_assigned",
                                   "acting_identity", "mirror", "schedule"}) {
      const auto* const field = v1::Sync::descriptor()->FindFieldByName(name);
      if (field == nullptr) continue;
      const bool is_said =
          field->is_repeated() ? reflection->FieldSize(sync_, field) > 0 : reflection->HasField(sync_, field);
      if (is_said) Missing(StrCat("sync.", name), kOtherSide);
    }
  }

  const v1::Sync& sync_;
  const v1::CompiledSync compiled_;
  transform::Transforms steps_;
  std::vector<std::string> places_;  // of `steps_`
  int own_ = 0;
  v1::ReverseSyncResponse response_;
};

}  // namespace

v1::ReverseSyncResponse Reverse(const Configuration& configuration, const v1::Sync& sync) {
  v1::ReverseSyncResponse response = Reverser(configuration, sync).Run();
  const v1::Model* const source = configuration.FindModel(sync.source_platform(), sync.source_model());
  if (source != nullptr && source->has_expansion()) {
    v1::NotInvertible* const missing = response.add_missing();
    missing->set_field("sync.source_model");
    missing->set_reason(StrCat("its records are made of those of ", source->expansion().model(),
                               ": nothing can be written there"));
  }
  return response;
}

absl::StatusOr<v1::ReverseSyncResponse> ReverseSync(SyncStore& store, const v1::ReverseSyncRequest& request) {
  if (request.name().empty() != request.has_sync())
    return InvalidField("name", "got both a name and a sync, or neither, want one of the two");
  ASSIGN_OR_RETURN(const Configuration configuration, store.Configured());
  v1::Sync sync = request.sync();
  if (!request.name().empty()) {
    ASSIGN_OR_RETURN(const std::string id, ParseSyncName(request.name(), "name"));
    const v1::Sync* const known = configuration.FindSync(request.name());
    if (known == nullptr) return SyncNotFound(id);
    sync = *known;
  }
  RETURN_IF_ERROR(ParseSyncName(sync.name(), "sync.name").status());
  std::vector<FieldViolation> wrong;
  const auto check = [&](const char* part, const google::protobuf::RepeatedPtrField<std::string>& names) {
    for (int i = 0; i < names.size(); ++i) {
      if (!configuration.pipelines.contains(names[i]))
        wrong.push_back({StrCat("sync.", part, "[", i, "]"),
                         StrCat("got \"", names[i], "\", want the name of a pipeline that there is")});
    }
  };
  check("before", sync.before());
  check("after", sync.after());
  if (!wrong.empty()) return InvalidFields(wrong);
  return Reverse(configuration, sync);
}

}  // namespace cognate::platform_registry
