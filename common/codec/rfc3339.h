// Times as texts, for the library's own sources.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "cognate/v1/value.pb.h"
#include "common/value/value.h"

namespace cognate::codec {

// `2026-02-28T12:34:56.5Z`.
inline std::string Rfc3339(const google::protobuf::Timestamp& timestamp) {
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixMicros(value::MicrosOf(timestamp)),
                          absl::UTCTimeZone());
}

}  // namespace cognate::codec
