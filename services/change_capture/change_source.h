// A source reads changes out of databases and appends them to the change log. There is one implementation for
// each kind of database; each looks after all platforms of its kind by itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/source.pb.h"
#include "common/clock/clock.h"
#include "common/metrics/metrics.h"
#include "common/postgres/pool.h"
#include "services/change_capture/appender.h"
#include "services/change_capture/catalogue.h"
#include "services/change_capture/change_log.h"

namespace cognate::change_capture {

// What a source works with; all outlive it.
struct SourceEnvironment {
  postgres::Pool& pool;  // our own database: positions and progress are kept there
  ChangeLog& log;
  Appender& appender;
  Catalogue& catalogue;  // rules say which models to capture; platforms say where their databases are
  const Clock& clock;
  metrics::Registry& metrics;
};

// Where the first snapshot of one model stands.
struct SnapshotProgress {
  bool complete = false;  // every row that existed at the beginning is in the change log
  int64_t row_count = 0;  // so far
  std::string obstacle;   // not empty: the model cannot be captured; why not and how to mend it
};

// Promises: every change of a captured model reaches the log at least once in commit order, and its position
// is committed together with it (AppendGroup::advance), so that after a restart nothing is missed and nothing
// doubled. Failures are retried from within and shown by List; they never reach other platforms. Thread safe.
class ChangeSource {
 public:
  virtual ~ChangeSource() = default;

  virtual void Start() = 0;
  virtual void Stop() = 0;

  // Sources of this kind, all or one platform's.
  virtual absl::StatusOr<std::vector<v1::Source>> List(absl::string_view platform) = 0;
  // Not complete for a model that this source does not know (yet).
  virtual absl::StatusOr<SnapshotProgress> Snapshot(absl::string_view platform, absl::string_view model) = 0;
};

}  // namespace cognate::change_capture
