#include "services/feedback/events/event_batch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "services/feedback/events/sentence.h"
#include "services/feedback/outcome.h"

namespace cognate::feedback {
namespace {

const absl::string_view kNoEntity("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
const std::string kNothing;

bool IsSame(const v1::RecordKey& a, const v1::RecordKey& b) {
  return a.model() == b.model() && a.platform() == b.platform();
}

std::string BytesOf(const std::string& entity_id) {
  const absl::StatusOr<Uuid> entity = Uuid::Parse(entity_id);
  return std::string(entity.ok() ? entity->AsBytes() : kNoEntity);
}

}  // namespace

EventBatchBuilder::EventBatchBuilder(absl::string_view platform, absl::Time now)
    : now_us_(absl::ToUnixMicros(now)) {
  batch_.set_platform(std::string(platform));
  batch_.set_time_us(now_us_);
}

void EventBatchBuilder::Reserve(int events) {
  batch_.mutable_kinds()->Reserve(events);
  batch_.mutable_model_indexes()->Reserve(events);
  batch_.mutable_entity_ids()->reserve(static_cast<size_t>(events) * kNoEntity.size());
  batch_.mutable_versions()->Reserve(events);
  batch_.mutable_local_ids()->Reserve(events);
  batch_.mutable_latencies_us()->Reserve(events);
  batch_.mutable_source_indexes()->Reserve(events);
  batch_.mutable_source_local_ids()->Reserve(events);
}

void EventBatchBuilder::Count(v1::EventKind kind) {
  switch (kind) {
    case v1::EVENT_KIND_APPLIED:
    case v1::EVENT_KIND_PUBLISHED:
    case v1::EVENT_KIND_DELETED:
      ++counts_.applied;
      return;
    case v1::EVENT_KIND_DEAD:
      ++counts_.dead;
      return;
    case v1::EVENT_KIND_RETRY:
    case v1::EVENT_KIND_HELD:
    case v1::EVENT_KIND_CONFLICT:
      ++counts_.failed;
      return;
    default:
      return;
  }
}

void EventBatchBuilder::Add(const v1::Outcome& outcome, const Trouble* trouble) {
  int64_t latency_us = 0;
  if (outcome.has_capture_time()) {
    const auto& captured = outcome.capture_time();
    latency_us = std::max<int64_t>(0, now_us_ - captured.seconds() * 1'000'000 - captured.nanos() / 1000);
  }
  const auto add = [&](v1::EventKind kind) {
    AddColumns(kind, outcome.model(), outcome.entity_id(), outcome.version(), outcome.local_id(), latency_us);
    AddSource(trouble != nullptr ? trouble->source : outcome.source());
    AddActor(trouble != nullptr ? trouble->acting_identity : outcome.acting_identity());
  };
  if (outcome.status() == v1::OUTCOME_STATUS_INCOMPLETE && outcome.created() && trouble != nullptr)
    add(v1::EVENT_KIND_PUBLISHED);
  const v1::EventKind kind = EventKindOf(outcome, trouble);
  Count(kind);
  add(kind);
  if (trouble != nullptr) {
    AddDetail(*trouble);
  } else if (kind == v1::EVENT_KIND_SKIPPED) {
    *AddDetail().mutable_error() = outcome.error();
  }
}

void EventBatchBuilder::Add(const Trouble& trouble) { Add(trouble, EventKindOf(v1::Outcome(), &trouble)); }

void EventBatchBuilder::Add(const Trouble& trouble, v1::EventKind kind) {
  Count(kind);
  AddColumns(kind, trouble.key.model, trouble.key.entity_id.AsBytes(), trouble.version,
             trouble.target_local_id, 0);
  AddSource(trouble.source);
  AddActor(trouble.acting_identity);
  AddDetail(trouble);
}

void EventBatchBuilder::Add(const v1::Event& platform_event) {
  AddColumns(platform_event.kind(), "", kNoEntity, 0, "", 0);
  AddSource({});
  AddActor({});
  *AddDetail().mutable_error() = platform_event.error();
}

void EventBatchBuilder::AddTold(const v1::Event& event) {
  AddColumns(event.kind(), event.target().model(), BytesOf(event.entity_id()), event.version(),
             event.target().local_id(), 0);
  AddSource(event.source());
  AddActor(event.acting_identity());
  *AddDetail().mutable_told() = event;
}

void EventBatchBuilder::AddColumns(v1::EventKind kind, const std::string& model, absl::string_view entity_id,
                                   int64_t version, const std::string& local_id, int64_t latency_us) {
  if (last_model_ < 0 || batch_.models(last_model_) != model) {
    const auto found = std::find(batch_.models().begin(), batch_.models().end(), model);
    last_model_ = static_cast<int>(found - batch_.models().begin());
    if (found == batch_.models().end()) batch_.add_models(model);
  }
  batch_.add_kinds(kind);
  batch_.add_model_indexes(last_model_);
  batch_.mutable_entity_ids()->append(entity_id.data(), entity_id.size());
  batch_.add_versions(version);
  batch_.add_local_ids(local_id);
  batch_.add_latencies_us(latency_us);
}

void EventBatchBuilder::AddSource(const v1::RecordKey& source) {
  if (source.platform().empty()) {
    if (batch_.source_indexes().empty()) return;
    batch_.add_source_indexes(-1);
    batch_.add_source_local_ids();
    return;
  }
  const auto& known = batch_.source_models();
  if (last_source_ < 0 || !IsSame(known[last_source_], source)) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const v1::RecordKey& model) { return IsSame(model, source); });
    last_source_ = static_cast<int>(found - known.begin());
    if (found == known.end()) {
      v1::RecordKey& model = *batch_.add_source_models();
      model.set_platform(source.platform());
      model.set_model(source.model());
    }
  }
  while (batch_.source_indexes_size() < batch_.kinds_size() - 1) {  // Those before that had none.
    batch_.add_source_indexes(-1);
    batch_.add_source_local_ids();
  }
  batch_.add_source_indexes(last_source_);
  batch_.add_source_local_ids(source.local_id());
}

