#include "common/backup/backup_errors.h"

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/text/excerpt.h"

namespace cognate::backup {
namespace {

// Names and values of a file that anybody may have written come along.
constexpr size_t kLongest = 2'000;

}  // namespace

absl::Status Damaged(absl::string_view how) {
  return Error(absl::StatusCode::kInvalidArgument, "BACKUP_DAMAGED",
               absl::StrCat("the backup is damaged: ", text::Excerpt(how, kLongest),
                            "; nothing was restored from it: take another copy of it, or an older backup"));
}

absl::Status NoBackup() {
  return Error(absl::StatusCode::kInvalidArgument, "BACKUP_FOREIGN",
               "this is no backup of Cognate: give a file that `cognate backup` has written");
}

absl::Status TooNew(absl::string_view what) {
  return Error(absl::StatusCode::kFailedPrecondition, "BACKUP_TOO_NEW",
               absl::StrCat("the backup is of a later Cognate (", text::Excerpt(what, kLongest),
                            "): restore it with that one, or a later one"));
}

}  // namespace cognate::backup
