// Every RPC of cognate.v1, by its path.
#pragma once

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "common/config/groups.h"
#include "google/protobuf/descriptor.h"

namespace cognate::gateway {

struct RpcEntry {
  const google::protobuf::MethodDescriptor* method;
  std::string path;     // "/cognate.v1.KeyService/GetKey"
  std::string name;     // "KeyService/GetKey"
  std::string address;  // Of the service that answers it.

  bool is_stream() const { return method->client_streaming() || method->server_streaming(); }
};

class RpcTable {
 public:
  explicit RpcTable(const config::Peers& peers);

  // null for what is no RPC.
  const RpcEntry* Find(absl::string_view path) const;
  const absl::flat_hash_map<std::string, RpcEntry>& entries() const { return entries_; }

 private:
  absl::flat_hash_map<std::string, RpcEntry> entries_;
};

}  // namespace cognate::gateway
