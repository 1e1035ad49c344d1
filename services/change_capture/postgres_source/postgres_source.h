// Captures one platform's PostgreSQL database: a thread that connects, prepares, takes snapshots and follows
// the stream, and begins again after every error.
//
//   CONNECTING ─▶ PREPARING ─▶ SNAPSHOT ─▶ STREAMING
//       ▲             ▲  another plan, another table │
//       │             └──────────────────────────────┤
//       └── backoff ◀── any error (shown as FAILING) ┘        no models: RETIRING ─▶ IDLE
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/platform.pb.h"
#include "common/retry/backoff.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"
#include "services/change_capture/postgres_source/context.h"

namespace cognate::change_capture {

// What is to be captured from where.
struct SourcePlan {
  v1::DatabaseConnection database;
  std::vector<std::string> models;  // sorted; empty: nothing any more, slot and publication go away
};
bool SamePlan(const SourcePlan& a, const SourcePlan& b);

// Why a source fails, as a sentence for its operator that says how to mend it.
std::string ExplainFault(const absl::Status& status);

class PostgresSource {
 public:
  PostgresSource(std::string platform, const SourceEnvironment& environment, SourceStore& store,
                 const PostgresSourceMetrics& metrics, const PostgresSourceOptions& options, SourcePlan plan);
  ~PostgresSource();
  PostgresSource(const PostgresSource&) = delete;
  PostgresSource& operator=(const PostgresSource&) = delete;

  // Thread safe; the same plan again changes nothing.
  void SetPlan(SourcePlan plan);
  SourcePlan plan() const;
  // Slot and publication are gone, by the plan of now.
  bool retired() const;

  void Start();
  void RequestStop();
  void Stop();

 private:
  void Run(StopToken& stop);
  SourcePlan TakePlan();
  // OK when the plan asks for another life; otherwise why this one ended.
  absl::Status Capture(SourcePlan plan);
  absl::Status Retire(const SourcePlan& plan);
  void ReportFault(const absl::Status& status);

  PostgresSourceContext context_;
  Backoff backoff_;
  mutable Mutex mutex_;
  SourcePlan plan_ ABSL_GUARDED_BY(mutex_);
  bool replanned_ ABSL_GUARDED_BY(mutex_) = true;
  bool retired_ ABSL_GUARDED_BY(mutex_) = false;
  std::string fault_;  // as last logged
  int64_t owner_ = 0;
  std::unique_ptr<Worker> worker_;
};

}  // namespace cognate::change_capture
