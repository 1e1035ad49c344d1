// The SQL of an append: versions, changes and batches in one statement.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/postgres/pool.h"
#include "services/change_capture/batch_encoder.h"
#include "services/change_capture/captured_change.h"
#include "services/change_capture/source_store.h"

namespace cognate::change_capture {

using ChangePointers = std::vector<CapturedChange*>;
using AlongFunction = std::function<absl::Status(postgres::Transaction&)>;

// What the database gave to the changes of one commit.
struct Numbered {
  int64_t first_version = 0;  // the others follow without gaps
  int64_t rules_revision = 0;
  absl::Time capture_time;
  std::vector<int64_t> batch_ids;  // one for each part
};

// A change that the log has under a change id.
struct KnownChange {
  int64_t version = 0;
  bool same_content = false;
};

class AppendStore {
 public:
  explicit AppendStore(postgres::Pool& pool) : pool_(pool) {}

  // Makes `advances`, runs `alongs`, then writes the changes (there may be none) as batches of these parts,
  // and commits; one round trip when there is no `along` and at most one source. `queued`: the batches go on
  // the stream right after. Fails with SourceOutOfTurn, and with IsKnownChangeId when a change id is in the
  // log already, or twice among the changes; nothing is written then.
  absl::StatusOr<Numbered> Write(const ChangePointers& changes, absl::Span<const BatchPart> parts,
                                 int64_t rules_revision, bool queued,
                                 absl::Span<const SourceAdvance> advances,
                                 absl::Span<const AlongFunction* const> alongs);
  static bool IsKnownChangeId(const absl::Status& status);

  // What the log has under the change ids of these changes; nullopt for those without or with a new one.
  absl::StatusOr<std::vector<std::optional<KnownChange>>> FindByChangeId(const ChangePointers& changes);

 private:
  // `advance`, if given, is made by the same statement.
  absl::Status Insert(postgres::Transaction& transaction, const ChangePointers& changes,
                      absl::Span<const BatchPart> parts, int64_t rules_revision, bool queued,
                      const SourceAdvance* advance, Numbered* numbered);

  postgres::Pool& pool_;
};

// Whether a change that comes again under its change id says the same.
bool SameContent(const CapturedChange& a, const CapturedChange& b);

}  // namespace cognate::change_capture
