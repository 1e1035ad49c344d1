#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/key_words.h"
#include "cli/output.h"
#include "cli/sync_options.h"

namespace cognate::cli {
namespace {

using Stub = v1::KeyService::Stub;

struct EnrolmentOptions {
  std::string platform, lifetime, token_file, display_name, out;
  std::vector<std::string> addresses;
  double max_rate = 0;
};

absl::Status MakeToken(Context& context, const EnrolmentOptions& options) {
  v1::CreateEnrolmentTokenRequest request;
  request.set_platform(options.platform);
  request.set_max_rate(options.max_rate);
  for (const std::string& address : options.addresses) request.add_allowed_addresses(address);
  if (!options.lifetime.empty()) {
    RETURN_IF_ERROR(SetDuration("--lifetime", options.lifetime, "a duration such as 30m or 24h",
                                request.mutable_lifetime()));
  }
  ASSIGN_OR_RETURN(SecretOutput output, SecretOutput::Open(options.out));
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::CreateEnrolmentTokenResponse made,
                   CallForSecret(client, &Stub::CreateEnrolmentToken, request));
  return TellSecret(context, output, made, made.token(), &v1::CreateEnrolmentTokenResponse::clear_token,
                    absl::StrCat("A token that makes one key for ", options.platform, ", good until ",
                                 FormatTime(made.expire_time()), "."));
}

absl::Status Enrol(Context& context, const EnrolmentOptions& options) {
  v1::EnrolPlatformRequest request;
  request.set_display_name(options.display_name);
  ASSIGN_OR_RETURN(*request.mutable_token(), ReadSecretFile("--token-file", options.token_file));
  ASSIGN_OR_RETURN(SecretOutput output, SecretOutput::Open(options.out));
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::EnrolPlatformResponse made,
                   CallForSecret(client, &Stub::EnrolPlatform, request));
  return TellSecret(
      context, output, made, made.secret(), &v1::EnrolPlatformResponse::clear_secret,
      absl::StrCat(made.key().name(), " is the key of the platform ", made.key().platform(), "."));
}

}  // namespace

void AddEnrolmentCommands(CLI::App& key, Context& context) {
  auto options = std::make_shared<EnrolmentOptions>();
  CLI::App* const token = key.add_subcommand("enrol-token", "Make a one-time token for a platform's key");
  token->footer("Example:\n  cognate key enrol-token till --lifetime 24h --out till.token");
  token->add_option("platform", options->platform, "Id of the platform")->required();
  token->add_option("--lifetime", options->lifetime, "How long it is good, 1m to 168h; default 1h");
  token->add_option("--allow", options->addresses, "Where the key may be used from; may come often")
      ->take_all();
  token->add_option("--max-rate", options->max_rate, "Calls a second that the key may make; 0 for no limit");
  token->add_option("--out", options->out,
                    "A new file for the token, which only you can read; else it is printed");
  token->callback([&context, options] { context.status = MakeToken(context, *options); });

  CLI::App* const enrol = key.add_subcommand("enrol", "On a platform: change its token for its key");
  enrol->footer(
      "Examples:\n"
      "  cognate --address cognate.example.org:7400 key enrol --token-file till.token --out till.key\n"
      "  cognate key enrol --token-file - < till.token > till.key");
  enrol->add_option("--token-file", options->token_file, "The token; - for what comes in")->required();
  enrol->add_option("--display-name", options->display_name, "For people");
  enrol->add_option("--out", options->out,
                    "A new file for the secret, which only you can read; else it is printed");
  enrol->callback([&context, options] { context.status = Enrol(context, *options); });
}

}  // namespace cognate::cli
