#include "bench/standing.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/postgres/connection.h"
#include "common/redis/address.h"
#include "common/redis/wire.h"
#include "common/status/status_macros.h"

namespace cognate::bench {
namespace {

// Of /proc/<pid>/stat, from the state on.
std::vector<std::string> StatOf(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::stringstream text;
  text << file.rdbuf();
  const std::string line = text.str();
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  return absl::StrSplit(line.substr(name_end + 2), ' ');
}

double Ticks(const std::vector<std::string>& stat, size_t first) {
  double own = 0, system = 0;
  if (stat.size() < first + 2 || !absl::SimpleAtod(stat[first], &own) ||
      !absl::SimpleAtod(stat[first + 1], &system))
    return 0;
  return (own + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double SecondsOf(pid_t pid) { return Ticks(StatOf(pid), 11); }

double SecondsOfAll(const std::vector<pid_t>& children) {
  double seconds = 0;
  for (const pid_t child : children) seconds += SecondsOf(child);
  pid_t parent = 0;
  if (!children.empty()) {
    const std::vector<std::string> stat = StatOf(children.front());
    if (stat.size() > 1 && absl::SimpleAtoi(stat[1], &parent)) {
      seconds += SecondsOf(parent) + Ticks(StatOf(parent), 13);  // and of those that have ended
    }
  }
  return seconds;
}

int64_t Number(absl::string_view text) {
  int64_t number = 0;
  return absl::SimpleAtoi(text, &number) ? number : 0;
}

// `name:123` of Redis' INFO.
double Info(absl::string_view info, absl::string_view name) {
  for (const absl::string_view line : absl::StrSplit(info, absl::ByAnyChar("\r\n"))) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    double value = 0;
    if (pair.first == name && absl::SimpleAtod(pair.second, &value)) return value;
  }
  return 0;
}

absl::StatusOr<std::string> InfoOf(const std::string& redis) {
  ASSIGN_OR_RETURN(const redis::Address address, redis::ParseAddress(redis));
  redis::Wire wire(address, absl::Seconds(5), absl::Seconds(5));
  RETURN_IF_ERROR(wire.EnsureConnected());
  ASSIGN_OR_RETURN(const redis::Reply info, wire.Run({"INFO"}));
  return std::string(info.view().text());
}

int64_t BytesBelow(const std::string& directory) {
  int64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, error))
    if (entry.is_regular_file(error)) bytes += static_cast<int64_t>(entry.file_size(error));
  return bytes;
}

}  // namespace

Standing Standing::Of(cluster::Cluster& cluster) {
  Standing now;
  const auto postgres = postgres::Connection::Open(cluster.uri());
  const auto info = InfoOf(cluster.redis().address());
  if (!postgres.ok() || !info.ok()) {
    std::cerr << postgres.status() << " " << info.status() << "\n";
    std::exit(1);
  }
  now.services = SecondsOf(cluster.PidOf("cognate"));
  now.postgres = SecondsOfAll(cluster.postgres().Children());
  const auto sizes = (*postgres)->QueryText(
      "SELECT pg_database_size(current_database())::text, (pg_current_wal_lsn() - '0/0')::bigint::text");
  if (sizes.ok()) {
    now.database = Number(sizes->GetText(0, 0));
    now.log = Number(sizes->GetText(0, 1));
  }
  now.redis = Info(*info, "used_cpu_user") + Info(*info, "used_cpu_sys");
  now.redis_memory = static_cast<int64_t>(Info(*info, "used_memory"));
  now.redis_peak = static_cast<int64_t>(Info(*info, "used_memory_peak"));
  now.files = BytesBelow(cluster.directory() + "/data/files");
  now.resident = cluster.ResidentBytes();
  return now;
}

}  // namespace cognate::bench
