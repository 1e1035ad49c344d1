// Sends the spans of this process to a collector of OpenTelemetry.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"

namespace cognate::trace {

struct ExporterOptions {
  std::string endpoint = {};                   // as ReadEndpoint takes it; empty: nothing is exported
  std::vector<std::string> headers = {};       // `name: value`, secrets
  std::string ca_file = {};                    // whose certificates the collector shows; empty: the machine's
  double ratio = 1;                            // of the traces that begin here
  size_t queue = 8192;                         // spans; what is beyond is dropped, and counted
  size_t batch = 512;                          // spans of a request
  absl::Duration interval = absl::Seconds(1);  // how long a span waits for others
  absl::Duration timeout = absl::Seconds(10);  // of a request
  absl::Duration patience = absl::Seconds(30);  // with a batch that is not taken; then it is dropped
  absl::Duration flush = absl::Seconds(2);      // at the end, for all that is left
};

// One for the process, made before everything that works and gone after it: then what is left is sent, for as
// long as `flush` at most. One thread; nobody else ever waits for the collector, and nothing fails with it.
// While there is one the process counts as one that serves (SetServing), also with an empty endpoint.
//
// cognate_trace_spans_total{result}: exported, dropped (the queue was full), refused (the collector did not
// take them, or was not there).
class Exporter {
 public:
  // INVALID_ARGUMENT, in words, for options that cannot be meant.
  static absl::StatusOr<std::unique_ptr<Exporter>> Start(ExporterOptions options, metrics::Registry& metrics);
  ~Exporter();
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

 private:
  class Loop;
  explicit Exporter(std::unique_ptr<Loop> loop);

  std::unique_ptr<Loop> loop_;
};

// `name: value` lines of a text, without those that are empty or begin with `#`. INVALID_ARGUMENT names the
// line, never what is in it.
absl::StatusOr<std::vector<std::string>> ReadHeaders(absl::string_view text);

}  // namespace cognate::trace
