#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands.h"
#include "cli/event_options.h"
#include "cli/output.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

// What other models' records it comes to.
absl::Status PrintParts(Client& client, const v1::RecordKey& record) {
  v1::ListPartSetsRequest request;
  *request.mutable_parent() = record;
  ASSIGN_OR_RETURN(const v1::ListPartSetsResponse response,
                   client.Call(client.expansions(), &v1::ExpansionService::Stub::ListPartSets, request));
  for (const v1::PartSet& set : response.sets()) {
    constexpr int kShown = 20;
    std::vector<std::string> ids;
    for (int i = 0; i < std::min(set.parts_size(), kShown); ++i) ids.push_back(set.parts(i).local_id());
    std::cout << "\nIts parts in " << set.model() << ": " << (ids.empty() ? "none" : absl::StrJoin(ids, "; "))
              << (set.parts_size() > kShown ? "; …" : "") << "\n";
    if (set.has_error())
      std::cout << "  They are those of an older version: version " << set.version()
                << " has none, because of " << set.error().message() << " (" << set.error().reason()
                << ").\n";
  }
  return absl::OkStatus();
}

absl::Status Explain(Context& context, const v1::ExplainRequest& request) {
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::ExplainResponse response,
                   client.Call(client.feedback(), &v1::FeedbackService::Stub::Explain, request));
  if (context.json) {
    PrintJson(std::cout, response);
    return absl::OkStatus();
  }
  std::cout << FormatRecord(request.record()) << "\n";
  for (const v1::ExplanationStep& step : response.steps()) PrintStep(std::cout, step);
  for (const v1::TargetExplanation& target : response.targets()) {
    std::cout << "\n→ " << target.platform() << " " << target.model() << ": " << FormatState(target.state())
              << "\n";
    for (const v1::ExplanationStep& step : target.steps()) PrintStep(std::cout, step);
    std::cout << "  " << target.conclusion() << "\n";
  }
  RETURN_IF_ERROR(PrintParts(client, request.record()));
  std::cout << "\n" << response.conclusion() << "\n";
  return absl::OkStatus();
}

absl::Status Watch(Context& context, const v1::WatchRequest& first) {
  Client client = context.Connect();
  v1::WatchRequest request = first;
  while (true) {
    grpc::ClientContext call;
    const auto reader = client.feedback().Watch(&call, request);
    v1::WatchResponse response;
    while (reader->Read(&response)) {
      for (const v1::Event& event : response.events()) {
        if (context.json) {
          PrintJson(std::cout, event);
        } else {
          std::cout << FormatTime(event.time()) << "  " << event.sentence() << "\n";
        }
      }
      std::cout << std::flush;
      request.set_resume_token(response.resume_token());
    }
    const absl::Status status = grpc_support::FromGrpcStatus(reader->Finish());
    // A restart of the service is no reason to stop watching; nothing is missed in between.
    if (!absl::IsUnavailable(status) || request.resume_token().empty()) return status;
    absl::SleepFor(absl::Milliseconds(500));
  }
}

}  // namespace

void AddExplainCommand(CLI::App& app, Context& context) {
  CLI::App* explain = app.add_subcommand("explain", "Why a record is, or is not, on its targets");
  explain->footer(
      "Examples:\n"
      "  cognate explain atlas public.country 62\n"
      "  cognate explain shop public.nations 10062            by what the target calls it\n"
      "  cognate explain atlas public.country 62 --target shop");
  auto request = std::make_shared<v1::ExplainRequest>();
  explain->add_option("platform", *request->mutable_record()->mutable_platform())->required();
  explain->add_option("model", *request->mutable_record()->mutable_model())->required();
  explain->add_option("local_id", *request->mutable_record()->mutable_local_id())->required();
  explain->add_option("--target", *request->mutable_target_platform(), "Only this platform");
  explain->callback([&context, request] { context.status = Explain(context, *request); });
}

void AddWatchCommand(CLI::App& app, Context& context) {
  CLI::App* watch = app.add_subcommand("watch", "Events as they happen, until Ctrl-C");
  watch->footer(
      "Examples:\n"
      "  cognate watch\n"
      "  cognate watch --platform shop --from <token>\n"
      "  cognate watch --sync posts --actor anna --digest 30s\n"
      "  cognate watch --aggregate                            one line for each change, over all of its "
      "targets");
  auto request = std::make_shared<v1::WatchRequest>();
  auto options = std::make_shared<EventOptions>();
  options->Add(watch);
  watch->add_option("--from", *request->mutable_resume_token(), "Go on after this resume token");
  watch->callback([&context, request, options] {
    context.status = options->SetFilter(request->mutable_filter());
    if (context.status.ok() && !options->digest.empty())
      context.status = options->SetDigest(request->mutable_digest());
    if (context.status.ok()) context.status = Watch(context, *request);
  });
}

}  // namespace cognate::cli