void EventBatchBuilder::AddActor(const std::string& actor) {
  if (actor.empty()) {
    if (!batch_.actor_indexes().empty()) batch_.add_actor_indexes(-1);
    return;
  }
  const auto& known = batch_.actors();
  if (last_actor_ < 0 || known[last_actor_] != actor) {
    const auto found = std::find(known.begin(), known.end(), actor);
    last_actor_ = static_cast<int>(found - known.begin());
    if (found == known.end()) batch_.add_actors(actor);
  }
  while (batch_.actor_indexes_size() < batch_.kinds_size() - 1) batch_.add_actor_indexes(-1);
  batch_.add_actor_indexes(last_actor_);
}

bus::v1::EventDetail& EventBatchBuilder::AddDetail() {
  bus::v1::EventDetail& detail = *batch_.add_details();
  detail.set_index(batch_.kinds_size() - 1);
  return detail;
}

void EventBatchBuilder::AddDetail(const Trouble& trouble) {
  bus::v1::EventDetail& detail = AddDetail();
  *detail.mutable_error() = trouble.error;
  if (trouble.waits_for_entity) *detail.mutable_waits_for() = trouble.waits_for_source;
  if (trouble.replay && trouble.next_attempt) {
    detail.set_next_attempt_time_us(absl::ToUnixMicros(*trouble.next_attempt));
  }
  detail.set_incomplete(trouble.incomplete);
}

const std::string& EventColumns::actor(int index) const {
  const int actor = index < batch_.actor_indexes_size() ? batch_.actor_indexes(index) : -1;
  return actor < 0 ? kNothing : batch_.actors(actor);
}

const v1::RecordKey* EventColumns::source_model(int index, const bus::v1::EventDetail* detail) const {
  const int source = index < batch_.source_indexes_size() ? batch_.source_indexes(index) : -1;
  if (source >= 0) return &batch_.source_models(source);
  return detail != nullptr && !detail->source().platform().empty() ? &detail->source() : nullptr;
}

const std::string& EventColumns::source_local_id(int index, const bus::v1::EventDetail* detail) const {
  if (index < batch_.source_indexes_size() && batch_.source_indexes(index) >= 0)
    return batch_.source_local_ids(index);
  return detail != nullptr ? detail->source().local_id() : kNothing;
}

const bus::v1::EventDetail* DetailCursor::Of(int index) {
  while (next_ < details_.size() && details_[next_].index() < index) ++next_;
  return next_ < details_.size() && details_[next_].index() == index ? &details_[next_] : nullptr;
}

int EventCount(const bus::v1::EventBatch& batch) { return batch.kinds_size(); }

v1::Event MakeEvent(const bus::v1::EventBatch& batch, int64_t sequence, int index,
                    const bus::v1::EventDetail* detail) {
  const EventColumns columns(batch);
  v1::Event event;
  if (detail != nullptr && detail->has_told()) event = detail->told();
  event.set_kind(columns.kind(index));
  if (event.event_id().empty()) event.set_event_id(absl::StrCat(sequence, ".", index));
  if (!event.has_time()) *event.mutable_time() = ToTimestamp(absl::FromUnixMicros(batch.time_us()));
  event.mutable_target()->set_platform(batch.platform());
  event.mutable_target()->set_model(columns.model(index));
  event.mutable_target()->set_local_id(batch.local_ids(index));
  const Uuid entity = Uuid::FromBytes(columns.entity_id(index)).value_or(Uuid());
  if (!entity.IsNil()) event.set_entity_id(entity.ToString());
  event.set_version(batch.versions(index));
  event.set_latency_ms(static_cast<double>(batch.latencies_us(index)) / 1000);
  if (detail != nullptr && detail->has_error()) *event.mutable_error() = detail->error();
  if (const v1::RecordKey* source = columns.source_model(index, detail); source != nullptr) {
    event.mutable_source()->set_platform(source->platform());
    event.mutable_source()->set_model(source->model());
    event.mutable_source()->set_local_id(columns.source_local_id(index, detail));
  }
  event.set_acting_identity(columns.actor(index));
  if (event.sentence().empty()) event.set_sentence(Sentence(event, detail));
  return event;
}

}  // namespace cognate::feedback
