// What the command line can say of a sync's first contact, of its scope by ids, and of when it delivers.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "cognate/v1/sync.pb.h"

namespace cognate::cli {

struct ScheduleOptions {
  std::vector<std::string> natural_keys;  // fields with commas between
  std::string if_exists;
  std::vector<std::string> sync_ids, ignore_ids;
  bool mirror = false;
  // Given or not: what is not given of a schedule stays as it is.
  std::optional<std::string> interval, pause;
  std::optional<int> batch_size;

  struct Given {
    CLI::Option* option;
    const char* path;  // in an update's mask
  };
  std::vector<Given> Add(CLI::App* command);
  // `sync` holds the schedule that is there already.
  absl::Status Set(v1::Sync* sync) const;
  bool changes_schedule() const { return interval || pause || batch_size; }
};

// When it delivers and what a mirror removes, in sentences; nothing where all is as it is by default.
void PrintSchedule(std::ostream& out, const v1::Sync& sync);

}  // namespace cognate::cli
