#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/key_words.h"
#include "cli/output.h"

namespace cognate::cli {
namespace {

using Stub = v1::KeyService::Stub;

struct RotationOptions {
  std::string id, out;
  bool force = false;
};

absl::Status Start(Context& context, const RotationOptions& options) {
  v1::StartKeyRotationRequest request;
  request.set_name(KeyNameOf(options.id));
  ASSIGN_OR_RETURN(SecretOutput output, SecretOutput::Open(options.out));
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::StartKeyRotationResponse made,
                   CallForSecret(client, &Stub::StartKeyRotation, request));
  return TellSecret(context, output, made, made.secret(), &v1::StartKeyRotationResponse::clear_secret,
                    absl::StrCat(made.key().name(), " is to take the place of ", made.key().rotates_with(),
                                 "; both are good until the rotation is finished."));
}

template <typename Response>
absl::Status Tell(const Context& context, const absl::StatusOr<Response>& response) {
  RETURN_IF_ERROR(response.status());
  context.json ? PrintJson(std::cout, response->key()) : PrintKey(std::cout, response->key());
  return absl::OkStatus();
}

absl::Status Confirm(Context& context) {
  Client client = context.Connect();
  return Tell(context,
              client.Call(client.keys(), &Stub::ConfirmKeyRotation, v1::ConfirmKeyRotationRequest()));
}

absl::Status Finish(Context& context, const RotationOptions& options) {
  v1::FinishKeyRotationRequest request;
  request.set_name(KeyNameOf(options.id));
  request.set_force(options.force);
  Client client = context.Connect();
  return Tell(context, client.Call(client.keys(), &Stub::FinishKeyRotation, request));
}

absl::Status Cancel(Context& context, const RotationOptions& options) {
  v1::CancelKeyRotationRequest request;
  request.set_name(KeyNameOf(options.id));
  Client client = context.Connect();
  return Tell(context, client.Call(client.keys(), &Stub::CancelKeyRotation, request));
}

}  // namespace

void AddKeyRotationCommands(CLI::App& key, Context& context) {
  CLI::App* const rotate = key.add_subcommand("rotate", "Change a key for another one while it is used");
  rotate->require_subcommand(1);
  rotate->footer(
      "Example, with the id of the old key:\n"
      "  cognate key rotate start abcdefgh2345 --out new.key\n"
      "  cognate --key-file new.key key rotate confirm          where the key is used\n"
      "  cognate key rotate finish abcdefgh2345");
  auto options = std::make_shared<RotationOptions>();
  CLI::App* const start = rotate->add_subcommand("start", "Make a second key that may do the same");
  start->add_option("id", options->id, "Of the old key")->required();
  start->add_option("--out", options->out,
                    "A new file for the secret, which only you can read; else it is printed");
  start->callback([&context, options] { context.status = Start(context, *options); });
  rotate->add_subcommand("confirm", "With the new key: say that it has arrived")->callback([&context] {
    context.status = Confirm(context);
  });
  CLI::App* const finish = rotate->add_subcommand("finish", "Revoke the old key");
  finish->add_option("id", options->id, "Of either key")->required();
  finish->add_flag("--force", options->force, "Also if nobody has confirmed the new key");
  finish->callback([&context, options] { context.status = Finish(context, *options); });
  CLI::App* const cancel = rotate->add_subcommand("cancel", "Revoke the new key: all is as before");
  cancel->add_option("id", options->id, "Of either key")->required();
  cancel->callback([&context, options] { context.status = Cancel(context, *options); });
}

}  // namespace cognate::cli
