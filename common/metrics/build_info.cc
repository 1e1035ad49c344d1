#include "common/metrics/build_info.h"

namespace cognate::metrics {

absl::string_view Version() { return COGNATE_VERSION; }

absl::string_view Compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

}  // namespace cognate::metrics
