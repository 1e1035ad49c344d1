#include "tests/support/schema_dump.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/process/process.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace cognate::test_support {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool IsNoise(absl::string_view line) {
  return line.empty() || absl::StartsWith(line, "--") || absl::StartsWith(line, "SET ") ||
         absl::StartsWith(line, "SELECT pg_catalog.set_config") || absl::StartsWith(line, "\\");
}

}  // namespace

std::string DumpSchema(absl::string_view uri, absl::string_view schema) {
  const TempDir directory;
  const auto binaries = process::FindPostgresBinaries();
  process::Command command;
  command.argv = {binaries.ok() ? absl::StrCat(*binaries, "/pg_dump") : "pg_dump",
                  "--schema-only",
                  "--no-owner",
                  "--no-privileges",
                  absl::StrCat("--schema=", schema),
                  absl::StrCat("--exclude-table=", schema, ".schema_migrations"),
                  absl::StrCat("--file=", directory.File("schema.sql")),
                  absl::StrCat("--dbname=", uri)};
  command.log_file = directory.File("log");
  if (const absl::Status status = process::RunToEnd(command, kPatience); !status.ok()) {
    std::fprintf(stderr, "FAILED: pg_dump: %s\n", status.ToString().c_str());
    std::abort();
  }
  std::string dump;
  for (const absl::string_view line : absl::StrSplit(ReadFile(directory.File("schema.sql")), '\n')) {
    if (!IsNoise(line)) absl::StrAppend(&dump, line, "\n");
  }
  return dump;
}

std::string CompareSchema(absl::string_view uri, absl::string_view schema, const std::string& golden_file) {
  const std::string dump = DumpSchema(uri, schema);
  if (std::getenv("COGNATE_UPDATE_GOLDEN") != nullptr) std::ofstream(golden_file) << dump;
  if (ReadFile(golden_file) == dump) return "";
  return absl::StrCat(
      "the migrations make another schema than ", golden_file,
      " says; if that is meant, run this test with COGNATE_UPDATE_GOLDEN=1 and look at the difference.\n",
      dump);
}

}  // namespace cognate::test_support
