#include "cli/sync_words.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/contact_words.h"
#include "cli/output.h"
#include "cli/schedule_options.h"
#include "cli/yaml_writer.h"
#include "services/clients/guard.h"

namespace cognate::cli {
namespace {

using absl::StrCat;

std::string ShowFields(const google::protobuf::RepeatedPtrField<v1::Field>& fields) {
  std::vector<std::string> parts;
  for (const v1::Field& field : fields)
    parts.push_back(StrCat(field.name(), " = ", ShowOneValue(field.value())));
  return parts.empty() ? "(nothing)" : absl::StrJoin(parts, ", ");
}

// Every reference inside that the target does not have yet.
void CollectWaits(const v1::Value& value, std::vector<std::string>* waits) {
  if (value.has_reference_value() && value.reference_value().local_id().empty()) {
    const v1::Reference& reference = value.reference_value();
    waits->push_back(StrCat(
        reference.source_model(), " ", reference.source_local_id(), " in ", reference.model(),
        reference.optional() ? " (may be written empty once, where records wait for each other)" : ""));
  }
  if (value.has_encoded_value()) CollectWaits(value.encoded_value().value(), waits);
  for (const v1::Value& element : value.list_value().values()) CollectWaits(element, waits);
  for (const v1::Field& field : value.map_value().fields()) CollectWaits(field.value(), waits);
}

std::string TypeOf(const v1::ModelField& field) {
  if (!field.native_type().empty()) return field.native_type();
  if (field.type() == v1::FIELD_TYPE_UNSPECIFIED) return "?";
  return FormatEnum(v1::FieldType_Name(field.type()), "FIELD_TYPE_");
}

void PrintSteps(std::ostream& out, const v1::CompiledSync& compiled) {
  const auto& own = compiled.sync().transforms();
  if (own.empty() && compiled.chain().empty()) return;
  out << "\nEach record goes through these steps before its fields are mapped:\n";
  Table table({"#", "STEP", "HOW", "ONLY WHEN"});
  const auto add = [&](const v1::Transform& transform, const std::string& pipeline, int place) {
    const StepWords words = WordsOf(transform);
    table.Add({StrCat(pipeline, pipeline.empty() ? "" : " ", place), words.word, words.parameters,
               transform.when()});
  };
  for (const v1::CompiledStep& step : compiled.chain()) add(step.transform(), step.pipeline(), step.place());
  for (int i = 0; compiled.chain().empty() && i < own.size(); ++i) add(own[i], "", i);
  table.Print(out, "");
}

void PrintFields(std::ostream& out, const v1::CompiledSync& compiled) {
  out << "\n";
  Table table({"SOURCE FIELD", "TYPE", "TARGET FIELD", "TYPE", "REFERS TO"});
  for (const v1::CompiledField& field : compiled.fields()) {
    std::string refers;
    if (field.is_reference()) {
      refers = StrCat(
          field.reference_source_model(), " → ",
          field.reference_target_model().empty() ? "nobody knows yet" : field.reference_target_model());
    } else if (field.has_file()) {
      refers = field.file().mode() == v1::FILE_MODE_LINK
                   ? (field.file().link_fallback() ? "a file, by an address of the gateway"
                                                   : "a file, by its address")
                   : StrCat("a file, copied into ", field.file().directory(), "/");
    }
    table.Add({field.source().empty() ? "(NULL while it lives)" : field.source(),
               TypeOf(field.source_field()), field.target(),
               StrCat(TypeOf(field.target_field()), field.target_field().nullable() ? "" : " NOT NULL"),
               refers});
  }
  table.Print(out, "No field is written: both models must be in the catalogue.");
}

const char* WhoStays(v1::ConflictPolicy policy) {
  switch (policy) {
    case v1::CONFLICT_POLICY_SOURCE:
      return "the source's stays";
    case v1::CONFLICT_POLICY_TARGET:
      return "the target's stays";
    case v1::CONFLICT_POLICY_MANUAL:
      return "a person decides";
    default:
      return "the later edit stays";
  }
}

// Nothing where all is as it is by default.
void PrintConflictPolicies(std::ostream& out, const v1::Sync& sync) {
  std::vector<std::string> words;
  if (sync.conflict_policy() != v1::CONFLICT_POLICY_UNSPECIFIED)
    words.push_back(WhoStays(sync.conflict_policy()));
  for (const v1::FieldMapping& field : sync.fields()) {
    if (field.conflict_policy() == v1::CONFLICT_POLICY_UNSPECIFIED) continue;
    words.push_back(StrCat("of ", field.target(), " ", WhoStays(field.conflict_policy())));
  }
  if (words.empty()) return;
  out << "Where both sides changed a field at once, " << absl::StrJoin(words, "; ") << ".\n";
}

}  // namespace

std::string ShowOneValue(const v1::Value& value) {
  switch (value.kind_case()) {
    case v1::Value::kNullValue:
      return "NULL";
    case v1::Value::kTextValue:
      return StrCat("\"", value.text_value(), "\"");
    case v1::Value::kReferenceValue: {
      const v1::Reference& reference = value.reference_value();
      const std::string source = StrCat(reference.source_model(), " ", reference.source_local_id());
      return reference.local_id().empty() ? StrCat("waits for ", source)
                                          : StrCat(reference.local_id(), " (", source, ")");
    }
    default: {
      // Without the kind's name: `{int64_value: 5}` is 5.
      const auto* const oneof = v1::Value::descriptor()->FindOneofByName("kind");
      const auto* const field = value.GetReflection()->GetOneofFieldDescriptor(value, oneof);
      return field == nullptr ? "" : ToYamlLine(value, *field, 0);
    }
  }
}

StepWords WordsOf(const v1::Transform& transform) {
  const auto* const oneof = v1::Transform::descriptor()->FindOneofByName("step");
  const auto* const field = transform.GetReflection()->GetOneofFieldDescriptor(transform, oneof);
  if (field == nullptr) return {"(nothing)", ""};
  if (transform.has_script()) {
    std::vector<std::string> writes;
    for (const v1::ScriptField& one : transform.script().writes())
      writes.push_back(StrCat(one.field(), " (", one.kind(), ")"));
    return {field->name(), StrCat("Lua of ", transform.script().source().size(), " bytes; writes ",
                                  writes.empty() ? "nothing" : absl::StrJoin(writes, ", "))};
  }
  return {field->name(), ToYamlLine(transform, *field, 0)};
}

std::string LeaveSentence(const v1::LeavePolicy& policy) {
  switch (policy.action()) {
    case v1::LEAVE_ACTION_UNPUBLISH:
      return StrCat("the target's record stays, and gets ", ShowFields(policy.values()));
    case v1::LEAVE_ACTION_SOFT_DELETE:
      return StrCat("the target's record stays, and gets the time of the change in ", policy.time_field());
    case v1::LEAVE_ACTION_KEEP:
      return "the target's record stays as it is";
    case v1::LEAVE_ACTION_DETACH:
      return "the target's record stays as it is, and is the target's own from then on";
    default:
      return "the target's record is deleted";
  }
}

void PrintDrifts(std::ostream& out, const google::protobuf::RepeatedPtrField<v1::SyncDrift>& drifts) {
  for (const v1::SyncDrift& drift : drifts) {
    out << drift.sync()
        << (drift.broken().empty() ? " fits again; a backfill brings what was captured in between."
                                   : absl::StrCat(" is broken: it takes no changes. ", drift.broken()))
        << "\n";
  }
}

void PrintSync(std::ostream& out, const v1::CompiledSync& compiled) {
  const v1::Sync& sync = compiled.sync();
  out << sync.name() << ": " << sync.title() << ".\n";
  out << (sync.status() == v1::SYNC_STATUS_PAUSED ? "It is paused: nothing is planned for it.\n"
                                                  : "It is active.\n");
  const std::string assigned =
      sync.only_assigned() ? StrCat(" that are assigned to ", sync.target_platform()) : "";
  if (sync.filter().empty()) {
    out << "It takes every record of " << sync.source_model() << assigned << ".\n";
  } else {
    out << "It takes the records of " << sync.source_model() << assigned
        << " for which this holds: " << sync.filter() << "\n";
  }
  PrintIds(out, sync);
  if (sync.has_guard()) out << "It is guarded: " << clients::GuardWords(sync) << ".\n";
  if (!sync.filter().empty() || sync.only_assigned() || !sync.sync_ids().empty() ||
      !sync.ignore_ids().empty()) {
    out << "When a record leaves this scope, " << LeaveSentence(sync.leave()) << ".\n";
    if (sync.max_leaving_percent() == 100) {
      out << "A change of these rules is never held, whatever it takes away.\n";
    } else if (sync.max_leaving_percent() != 0) {
      out << "A change of these rules that takes more than " << sync.max_leaving_percent()
          << " % of the target's records away waits for approval.\n";
    }
  }
  out << "When a record is deleted at the source, " << LeaveSentence(sync.on_delete()) << ".\n";
  PrintContact(out, sync);
  PrintConflictPolicies(out, sync);
  PrintSchedule(out, sync);
  if (sync.all_fields())
    out << "Fields of the same name go along by themselves, but for the source's own key.\n";
  if (!sync.acting_identity().empty())
    out << "Records are written in the name that stands in "
        << absl::StrJoin(sync.acting_identity(), ", or in ") << ".\n";
  PrintSteps(out, compiled);
  PrintFields(out, compiled);
  if (sync.revision() > 0)
    out << "\nRevision " << sync.revision() << ", last changed " << FormatTime(sync.update_time()) << ".\n";
}

void PrintRendered(std::ostream& out, const v1::RenderedRecord& record, const std::string& sync) {
  out << "\n→ " << record.platform() << " " << record.model() << ": ";
  if (record.leaves() != v1::LEAVE_ACTION_UNSPECIFIED) {
    out << "the record is out of scope or deleted; where the target has it: "
        << FormatEnum(v1::LeaveAction_Name(record.leaves()), "LEAVE_ACTION_") << "\n";
  } else {
    out << FormatEnum(v1::Operation_Name(record.operation()), "OPERATION_") << "\n";
  }
  for (const v1::TransformTrace& trace : record.transforms()) {
    if (trace.sync() != sync) continue;
    out << "  " << trace.pipeline() << (trace.pipeline().empty() ? "" : " ") << trace.step() << " "
        << trace.word();
    if (!trace.passed_over().empty()) {
      out << ": passed over, " << trace.passed_over() << "\n";
      continue;
    }
    out << "\n      before  " << ShowFields(trace.before()) << "\n      after   " << ShowFields(trace.after())
        << "\n";
  }
  std::vector<std::string> waits;
  if (record.fields_size() > 0) out << "\n";
  Table table({"FIELD", "VALUE"});
  for (const v1::Field& field : record.fields()) {
    table.Add({field.name(), ShowOneValue(field.value())});
    CollectWaits(field.value(), &waits);
  }
  if (record.fields_size() > 0) table.Print(out, "");
  for (const std::string& wait : waits) out << "  It waits for " << wait << ".\n";
  if (record.has_error())
    out << "  ✗ It would be refused: " << record.error().message() << " (" << record.error().reason()
        << ")\n";
}

}  // namespace cognate::cli
