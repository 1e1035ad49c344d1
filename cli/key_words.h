// Keys, as people and programs see them.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/secret_file.h"
#include "cognate/v1/key.pb.h"
#include "common/status/status_macros.h"

namespace cognate::cli {

// `keys/{id}`, of that or of the id alone.
std::string KeyNameOf(absl::string_view text);

void PrintKey(std::ostream& out, const v1::Key& key);

// A call that makes a secret, which is told where `out` says. It is made once: a second try would make a
// second secret.
template <typename Request, typename Response>
absl::StatusOr<Response> CallForSecret(Client& client,
                                       grpc::Status (v1::KeyService::Stub::*method)(grpc::ClientContext*,
                                                                                    const Request&,
                                                                                    Response*),
                                       const Request& request) {
  return grpc_support::Call(client.keys(), method, request, {.timeout = absl::Seconds(30)});
}

// Tells the answer and its secret: to programs in one object, unless the secret goes into a file.
template <typename Response>
absl::Status TellSecret(const Context& context, SecretOutput& output, Response response, std::string secret,
                        void (Response::*clear_secret)(), const std::string& sentence) {
  if (output.is_file()) (response.*clear_secret)();
  if (context.json) PrintJson(std::cout, response);
  if (context.json && !output.is_file()) return absl::OkStatus();
  RETURN_IF_ERROR(output.Write(secret));
  if (context.json) return absl::OkStatus();
  // What is said of it must not get into what is made of the output.
  std::cerr << sentence
            << (output.is_file() ? " Its secret is in " + output.path() + ", and told nowhere else.\n"
                                 : std::string(" Its secret, which is told only now, stands above.\n"));
  return absl::OkStatus();
}

}  // namespace cognate::cli
