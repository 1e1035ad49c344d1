#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/commands.h"
#include "cli/event_options.h"
#include "cli/output.h"
#include "common/clock/clock.h"
#include "common/clock/time_proto.h"
#include "common/ids/uuid.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::EventService::Stub;

constexpr char kPrefix[] = "eventHooks/";

std::string NameOf(absl::string_view id) { return absl::StrCat(kPrefix, absl::StripPrefix(id, kPrefix)); }

// What create and update have in common.
struct HookOptions {
  std::string id;
  std::optional<std::string> url;
  std::vector<std::string> secret_files, secret_environments;
  std::optional<int> max_events;
  bool allow_private = false;
  bool pause = false;
  bool resume = false;
  EventOptions events;

  void Add(CLI::App* command) {
    command->add_option("id", id)->required();
    command->add_option("--url", url, "Events go to this https:// endpoint (docs/events.md)");
    command->add_option("--secret-file", secret_files, "Where the services read the secret; up to four times")
        ->take_all();
    command
        ->add_option("--secret-env", secret_environments,
                     "The services' environment variable with the secret")
        ->take_all();
    command->add_option("--events", max_events, "Events in one request, 1 to 1000; default 100");
    command->add_flag("--allow-private-addresses", allow_private, "The endpoint may be inside");
    command->add_flag("--pause", pause, "Nothing is sent until --resume");
    command->add_flag("--resume", resume, "It goes on");
    events.Add(command);
  }
  bool changes_endpoint() const {
    return url || max_events || allow_private || !secret_files.empty() || !secret_environments.empty();
  }
  void SetEndpoint(v1::Webhook* endpoint) const {
    if (url) endpoint->set_url(*url);
    if (max_events) endpoint->set_max_deliveries(*max_events);
    if (allow_private) endpoint->set_allow_private_addresses(true);
    if (secret_files.empty() && secret_environments.empty()) return;
    endpoint->clear_secrets();
    for (const std::string& file : secret_files) endpoint->add_secrets()->set_file(file);
    for (const std::string& variable : secret_environments)
      endpoint->add_secrets()->set_environment(variable);
  }
};

std::string StateOf(const v1::EventHook& hook) {
  if (!hook.broken().empty()) return hook.broken();
  if (hook.is_paused()) return "paused";
  return hook.last_error().empty() ? "well" : hook.last_error();
}

void Print(const Context& context, const v1::EventHook& hook) {
  if (context.json) return PrintJson(std::cout, hook);
  std::cout << hook.name() << " → " << hook.endpoint().url() << "\n"
            << "  state      " << StateOf(hook) << "\n"
            << "  last sent  " << FormatTime(hook.last_sent_time()) << "\n"
            << "  behind     " << absl::FormatDuration(ToDuration(hook.lag())) << "\n"
            << "  filter     "
            << (hook.filter().ShortDebugString().empty() ? "all" : hook.filter().ShortDebugString()) << "\n";
}

absl::StatusOr<v1::EventHook> Get(Client& client, const std::string& id) {
  v1::GetEventHookRequest request;
  request.set_name(NameOf(id));
  ASSIGN_OR_RETURN(v1::GetEventHookResponse response,
                   client.Call(client.events(), &Stub::GetEventHook, request));
  return std::move(*response.mutable_event_hook());
}

absl::Status Create(Context& context, const HookOptions& options) {
  Client client = context.Connect();
  v1::CreateEventHookRequest request;
  request.set_request_id(Uuid::V7(Clock::Real()).ToString());
  v1::EventHook& hook = *request.mutable_event_hook();
  hook.set_name(NameOf(options.id));
  options.SetEndpoint(hook.mutable_endpoint());
  RETURN_IF_ERROR(options.events.SetFilter(hook.mutable_filter()));
  if (!options.events.digest.empty()) RETURN_IF_ERROR(options.events.SetDigest(hook.mutable_digest()));
  hook.set_is_paused(options.pause);
  ASSIGN_OR_RETURN(const v1::CreateEventHookResponse response,
                   client.Call(client.events(), &Stub::CreateEventHook, request));
  Print(context, response.event_hook());
  return absl::OkStatus();
}

