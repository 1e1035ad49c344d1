// Who meets whom by natural keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "cognate/v1/transformer_service.pb.h"

namespace cognate::transformer {

// The target's records that no source record is known to be, by their natural keys; and who meets them.
class Contacts {
 public:
  explicit Contacts(size_t keys) : by_key_(keys) {}

  using KeyHashes = std::vector<std::string>;  // of each key; empty where it has none

  // All of the target's before the first of the source's.
  void AddTarget(const std::string& local_id, const KeyHashes& hashes);
  // The first key with a match decides. False if there is none.
  bool AddSource(const std::string& local_id, const KeyHashes& hashes);

  // Counts, and so many samples of each kind.
  void Tell(int samples, v1::MatchRecordsResponse* response) const;

 private:
  struct Met {
    absl::InlinedVector<uint32_t, 1> targets;  // into targets_
    int64_t source_count = 0;
    std::vector<std::string> sources;  // the first of them
  };

  void Show(const Met& met, v1::MatchedRecords* shown) const;

  std::vector<std::string> targets_;
  std::vector<absl::flat_hash_map<std::string, Met>> by_key_;
};

}  // namespace cognate::transformer
