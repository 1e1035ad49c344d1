#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/trouble_options.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::FeedbackService::Stub;

absl::Status List(Context& context, const v1::TroubleFilter& filter) {
  Client client = context.Connect();
  v1::ListTroublesRequest request;
  *request.mutable_filter() = filter;
  request.set_page_size(1000);
  Table table({"STATE", "RECORD", "TO", "REASON", "ATTEMPTS", "NEXT", "WHAT IT SAYS"});
  do {
    ASSIGN_OR_RETURN(const v1::ListTroublesResponse page,
                     client.Call(client.feedback(), &Stub::ListTroubles, request));
    for (const v1::Trouble& trouble : page.troubles()) {
      if (context.json) PrintJson(std::cout, trouble);
      table.Add({FormatState(trouble.state()), FormatRecord(trouble.source()), FormatRecord(trouble.target()),
                 trouble.error().reason(), absl::StrCat(trouble.attempt_count()),
                 FormatTime(trouble.next_attempt_time()), trouble.error().message()});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (!context.json) table.Print(std::cout, "No troubles.");
  return absl::OkStatus();
}

absl::Status Group(Context& context, const v1::TroubleFilter& filter) {
  Client client = context.Connect();
  v1::GroupTroublesRequest request;
  *request.mutable_filter() = filter;
  ASSIGN_OR_RETURN(const v1::GroupTroublesResponse response,
                   client.Call(client.feedback(), &Stub::GroupTroubles, request));
  if (context.json) {
    PrintJson(std::cout, response);
    return absl::OkStatus();
  }
  Table table({"COUNT", "TARGET", "STATE", "REASON", "OLDEST", "NEWEST", "ONE OF THEM SAYS"});
  for (const v1::TroubleGroup& group : response.groups()) {
    table.Add({FormatCount(group.count()), group.platform(), FormatState(group.state()), group.reason(),
               FormatTime(group.oldest_time()), FormatTime(group.newest_time()), group.sample_message()});
  }
  table.Print(std::cout, "No troubles.");
  return absl::OkStatus();
}

absl::Status ShowOne(Context& context, Client& client, const v1::Trouble& trouble) {
  v1::GetTroubleRequest request;
  request.set_entity_id(trouble.entity_id());
  request.set_platform(trouble.target().platform());
  request.set_model(trouble.target().model());
  ASSIGN_OR_RETURN(const v1::GetTroubleResponse response,
                   client.Call(client.feedback(), &Stub::GetTrouble, request));
  if (context.json) {
    PrintJson(std::cout, response);
  } else {
    PrintTrouble(std::cout, response);
  }
  return absl::OkStatus();
}

absl::Status Show(Context& context, const v1::TroubleFilter& filter) {
  Client client = context.Connect();
  v1::ListTroublesRequest request;
  *request.mutable_filter() = filter;
  ASSIGN_OR_RETURN(const v1::ListTroublesResponse found,
                   client.Call(client.feedback(), &Stub::ListTroubles, request));
  for (const v1::Trouble& trouble : found.troubles()) RETURN_IF_ERROR(ShowOne(context, client, trouble));
  if (found.troubles().empty() && !context.json) {
    std::cout << "Nothing is wrong with " << FormatRecord(filter.source())
              << ". How it stands: cognate explain " << FormatRecord(filter.source()) << "\n";
  }
  return absl::OkStatus();
}

absl::Status Redrive(Context& context, const v1::TroubleFilter& filter) {
  Client client = context.Connect();
  v1::RedriveRequest request;
  *request.mutable_filter() = filter;
  ASSIGN_OR_RETURN(const v1::RedriveResponse response,
                   client.Call(client.feedback(), &Stub::Redrive, request));
  if (context.json) {
    PrintJson(std::cout, response);
  } else {
    std::cout << FormatCount(response.redriven_count()) << " records are on their way again.\n";
  }
  return absl::OkStatus();
}

absl::Status Discard(Context& context, const v1::DiscardTroublesRequest& request) {
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::DiscardTroublesResponse response,
                   client.Call(client.feedback(), &Stub::DiscardTroubles, request));
  if (context.json) {
    PrintJson(std::cout, response);
    return absl::OkStatus();
  }
  if (request.force()) {
    std::cout << FormatCount(response.discarded_count())
              << " are discarded; their targets keep what they have until a newer change comes.\n";
    return absl::OkStatus();
  }
  Table table({"STATE", "RECORD", "TO", "REASON", "WHAT IT SAYS"});
  for (const v1::Trouble& trouble : response.samples()) {
    table.Add({FormatState(trouble.state()), FormatRecord(trouble.source()), FormatRecord(trouble.target()),
               trouble.error().reason(), trouble.error().message()});
  }
  table.Print(std::cout, "Nothing is meant.");
  if (response.discarded_count() == 0) return absl::OkStatus();
  std::cout << "\nThese " << FormatCount(response.discarded_count())
            << " would be discarded; nothing is written yet. To do it: the same with --force --expect "
            << response.discarded_count() << "\n";
  return absl::OkStatus();
}

absl::Status RetryHeld(Context& context, const v1::RetryHeldRequest& request) {
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::RetryHeldResponse response,
                   client.Call(client.feedback(), &Stub::RetryHeld, request));
  if (context.json) {
    PrintJson(std::cout, response);
    return absl::OkStatus();
  }
  std::cout << FormatCount(response.total_count()) << " were held in the name of "
            << request.acting_identity() << ": " << FormatCount(response.replayed_count())
            << " are on their way again, " << FormatCount(response.failed_count()) << " could not be sent.\n";
  for (const v1::RetryHeldError& error : response.errors()) {
    std::cout << "! " << FormatCount(error.count()) << " (" << FormatRecord(error.source())
              << "): " << error.error().message() << " (" << error.error().reason() << ")\n";
  }
  return absl::OkStatus();
}

