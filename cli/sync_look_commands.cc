#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/output.h"
#include "cli/sync_file_commands.h"
#include "cli/sync_standing.h"
#include "cli/sync_words.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::PlatformRegistryService::Stub;

absl::StatusOr<v1::Sync> GetSync(Client& client, const std::string& id) {
  v1::GetSyncRequest request;
  request.set_name(absl::StrCat("syncs/", absl::StripPrefix(id, "syncs/")));
  ASSIGN_OR_RETURN(v1::GetSyncResponse response, client.Call(client.registry(), &Stub::GetSync, request));
  return std::move(*response.mutable_sync());
}

absl::Status Describe(Context& context, const std::string& id) {
  Client client = context.Connect();
  v1::CompiledSync compiled;
  ASSIGN_OR_RETURN(*compiled.mutable_sync(), GetSync(client, id));
  ASSIGN_OR_RETURN(const v1::GetRulesResponse rules,
                   client.Call(client.registry(), &Stub::GetRules, v1::GetRulesRequest()));
  for (const v1::CompiledSync& one : rules.rules().syncs()) {
    if (one.sync().name() == compiled.sync().name()) compiled = one;
  }
  if (context.json) {
    PrintJson(std::cout, compiled);
  } else {
    PrintSync(std::cout, compiled);
    PrintStanding(std::cout, client, compiled.sync().name());
  }
  return absl::OkStatus();
}

absl::Status Preview(Context& context, const std::string& id, const std::string& local_id) {
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::Sync sync, GetSync(client, id));
  v1::PreviewRequest request;
  request.mutable_record()->set_platform(sync.source_platform());
  request.mutable_record()->set_model(sync.source_model());
  request.mutable_record()->set_local_id(local_id);
  request.set_target_platform(sync.target_platform());
  ASSIGN_OR_RETURN(const v1::PreviewResponse response,
                   client.Call(client.transformer(), &v1::TransformerService::Stub::Preview, request));
  if (context.json) {
    PrintJson(std::cout, response);
    return absl::OkStatus();
  }
  std::cout << FormatRecord(request.record()) << "\n";
  for (const v1::ExplanationStep& step : response.steps()) PrintStep(std::cout, step);
  for (const v1::RenderedRecord& record : response.records()) {
    if (record.model() == sync.target_model()) PrintRendered(std::cout, record, sync.name());
  }
  return absl::OkStatus();
}

}  // namespace

void AddSyncLookCommands(CLI::App& sync, Context& context) {
  auto id = std::make_shared<std::string>();
  auto local_id = std::make_shared<std::string>();
  CLI::App* const describe = sync.add_subcommand("describe", "Tell all that a sync does");
  describe->add_option("id", *id)->required();
  describe->callback([&context, id] { context.status = Describe(context, *id); });
  CLI::App* const preview =
      sync.add_subcommand("preview", "Show what a record would become, step by step; writes nothing");
  preview->footer("Example:\n  cognate sync preview countries 62");
  preview->add_option("id", *id)->required();
  preview->add_option("local_id", *local_id, "What the source calls the record")->required();
  preview->callback([&context, id, local_id] { context.status = Preview(context, *id, *local_id); });
}

}  // namespace cognate::cli
