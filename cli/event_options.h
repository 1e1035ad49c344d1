// What the command line can say of which events are meant, and of storms.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "cognate/v1/event.pb.h"

namespace cognate::cli {

struct EventOptions {
  std::vector<std::string> platforms, kinds, syncs, actors, sources;
  bool aggregate = false;
  std::string digest;  // 30s
  std::optional<int> digest_events;

  void Add(CLI::App* command);
  absl::Status SetFilter(v1::EventFilter* filter) const;
  // Nothing where no digest was asked for.
  absl::Status SetDigest(v1::EventDigest* digest) const;
  bool changes_filter() const;
};

}  // namespace cognate::cli
