#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cli/commands.h"
#include "cli/key_words.h"
#include "cli/output.h"
#include "cli/sync_options.h"
#include "common/access/scopes.h"
#include "common/clock/clock.h"
#include "common/clock/time_proto.h"

namespace cognate::cli {
namespace {

using Stub = v1::KeyService::Stub;

struct KeyOptions {
  std::string id, role, platform, out;
  std::optional<std::string> display_name, expires_in;
  std::vector<std::string> scopes, addresses;
  std::optional<double> max_rate;
  bool with_dead = false;
};

// Into a key, the fields that were given; `paths` gets their names.
absl::Status SetFields(const KeyOptions& options, v1::Key* key, std::vector<std::string>* paths) {
  if (options.display_name) {
    key->set_display_name(*options.display_name);
    paths->emplace_back("display_name");
  }
  if (options.max_rate) {
    key->set_max_rate(*options.max_rate);
    paths->emplace_back("max_rate");
  }
  if (!options.addresses.empty()) paths->emplace_back("allowed_addresses");
  for (const std::string& address : options.addresses) {
    if (!address.empty()) key->add_allowed_addresses(address);
  }
  if (!options.expires_in) return absl::OkStatus();
  paths->emplace_back("expire_time");
  if (options.expires_in->empty()) return absl::OkStatus();
  absl::Duration duration;
  if (!absl::ParseDuration(*options.expires_in, &duration))
    return WrongOption("--expires-in", *options.expires_in,
                       "a duration such as 30m or 2160h, or '' for no end");
  *key->mutable_expire_time() = ToTimestamp(Clock::Real().Now() + duration);
  return absl::OkStatus();
}

absl::Status Create(Context& context, const KeyOptions& options) {
  v1::CreateKeyRequest request;
  v1::Key& key = *request.mutable_key();
  key.set_role(access::ParseRole(options.role));
  key.set_platform(options.platform);
  for (const std::string& scope : options.scopes) key.add_scopes(scope);
  std::vector<std::string> paths;
  RETURN_IF_ERROR(SetFields(options, &key, &paths));
  ASSIGN_OR_RETURN(SecretOutput output, SecretOutput::Open(options.out));
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::CreateKeyResponse made, CallForSecret(client, &Stub::CreateKey, request));
  return TellSecret(context, output, made, made.secret(), &v1::CreateKeyResponse::clear_secret,
                    absl::StrCat("Made ", made.key().name(), "."));
}

std::string StateOf(const v1::Key& key) {
  if (key.has_revoke_time()) return "revoked";
  if (key.has_expire_time() && ToTime(key.expire_time()) <= Clock::Real().Now()) return "expired";
  if (key.rotates_with().empty()) return "good";
  return absl::StrCat("rotates with ", absl::StripPrefix(key.rotates_with(), "keys/"));
}

absl::Status List(Context& context, const KeyOptions& options) {
  Client client = context.Connect();
  Table table({"KEY", "ROLE", "PLATFORM", "NAME", "SCOPES", "STATE", "EXPIRES", "LAST USED", "FROM"});
  v1::ListKeysRequest request;
  request.set_platform(options.platform);
  request.set_with_dead(options.with_dead);
  do {
    ASSIGN_OR_RETURN(const v1::ListKeysResponse page, client.Call(client.keys(), &Stub::ListKeys, request));
    for (const v1::Key& key : page.keys()) {
      if (context.json) PrintJson(std::cout, key);
      table.Add({std::string(absl::StripPrefix(key.name(), "keys/")), access::RoleWord(key.role()),
                 key.platform(), key.display_name(), absl::StrJoin(key.scopes(), ","), StateOf(key),
                 FormatTime(key.expire_time()), FormatTime(key.last_used_time()), key.last_used_address()});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (!context.json) table.Print(std::cout, "No keys yet: `cognate key create --help`.");
  return absl::OkStatus();
}

absl::Status Show(const Context& context, const v1::Key& key) {
  context.json ? PrintJson(std::cout, key) : PrintKey(std::cout, key);
  return absl::OkStatus();
}

absl::Status Get(Context& context, const std::string& id) {
  Client client = context.Connect();
  v1::GetKeyRequest request;
  request.set_name(KeyNameOf(id));
  ASSIGN_OR_RETURN(const v1::GetKeyResponse response, client.Call(client.keys(), &Stub::GetKey, request));
  return Show(context, response.key());
}

absl::Status Update(Context& context, const KeyOptions& options) {
  Client client = context.Connect();
  v1::UpdateKeyRequest request;
  request.mutable_key()->set_name(KeyNameOf(options.id));
  std::vector<std::string> paths;
  RETURN_IF_ERROR(SetFields(options, request.mutable_key(), &paths));
  for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
  ASSIGN_OR_RETURN(const v1::UpdateKeyResponse response,
                   client.Call(client.keys(), &Stub::UpdateKey, request));
  return Show(context, response.key());
}

absl::Status Revoke(Context& context, const std::string& id) {
  Client client = context.Connect();
  v1::RevokeKeyRequest request;
  request.set_name(KeyNameOf(id));
  ASSIGN_OR_RETURN(const v1::RevokeKeyResponse response,
                   client.Call(client.keys(), &Stub::RevokeKey, request));
  return Show(context, response.key());
}

absl::Status WhoAmI(Context& context) {
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::WhoAmIResponse response,
                   client.Call(client.keys(), &Stub::WhoAmI, v1::WhoAmIRequest()));
  if (context.json) {
    PrintJson(std::cout, response);
    return absl::OkStatus();
  }
  const v1::Principal& principal = response.principal();
  std::cout << principal.name()
            << (principal.display_name().empty() ? "" : absl::StrCat(" (", principal.display_name(), ")"))
            << ": " << access::RoleWord(principal.role()) << (principal.platform().empty() ? "" : " ")
            << principal.platform() << ".\n";
  std::cout << "It may: "
            << (response.effective_scopes().empty() ? "what its own platform needs"
                                                    : absl::StrJoin(response.effective_scopes(), ", "))
            << ".\n";
  return absl::OkStatus();
}

void AddFieldOptions(CLI::App* command, KeyOptions* options) {
  command->add_option("--display-name", options->display_name, "For people");
  command
      ->add_option(
          "--allow", options->addresses,
          "Where it may be used from: an address or a network such as 203.0.113.0/24; may come often")
      ->take_all();
  command->add_option("--max-rate", options->max_rate,
                      "Calls a second by each replica of a service; 0 for no limit");
  command->add_option("--expires-in", options->expires_in, "It is good for nothing after this: 30m, 2160h");
}

void AddCreate(CLI::App& key, Context& context) {
  auto options = std::make_shared<KeyOptions>();
  CLI::App* const create = key.add_subcommand("create", "Make a key; its secret is told once");
  create->footer(
      "Examples:\n"
      "  cognate key create --role operator --display-name Ada --out ada.key\n"
      "  cognate key create --role viewer --scope runs.execute --scope conflicts.resolve --out desk.key\n"
      "  cognate key create --role platform --platform till --allow 203.0.113.0/24 --out till.key");
  create->add_option("--role", options->role, "What it stands for")
      ->required()
      ->check(CLI::IsMember({"platform", "viewer", "operator"}));
  create->add_option("--platform", options->platform, "Whose it is, with --role platform");
  create
      ->add_option("--scope", options->scopes,
                   "With --role viewer, what it may beyond (docs/access.md); may come often")
      ->take_all();
  AddFieldOptions(create, options.get());
  create->add_option("--out", options->out,
                     "A new file for the secret, which only you can read; else it is printed");
  create->callback([&context, options] { context.status = Create(context, *options); });
}

void AddLooks(CLI::App& key, Context& context) {
  auto options = std::make_shared<KeyOptions>();
  CLI::App* const list = key.add_subcommand("list", "List keys, newest first");
  list->add_option("--platform", options->platform, "Only this platform's");
  list->add_flag("--dead", options->with_dead, "Also those that were revoked or have expired");
  list->callback([&context, options] { context.status = List(context, *options); });
  CLI::App* const get = key.add_subcommand("get", "Show a key");
  get->add_option("id", options->id)->required();
  get->callback([&context, options] { context.status = Get(context, options->id); });
  key.add_subcommand("whoami", "Say who you are to the services, and what you may")->callback([&context] {
    context.status = WhoAmI(context);
  });
}

void AddChanges(CLI::App& key, Context& context) {
  auto options = std::make_shared<KeyOptions>();
  CLI::App* const update = key.add_subcommand("update", "Change where, how much and how long a key is good");
  update->footer(
      "Examples:\n"
      "  cognate key update abcdefgh2345 --allow 203.0.113.0/24 --allow 2001:db8::/32\n"
      "  cognate key update abcdefgh2345 --allow ''        from anywhere\n"
      "  cognate key update abcdefgh2345 --expires-in 24h");
  update->add_option("id", options->id)->required();
  AddFieldOptions(update, options.get());
  update->callback([&context, options] { context.status = Update(context, *options); });
  CLI::App* const revoke = key.add_subcommand("revoke", "End a key for good, everywhere, within a second");
  revoke->add_option("id", options->id)->required();
  revoke->callback([&context, options] { context.status = Revoke(context, options->id); });
}

}  // namespace

void AddKeyCommand(CLI::App& app, Context& context) {
  CLI::App* const key = app.add_subcommand("key", "Who may call: keys, enrolment, rotation (docs/keys.md)");
  key->require_subcommand(1);
  AddCreate(*key, context);
  AddLooks(*key, context);
  AddChanges(*key, context);
  AddKeyRotationCommands(*key, context);
  AddEnrolmentCommands(*key, context);
}

}  // namespace cognate::cli
