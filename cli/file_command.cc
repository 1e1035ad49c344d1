#include "cli/file_command.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cli/file_link_command.h"
#include "cli/file_placements_command.h"
#include "cli/file_progress.h"
#include "cli/output.h"
#include "common/files/digest.h"
#include "common/files/local_file.h"
#include "common/files/patience.h"
#include "common/files/upload_client.h"
#include "common/files/upload_plan.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::FileTransferService::Stub;

struct FileOptions {
  std::vector<std::string> paths;
  std::string platform;
  std::string sha256;
  std::string output;
  int calls = 4;
};

// Every file of the paths, each once.
absl::StatusOr<std::vector<std::string>> AllFiles(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  std::set<std::string> seen;
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(const std::vector<std::string> below, files::FilesBelow(path));
    for (const std::string& file : below) {
      if (seen.insert(file).second) files.push_back(file);
    }
  }
  return files;
}

int64_t SizeOf(const std::vector<std::string>& paths) {
  int64_t bytes = 0;
  for (const std::string& path : paths) {
    std::error_code gone;
    const auto size = std::filesystem::file_size(path, gone);
    if (!gone) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

void PrintFile(const files::UploadedFile& file) {
  nlohmann::json line = {{"path", file.path},
                         {"sha256", absl::BytesToHexString(file.sha256)},
                         {"size_bytes", file.size_bytes},
                         {"known", file.is_known},
                         {"sent_bytes", file.sent_bytes},
                         {"copied_bytes", file.copied_bytes}};
  if (!file.status.ok()) line["error"] = std::string(file.status.message());
  std::cout << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

absl::Status Put(Context& context, const FileOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<std::string> paths, AllFiles(options.paths));
  Client client = context.Connect();
  files::UploadClient upload(client.files(), {.platform = options.platform, .calls = options.calls});
  const files::UploadProgress& progress = upload.progress();
  const int64_t total = SizeOf(paths);
  absl::Status first_failure;
  std::string sha256;
  const auto told = [&](const files::UploadedFile& file) {
    if (context.json) PrintFile(file);
    if (!context.json && !file.status.ok()) std::cerr << file.path << ": " << file.status.message() << "\n";
    if (first_failure.ok()) first_failure = file.status;
    sha256 = file.sha256;
    return true;
  };
  {
    const ByteBar bar(
        context.json, [&] { return total; }, [&] { return progress.bytes.load(); },
        [&] { return absl::StrCat(FormatCount(progress.file_count), " files"); });
    RETURN_IF_ERROR(upload.PutAll(paths, told));
  }
  if (!context.json) {
    std::cout << FormatCount(progress.file_count) << " files, " << FormatBytes(progress.bytes) << ": "
              << FormatCount(progress.known_count) << " were stored already, "
              << FormatBytes(progress.sent_bytes) << " travelled";
    if (progress.failed_count > 0) std::cout << ", " << FormatCount(progress.failed_count) << " failed";
    std::cout << ".\n";
    if (paths.size() == 1 && first_failure.ok()) std::cout << absl::BytesToHexString(sha256) << "\n";
  }
  return first_failure;
}

// Streams the content from where it was cut off, until all of it is there.
absl::Status Fetch(Client& client, const std::string& sha256, std::atomic<int64_t>& done,
                   const std::function<absl::Status(absl::string_view)>& take) {
  files::Patience patience(absl::Minutes(2));
  for (;;) {
    v1::ReadRequest request;
    request.set_sha256(sha256);
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

absl::Status WriteAll(int handle, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(handle, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return absl::ErrnoToStatus(errno, "write");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

// Beside its place first: what is there under the name is whole, or not there.
absl::Status Get(Context& context, const FileOptions& options) {
  ASSIGN_OR_RETURN(const std::string sha256, ParseHash(options.sha256));
  Client client = context.Connect();
  v1::GetFileRequest request;
  request.set_sha256(sha256);
  ASSIGN_OR_RETURN(const v1::GetFileResponse known, client.Call(client.files(), &Stub::GetFile, request));
  const bool to_stdout = options.output.empty() || options.output == "-";
  const std::string partial = absl::StrCat(options.output, ".part");
  const int handle =
      to_stdout ? STDOUT_FILENO : open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (handle < 0) return absl::ErrnoToStatus(errno, partial);
  files::Digest digest;
  std::atomic<int64_t> done = 0;
  absl::Status status;
  {
    const ByteBar bar(
        context.json || to_stdout, [&] { return known.file().size_bytes(); }, [&] { return done.load(); },
        [] { return std::string(); });
    status = Fetch(client, sha256, done, [&](absl::string_view bytes) {
      digest.Add(bytes);
      return WriteAll(handle, bytes);
    });
  }
  if (status.ok() && digest.Finish() != sha256)
    status = absl::DataLossError("what came has another SHA-256 than was asked for");
  if (to_stdout) return status;
  if (status.ok() && fsync(handle) != 0) status = absl::ErrnoToStatus(errno, partial);
  close(handle);
  if (status.ok() && std::rename(partial.c_str(), options.output.c_str()) != 0)
    status = absl::ErrnoToStatus(errno, options.output);
  if (!status.ok()) unlink(partial.c_str());
  if (status.ok() && context.json) PrintJson(std::cout, known.file());
  return status;
}

absl::Status Check(Context& context, const FileOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<std::string> paths, AllFiles(options.paths));
  Client client = context.Connect();
  int64_t lacking = 0;
  for (size_t at = 0; at < paths.size(); at += 1000) {
    const size_t end = std::min(paths.size(), at + 1000);
    v1::CheckRequest request;
    request.set_platform(options.platform);
    for (size_t i = at; i < end; ++i) {
      ASSIGN_OR_RETURN(const auto file, files::LocalFile::Open(paths[i]));
      ASSIGN_OR_RETURN(*request.add_sha256s(), files::HashOf(*file));
    }
    ASSIGN_OR_RETURN(const v1::CheckResponse response, client.Call(client.files(), &Stub::Check, request));
    for (size_t i = at; i < end; ++i) {
      const auto answer = static_cast<int>(i - at);
      const bool has = answer < response.has_size() && response.has(answer);
      if (!has) ++lacking;
      if (context.json) {
        std::cout << nlohmann::json({{"path", paths[i]},
                                     {"sha256", absl::BytesToHexString(request.sha256s(answer))},
                                     {"stored", has}})
                         .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                  << "\n";
      } else if (!has) {
        std::cout << paths[i] << "\n";
      }
    }
  }
  if (!context.json) {
    std::cout << FormatCount(static_cast<int64_t>(paths.size()) - lacking) << " of "
              << FormatCount(static_cast<int64_t>(paths.size())) << " files are stored"
              << (lacking == 0 ? "." : "; above are those that are not.") << "\n";
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ParseHash(const std::string& text) {
  const std::string bytes = absl::HexStringToBytes(text);
  const bool is_hex = text.size() == 2 * files::kSha256Bytes &&
                      text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  if (is_hex) return bytes;
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
               absl::StrCat("got \"", text,
                            "\", want a SHA-256 of 64 hexadecimal digits; `cognate file list` shows them"));
}

void AddFileCommand(CLI::App& app, Context& context) {
  CLI::App* file = app.add_subcommand("file", "Contents of files: send, get, list, verify");
  file->require_subcommand(1);
  auto options = std::make_shared<FileOptions>();
  CLI::App* put = file->add_subcommand("put", "Send files, and the files of directories");
  put->footer(
      "What is stored already does not travel; what was cut off goes on where it was.\n"
      "Example:\n  cognate file put --platform shop storage/app/public");
  put->add_option("paths", options->paths, "Files and directories")->required();
  put->add_option("--platform", options->platform, "The platform that sends them")->required();
  put->add_option("--calls", options->calls, "Batches of small files on their way at once")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  put->callback([&context, options] { context.status = Put(context, *options); });
  CLI::App* get = file->add_subcommand("get", "Get a content by its SHA-256");
  get->footer("Example:\n  cognate file get 9f86d081… --to photo.jpg");
  get->add_option("sha256", options->sha256, "64 hexadecimal digits, as `list` and `put` show them")
      ->required();
  get->add_option("--to", options->output, "The file to write; -: standard output, as without it");
  get->callback([&context, options] { context.status = Get(context, *options); });
  CLI::App* check = file->add_subcommand("check", "Say which local files are stored");
  check->add_option("paths", options->paths, "Files and directories")->required();
  check->add_option("--platform", options->platform, "The platform that asks")->required();
  check->callback([&context, options] { context.status = Check(context, *options); });
  AddFileStoreCommands(*file, context);
  AddFilePlacementsCommand(*file, context);
  AddFileLinkCommand(*file, context);
}

}  // namespace cognate::cli
