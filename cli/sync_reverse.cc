#include <fstream>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/output.h"
#include "cli/sync_file.h"
#include "cli/sync_file_commands.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

struct ReverseOptions {
  std::string from;
  std::string output;
};

absl::StatusOr<v1::ReverseSyncResponse> Ask(Client& client, const v1::ReverseSyncRequest& request) {
  return client.Call(client.rules(), &v1::RulesService::Stub::ReverseSync, request);
}

bool IsFile(const std::string& from) { return from == "-" || access(from.c_str(), R_OK) == 0; }

absl::Status Reverse(Context& context, const ReverseOptions& options) {
  std::vector<v1::ReverseSyncRequest> requests;
  if (IsFile(options.from)) {
    ASSIGN_OR_RETURN(const std::vector<FileSync> files, ReadSyncFiles({options.from}));
    for (const FileSync& file : files) *requests.emplace_back().mutable_sync() = file.sync;
  } else {
    requests.emplace_back().set_name(absl::StrCat("syncs/", absl::StripPrefix(options.from, "syncs/")));
  }
  Client client = context.Connect();
  std::vector<v1::Sync> syncs;
  for (const v1::ReverseSyncRequest& request : requests) {
    ASSIGN_OR_RETURN(const v1::ReverseSyncResponse response, Ask(client, request));
    if (context.json) PrintJson(std::cout, response);
    // Beside what `apply` reads.
    for (const v1::NotInvertible& missing : response.missing()) {
      if (!context.json) std::cerr << "no way back: " << missing.field() << ": " << missing.reason() << "\n";
    }
    syncs.push_back(response.sync());
  }
  if (options.output.empty()) {
    if (!context.json) std::cout << WriteSyncs(syncs);
    return absl::OkStatus();
  }
  std::ofstream out(options.output, std::ios::binary);
  out << WriteSyncs(syncs);
  out.close();
  if (!out.good())
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_FILE",
                 absl::StrCat(options.output, ": cannot be written"));
  return absl::OkStatus();
}

}  // namespace

void AddSyncReverseCommand(CLI::App& sync, Context& context) {
  auto options = std::make_shared<ReverseOptions>();
  CLI::App* const reverse =
      sync.add_subcommand("reverse", "Write the sync for the other way as YAML; says what has no way back");
  reverse->footer(
      "Examples:\n  cognate sync reverse articles | cognate sync apply -\n"
      "  cognate sync reverse articles.yaml --output back.yaml");
  reverse->add_option("sync", options->from, "A sync's id, or a file of syncs, - for what comes in")
      ->required();
  reverse->add_option("--output,-o", options->output, "A file in the place of the standard output");
  reverse->callback([&context, options] { context.status = Reverse(context, *options); });
}

}  // namespace cognate::cli
