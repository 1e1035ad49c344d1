#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"

namespace grpc {
class ChannelCredentials;
}

namespace cognate::grpc_support {

// Whom this process trusts over TCP, and what it shows to those that it calls.
struct ClientTrust {
  // Authorities of those that are called, in PEM; "system": those of this machine. Empty: without TLS.
  std::string ca_file = {};
  // Its own certificate, for those that ask for one; empty: none.
  std::string certificate_file = {};
  std::string key_file = {};
  // "Bearer …", for each call that brings none of its own.
  std::string authorization = {};
  // Without TLS the authorization leaves this machine only if this says so.
  bool plaintext = false;
};

// Of each channel that is made from here on (MakeChannel). Files that change are read anew within two
// seconds, for new connections. TLS_FILES_INVALID as ReadTlsFiles; then it stays as it was.
//
// A program forgets it (`SetClientTrust({})`) before it ends.
absl::Status SetClientTrust(ClientTrust trust);

// For MakeChannel: how to reach an address, and what to show there ("" for nothing).
struct Approach {
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  std::string authorization;
};
Approach ApproachTo(const std::string& address);

}  // namespace cognate::grpc_support
