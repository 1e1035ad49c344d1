// Paths and addresses of files: what a source says is understood here, and what a target gets is made here.
// Pure functions.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace cognate::file_transfer {

// Bytes; what the indexes of the tables take.
inline constexpr size_t kMaxPath = 2'000;

// Why a text of a source leads to no file of it.
struct SourcePath {
  std::string path;   // relative, clean; empty where it is none
  std::string fault;  // in plain words
};
// A path below the platform's files, or an address below `url` (may be empty).
SourcePath ReadSourcePath(absl::string_view text, absl::string_view url);

bool IsAddress(absl::string_view text);
// Of addresses of the gateway that last: what stands between its own and the token.
inline constexpr char kLastingPath[] = "/files/link/";
// The token of such an address; empty where it is none. Nobody has looked whether it is signed.
absl::string_view LastingTokenOf(absl::string_view text);
// `url` and the path, percent-encoded.
std::string AddressOf(absl::string_view url, absl::string_view path);

// What stands behind the last slash.
absl::string_view NameOf(absl::string_view path);
// In lower case, without the dot; empty where there is none that is plain (1 to 8 of a-z 0-9).
std::string ExtensionOf(absl::string_view name);

// Lower-case ASCII letters, digits and `-`, at most 40: `file` where nothing is left.
std::string Slug(absl::string_view name);
// `<directory>/<slug>-<first 24 hex of the sha256>.<extension>`: nothing that a client says is in it as it
// is.
std::string TargetPath(absl::string_view directory, absl::string_view name, absl::string_view sha256,
                       absl::string_view extension);

// For sentences: short, and without anything that a terminal would act on.
std::string ShownName(absl::string_view name);

}  // namespace cognate::file_transfer
