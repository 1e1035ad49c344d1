// Endpoints as platforms and event hooks name them (v1::Webhook), and the one form of what is sent there.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/platform.pb.h"
#include "common/status/error.h"
#include "common/webhook/sender.h"
#include "common/webhook/signer.h"

namespace cognate::webhook {

// Adds what is wrong with the URL, the secrets and the timeout; `path` is that of the endpoint in its
// request. Repeats neither the URL, which may hold a password, nor a secret.
void CheckEndpoint(const v1::Webhook& endpoint, absl::string_view path,
                   std::vector<FieldViolation>* violations);

// Reads the secrets anew. FAILED_PRECONDITION: SECRET_UNAVAILABLE, SEALING_KEY_MISSING (common/secret), or
// UNFIT_SECRET for what is no secret of Standard Webhooks.
absl::StatusOr<Signer> ReadSigner(const v1::Webhook& endpoint);

struct Message {
  std::string id;    // `webhook-id`: the same for each attempt
  std::string body;  // JSON
};

// `{"type":"cognate.ping",…}` with an id of its own: asks whether the endpoint is there and knows the key.
Message MakePing(absl::string_view platform, absl::Time now);

// A POST of JSON with the headers of Standard Webhooks 1.0, as of `now`; waits as long as the endpoint says,
// or 15 seconds.
Request MakeRequest(const v1::Webhook& endpoint, const Signer& signer, Message message, absl::Time now);

// What an endpoint said, for an error's message: `the endpoint answered 500: out of cheese`.
std::string Said(const Answer& answer);

}  // namespace cognate::webhook
