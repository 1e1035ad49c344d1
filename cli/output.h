#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/explanation.pb.h"
#include "cognate/v1/record.pb.h"
#include "cognate/v1/replica.pb.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"

// What people and programs see.
namespace cognate::cli {

// Rows under a heading, as wide as their longest entry; numbers stand right.
class Table {
 public:
  explicit Table(std::vector<std::string> heading) : heading_(std::move(heading)) {}
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  // Prints `empty` instead when there are no rows.
  void Print(std::ostream& out, absl::string_view empty) const;

 private:
  std::vector<std::string> heading_;
  std::vector<std::vector<std::string>> rows_;
};

// One JSON object on one line, with the proto's own field names and every field that has a default value left
// in.
void PrintJson(std::ostream& out, const google::protobuf::Message& message);

// An error as a person reads it: what, where, how to mend it.
void PrintError(std::ostream& err, const absl::Status& status);

// "2026-02-28 13:05:01", local time; "-" if unset.
std::string FormatTime(const google::protobuf::Timestamp& time);
// "12,345".
std::string FormatCount(int64_t count);
// "RETRY" of REPLICA_STATE_RETRY, and so on.
std::string FormatEnum(absl::string_view name, absl::string_view prefix);
std::string FormatState(v1::ReplicaState state);
// "atlas public.country 62".
std::string FormatRecord(const v1::RecordKey& key);
// One line for a step: a mark, the step's word, the sentence.
void PrintStep(std::ostream& out, const v1::ExplanationStep& step);

}  // namespace cognate::cli
