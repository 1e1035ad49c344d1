// What changed rules would do, beforehand, and leave for what they take away.
#include <filesystem>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/output.h"
#include "cli/rehearsal_words.h"
#include "cli/sync_file.h"
#include "cli/sync_file_commands.h"
#include "common/grpc/call_options.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::PlatformRegistryService::Stub;

struct RehearseOptions {
  std::vector<std::string> what;
  int last = 0;
  int samples = 0;
};

bool IsFile(const std::string& what) {
  return what == "-" || absl::EndsWith(what, ".yaml") || absl::EndsWith(what, ".yml") ||
         std::filesystem::exists(what);
}

// A file's syncs stand beside each other; a name is the sync as it is now.
absl::Status FillRequests(Client& client, const RehearseOptions& options,
                          std::vector<v1::RehearseRequest>* requests) {
  std::vector<std::string> files;
  for (const std::string& what : options.what) {
    if (IsFile(what)) {
      files.push_back(what);
      continue;
    }
    v1::GetSyncRequest request;
    request.set_name(absl::StrCat("syncs/", absl::StripPrefix(what, "syncs/")));
    ASSIGN_OR_RETURN(const v1::GetSyncResponse response,
                     client.Call(client.registry(), &Stub::GetSync, request));
    *requests->emplace_back().mutable_sync() = response.sync();
  }
  if (files.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<FileSync> syncs, ReadSyncFiles(files));
  v1::RehearseRequest request;
  for (const FileSync& file : syncs) *request.add_beside() = file.sync;
  for (const FileSync& file : syncs) {
    *request.mutable_sync() = file.sync;
    requests->push_back(request);
  }
  return absl::OkStatus();
}

absl::Status Rehearse(Context& context, const RehearseOptions& options) {
  Client client = context.Connect();
  std::vector<v1::RehearseRequest> requests;
  RETURN_IF_ERROR(FillRequests(client, options, &requests));
  bool is_first = true;
  for (v1::RehearseRequest& request : requests) {
    request.set_last_records(options.last);
    request.set_samples(options.samples);
    ASSIGN_OR_RETURN(const v1::RehearseResponse response,
                     grpc_support::Call(client.transformer(), &v1::TransformerService::Stub::Rehearse,
                                        request, {.timeout = absl::Minutes(10)}));
    if (context.json) {
      PrintJson(std::cout, response);
      continue;
    }
    if (!std::exchange(is_first, false)) std::cout << "\n";
    PrintRehearsal(std::cout, request.sync(), response);
  }
  return absl::OkStatus();
}

absl::Status Approve(Context& context, const std::string& id, const std::string& etag) {
  Client client = context.Connect();
  v1::ApproveSyncRequest request;
  request.set_name(absl::StrCat("syncs/", absl::StripPrefix(id, "syncs/")));
  request.set_etag(etag);
  v1::GetSyncRequest get;
  get.set_name(request.name());
  ASSIGN_OR_RETURN(const v1::GetSyncResponse held, client.Call(client.registry(), &Stub::GetSync, get));
  // What is approved is what is shown.
  if (etag.empty()) request.set_etag(held.sync().etag());
  ASSIGN_OR_RETURN(const v1::ApproveSyncResponse response,
                   client.Call(client.rules(), &v1::RulesService::Stub::ApproveSync, request));
  if (context.json) {
    PrintJson(std::cout, response);
  } else {
    const v1::LeaveGuard& guard = held.sync().guard();
    std::cout << "Sync " << absl::StripPrefix(request.name(), "syncs/")
              << " is approved: " << FormatCount(guard.leaving_count()) << " of "
              << FormatCount(guard.record_count()) << " records leave " << held.sync().target_platform()
              << ".\n";
  }
  return absl::OkStatus();
}

}  // namespace

void AddSyncGuardCommands(CLI::App& sync, Context& context) {
  auto options = std::make_shared<RehearseOptions>();
  CLI::App* const rehearse = sync.add_subcommand(
      "rehearse", "Count what syncs would do to the records that there are; writes nothing");
  rehearse->footer(
      "Examples:\n"
      "  cognate sync rehearse syncs.yaml                as the file says, before `cognate sync apply`\n"
      "  cognate sync rehearse articles --last 100000    as it is, such as one that is held");
  rehearse->add_option("what", options->what, "Files of syncs, - for what comes in, or ids")->required();
  rehearse->add_option("--last", options->last, "So many records, those that were changed last (1,000)")
      ->check(CLI::Range(1, 100'000));
  rehearse->add_option("--samples", options->samples, "Records that are shown of each outcome (3)")
      ->check(CLI::Range(1, 50));
  rehearse->callback([&context, options] { context.status = Rehearse(context, *options); });

  auto id = std::make_shared<std::string>();
  auto etag = std::make_shared<std::string>();
  CLI::App* const approve = sync.add_subcommand(
      "approve", "Let a held sync take away from its target what its changed rules leave out");
  approve->footer(
      "What that is: `cognate sync rehearse`. To keep it, change the rules back. Example:\n"
      "  cognate sync approve articles");
  approve->add_option("id", *id)->required();
  approve->add_option("--etag", *etag, "Only if it is still this one");
  approve->callback([&context, id, etag] { context.status = Approve(context, *id, *etag); });
}

}  // namespace cognate::cli
