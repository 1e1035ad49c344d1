// What a first contact would find, beforehand.
#include "cli/sync_match.h"

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cli/output.h"
#include "cli/sync_file.h"
#include "common/grpc/call_options.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::PlatformRegistryService::Stub;

struct MatchOptions {
  std::string what;
  int samples = 0;
};

absl::StatusOr<std::vector<v1::Sync>> ReadSyncs(Client& client, const std::string& what) {
  std::vector<v1::Sync> syncs;
  if (what == "-" || absl::EndsWith(what, ".yaml") || absl::EndsWith(what, ".yml") ||
      std::filesystem::exists(what)) {
    ASSIGN_OR_RETURN(const std::vector<FileSync> files, ReadSyncFiles({what}));
    for (const FileSync& file : files) syncs.push_back(file.sync);
    return syncs;
  }
  v1::GetSyncRequest request;
  request.set_name(absl::StrCat("syncs/", absl::StripPrefix(what, "syncs/")));
  ASSIGN_OR_RETURN(const v1::GetSyncResponse response,
                   client.Call(client.registry(), &Stub::GetSync, request));
  syncs.push_back(response.sync());
  return syncs;
}

void PrintKind(int64_t count, const std::string& words,
               const google::protobuf::RepeatedPtrField<v1::MatchedRecords>& samples) {
  std::cout << FormatCount(count) << " " << words << "\n";
  for (const v1::MatchedRecords& sample : samples) {
    std::cout << "    " << absl::StrJoin(sample.source_ids(), ", ");
    if (!sample.source_ids().empty() && !sample.target_ids().empty()) std::cout << " ↔ ";
    std::cout << absl::StrJoin(sample.target_ids(), ", ") << "\n";
  }
}

void PrintMatch(const v1::Sync& sync, const v1::MatchRecordsResponse& found) {
  const std::string source = absl::StrCat(sync.source_model(), " on ", sync.source_platform());
  const std::string target = absl::StrCat(sync.target_model(), " on ", sync.target_platform());
  std::cout << sync.name() << ": " << FormatCount(found.source_count()) << " records of " << source << " and "
            << FormatCount(found.target_count()) << " of " << target << ".\n";
  PrintKind(found.known_count(), "are the same already", {});
  PrintKind(found.matched_count(), "match one of the target's", found.matched());
  PrintKind(found.ambiguous_count(),
            "are ambiguous: several match each other, a person must decide (AMBIGUOUS_MATCH)",
            found.ambiguous());
  PrintKind(found.source_only_count(), "are at the source alone: they would be created", found.source_only());
  PrintKind(found.target_only_count(), "are on the target alone", found.target_only());
  if (found.left_out_count() > 0)
    PrintKind(found.left_out_count(), "of the source's are out of scope or refused", {});
}

absl::Status Match(Context& context, const MatchOptions& options) {
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const std::vector<v1::Sync> syncs, ReadSyncs(client, options.what));
  for (const v1::Sync& sync : syncs) {
    v1::MatchRecordsRequest request;
    *request.mutable_sync() = sync;
    request.set_samples(options.samples);
    ASSIGN_OR_RETURN(const v1::MatchRecordsResponse response,
                     grpc_support::Call(client.transformer(), &v1::TransformerService::Stub::MatchRecords,
                                        request, {.timeout = absl::Minutes(10)}));
    if (context.json) {
      PrintJson(std::cout, response);
    } else {
      PrintMatch(sync, response);
    }
  }
  return absl::OkStatus();
}

}  // namespace

void AddSyncMatchCommand(CLI::App& sync, Context& context) {
  auto options = std::make_shared<MatchOptions>();
  CLI::App* const match = sync.add_subcommand(
      "match", "Compare the records of both sides by a sync's natural keys; writes nothing");
  match->footer(
      "Examples:\n  cognate sync match articles\n  cognate sync match syncs.yaml --samples 20   before it is "
      "applied");
  match->add_option("what", options->what, "The id of a sync, a file of syncs, or - for what comes in")
      ->required();
  match->add_option("--samples", options->samples, "How many are shown of each kind (5)")
      ->check(CLI::Range(1, 100));
  match->callback([&context, options] { context.status = Match(context, *options); });
}

}  // namespace cognate::cli
