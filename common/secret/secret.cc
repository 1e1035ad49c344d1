#include "common/secret/secret.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/postgres/conninfo.h"
#include "common/secret/sealing.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::secret {
namespace {

constexpr size_t kMaxSecretBytes = 64 << 10;

Error Unavailable(absl::string_view kind, absl::string_view place, absl::string_view why) {
  return Error(absl::StatusCode::kFailedPrecondition, "SECRET_UNAVAILABLE",
               absl::StrCat("the secret in ", kind, " ", place, " cannot be used: ", why))
      .With(kind, place);
}

absl::StatusOr<std::string> Checked(std::string value, absl::string_view kind, absl::string_view place) {
  if (value.empty()) return Unavailable(kind, place, "it is empty");
  if (value.size() > kMaxSecretBytes) return Unavailable(kind, place, "it is longer than 64 KiB");
  if (value.find('\0') != std::string::npos) return Unavailable(kind, place, "it has a NUL byte");
  return value;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return Unavailable("file", path, errno != 0 ? std::strerror(errno) : "it cannot be opened");
  std::string value(kMaxSecretBytes + 1, '\0');
  file.read(value.data(), static_cast<std::streamsize>(value.size()));
  if (file.bad() || (!file.eof() && file.gcount() == 0))
    return Unavailable("file", path, "it cannot be read");
  value.resize(static_cast<size_t>(file.gcount()));
  if (!value.empty() && value.back() == '\n') value.pop_back();
  if (!value.empty() && value.back() == '\r') value.pop_back();
  return Checked(std::move(value), "file", path);
}

absl::StatusOr<std::string> ReadEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return Unavailable("environment", name, "it is not set");
  return Checked(value, "environment", name);
}

}  // namespace

absl::StatusOr<std::string> Read(const v1::SecretReference& reference) {
  switch (reference.source_case()) {
    case v1::SecretReference::kFile:
      return ReadFile(reference.file());
    case v1::SecretReference::kEnvironment:
      return ReadEnvironment(reference.environment());
    case v1::SecretReference::kSealed: {
      ASSIGN_OR_RETURN(const std::shared_ptr<Keyring> keyring, InstalledKeyring());
      return keyring->Open(reference.sealed());
    }
    case v1::SecretReference::kValue:
      return reference.value();
    case v1::SecretReference::SOURCE_NOT_SET:
      break;
  }
  return Error(
      absl::StatusCode::kFailedPrecondition, "SECRET_UNAVAILABLE",
      "the secret's reference names neither a file nor an environment variable, and holds no secret");
}

std::string ReferenceFault(const v1::SecretReference& reference) {
  constexpr char kWant[] =
      "want the secret itself as `value`, the path of a file, or the name of an environment variable of the "
      "services that holds it";
  const std::string& value = reference.value();
  if (value.size() > kMaxSecretBytes) return absl::StrCat(value.size(), " bytes, want at most 64 KiB");
  if (value.find('\0') != std::string::npos) return "a NUL byte in it, want none";
  const bool is_there = !reference.file().empty() || !reference.environment().empty() || !value.empty() ||
                        !reference.sealed().box().empty();
  return is_there ? "" : absl::StrCat("nothing, ", kWant);
}

std::string UriFault(absl::string_view uri) {
  if (uri.empty()) return "nothing; want a URI such as postgresql://user@host:5432/database";
  const auto options = postgres::ParseConninfo(uri);
  if (!options) {
    return "no connection string that libpq can read; want a URI such as "
           "postgresql://user@host:5432/database";
  }
  for (const auto& [keyword, value] : *options) {
    if (keyword == "password" || keyword == "sslpassword") {
      return absl::StrCat(
          "a URI with a ", keyword,
          " in it, which would be stored in the clear; take it out and give it as `password`");
    }
  }
  return "";
}

absl::StatusOr<std::string> ConnectionUri(const v1::DatabaseConnection& connection) {
  if (const std::string fault = UriFault(connection.uri()); !fault.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, "INVALID_CONNECTION",
                 absl::StrCat("the platform's database.uri is ", fault));
  }
  postgres::ConninfoOptions options = *postgres::ParseConninfo(connection.uri());
  if (connection.has_password()) {
    ASSIGN_OR_RETURN(std::string password, Read(connection.password()));
    options.emplace_back("password", std::move(password));
  }
  return postgres::FormatConninfo(options);
}

}  // namespace cognate::secret
