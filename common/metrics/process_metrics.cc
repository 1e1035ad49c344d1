#include "common/metrics/process_metrics.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

namespace cognate::metrics {
namespace {

int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total_pages = 0;
  int64_t resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * sysconf(_SC_PAGESIZE);
}

double CpuSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + time.tv_usec / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Entries of a directory of /proc.
int64_t CountEntries(const char* path, int64_t not_counted) {
  DIR* directory = opendir(path);
  if (directory == nullptr) return 0;
  int64_t count = -not_counted;
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

int64_t MaxFiles() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<int64_t>(limit.rlim_cur);
}

// Boot time and, after the command's closing parenthesis, the 20th field: ticks from boot to start.
double StartTimeSeconds() {
  std::ifstream stat_file("/proc/self/stat");
  std::string line((std::istreambuf_iterator<char>(stat_file)), std::istreambuf_iterator<char>());
  const size_t command_end = line.rfind(')');
  if (command_end == std::string::npos) return 0;
  std::istringstream fields(line.substr(command_end + 1));
  std::string word;
  for (int field = 0; field < 20; ++field) fields >> word;
  const double ticks = std::strtod(word.c_str(), nullptr);
  std::ifstream kernel("/proc/stat");
  double boot = 0;
  while (kernel >> word) {
    if (word == "btime") kernel >> boot;
  }
  return boot + ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

ProcessFacts ReadProcessFacts() {
  static const double start_time_seconds = StartTimeSeconds();
  // ".", ".." and, among the files, the directory's own descriptor.
  return {ResidentBytes(),
          CpuSeconds(),
          CountEntries("/proc/self/fd", 3),
          MaxFiles(),
          CountEntries("/proc/self/task", 2),
          start_time_seconds};
}

}  // namespace cognate::metrics
