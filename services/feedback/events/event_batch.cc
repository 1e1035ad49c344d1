#include "services/feedback/events/event_batch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/clock/time_proto.h"
#include "services/feedback/outcome.h"

namespace cognate::feedback {
namespace {

const absl::string_view kNoEntity("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);

std::string AfterCapture(double latency_ms) {
  if (latency_ms <= 0) return "";
  if (latency_ms < 1000) return absl::StrFormat("%.1f ms after capture", latency_ms);
  return absl::StrFormat("%.1f s after capture", latency_ms / 1000);
}

// " (version 7)", " (version 7, 3.1 ms after capture)".
std::string Brackets(const v1::Event& event) {
  const std::string after = AfterCapture(event.latency_ms());
  return absl::StrCat(" (version ", event.version(), after.empty() ? "" : ", ", after, ")");
}

std::string Why(const v1::Event& event) {
  const std::string& message = event.error().message();
  if (message.empty() && event.error().reason().empty()) return ".";
  std::string why = absl::StrCat(": ", message.empty() ? event.error().reason() : message);
  if (why.back() != '.') why += '.';
  return why;
}

std::string At(int64_t time_us) {
  return absl::FormatTime("%H:%M:%S UTC", absl::FromUnixMicros(time_us), absl::UTCTimeZone());
}

}  // namespace

EventBatchBuilder::EventBatchBuilder(absl::string_view platform, absl::Time now)
    : now_us_(absl::ToUnixMicros(now)) {
  batch_.set_platform(std::string(platform));
  batch_.set_time_us(now_us_);
}

void EventBatchBuilder::Add(const v1::Outcome& outcome, const Trouble* trouble) {
  int64_t latency_us = 0;
  if (outcome.has_capture_time()) {
    const auto& captured = outcome.capture_time();
    latency_us = std::max<int64_t>(0, now_us_ - captured.seconds() * 1'000'000 - captured.nanos() / 1000);
  }
  const v1::EventKind kind = EventKindOf(outcome, trouble);
  if (kind == v1::EVENT_KIND_APPLIED || kind == v1::EVENT_KIND_DELETED) ++applied_count_;
  AddColumns(kind, outcome.model(), outcome.entity_id(), outcome.version(), outcome.local_id(), latency_us);
  if (trouble != nullptr) {
    AddDetail(*trouble);
  } else if (kind == v1::EVENT_KIND_SKIPPED) {
    bus::v1::EventDetail* detail = batch_.add_details();
    detail->set_index(batch_.kinds_size() - 1);
    *detail->mutable_error() = outcome.error();
    *detail->mutable_source() = outcome.source();
  }
}

void EventBatchBuilder::Add(const Trouble& trouble) {
  v1::Outcome none;
  AddColumns(EventKindOf(none, &trouble), trouble.key.model, trouble.key.entity_id.AsBytes(), trouble.version,
             trouble.target_local_id, 0);
  AddDetail(trouble);
}

void EventBatchBuilder::Add(const v1::Event& platform_event) {
  AddColumns(platform_event.kind(), "", kNoEntity, 0, "", 0);
  bus::v1::EventDetail* detail = batch_.add_details();
  detail->set_index(batch_.kinds_size() - 1);
  *detail->mutable_error() = platform_event.error();
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

void EventBatchBuilder::AddDetail(const Trouble& trouble) {
  bus::v1::EventDetail* detail = batch_.add_details();
  detail->set_index(batch_.kinds_size() - 1);
  *detail->mutable_error() = trouble.error;
  *detail->mutable_source() = trouble.source;
  if (trouble.waits_for_entity) *detail->mutable_waits_for() = trouble.waits_for_source;
  if (trouble.replay && trouble.next_attempt) {
    detail->set_next_attempt_time_us(absl::ToUnixMicros(*trouble.next_attempt));
  }
  detail->set_incomplete(trouble.incomplete);
}

int EventCount(const bus::v1::EventBatch& batch) { return batch.kinds_size(); }

v1::Event MakeEvent(const bus::v1::EventBatch& batch, int index, const bus::v1::EventDetail* detail) {
  v1::Event event;
  event.set_kind(batch.kinds(index));
  *event.mutable_time() = ToTimestamp(absl::FromUnixMicros(batch.time_us()));
  event.mutable_target()->set_platform(batch.platform());
  event.mutable_target()->set_model(batch.models(batch.model_indexes(index)));
  event.mutable_target()->set_local_id(batch.local_ids(index));
  const Uuid entity =
      Uuid::FromBytes(absl::string_view(batch.entity_ids()).substr(static_cast<size_t>(index) * 16, 16))
          .value_or(Uuid());
  if (!entity.IsNil()) event.set_entity_id(entity.ToString());
  event.set_version(batch.versions(index));
  event.set_latency_ms(static_cast<double>(batch.latencies_us(index)) / 1000);
  if (detail != nullptr) *event.mutable_error() = detail->error();
  event.set_sentence(Sentence(event, detail));
  return event;
}

std::string Sentence(const v1::Event& event, const bus::v1::EventDetail* detail) {
  static const bus::v1::EventDetail kNone;
  if (detail == nullptr) detail = &kNone;
  const v1::RecordKey& target = event.target();
  const std::string record =
      DescribeTarget(target.platform(), target.model(), target.local_id(), detail->source());
  switch (event.kind()) {
    case v1::EVENT_KIND_APPLIED: {
      const std::string after = AfterCapture(event.latency_ms());
      return absl::StrCat(record, " has version ", event.version(),
                          after.empty() ? "" : absl::StrCat(" (", after, ")"), ".");
    }
    case v1::EVENT_KIND_DELETED:
      return absl::StrCat(record, " is gone", Brackets(event), ".");
    case v1::EVENT_KIND_RETRY:
      return absl::StrCat(record, " was not written", Brackets(event),
                          detail->next_attempt_time_us() > 0
                              ? absl::StrCat(" and is tried again at ", At(detail->next_attempt_time_us()))
                              : "",
                          Why(event));
    case v1::EVENT_KIND_WAITING:
      return absl::StrCat(
          record, detail->incomplete() ? " was written without a reference and waits for " : " waits for ",
          Describe(detail->waits_for()), Brackets(event), ".");
    case v1::EVENT_KIND_HELD:
      return absl::StrCat(record, " is held back", Brackets(event), " until ", target.platform(),
                          " takes our login", Why(event));
    case v1::EVENT_KIND_SKIPPED:
      return absl::StrCat(record, " was left out", Brackets(event), Why(event));
    case v1::EVENT_KIND_CONFLICT:
      if (event.error().reason() == "AMBIGUOUS_MATCH")
        return absl::StrCat(record, " was not written", Brackets(event), Why(event));
      return absl::StrCat(record, " was changed there, too", Brackets(event), Why(event));
    case v1::EVENT_KIND_PLATFORM_DOWN:
      return absl::StrCat(target.platform(), " cannot be reached", Why(event));
    case v1::EVENT_KIND_PLATFORM_RECOVERED:
      return absl::StrCat(target.platform(), " can be reached again.");
    default:
      return absl::StrCat(record, " was given up", Brackets(event), Why(event));
  }
}

}  // namespace cognate::feedback
