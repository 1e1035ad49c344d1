#include "cli/file_link_command.h"

#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "cli/file_command.h"
#include "cli/output.h"
#include "common/clock/time_proto.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

struct LinkOptions {
  std::string sha256;
  std::string name;
  std::string lifetime = "1h";
  std::string gateway;
};

absl::Status MakeLink(Context& context, const LinkOptions& options) {
  v1::CreateLinkRequest request;
  ASSIGN_OR_RETURN(*request.mutable_sha256(), ParseHash(options.sha256));
  request.set_name(options.name);
  absl::Duration lifetime;
  if (!absl::ParseDuration(options.lifetime, &lifetime)) {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                 absl::StrCat("--for: got \"", options.lifetime, "\", want a time such as 30m or 24h"));
  }
  request.mutable_lifetime()->set_seconds(absl::ToInt64Seconds(lifetime));
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::CreateLinkResponse response,
                   client.Call(client.files(), &v1::FileTransferService::Stub::CreateLink, request));
  if (context.json) {
    PrintJson(std::cout, response);
    return absl::OkStatus();
  }
  absl::string_view gateway = options.gateway;
  while (!gateway.empty() && gateway.back() == '/') gateway.remove_suffix(1);
  std::cout << gateway << response.path() << "\n";
  return absl::OkStatus();
}

}  // namespace

void AddFileLinkCommand(CLI::App& file, Context& context) {
  auto options = std::make_shared<LinkOptions>();
  CLI::App* link = file.add_subcommand("link", "Make an address under which a browser gets a content");
  link->footer(
      "Whoever has the address gets the content until it expires, without a key.\n"
      "Example:\n  cognate file link 9f86d081… --name photo.jpg --for 24h --gateway "
      "https://cognate.example.org");
  link->add_option("sha256", options->sha256, "64 hexadecimal digits, as `list` and `put` show them")
      ->required();
  link->add_option("--name", options->name, "What a browser saves it as");
  link->add_option("--for", options->lifetime, "How long it is good, 1m to 168h")->capture_default_str();
  link->add_option("--gateway", options->gateway, "Where the gateway is; without it, the path below it");
  link->callback([&context, options] { context.status = MakeLink(context, *options); });
}

}  // namespace cognate::cli
