// Local ids of hot references, for a moment: thousands of records that refer to the same few cost one
// look-up.
#pragma once

#include <cstddef>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"

namespace cognate::transformer {

// What a source record is on a target.
struct KnownReference {
  std::string entity_id;
  std::string target_local_id;
};

// Bounded; not thread safe. Holds only what was found on the target, for at most `time_to_live`: a record
// that is deleted and made again there has another id, and nobody tells this cache. Whoever retries must not
// use it.
class ReferenceCache {
 public:
  ReferenceCache(const Clock& clock, absl::Duration time_to_live, size_t capacity)
      : clock_(clock), time_to_live_(time_to_live), capacity_(capacity) {}

  // Valid until the next Put or Clear; nullptr if it is not known.
  const KnownReference* Find(const std::string& key);
  void Put(const std::string& key, KnownReference known);
  void Clear() { entries_.clear(); }

 private:
  struct Entry {
    KnownReference known;
    absl::Time expiry;
  };
  const Clock& clock_;
  const absl::Duration time_to_live_;
  const size_t capacity_;
  absl::flat_hash_map<std::string, Entry> entries_;
};

}  // namespace cognate::transformer
