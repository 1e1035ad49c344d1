#include "common/files/upload_client.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/files/digest.h"
#include "common/files/large_upload.h"
#include "common/files/local_file.h"
#include "common/files/upload_plan.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"

namespace cognate::files {
namespace {

using Stub = v1::FileTransferService::Stub;

// Smaller ones travel in batches.
constexpr int64_t kSmallBytes = 1 << 20;
constexpr int64_t kBatchBytes = (4 << 20) - (64 << 10);
constexpr int kBatchFiles = 1'000;

struct SmallFile {
  UploadedFile result;
  std::string content;
};

// Whom all threads ask what comes next, and tell what became of it.
class Work {
 public:
  Work(const std::vector<std::string>& paths, const std::function<bool(const UploadedFile&)>& result,
       UploadProgress& progress)
      : paths_(paths), result_(result), progress_(progress) {}

  // Null where there is no more.
  const std::string* Next() {
    MutexLock lock(&mutex_);
    if (stopped_ || next_ == paths_.size()) return nullptr;
    return &paths_[next_++];
  }

  void Tell(const UploadedFile& file) {
    ++(file.status.ok() ? progress_.file_count : progress_.failed_count);
    if (file.is_known) ++progress_.known_count;
    MutexLock lock(&mutex_);
    if (!stopped_ && !result_(file)) stopped_ = true;
  }

  void Fail(const absl::Status& status) {
    MutexLock lock(&mutex_);
    stopped_ = true;
    if (failure_.ok()) failure_ = status;
  }
  absl::Status failure() {
    MutexLock lock(&mutex_);
    return failure_;
  }

 private:
  const std::vector<std::string>& paths_;
  const std::function<bool(const UploadedFile&)>& result_;
  UploadProgress& progress_;
  Mutex mutex_;
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

// What every later file would meet, too.
bool ConcernsAll(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status) ||
         absl::IsUnimplemented(status) || ErrorReason(status) == "STORE_FULL" ||
         ErrorReason(status) == "INVALID_FIELD" || ErrorReason(status) == "PLATFORM_NOT_FOUND";
}

// One thread's share: fills a batch, asks what of it is stored, sends the rest.
class Batches {
 public:
  Batches(Stub& stub, const UploadOptions& options, UploadProgress& progress, Work& work)
      : stub_(stub), options_(options), progress_(progress), work_(work) {}

  absl::Status Add(std::unique_ptr<LocalFile> file, const std::string& path) {
    SmallFile small;
    small.result.path = path;
    small.result.size_bytes = file->size();
    small.result.status = file->ReadAt(0, file->size(), &small.content);
    // Or half of it is of before.
    if (small.result.status.ok()) small.result.status = file->CheckUnchanged();
    if (!small.result.status.ok()) {
      work_.Tell(small.result);
      return absl::OkStatus();
    }
    small.result.sha256 = Sha256(small.content);
    if (bytes_ + file->size() > kBatchBytes || files_.size() == kBatchFiles) RETURN_IF_ERROR(Send());
    bytes_ += file->size();
    files_.push_back(std::move(small));
    return absl::OkStatus();
  }

  absl::Status Send() {
    if (files_.empty()) return absl::OkStatus();
    v1::CheckRequest check;
    check.set_platform(options_.platform);
    for (const SmallFile& file : files_) check.add_sha256s(file.result.sha256);
    ASSIGN_OR_RETURN(const v1::CheckResponse known, CheckPatiently(stub_, options_, check));
    v1::BatchWriteRequest request;
    request.set_platform(options_.platform);
    std::vector<size_t> sent;
    for (size_t i = 0; i < files_.size(); ++i) {
      SmallFile& file = files_[i];
      file.result.is_known = static_cast<int>(i) < known.has_size() && known.has(static_cast<int>(i));
      if (file.result.is_known) continue;
      v1::SmallFile& small = *request.add_files();
      small.set_sha256(file.result.sha256);
      small.set_data(std::move(file.content));
      file.result.sent_bytes = file.result.size_bytes;
      sent.push_back(i);
    }
    if (!sent.empty()) {
      ASSIGN_OR_RETURN(const v1::BatchWriteResponse response,
                       grpc_support::Call(stub_, &Stub::BatchWrite, request, PatientCall(options_)));
      if (response.errors_size() != static_cast<int>(sent.size()))
        return absl::InternalError("the service answered for another number of files");
      for (size_t i = 0; i < sent.size(); ++i) {
        const v1::OutcomeError& error = response.errors(static_cast<int>(i));
        if (!error.reason().empty())
          files_[sent[i]].result.status = Error(absl::StatusCode::kDataLoss, error.reason(), error.message());
      }
    }
    for (const SmallFile& file : files_) {
      progress_.bytes += file.result.size_bytes;
      progress_.sent_bytes += file.result.sent_bytes;
      work_.Tell(file.result);
    }
    files_.clear();
    bytes_ = 0;
    return absl::OkStatus();
  }

