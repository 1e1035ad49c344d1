// The files of this folder as protoc read them, comments included: what generated code leaves out.
#pragma once

#include "absl/strings/string_view.h"

namespace cognate::proto {

// A serialised google.protobuf.FileDescriptorSet with source code info.
absl::string_view DescriptorSet();

}  // namespace cognate::proto
