// Which caller may call which RPC: the written table (docs/access.md shows the same).
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"

namespace cognate::access {

struct Method {
  // `PlatformRegistryService/GetPlatform`, in cognate.v1.
  absl::string_view name;
  // The scope that it asks for; see scopes.h.
  absl::string_view scope;
  // With commas: fields of the request that name platforms. A platform's key may call it, too, when at least
  // one of them is set and all that are set name its own platform; of a stream of requests the handler looks
  // at each (CheckPlatform). Empty: it may not; "*": it may, whatever the request says.
  absl::string_view own = "";
  // With commas: fields of which the first that is set says on what it acts; every call is audited then.
  // Empty: it changes nothing that is audited. "-": audited, and its request names nothing.
  absl::string_view audit = "";

  bool audited() const { return !audit.empty(); }
};

// Sorted by service as in the contracts.
absl::Span<const Method> Methods();

// By the type of its request, which no other RPC has. null for an RPC that the table does not have: nobody
// may call that.
const Method* FindMethod(const google::protobuf::Descriptor& request);

// The texts of a field by its path, through repeated messages too: `records.platform`.
std::vector<std::string> FieldTexts(const google::protobuf::Message& message, absl::string_view path);

// Whether a key of this platform may send this request to this method.
bool IsOwn(const Method& method, const google::protobuf::Message& request, absl::string_view platform);

}  // namespace cognate::access
