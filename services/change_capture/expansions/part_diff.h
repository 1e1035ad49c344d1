// What a set of parts changes of what is known of its record. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cognate/v1/expansion.pb.h"

namespace cognate::change_capture {

// The parts of one record and model as they were last taken.
struct KnownParts {
  int64_t turn = 0;  // 0: nothing was taken yet
  int64_t version = 0;
  int64_t rules_revision = 0;
  std::vector<std::string> ids;     // no two are the same
  std::vector<std::string> hashes;  // as `ids`
  std::optional<v1::OutcomeError> error;
};

struct PartDiff {
  bool is_stale = false;  // something newer is known: nothing is to be done
  bool writes = false;    // `next` is to be kept
  KnownParts next;
  std::vector<std::string> deleted;  // local ids, as they were known
  std::vector<int> created;          // into set.parts
  std::vector<int> updated;
};

// By version, then by revision of the rules. A set with an error, or skipped, leaves the parts as they are.
PartDiff Compare(const KnownParts& known, const v1::PartSet& set);

}  // namespace cognate::change_capture