 private:
  Stub& stub_;
  const UploadOptions& options_;
  UploadProgress& progress_;
  Work& work_;
  std::vector<SmallFile> files_;
  int64_t bytes_ = 0;
};

absl::Status Unlisted(const std::string& path, const std::error_code& error) {
  return Error(absl::StatusCode::kNotFound, "FILE_UNREADABLE", absl::StrCat(path, ": ", error.message()))
      .With("path", path);
}

absl::StatusOr<UploadedFile> PutFile(Stub& stub, const UploadOptions& options, UploadProgress& progress,
                                     const std::string& path, const LocalFile& file) {
  ASSIGN_OR_RETURN(UploadPlan plan, MakePlan(stub, options, file));
  UploadedFile result;
  if (plan.is_known) {
    RETURN_IF_ERROR(file.CheckUnchanged());
    result.sha256 = plan.sha256;
    result.size_bytes = file.size();
    result.is_known = true;
    progress.bytes += file.size();
  } else {
    ASSIGN_OR_RETURN(result, LargeUpload(stub, options, progress, file, std::move(plan)).Run());
  }
  result.path = path;
  return result;
}

}  // namespace

absl::StatusOr<UploadedFile> UploadClient::Put(const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<LocalFile> file, LocalFile::Open(path));
  return PutFile(stub_, options_, progress_, path, *file);
}

absl::Status UploadClient::PutAll(const std::vector<std::string>& paths,
                                  const std::function<bool(const UploadedFile&)>& result) {
  Work work(paths, result, progress_);
  const auto run = [&](StopToken&) {
    Batches batches(stub_, options_, progress_, work);
    const auto put = [&](const std::string& path) -> absl::Status {
      absl::StatusOr<std::unique_ptr<LocalFile>> file = LocalFile::Open(path);
      if (file.ok() && (*file)->size() <= kSmallBytes) return batches.Add(*std::move(file), path);
      const absl::StatusOr<UploadedFile> sent =
          file.ok() ? PutFile(stub_, options_, progress_, path, **file) : file.status();
      if (ConcernsAll(sent.status())) return sent.status();
      UploadedFile failed;
      failed.path = path;
      failed.status = sent.status();
      work.Tell(sent.ok() ? *sent : failed);
      return absl::OkStatus();
    };
    absl::Status status;
    for (const std::string* path = work.Next(); status.ok() && path != nullptr; path = work.Next())
      status = put(*path);
    if (status.ok()) status = batches.Send();
    if (!status.ok()) work.Fail(status);
  };
  std::vector<std::unique_ptr<Worker>> workers;
  const size_t count = std::min(paths.size(), static_cast<size_t>(std::max(1, options_.calls)));
  for (size_t i = 0; i < count; ++i) workers.push_back(std::make_unique<Worker>("put", run));
  for (const auto& worker : workers) worker->Stop();
  return work.failure();
}

absl::StatusOr<std::vector<std::string>> FilesBelow(const std::string& path, const Skipped& skipped) {
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> found;
  std::vector<std::string> directories = {path};
  while (!directories.empty()) {
    const std::string directory = std::move(directories.back());
    directories.pop_back();
    std::filesystem::directory_iterator entry(directory, error);
    for (const std::filesystem::directory_iterator end; !error && entry != end; entry.increment(error)) {
      std::error_code gone;
      if (entry->is_symlink(gone)) continue;
      if (entry->is_directory(gone)) directories.push_back(entry->path().string());
      if (entry->is_regular_file(gone)) found.push_back(entry->path().string());
    }
    if (!error) continue;
    if (directory == path || skipped == nullptr) return Unlisted(directory, error);
    skipped(directory, Unlisted(directory, error));
    error.clear();
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace cognate::files