void AddDiscard(CLI::App& troubles, Context& context, const std::shared_ptr<TroubleOptions>& options) {
  CLI::App* discard = troubles.add_subcommand("discard", "Give up what is dead; targets keep what they have");
  discard->footer(
      "Without --force it only says what would be given up.\n"
      "Examples:\n"
      "  cognate troubles discard --platform shop --reason VALUE_TOO_LONG\n"
      "  cognate troubles discard --platform shop --reason VALUE_TOO_LONG --force --expect 12");
  AddTroubleOptions(*discard, options);
  auto request = std::make_shared<v1::DiscardTroublesRequest>();
  auto force = std::make_shared<bool>(false);
  auto expect = std::make_shared<int64_t>(-1);
  discard->add_flag("--force", *force, "Do it");
  discard->add_option("--expect", *expect, "Only if there are just so many")->check(CLI::NonNegativeNumber);
  discard->callback([&context, options, request, force, expect] {
    *request->mutable_filter() = options->Filter();
    request->set_force(*force);
    if (*expect >= 0) request->set_expected_count(*expect);
    context.status = Discard(context, *request);
  });
}

void AddRetryHeld(CLI::App& troubles, Context& context) {
  CLI::App* retry =
      troubles.add_subcommand("retry-held", "Send what is held for an identity on its way again");
  retry->footer(
      "Examples:\n"
      "  cognate troubles retry-held ada@example.org --platform shop    after her login was mended");
  auto request = std::make_shared<v1::RetryHeldRequest>();
  retry->add_option("identity", *request->mutable_acting_identity(), "In whose name it is written")
      ->required();
  retry->add_option("--platform", *request->mutable_platform(), "Only this target");
  retry->callback([&context, request] { context.status = RetryHeld(context, *request); });
}

// A subcommand that does `act` with what its options mean.
void AddAct(CLI::App& troubles, Context& context, const std::shared_ptr<TroubleOptions>& options,
            const std::string& name, const std::string& what,
            absl::Status (*act)(Context&, const v1::TroubleFilter&)) {
  CLI::App* command = troubles.add_subcommand(name, what);
  AddTroubleOptions(*command, options);
  command->callback([&context, options, act] { context.status = act(context, options->Filter()); });
}

}  // namespace

void AddTroublesCommand(CLI::App& app, Context& context) {
  CLI::App* troubles = app.add_subcommand("troubles", "What cannot follow right now, and why");
  troubles->footer(
      "Examples:\n"
      "  cognate troubles --platform shop --state DEAD\n"
      "  cognate troubles group                                         counts by target, state and reason\n"
      "  cognate troubles show atlas public.country 62                  what was answered, what would be "
      "sent now\n"
      "  cognate troubles redrive --reason VALUE_TOO_LONG               try them again, after the target was "
      "mended\n"
      "  cognate troubles discard --reason VALUE_TOO_LONG --older 30d   give them up\n"
      "  cognate troubles retry-held ada@example.org                    her login works again");
  auto options = std::make_shared<TroubleOptions>();
  AddTroubleOptions(*troubles, options);
  AddAct(*troubles, context, options, "list", "One line for each", List);
  AddAct(*troubles, context, options, "group", "Counts by target, state and reason", Group);
  AddAct(*troubles, context, options, "redrive", "Send the dead on their way again", Redrive);
  CLI::App* show = troubles->add_subcommand("show", "What was answered, and what would be sent now");
  auto filter = std::make_shared<v1::TroubleFilter>();
  show->add_option("platform", *filter->mutable_source()->mutable_platform(), "Of the source")->required();
  show->add_option("model", *filter->mutable_source()->mutable_model())->required();
  show->add_option("local_id", *filter->mutable_source()->mutable_local_id())->required();
  show->add_option("--target", *filter->mutable_platform(), "Only this target");
  show->callback([&context, filter] { context.status = Show(context, *filter); });
  AddDiscard(*troubles, context, options);
  AddRetryHeld(*troubles, context);
  troubles->callback([&context, troubles, options] {
    if (troubles->get_subcommands().empty()) context.status = List(context, options->Filter());
  });
}

}  // namespace cognate::cli
