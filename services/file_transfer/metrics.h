#pragma once

#include "common/metrics/metrics.h"

namespace cognate::file_transfer {

struct Metrics {
  explicit Metrics(metrics::Registry& registry)
      : received_bytes(
            registry.Counters("files_received_bytes_total", "Bytes of contents that clients sent.").With()),
        copied_bytes(registry
                         .Counters("files_copied_bytes_total",
                                   "Bytes of uploads that were taken from what is stored already.")
                         .With()),
        read_bytes(registry.Counters("files_read_bytes_total", "Bytes of contents that were read.").With()),
        uploads(registry.Counters("files_uploads_total", "Uploads, by how they ended.", {"end"})),
        stored(registry.Gauges("files_stored", "Contents that are stored.").With()),
        stored_bytes(
            registry.Gauges("files_stored_bytes", "What they take, without files of the disk's own.").With()),
        collected(registry.Counters("files_collected_total", "Contents that were removed.").With()),
        damaged(registry.Counters("files_damaged_total", "Contents that a scrub found damaged.").With()) {}

  metrics::Counter& received_bytes;
  metrics::Counter& copied_bytes;
  metrics::Counter& read_bytes;
  metrics::Family<metrics::Counter> uploads;  // {end}: stored, known, refused
  metrics::Gauge& stored;
  metrics::Gauge& stored_bytes;
  metrics::Counter& collected;
  metrics::Counter& damaged;
};

}  // namespace cognate::file_transfer
