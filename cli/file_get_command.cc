#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "cli/file_command.h"
#include "cli/file_progress.h"
#include "cli/output.h"
#include "common/files/digest.h"
#include "common/files/patience.h"
#include "common/ids/uuid.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::FileTransferService::Stub;

struct GetOptions {
  std::string sha256;
  std::string output;
  std::string platform;
};

absl::Status WriteAll(int handle, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(handle, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return absl::ErrnoToStatus(errno, "write");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

// A file that takes its place when it is whole: until then it has no name, or one that nobody else has, so
// that nobody writes to it and nothing is left of it.
class Draft {
 public:
  static absl::StatusOr<Draft> Open(const std::string& place) {
    const std::string folder = std::filesystem::path(place).parent_path().string();
    Draft draft(place);
    draft.handle_ = open(folder.empty() ? "." : folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
    if (draft.handle_ >= 0) return draft;
    // Not every file system has files without a name.
    draft.handle_ = open(draft.name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (draft.handle_ < 0) return absl::ErrnoToStatus(errno, draft.name_);
    draft.is_named_ = true;
    return draft;
  }
  Draft(Draft&& other) noexcept
      : place_(other.place_),
        name_(other.name_),
        handle_(std::exchange(other.handle_, -1)),
        is_named_(std::exchange(other.is_named_, false)) {}
  Draft& operator=(Draft&&) = delete;
  ~Draft() {
    if (handle_ >= 0) close(handle_);
    if (is_named_) unlink(name_.c_str());
  }

  int handle() const { return handle_; }
  absl::Status Keep() {
    if (fsync(handle_) != 0) return absl::ErrnoToStatus(errno, place_);
    if (!is_named_) {
      const std::string own = absl::StrCat("/proc/self/fd/", handle_);
      if (linkat(AT_FDCWD, own.c_str(), AT_FDCWD, name_.c_str(), AT_SYMLINK_FOLLOW) != 0)
        return absl::ErrnoToStatus(errno, name_);
      is_named_ = true;
    }
    if (std::rename(name_.c_str(), place_.c_str()) != 0) return absl::ErrnoToStatus(errno, place_);
    is_named_ = false;
    return absl::OkStatus();
  }

 private:
  explicit Draft(std::string place)
      : place_(std::move(place)), name_(absl::StrCat(place_, ".", RandomHex(8), ".part")) {}

  const std::string place_;
  const std::string name_;
  int handle_ = -1;
  bool is_named_ = false;
};

// Streams the content from where it was cut off, until all of it is there.
absl::Status Fetch(Client& client, v1::ReadRequest request, std::atomic<int64_t>& done,
                   const std::function<absl::Status(absl::string_view)>& take) {
  files::Patience patience(absl::Minutes(2));
  for (;;) {
    request.set_offset(done);
    grpc::ClientContext context;
    const auto reader = client.files().Read(&context, request);
    v1::ReadResponse response;
    absl::Status taken;
    while (taken.ok() && reader->Read(&response)) {
      taken = take(response.data());
      done += static_cast<int64_t>(response.data().size());
      patience.Reset();
    }
    if (!taken.ok()) context.TryCancel();
    const absl::Status status = grpc_support::FromGrpcStatus(reader->Finish());
    RETURN_IF_ERROR(taken);
    if (status.ok()) return status;
    if (!patience.Wait(status)) return status;
  }
}

absl::Status FetchAll(Client& client, const GetOptions& options, const v1::File& file, bool quiet,
                      int handle) {
  v1::ReadRequest request;
  request.set_sha256(file.sha256());
  request.set_platform(options.platform);
  files::Digest digest;
  std::atomic<int64_t> done = 0;
  {
    const ByteBar bar(
        quiet, [&] { return file.size_bytes(); }, [&] { return done.load(); }, [] { return std::string(); });
    RETURN_IF_ERROR(Fetch(client, request, done, [&](absl::string_view bytes) {
      digest.Add(bytes);
      return WriteAll(handle, bytes);
    }));
  }
  if (digest.Finish() == file.sha256()) return absl::OkStatus();
  return absl::DataLossError("what came has another SHA-256 than was asked for");
}

absl::Status Get(Context& context, const GetOptions& options) {
  v1::GetFileRequest request;
  ASSIGN_OR_RETURN(*request.mutable_sha256(), ParseHash(options.sha256));
  request.set_platform(options.platform);
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::GetFileResponse known, client.Call(client.files(), &Stub::GetFile, request));
  if (options.output.empty() || options.output == "-")
    return FetchAll(client, options, known.file(), /*quiet=*/true, STDOUT_FILENO);
  ASSIGN_OR_RETURN(Draft draft, Draft::Open(options.output));
  RETURN_IF_ERROR(FetchAll(client, options, known.file(), context.json, draft.handle()));
  RETURN_IF_ERROR(draft.Keep());
  if (context.json) PrintJson(std::cout, known.file());
  return absl::OkStatus();
}

}  // namespace

void AddFileGetCommand(CLI::App& file, Context& context) {
  auto options = std::make_shared<GetOptions>();
  CLI::App* get = file.add_subcommand("get", "Get a content by its SHA-256");
  get->footer("Example:\n  cognate file get 9f86d081… --to photo.jpg");
  get->add_option("sha256", options->sha256, "64 hexadecimal digits, as `list` and `put` show them")
      ->required();
  get->add_option("--to", options->output, "The file to write; -: standard output, as without it");
  get->add_option("--platform", options->platform, "With a platform's key: that platform");
  get->callback([&context, options] { context.status = Get(context, *options); });
}

}  // namespace cognate::cli
