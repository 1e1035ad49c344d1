// Scripts of the transform step RunScript: Lua 5.4 in a sandbox. What a script sees and may do:
// docs/scripts.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/value.pb.h"

namespace cognate::script {

// Longer sources are refused (transform_fields.proto).
inline constexpr size_t kMaxSourceBytes = 64 << 10;

// What one run may use up. One that takes more ends as kFailed.
struct Limits {
  // What the script may hold at once, beyond what an idle interpreter holds (about 40 KiB). The values that
  // one run writes may together be as large again.
  size_t memory_bytes = 8 << 20;
  // Of Lua's virtual machine. The same script over the same record always needs the same number.
  int64_t instructions = 1'000'000;
  // Of this thread's processor time, so that a busy machine makes no run fail; also inside library functions.
  absl::Duration time = absl::Milliseconds(100);
};

// The record as a script sees it; the caller implements it over its own slots. Called from the thread of Run
// alone.
class RecordAccess {
 public:
  virtual ~RecordAccess() = default;

  // nullptr: not listed. Valid until the next call of Set or Remove.
  virtual const v1::Value* Get(absl::string_view field) const = 0;
  // The same of the record before the change; nullptr for every field if there is none.
  virtual const v1::Value* GetOld(absl::string_view field) const = 0;
  // INVALID_ARGUMENT: the script may not write it. The run then fails with this message.
  virtual absl::Status Set(absl::string_view field, v1::Value value) = 0;
  // Takes the field out of the record: it is not listed any more.
  virtual void Remove(absl::string_view field) = 0;
  // Of the listed fields, in the order in which a script walks over them.
  virtual std::vector<std::string> Names() const = 0;
};

// What a script is told about the sync that it runs in.
struct SyncFacts {
  std::string name, source_platform, target_platform, source_model, target_model;
};

// How a run ended. What it had written by then stays written: unless it is kDone the record is not to be
// used.
struct Ending {
  enum class Kind { kDone, kSkipped, kRejected, kFailed };

  Kind kind = Kind::kDone;
  // kSkipped, kRejected: the script's own words. kFailed: `script line 7: more than 1000000 instructions; …`.
  // UTF-8, at most 1,000 bytes.
  std::string message;
  // kRejected: the field that the script named. kFailed: the field that could not be read or written. Else
  // empty.
  std::string field;
  // Where the script ended early; 0 if that is not known.
  int line = 0;
};

// A compiled script. Movable, immutable, thread safe. Nothing of one run is seen by another.
class Script {
 public:
  // INVALID_ARGUMENT with the line: `script line 3: …`.
  static absl::StatusOr<Script> Compile(absl::string_view source, const Limits& limits = {});

  Script(Script&&) noexcept;
  Script& operator=(Script&&) noexcept;
  ~Script();

  // Runs the script over one record. Waits while 16 threads run this script.
  Ending Run(RecordAccess& record, const SyncFacts& sync) const;

 private:
  class Pool;
  explicit Script(std::unique_ptr<Pool> pool);

  std::unique_ptr<Pool> pool_;
};

}  // namespace cognate::script
