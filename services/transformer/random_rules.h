// Random rules and records for property tests: what syncs can say, in every mixture, and records that do and
// do not fit them. Models: m.item (refers to itself and to m.person), m.person, on platform a; targets on b
// and c.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cognate/v1/sync.pb.h"
#include "common/value/value.h"
#include "tests/support/proto_matchers.h"

namespace cognate::transformer {

class RandomRules {
 public:
  explicit RandomRules(uint64_t seed) : random_(seed) {}

  int Number(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
  bool Chance(int percent) { return Number(100) < percent; }

  v1::Rules Make(int64_t revision) {
    v1::Rules rules;
    rules.set_revision(revision);
    for (int i = 1 + Number(3); i > 0; --i) AddSync(rules);
    if (Chance(50)) {  // Brings what is referred to.
      *rules.add_syncs() = test_support::ParseProto<v1::CompiledSync>(R"pb(
        sync {
          name: "syncs/people"
          status: SYNC_STATUS_ACTIVE
          source_platform: "a"
          source_model: "m.person"
          target_platform: "b"
          target_model: "t.human"
        }
        fields {
          source: "name"
          target: "name"
          target_field { name: "name" type: FIELD_TYPE_TEXT }
        }
        target_key_fields: "id"
      )pb");
    }
    return rules;
  }

  // Of m.item; a field is left out, NULL or of a wrong type now and then.
  v1::Fields Record() {
    v1::Fields fields;
    for (const v1::ModelField& field : ItemFields()) {
      if (Chance(3)) continue;
      v1::Field* const listed = fields.add_fields();
      listed->set_name(field.name());
      *listed->mutable_value() = Chance(2)                       ? AnyValue()
                                 : field.nullable() && Chance(8) ? value::Null()
                                                                 : ValueFor(field);
    }
    return fields;
  }

 private:
  static const std::vector<v1::ModelField>& ItemFields() {
    static const auto* const kFields = [] {
      const auto model = test_support::ParseProto<v1::Model>(R"pb(
        fields { name: "id" type: FIELD_TYPE_INTEGER size_bits: 64 }
        fields { name: "title" type: FIELD_TYPE_TEXT }
        fields { name: "status" type: FIELD_TYPE_TEXT }
        fields { name: "count" type: FIELD_TYPE_INTEGER size_bits: 32 nullable: true }
        fields { name: "price" type: FIELD_TYPE_DECIMAL nullable: true }
        fields { name: "at" type: FIELD_TYPE_TIMESTAMP nullable: true }
        fields { name: "active" type: FIELD_TYPE_BOOL }
        fields { name: "parent_id" type: FIELD_TYPE_INTEGER size_bits: 64 nullable: true }
        fields { name: "owner" type: FIELD_TYPE_TEXT nullable: true }
      )pb");
      return new std::vector<v1::ModelField>(model.fields().begin(), model.fields().end());
    }();
    return *kFields;
  }

  const std::string& OneOf(const std::vector<std::string>& all) {
    return all[static_cast<size_t>(Number(static_cast<int>(all.size())))];
  }

  v1::Value AnyValue() {
    switch (Number(6)) {
      case 0:
        return value::Int(Number(100'000));
      case 1:
        return value::Double(Number(100) / 7.0);
      case 2:
        return value::Bool(Chance(50));
      case 3:
        return value::Bytes("\xff\x01");
      case 4:
        return value::List({value::Int(1), value::Text("x")});
      default:
        return value::Text("seven");
    }
  }

  v1::Value ValueFor(const v1::ModelField& field) {
    if (field.name() == "status") return value::Text(OneOf({"draft", "published", "published", "gone"}));
    if (field.name() == "owner") return value::Text(absl::StrCat("p", Number(12)));
    if (field.name() == "parent_id") return value::Int(Number(12));
    if (field.type() == v1::FIELD_TYPE_INTEGER) return value::Int(Chance(4) ? 70'000 : Number(10));
    if (field.type() == v1::FIELD_TYPE_DECIMAL)
      return value::Decimal(absl::StrCat(Number(2000), ".", 10 + Number(80)));
    if (field.type() == v1::FIELD_TYPE_TIMESTAMP)
      return value::TimestampMicros(1'700'000'000'000'000 + Number(1'000'000));
    if (field.type() == v1::FIELD_TYPE_BOOL) return value::Bool(Chance(50));
    return value::Text(OneOf({"River", " two words ", "Åre", "", "Lyon", "secret", "Rome",
                              "long enough to be refused", "secret"}));
  }

  v1::LeavePolicy Leave() {
    return test_support::ParseProto<v1::LeavePolicy>(
        OneOf({"", "action: LEAVE_ACTION_DELETE", "action: LEAVE_ACTION_KEEP", "action: LEAVE_ACTION_DETACH",
               "action: LEAVE_ACTION_SOFT_DELETE time_field: 'deleted_at'",
               "action: LEAVE_ACTION_UNPUBLISH values { name: 'visible' value { bool_value: false } }",
               "action: LEAVE_ACTION_UNPUBLISH values { name: 'visible' value { text_value: 'odd' } }"}));
  }

  void AddSync(v1::Rules& rules) {
    v1::CompiledSync* const compiled = rules.add_syncs();
    v1::Sync* const sync = compiled->mutable_sync();
    sync->set_name(absl::StrCat("syncs/s", rules.syncs_size()));
    sync->set_status(Chance(8) ? v1::SYNC_STATUS_PAUSED : v1::SYNC_STATUS_ACTIVE);
    if (Chance(4)) compiled->set_broken("fields[0]: no such field");
    sync->set_source_platform("a");
    sync->set_source_model("m.item");
    sync->set_target_platform(OneOf({"b", "b", "c"}));
    sync->set_target_model(OneOf({"t.thing", "t.thing", "t.other"}));
    *sync->mutable_leave() = Leave();
    *sync->mutable_on_delete() = Leave();
    AddScope(*sync, *compiled);
    AddSteps(*sync);
    for (const v1::ModelField& field : ItemFields()) *compiled->add_source_fields() = field;
    AddMappings(*sync, *compiled);
    AddLeaveFields(*sync, *compiled);
    compiled->add_target_key_fields("id");
    if (Chance(15)) {
      sync->add_natural_keys()->add_fields(compiled->fields(0).target());
      sync->set_if_exists(static_cast<v1::ExistsAction>(1 + Number(5)));
    }
  }

  void AddScope(v1::Sync& sync, v1::CompiledSync& compiled) {
    if (Chance(50)) {
      sync.set_filter(
          OneOf({"status = 'published'", "status != 'gone' and count > 2", "price is not null",
                 "active or title starts with 'R'", "length(title) > 3", "no_such = 1",
                 "status in ('draft', 'published')", "assigned() or status = 'draft'", "owner is listed"}));
    }
    if (Chance(12)) sync.set_only_assigned(true);
    if (Chance(12)) sync.add_ignore_ids("3");
    if (Chance(8)) sync.mutable_sync_ids()->Add()->assign("4");
    if (Chance(8)) {
      for (const char* id : {"1", "2", "5"}) sync.add_sync_ids(id);
    }
    compiled.add_assignment_platforms(sync.target_platform());
  }

  void AddSteps(v1::Sync& sync) {
    for (int i = Chance(60) ? 1 + Number(4) : 0; i > 0; --i) {
      *sync.add_transforms() = test_support::ParseProto<v1::Transform>(
          OneOf({"trim { field: 'title' }", "slug { field: 'title' into: 'slug' }",
                 "template { template: '{title}/{count}' into: 'made' }",
                 "constant { into: 'extra' value { text_value: 'x' } }",
                 "default { field: 'count' value { int64_value: 1 } }",
                 "when: \"status = 'draft'\" truncate { field: 'title' max_characters: 3 }",
                 "to_integer { field: 'price' into: 'made' }",
                 "look_up { field: 'status' into: 'extra' entries { from { text_value: 'draft' } to { "
                 "int64_value: 0 } } }",
                 "coalesce { fields: 'owner' fields: 'title' into: 'made' }", "drop { fields: 'at' }",
                 "rename { field: 'title' into: 'slug' }", "truthy { fields: 'active' into: 'extra' }",
                 "split { field: 'title' separator: ' ' into: 'made' into: 'extra' }",
                 "reference { field: 'owner' source_model: 'm.person' }", Script(), Script()}));
    }
  }

  std::string Script() {
    return absl::StrCat("script { source: \"",
                        OneOf({"record.title = record.title .. '!'", "record.extra = record.count + 1",
                               "if record.status == 'gone' then skip('gone') end",
                               "if record.title == 'secret' then reject('a secret') end",
                               "record.extra = ref('m.person', record.owner)", "record.other = 1",
                               "while true do end", "record.made = sync.source .. record.status"}),
                        "\" writes { field: 'title' kind: 'text' } writes { field: 'extra' kind: '",
                        OneOf({"int64", "text"}), "' } writes { field: 'made' kind: 'text' } }");
  }

  void AddMappings(v1::Sync& sync, v1::CompiledSync& compiled) {
    const std::vector<std::string> types = {"type: FIELD_TYPE_TEXT nullable: true", "type: FIELD_TYPE_TEXT",
                                            "type: FIELD_TYPE_TEXT max_length: 8",
                                            "type: FIELD_TYPE_INTEGER size_bits: 16 nullable: true",
                                            "type: FIELD_TYPE_DECIMAL precision: 5 scale: 2"};
    for (const char* source :
         {"title", "status", "count", "price", "at", "active", "slug", "made", "extra"}) {
      if (!Chance(40)) continue;
      const bool fitting = source[0] == 'a' || source[0] == 'p' || source[0] == 'c';
      AddField(sync, compiled, source,
               fitting ? (source == std::string("at")       ? "type: FIELD_TYPE_TIMESTAMP nullable: true"
                          : source == std::string("active") ? "type: FIELD_TYPE_BOOL"
                          : source == std::string("price")
                              ? "type: FIELD_TYPE_DECIMAL precision: 6 scale: 2 nullable: true"
                              : types[3])
                       : OneOf({types[0], types[0], types[1], types[2], Chance(10) ? types[4] : types[0]}));
    }
    if (Chance(40)) Refer(AddField(sync, compiled, "parent_id", types[3]), "m.item");
    if (Chance(40)) Refer(AddField(sync, compiled, "owner", Chance(50) ? types[0] : types[1]), "m.person");
    if (compiled.fields().empty()) AddField(sync, compiled, "status", types[0]);
  }

  v1::CompiledField* AddField(v1::Sync& sync, v1::CompiledSync& compiled, const std::string& source,
                              const std::string& type) {
    v1::CompiledField* const field = compiled.add_fields();
    field->set_source(source);
    field->set_target(absl::StrCat("t_", source));
    for (const v1::ModelField& one : ItemFields()) {
      if (one.name() == source) *field->mutable_source_field() = one;
    }
    *field->mutable_target_field() = test_support::ParseProto<v1::ModelField>(type);
    field->mutable_target_field()->set_name(field->target());
    v1::FieldMapping* const mapping = sync.add_fields();
    mapping->set_source(source);
    mapping->set_target(field->target());
    if (Chance(8)) mapping->set_on_collision(v1::COLLISION_ACTION_SUFFIX);
    if (Chance(8)) mapping->set_missing_only(true);
    return field;
  }

  void Refer(v1::CompiledField* field, const std::string& source_model) {
    field->set_is_reference(true);
    field->set_reference_source_model(source_model);
    if (Chance(80)) field->set_reference_target_model(source_model == "m.item" ? "t.thing" : "t.human");
  }

  static void AddLeaveFields(const v1::Sync& sync, v1::CompiledSync& compiled) {
    *compiled.add_leave_fields() = test_support::ParseProto<v1::ModelField>(
        "name: 'deleted_at' type: FIELD_TYPE_TIMESTAMP nullable: true");
    *compiled.add_leave_fields() =
        test_support::ParseProto<v1::ModelField>("name: 'visible' type: FIELD_TYPE_BOOL");
    if (sync.leave().time_field().empty()) return;
    v1::CompiledField* const alive = compiled.add_fields();
    alive->set_target("deleted_at");
    *alive->mutable_target_field() = compiled.leave_fields(0);
  }

  std::mt19937_64 random_;
};

}  // namespace cognate::transformer
