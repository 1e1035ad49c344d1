#include "common/process/paths.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"

namespace cognate::process {
namespace {

bool CanRun(const std::string& path) { return access(path.c_str(), X_OK) == 0; }

}  // namespace

absl::StatusOr<std::string> FindInPath(absl::string_view program) {
  if (absl::StrContains(program, '/')) {
    if (CanRun(std::string(program))) return std::string(program);
  } else {
    const char* const path = std::getenv("PATH");
    for (absl::string_view folder : absl::StrSplit(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
      const std::string candidate = absl::StrCat(folder, "/", program);
      if (CanRun(candidate)) return candidate;
    }
  }
  return Error(absl::StatusCode::kNotFound, "PROGRAM_NOT_FOUND",
               absl::StrCat("there is no program ", program))
      .With("program", program);
}

absl::StatusOr<std::string> FindPostgresBinaries() {
  int newest = 0;
  std::error_code ignored;  // no such folder: no versions
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    int version = 0;
    if (absl::SimpleAtoi(entry.path().filename().string(), &version) && version > newest &&
        CanRun((entry.path() / "bin" / "postgres").string())) {
      newest = version;
    }
  }
  if (newest > 0) return absl::StrCat("/usr/lib/postgresql/", newest, "/bin");
  absl::StatusOr<std::string> postgres = FindInPath("postgres");
  if (postgres.ok()) return std::filesystem::path(*postgres).parent_path().string();
  return Error(absl::StatusCode::kNotFound, "PROGRAM_NOT_FOUND",
               "there is no PostgreSQL server on this machine; install the package postgresql")
      .With("program", "postgres");
}

}  // namespace cognate::process
