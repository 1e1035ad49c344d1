#include "cli/file_command.h"

#include <filesystem>
#include <iostream>
#include <memory>
#include <set>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cli/file_link_command.h"
#include "cli/file_placements_command.h"
#include "cli/file_progress.h"
#include "cli/output.h"
#include "common/files/digest.h"
#include "common/files/local_file.h"
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
  int calls = 4;
};

// Every file of the paths, each once.
absl::StatusOr<std::vector<std::string>> AllFiles(const std::vector<std::string>& paths,
                                                  const files::Skipped& skipped) {
  std::vector<std::string> files;
  std::set<std::string> seen;
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(const std::vector<std::string> below, files::FilesBelow(path, skipped));
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
  absl::Status first_failure;
  std::string sha256;
  const auto told = [&](const files::UploadedFile& file) {
    if (context.json) PrintFile(file);
    if (!context.json && !file.status.ok()) std::cerr << file.path << ": " << file.status.message() << "\n";
    if (first_failure.ok()) first_failure = file.status;
    sha256 = file.sha256;
    return true;
  };
  ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                   AllFiles(options.paths, [&](const std::string& directory, const absl::Status& why) {
                     files::UploadedFile skipped;
                     skipped.path = directory;
                     skipped.status = why;
                     told(skipped);
                   }));
  Client client = context.Connect();
  files::UploadClient upload(client.files(), {.platform = options.platform, .calls = options.calls});
  const files::UploadProgress& progress = upload.progress();
  const int64_t total = SizeOf(paths);
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

absl::StatusOr<std::string> HashOfFile(const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, files::LocalFile::Open(path));
  return files::HashOf(*file);
}

absl::Status Check(Context& context, const FileOptions& options) {
  absl::Status first_failure;
  const auto skipped = [&](const std::string& path, const absl::Status& why) {
    std::cerr << path << ": " << why.message() << "\n";
    if (first_failure.ok()) first_failure = why;
  };
  ASSIGN_OR_RETURN(const std::vector<std::string> paths, AllFiles(options.paths, skipped));
  Client client = context.Connect();
  int64_t lacking = 0;
  for (size_t at = 0; at < paths.size(); at += 1000) {
    const size_t end = std::min(paths.size(), at + 1000);
    v1::CheckRequest request;
    request.set_platform(options.platform);
    std::vector<std::string> asked;
    for (size_t i = at; i < end; ++i) {
      const absl::StatusOr<std::string> sha256 = HashOfFile(paths[i]);
      if (!sha256.ok()) {
        skipped(paths[i], sha256.status());
        ++lacking;
        continue;
      }
      request.add_sha256s(*sha256);
      asked.push_back(paths[i]);
    }
    ASSIGN_OR_RETURN(const v1::CheckResponse response, client.Call(client.files(), &Stub::Check, request));
    for (int answer = 0; answer < request.sha256s_size(); ++answer) {
      const std::string& path = asked[static_cast<size_t>(answer)];
      const bool has = answer < response.has_size() && response.has(answer);
      if (!has) ++lacking;
      if (context.json) {
        std::cout << nlohmann::json({{"path", path},
                                     {"sha256", absl::BytesToHexString(request.sha256s(answer))},
                                     {"stored", has}})
                         .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                  << "\n";
      } else if (!has) {
        std::cout << path << "\n";
      }
    }
  }
  if (!context.json) {
    std::cout << FormatCount(static_cast<int64_t>(paths.size()) - lacking) << " of "
              << FormatCount(static_cast<int64_t>(paths.size())) << " files are stored"
              << (lacking == 0 ? "." : "; above are those that are not.") << "\n";
  }
  return first_failure;
}

}  // namespace

absl::StatusOr<std::string> ParseHash(const std::string& text) {
  std::string bytes = files::ParseSha256(text);
  if (!bytes.empty()) return bytes;
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
  CLI::App* check = file->add_subcommand("check", "Say which local files are stored");
  check->add_option("paths", options->paths, "Files and directories")->required();
  check->add_option("--platform", options->platform, "The platform that asks")->required();
  check->callback([&context, options] { context.status = Check(context, *options); });
  AddFileGetCommand(*file, context);
  AddFileStoreCommands(*file, context);
  AddFilePlacementsCommand(*file, context);
  AddFileLinkCommand(*file, context);
}

}  // namespace cognate::cli
