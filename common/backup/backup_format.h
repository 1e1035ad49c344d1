// A backup file: zstd over lines of JSON. docs/backup.md describes it; a line that begins with `[` speaks of
// the file, one that begins with `{` is a row.
//
//   ["cognate-backup",{"format":1,…}]
//   ["part",{"name":"platform_registry.platforms","columns":["platform_id",…]}]
//   {"platform_id":1,"name":"shop",…}
//   ["end",{"name":"platform_registry.platforms","rows":1,"sha256":"…"}]
//   ["done",{"parts":1,"rows":1,"sha256":"…"}]
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::backup {

// Raised only by a change that an older program would read wrongly. New columns, parts and fields of the
// header are no such change.
inline constexpr int kFormat = 1;

// What one line may have: a record's fields are a few MiB at most, and bytes are written as two digits each.
inline constexpr size_t kLongestLine = size_t{128} << 20;
// Of a line that speaks of the file.
inline constexpr size_t kLongestControlLine = size_t{1} << 20;

struct Header {
  int format = kFormat;
  std::string created_at = {};                      // RFC 3339
  std::string version = {};                         // of the program that wrote it
  std::map<std::string, int64_t> schemas = {};      // number of each schema's last migration
  std::vector<std::string> sealing_keys = {};       // ids of the keys without which secrets in it stay shut
  std::map<std::string, std::string> figures = {};  // for people: "highest version", …
};

struct Part {
  std::string name;  // schema.table
  std::vector<std::string> columns;
};

// Of a whole file.
struct Totals {
  int64_t parts = 0;
  int64_t rows = 0;
  std::string sha256;  // over all lines but rows
};

std::string HeaderLine(const Header& header);
std::string PartLine(const Part& part);
std::string EndLine(absl::string_view name, int64_t rows, absl::string_view sha256);
std::string DoneLine(const Totals& totals);

// BACKUP_FOREIGN where it is none, BACKUP_TOO_NEW where its format is of a later program.
absl::StatusOr<Header> ParseHeader(absl::string_view line);

}  // namespace cognate::backup
