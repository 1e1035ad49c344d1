// Events as they are kept (columns, small) and as they are told (words).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/bus/v1/event_batch.pb.h"
#include "cognate/v1/event.pb.h"
#include "cognate/v1/outcome.pb.h"
#include "services/feedback/events/event_store.h"
#include "services/feedback/trouble.h"

namespace cognate::feedback {

// Puts one batch together. Cheap for what went well: a few bytes and no words.
class EventBatchBuilder {
 public:
  EventBatchBuilder(absl::string_view platform, absl::Time now);

  // For so many events that are added next; worth it for hundreds.
  void Reserve(int events);
  // `trouble` is the one that followed, if any. What was made without a reference is told twice: that it is
  // there, and what it waits for.
  void Add(const v1::Outcome& outcome, const Trouble* trouble);
  // A trouble that came without an outcome, such as that of a cycle.
  void Add(const Trouble& trouble);
  // What happened to a trouble, where its state does not say so.
  void Add(const Trouble& trouble, v1::EventKind kind);
  // An event of the platform itself.
  void Add(const v1::Event& platform_event);
  // An event that another service tells.
  void AddTold(const v1::Event& event);

  bool empty() const { return batch_.kinds().empty(); }
  const EventCounts& counts() const { return counts_; }
  std::string Serialize() const { return batch_.SerializeAsString(); }

 private:
  void AddColumns(v1::EventKind kind, const std::string& model, absl::string_view entity_id, int64_t version,
                  const std::string& local_id, int64_t latency_us);
  // Of the event that was added last. Nothing is kept as long as no event has any.
  void AddSource(const v1::RecordKey& source);
  void AddActor(const std::string& actor);
  bus::v1::EventDetail& AddDetail();
  void AddDetail(const Trouble& trouble);
  void Count(v1::EventKind kind);

  bus::v1::EventBatch batch_;
  int64_t now_us_;
  EventCounts counts_;
  int last_model_ = -1;
  int last_source_ = -1;
  int last_actor_ = -1;
};

// Reads a batch's columns; also those of batches that were written before there were all of them. `index` is
// below `size`. Views live as long as the batch.
class EventColumns {
 public:
  explicit EventColumns(const bus::v1::EventBatch& batch) : batch_(batch) {}

  int size() const { return batch_.kinds_size(); }
  const std::string& platform() const { return batch_.platform(); }
  v1::EventKind kind(int index) const { return batch_.kinds(index); }
  const std::string& model(int index) const { return batch_.models(batch_.model_indexes(index)); }
  // 16 bytes.
  absl::string_view entity_id(int index) const {
    return absl::string_view(batch_.entity_ids()).substr(static_cast<size_t>(index) * 16, 16);
  }
  int64_t version(int index) const { return batch_.versions(index); }
  // Empty where there is none.
  const std::string& actor(int index) const;
  // Platform and model; null where the source is not known. `detail` is the event's own, or null.
  const v1::RecordKey* source_model(int index, const bus::v1::EventDetail* detail) const;
  const std::string& source_local_id(int index, const bus::v1::EventDetail* detail) const;

 private:
  const bus::v1::EventBatch& batch_;
};

// Finds the details of a batch's events, which are asked for in order.
class DetailCursor {
 public:
  explicit DetailCursor(const bus::v1::EventBatch& batch) : details_(batch.details()) {}
  // Null where it has none.
  const bus::v1::EventDetail* Of(int index);

 private:
  const google::protobuf::RepeatedPtrField<bus::v1::EventDetail>& details_;
  int next_ = 0;
};

int EventCount(const bus::v1::EventBatch& batch);
// Event `index` of the batch with this sequence. `detail` is its own, or null.
v1::Event MakeEvent(const bus::v1::EventBatch& batch, int64_t sequence, int index,
                    const bus::v1::EventDetail* detail);

}  // namespace cognate::feedback
