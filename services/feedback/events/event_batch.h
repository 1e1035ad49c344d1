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
#include "services/feedback/trouble.h"

namespace cognate::feedback {

// Puts one batch together. Cheap for what went well: a few bytes and no words.
class EventBatchBuilder {
 public:
  EventBatchBuilder(absl::string_view platform, absl::Time now);

  // `trouble` is the one that followed, if any.
  void Add(const v1::Outcome& outcome, const Trouble* trouble);
  // A trouble that came without an outcome, such as that of a cycle.
  void Add(const Trouble& trouble);
  // An event of the platform itself.
  void Add(const v1::Event& platform_event);

  bool empty() const { return batch_.kinds().empty(); }
  int64_t applied_count() const { return applied_count_; }
  std::string Serialize() const { return batch_.SerializeAsString(); }

 private:
  void AddColumns(v1::EventKind kind, const std::string& model, absl::string_view entity_id, int64_t version,
                  const std::string& local_id, int64_t latency_us);
  void AddDetail(const Trouble& trouble);

  bus::v1::EventBatch batch_;
  int64_t now_us_;
  int64_t applied_count_ = 0;
  int last_model_ = -1;
};

int EventCount(const bus::v1::EventBatch& batch);
// Event `index` of the batch. `detail` is its own, or null.
v1::Event MakeEvent(const bus::v1::EventBatch& batch, int index, const bus::v1::EventDetail* detail);

// "public.nations 10042 on shop has version 812 (3.1 ms after capture)."
std::string Sentence(const v1::Event& event, const bus::v1::EventDetail* detail);

}  // namespace cognate::feedback
