// What S3's documents say, as far as it is used here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace cognate::s3 {

struct Object {
  std::string key;
  int64_t size = 0;
  absl::Time last_modified;
};
struct ObjectPage {
  std::vector<Object> objects;
  std::string next_token;  // empty: the last one
};

struct PendingUpload {
  std::string key;
  std::string id;
  absl::Time begun;
};
struct PendingUploadPage {
  std::vector<PendingUpload> uploads;
  bool is_last = true;
  std::string next_key;
  std::string next_id;
};

// FAILED_PRECONDITION S3_UNREADABLE where a document is not what it should be.
absl::StatusOr<ObjectPage> ReadObjectPage(absl::string_view document);
absl::StatusOr<PendingUploadPage> ReadPendingUploadPage(absl::string_view document);
// The id of an upload that was begun.
absl::StatusOr<std::string> ReadUploadId(absl::string_view document);
// Whether it is an <Error>: S3 can say 200 and then, after minutes, that it failed.
bool IsErrorDocument(absl::string_view document);

// What completes an upload: the parts' tags in their order.
std::string CompleteDocument(const std::vector<std::string>& etags);

}  // namespace cognate::s3
