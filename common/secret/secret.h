// Secrets are stored sealed (sealing.h), or as the place where they lie. They are read at the moment of
// connecting, each time anew, so that a rotated secret counts from the next connection on; what these
// functions return is never stored, logged or answered.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/platform.pb.h"

namespace cognate::secret {

// What the reference points at: at most 64 KiB without NUL bytes; a file's trailing newline is cut off.
// FAILED_PRECONDITION SECRET_UNAVAILABLE with the metadata `file` or `environment` when it cannot be read, is
// not set or is empty. What is sealed is opened with this process's keyring: SEALING_KEY_MISSING without the
// key.
absl::StatusOr<std::string> Read(const v1::SecretReference& reference);

// What is wrong with a reference as it is given, as words after "got …"; empty if nothing is. Never repeats a
// value.
std::string ReferenceFault(const v1::SecretReference& reference);

// What is wrong with the URI of a DatabaseConnection, as words after "got …"; empty if nothing is. Never
// repeats the URI, which may hold a password.
std::string UriFault(absl::string_view uri);

// A libpq connection string (key='value' form) with the password in it. FAILED_PRECONDITION
// SECRET_UNAVAILABLE as above; FAILED_PRECONDITION INVALID_CONNECTION for a URI that has a fault.
absl::StatusOr<std::string> ConnectionUri(const v1::DatabaseConnection& connection);

}  // namespace cognate::secret
