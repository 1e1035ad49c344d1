#include <algorithm>
#include <atomic>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cli/file_command.h"
#include "cli/file_progress.h"
#include "cli/output.h"
#include "common/clock/time_proto.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::FileTransferService::Stub;

struct StoreOptions {
  int limit = 100;
  bool dry_run = false;
  bool repair = false;
  std::string lease = "24h";
};

absl::Status List(Context& context, const StoreOptions& options) {
  Client client = context.Connect();
  Table table({"SHA-256", "SIZE", "TYPE", "FIELDS", "STORED"});
  v1::ListFilesRequest request;
  v1::ListFilesResponse response;
  int left = options.limit;
  do {
    request.set_page_size(std::min(left, 1'000));
    ASSIGN_OR_RETURN(response, client.Call(client.files(), &Stub::ListFiles, request));
    for (const v1::File& file : response.files()) {
      if (context.json) PrintJson(std::cout, file);
      table.Add({absl::BytesToHexString(file.sha256()), FormatBytes(file.size_bytes()), file.media_type(),
                 FormatCount(file.binding_count()), FormatTime(file.create_time())});
    }
    left -= response.files_size();
    request.set_page_token(response.next_page_token());
  } while (left > 0 && !response.next_page_token().empty());
  if (context.json) return absl::OkStatus();
  table.Print(std::cout, "No files yet: `cognate file put --help`.");
  std::cout << FormatCount(response.total_count()) << " contents, " << FormatBytes(response.total_bytes())
            << "; " << FormatBytes(response.stored_bytes()) << " on disk.\n";
  return absl::OkStatus();
}

absl::Status Collect(Context& context, const StoreOptions& options) {
  absl::Duration lease;
  if (!absl::ParseDuration(options.lease, &lease)) {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                 absl::StrCat("--lease: got \"", options.lease, "\", want a time such as 24h"));
  }
  v1::CollectRequest request;
  request.set_dry_run(options.dry_run);
  request.mutable_lease()->set_seconds(absl::ToInt64Seconds(lease));
  Client client = context.Connect();
  // It may take long, and is done once.
  ASSIGN_OR_RETURN(const v1::CollectResponse response,
                   grpc_support::Call(client.files(), &Stub::Collect, request, {.timeout = absl::Hours(1)}));
  if (context.json) {
    PrintJson(std::cout, response);
    return absl::OkStatus();
  }
  std::cout << (options.dry_run ? "Would remove " : "Removed ") << FormatCount(response.file_count())
            << " contents that nothing refers to and " << FormatCount(response.upload_count())
            << " uploads that have expired: " << FormatBytes(response.freed_bytes()) << ".\n";
  return absl::OkStatus();
}

absl::Status Scrub(Context& context, const StoreOptions& options) {
  Client client = context.Connect();
  v1::ScrubRequest request;
  request.set_repair(options.repair);
  grpc::ClientContext call;
  const auto reader = client.files().Scrub(&call, request);
  std::atomic<int64_t> total = 0;
  std::atomic<int64_t> done = 0;
  v1::ScrubResponse response, last;
  {
    const ByteBar bar(
        context.json, [&] { return total.load(); }, [&] { return done.load(); },
        [] { return std::string(); });
    while (reader->Read(&response)) {
      total = response.total_bytes();
      done = response.read_bytes();
      if (context.json) PrintJson(std::cout, response);
      for (const v1::DamagedFile& file : response.damaged()) {
        if (!context.json)
          std::cout << absl::BytesToHexString(file.sha256()) << ": " << file.sentence() << "\n";
      }
      last = response;
    }
  }
  RETURN_IF_ERROR(grpc_support::FromGrpcStatus(reader->Finish()));
  if (!context.json) {
    std::cout << FormatCount(last.file_count()) << " contents, " << FormatBytes(last.read_bytes())
              << " read: " << FormatCount(last.damaged_count()) << " damaged, "
              << FormatCount(last.repaired_count()) << " repaired.\n";
  }
  if (last.damaged_count() == last.repaired_count()) return absl::OkStatus();
  return Error(absl::StatusCode::kDataLoss, "FILE_DAMAGED",
               absl::StrCat(last.damaged_count() - last.repaired_count(),
                            " contents are damaged; agents of platforms that have them are asked for them; "
                            "else send them again by `cognate file put`",
                            options.repair ? "" : ", or get them from platforms that have them by --repair"));
}

}  // namespace

void AddFileStoreCommands(CLI::App& file, Context& context) {
  auto options = std::make_shared<StoreOptions>();
  CLI::App* list = file.add_subcommand("list", "List contents, newest first");
  list->add_option("--limit", options->limit, "At most so many")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
  list->callback([&context, options] { context.status = List(context, *options); });
  CLI::App* collect = file.add_subcommand("collect", "Remove contents that nothing refers to");
  collect->footer("It is done every hour by itself.");
  collect->add_flag("--dry-run", options->dry_run, "Only count");
  collect->add_option("--lease", options->lease, "What was written or asked for within this time stays")
      ->capture_default_str();
  collect->callback([&context, options] { context.status = Collect(context, *options); });
  CLI::App* scrub = file.add_subcommand("scrub", "Read every stored byte, and compare it with its hash");
  scrub->add_flag("--repair", options->repair, "Replace what is damaged from platforms that have it");
  scrub->callback([&context, options] { context.status = Scrub(context, *options); });
}

}  // namespace cognate::cli
