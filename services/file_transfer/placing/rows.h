// What the tables of bindings and placements hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "cognate/v1/file.pb.h"
#include "common/ids/uuid.h"
#include "services/file_transfer/placing/place.h"

namespace cognate::file_transfer {

struct BindingKey {
  std::string platform;
  Uuid entity;
  std::string model;
  std::string field;
  int position = 0;
  auto operator<=>(const BindingKey&) const = default;
};

// A file of a source, by where it is there.
struct SourceFile {
  std::string platform;
  std::string path;
  auto operator<=>(const SourceFile&) const = default;
};

struct Binding {
  BindingKey key;
  std::optional<std::string> sha256;
  std::string path;
  std::optional<SourceFile> link = {};  // the field has its lasting address
};

// A file of a source that fields lead to by a lasting address, and the copy that stands in for it.
struct LinkRow {
  SourceFile file;
  std::string name;
  v1::FileRule rule;
  std::optional<std::string> sha256 = {};          // of the copy
  std::optional<std::string> claimed_sha256 = {};  // by the source's agent, which has not sent it yet
  std::string reason = {};                         // why what is there now is not stored
  std::string message = {};
  int look_count = 0;
  std::optional<absl::Time> next_look = {};
};

struct SeenFile {
  std::string platform;
  std::string path;
  FileStand stand;
  std::string sha256;
};

struct PlacementRow {
  std::string platform;
  std::string path;
  std::string sha256;  // empty: no record leads to it any more
  int64_t size_bytes = 0;
  std::string media_type;
  std::string name;
  v1::PlacementState state = v1::PLACEMENT_STATE_DUE;
  std::string actual_path;
  int64_t placed_bytes = 0;
  std::string reason;
  std::string message;
  int attempt_count = 0;
  std::optional<absl::Time> next_attempt;  // by this service
  std::optional<absl::Time> not_before;    // by the platform's agent
  absl::Time created;
  absl::Time updated;

  const std::string& path_there() const { return actual_path.empty() ? path : actual_path; }
};

// A record that was told to wait.
struct WaitRow {
  BindingKey key;
  std::string source_platform;
  std::string source_path;
  std::optional<std::string> sha256;
  std::string path;
  int look_count = 0;
  absl::Time created;
  std::optional<absl::Time> ready;  // since when what it waits for is there
  absl::Time asked = {};            // when Bind last asked for it
};

// How all files of a platform stand.
struct PlacementTotals {
  int64_t total_count = 0;
  int64_t total_bytes = 0;
  int64_t placed_count = 0;
  int64_t placed_bytes = 0;
  int64_t kept_bytes = 0;  // of all that is there or is to be there: what a quota counts
};

struct ReadRow {
  std::string platform;
  std::string path;
  int attempt_count = 0;
};

}  // namespace cognate::file_transfer
