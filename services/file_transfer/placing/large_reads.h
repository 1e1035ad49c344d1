// Large files of sources' directories on their way into the store: they go on after a restart.
#pragma once

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/file.pb.h"
#include "common/clock/clock.h"
#include "services/file_transfer/blob_store.h"
#include "services/file_transfer/byte_budget.h"
#include "services/file_transfer/contents.h"
#include "services/file_transfer/placing/place.h"
#include "services/file_transfer/upload_store.h"

namespace cognate::file_transfer {

// Each is an upload of its platform's, named by the file as it stands: what was committed of it is still the
// file's as long as that has not changed. Thread safe.
class LargeReads {
 public:
  LargeReads(const Clock& clock, BlobStore& blobs, UploadStore& uploads, Contents& contents,
             ByteBudget& memory)
      : clock_(clock), blobs_(blobs), uploads_(uploads), contents_(contents), memory_(memory) {}

  // Stores what `next` gives, which reads by `reader`: from behind what is there already. The platform has it
  // from then on. After CANCELLED the next call goes on, also in another process.
  using Next = absl::FunctionRef<absl::StatusOr<absl::string_view>()>;
  absl::StatusOr<v1::File> Store(const std::string& platform, const std::string& path, const FileStand& stand,
                                 PlaceReader& reader, Next next);

 private:
  absl::StatusOr<v1::File> Write(const Upload& upload, Partial& partial, PlaceReader& reader, Next next);
  absl::Status GiveUp(const Upload& upload);

  const Clock& clock_;
  BlobStore& blobs_;
  UploadStore& uploads_;
  Contents& contents_;
  ByteBudget& memory_;
};

}  // namespace cognate::file_transfer
