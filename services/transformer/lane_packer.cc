#include "services/transformer/lane_packer.h"

#include <string>

#include "services/transformer/contact.h"

namespace cognate::transformer {
namespace {

void AddFiles(const Shape& shape, bus::v1::DeliveryGroup* group) {
  if (shape.departure != nullptr) return;
  for (size_t i = 0; i < shape.fields.size(); ++i) {
    const v1::CompiledField& rule = *shape.fields[i]->rule;
    if (!rule.has_file()) continue;
    bus::v1::FileField* const file = group->add_files();
    file->set_place(static_cast<int>(i));
    file->set_source_field(rule.source());
    *file->mutable_rule() = rule.file();
  }
}

}  // namespace

void LanePacker::Add(const SourcePlan& source, const Shape& shape, bus::v1::Delivery* delivery) {
  Open& open = OpenFor(shape.target->platform);
  const size_t bytes = delivery->ByteSizeLong();
  if (open.deliveries >= limits_.deliveries || (open.deliveries > 0 && open.bytes + bytes > limits_.bytes))
    Begin(open);
  GroupFor(open, source, shape)->mutable_deliveries()->UnsafeArenaAddAllocated(delivery);
  open.bytes += bytes;
  ++open.deliveries;
  ++lanes_[open.lane].deliveries;
}

LanePacker::Open& LanePacker::OpenFor(const std::string& platform) {
  for (Open& open : open_) {
    if (lanes_[open.lane].platform == platform) return open;
  }
  lanes_.push_back({platform, {}, 0});
  Open& open = open_.emplace_back();
  open.lane = lanes_.size() - 1;
  Begin(open);
  return open;
}

void LanePacker::Begin(Open& open) {
  open.batch = google::protobuf::Arena::CreateMessage<bus::v1::LaneBatch>(arena_);
  open.deliveries = 0;
  open.bytes = 0;
  open.groups.clear();
  lanes_[open.lane].batches.push_back(open.batch);
}

bus::v1::DeliveryGroup* LanePacker::GroupFor(Open& open, const SourcePlan& source, const Shape& shape) {
  bus::v1::DeliveryGroup*& group = open.groups[&shape];
  if (group != nullptr) return group;
  group = open.batch->add_groups();
  group->set_model(shape.target->model);
  for (const SyncPart& part : shape.target->parts) group->add_syncs(part.sync);
  group->set_rules_revision(rules_revision_);
  for (const FieldPlan* field : shape.fields) group->add_field_names(field->rule->target());
  for (const std::string& field : shape.target->key_fields) group->add_key_fields(field);
  AddContact(shape, group);
  AddFiles(shape, group);
  group->set_spares_adopted(shape.target == source.mirror.get());
  group->set_keeps_deletes(shape.target->comes_back);
  group->set_source_platform(source.platform);
  group->set_source_model(source.model);
  return group;
}

}  // namespace cognate::transformer
