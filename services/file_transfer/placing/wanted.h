// Files of records while they are bound, and what one call to Bind gathers. Internal to bind.cc and its
// parts.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/file_transfer/placing/bind.h"
#include "services/file_transfer/placing/place_jobs.h"

namespace cognate::file_transfer {

// One file of a record.
struct Wanted {
  const v1::FileBinding* binding = nullptr;
  const v1::FileRule* rule = nullptr;
  v1::BoundFile* out = nullptr;
  const PlatformFiles* source = nullptr;
  BindingKey target_key;
  BindingKey source_key;
  std::optional<Binding> bound;  // what the target's field leads to so far

  // As the source has it.
  std::string source_path;  // empty: only the content is known
  std::string name;
  std::string extension;
  std::optional<absl::Time> modified;
  std::optional<FileStand> stand;  // in the source's directory

  // As far as it is known.
  std::string sha256;
  int64_t size_bytes = -1;
  std::string media_type;
  bool is_stored = false;
  std::shared_ptr<const std::string> data;  // of a small one, while it is put in place

  std::string target_path;
  bool is_linked = false;          // nothing of it is kept
  std::optional<SourceFile> link;  // the field gets its lasting address
  // The field has such an address: `source` is the platform that it leads to, and not the field's.
  bool is_followed = false;
  bool is_own = false;  // the target's own: what is bound stays
  // The source's agent says what it is: that counts once it has sent it.
  bool is_claimed = false;

  bool is_answered() const { return out->state() != v1::PLACEMENT_STATE_UNSPECIFIED; }
  bool waits() const {
    return out->state() == v1::PLACEMENT_STATE_LACKING || out->state() == v1::PLACEMENT_STATE_DUE;
  }

  void Refuse(absl::string_view reason, absl::string_view message);
  void Refuse(v1::OutcomeError error);
  void Place(v1::Value value);
  void Wait(v1::PlacementState state, std::string what);
  // What the source's directory says instead of a file.
  void Lack(const absl::Status& why);
};

// What one call works on.
struct BindWork {
  const BindParts& parts;
  const v1::BindRequest& request;
  const absl::Time start;
  std::shared_ptr<const PlatformFiles> target = nullptr;
  v1::BindResponse response = {};
  absl::flat_hash_map<std::string, std::shared_ptr<const PlatformFiles>> sources = {};
  std::vector<Wanted> wanted = {};
  BindChanges changes = {};
  std::vector<PlacementRow> ended = {};
  absl::flat_hash_set<std::pair<std::string, std::string>> seen = {};

  // Of the target: what is there and what this call adds.
  std::optional<int64_t> kept_bytes = {};
  // There is no memory for more small files: what is left is left to the workers.
  bool is_crowded = false;
  // A content could not be read, however often it was tried: the others are not tried in this call.
  bool is_store_away = false;

  // The lane waits for the answer: what is left at that time is left to the workers, too.
  absl::Time until() const;
  bool is_late() const;
  PlaceJobs In(const PlatformFiles& files) const { return {parts.workers, files, until()}; }
  // What was written a moment ago may be written again within the same tick of the clock.
  bool is_settled(const FileStand& stand) const;
  void See(const std::string& platform, const std::string& path, const FileStand& stand,
           const std::string& sha256);
  // Refuses what does not fit into the target's quota. Of what is counted already nothing is added.
  absl::Status CheckQuota(Wanted& to_fit);
  void Count(int64_t bytes) { kept_bytes = kept_bytes.value_or(0) + bytes; }
};

// understand.cc: what the sources say, what is known of it already, and what the rules say without a look at
// the content.
absl::Status Understand(BindWork& work);
// bring.cc: reads, judges and stores what is small.
absl::Status Bring(BindWork& work);
// put_in_place.cc
class PutInPlace {
 public:
  explicit PutInPlace(BindWork& work) : work_(work) {}
  // Contents that are stored. Each is answered afterwards. The share is of the bytes of those that are small.
  absl::Status Run(const std::vector<Wanted*>& ready, std::shared_ptr<ByteShares::Share> share);

 private:
  struct Known;
  absl::StatusOr<std::vector<Known>> LookUp(const std::vector<Wanted*>& ready);
  absl::Status LookInto(const std::vector<Wanted*>& ready, std::vector<Known>* known);
  bool IsThere(Wanted& wanted, const Known& known) const;
  absl::Status Judge(Wanted& wanted, const Known& known);
  PlacementRow RowOf(const Wanted& wanted, v1::PlacementState state) const;
  void Record(PlacementRow row);
  void MakeDue(Wanted& wanted, std::string what);
  void PlaceDue(const std::vector<Wanted*>& due, std::shared_ptr<ByteShares::Share> share);
  absl::Status Load(Wanted& wanted);
  void Write(const std::vector<Wanted*>& small, std::shared_ptr<ByteShares::Share> share);

  BindWork& work_;
  absl::flat_hash_set<std::string> recorded_;  // placements, by path
  absl::flat_hash_set<std::string> counted_;   // of the quota
};

// Of what is stored: as much of its bytes as the judgement needs (bring.cc). What cannot be read now waits.
void CheckStored(BindWork& work, Wanted& wanted);

}  // namespace cognate::file_transfer