absl::Status Update(Context& context, const HookOptions& options) {
  Client client = context.Connect();
  v1::UpdateEventHookRequest request;
  v1::EventHook& hook = *request.mutable_event_hook();
  ASSIGN_OR_RETURN(hook, Get(client, options.id));
  const auto change = [&](const char* path) { request.mutable_update_mask()->add_paths(path); };
  if (options.changes_endpoint()) {
    options.SetEndpoint(hook.mutable_endpoint());
    change("endpoint");
  }
  if (options.events.changes_filter()) {
    hook.clear_filter();
    RETURN_IF_ERROR(options.events.SetFilter(hook.mutable_filter()));
    change("filter");
  }
  if (!options.events.digest.empty()) {
    RETURN_IF_ERROR(options.events.SetDigest(hook.mutable_digest()));
    change("digest");
  }
  if (options.pause || options.resume) {
    hook.set_is_paused(options.pause);
    change("is_paused");
  }
  ASSIGN_OR_RETURN(const v1::UpdateEventHookResponse response,
                   client.Call(client.events(), &Stub::UpdateEventHook, request));
  Print(context, response.event_hook());
  return absl::OkStatus();
}

absl::Status List(Context& context) {
  Client client = context.Connect();
  Table table({"HOOK", "URL", "BEHIND", "LAST SENT", "STATE"});
  v1::ListEventHooksRequest request;
  request.set_page_size(1000);
  do {
    ASSIGN_OR_RETURN(const v1::ListEventHooksResponse page,
                     client.Call(client.events(), &Stub::ListEventHooks, request));
    for (const v1::EventHook& hook : page.event_hooks()) {
      if (context.json) PrintJson(std::cout, hook);
      table.Add({std::string(absl::StripPrefix(hook.name(), kPrefix)), hook.endpoint().url(),
                 absl::FormatDuration(ToDuration(hook.lag())), FormatTime(hook.last_sent_time()),
                 StateOf(hook)});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (!context.json) table.Print(std::cout, "No hooks. `cognate hook create ID --url …` adds one.");
  return absl::OkStatus();
}

absl::Status GetOne(Context& context, const std::string& id) {
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::EventHook hook, Get(client, id));
  Print(context, hook);
  return absl::OkStatus();
}

absl::Status Delete(Context& context, const std::string& id) {
  Client client = context.Connect();
  v1::DeleteEventHookRequest request;
  request.set_name(NameOf(id));
  RETURN_IF_ERROR(client.Call(client.events(), &Stub::DeleteEventHook, request).status());
  if (!context.json) std::cout << "Deleted " << request.name() << ".\n";
  return absl::OkStatus();
}

}  // namespace

void AddHookCommand(CLI::App& app, Context& context) {
  CLI::App* hook = app.add_subcommand("hook", "Where events go by HTTP (docs/events.md)");
  hook->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, auto run) {
    CLI::App* command = hook->add_subcommand(name, help);
    auto options = std::make_shared<HookOptions>();
    options->Add(command);
    command->callback([&context, options, run] { context.status = run(context, *options); });
  };
  add("create", "Adds one; events go there from now on", Create);
  add("update", "Changes what is given; a filter as a whole", Update);
  hook->add_subcommand("list", "All of them")->callback([&context] { context.status = List(context); });
  const auto add_named = [&](const char* name, const char* help, auto run) {
    CLI::App* command = hook->add_subcommand(name, help);
    auto id = std::make_shared<std::string>();
    command->add_option("id", *id)->required();
    command->callback([&context, id, run] { context.status = run(context, *id); });
  };
  add_named("get", "One of them", GetOne);
  add_named("delete", "Takes one away; what it has not sent is not sent", Delete);
  hook->footer(
      "Examples:\n"
      "  cognate hook create site --url https://example.org/events --secret-file site.secret --kind "
      "published --kind "
      "dead\n"
      "  cognate hook update site --digest 1m\n"
      "  cognate hook update site --resume");
}

}  // namespace cognate::cli
