#include "services/feedback/events/sentence.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "common/clock/time_proto.h"
#include "services/feedback/trouble.h"

namespace cognate::feedback {
namespace {

using absl::StrCat;

std::string AfterCapture(double latency_ms) {
  if (latency_ms <= 0) return "";
  if (latency_ms < 1000) return absl::StrFormat("%.1f ms after capture", latency_ms);
  return absl::StrFormat("%.1f s after capture", latency_ms / 1000);
}

// " (version 7)", " (version 7, 3.1 ms after capture)".
std::string Brackets(const v1::Event& event) {
  const std::string after = AfterCapture(event.latency_ms());
  return StrCat(" (version ", event.version(), after.empty() ? "" : ", ", after, ")");
}

std::string Why(const v1::Event& event) {
  const std::string& message = event.error().message();
  if (message.empty() && event.error().reason().empty()) return ".";
  std::string why = StrCat(": ", message.empty() ? event.error().reason() : message);
  if (why.back() != '.') why += '.';
  return why;
}

std::string At(int64_t time_us) {
  return absl::FormatTime("%H:%M:%S UTC", absl::FromUnixMicros(time_us), absl::UTCTimeZone());
}

std::string Retry(const std::string& record, const v1::Event& event, const bus::v1::EventDetail& detail) {
  const int64_t next = detail.next_attempt_time_us();
  return StrCat(record, " was not written", Brackets(event),
                next > 0 ? StrCat(" and is tried again at ", At(next)) : "", Why(event));
}

std::string Held(const std::string& record, const v1::Event& event) {
  if (!event.sync().empty()) return StrCat(event.sync(), " is held back", Why(event));
  return StrCat(record, " is held back", Brackets(event), " until ", event.target().platform(),
                " takes our login", Why(event));
}

std::string RunFinished(const v1::Event& event) {
  const std::string of = event.sync().empty() ? "" : StrCat(" of ", event.sync());
  const std::string to = StrCat(event.run(), of, " to ", event.target().platform());
  if (!event.has_error()) return StrCat(to, " is done.");
  return StrCat(to, event.error().reason() == "RUN_HELD" ? " is held" : " has failed", Why(event));
}

std::string FileName(const v1::Event& event) {
  return event.file().name().empty() ? "a file" : event.file().name();
}

std::string FileProgress(const v1::Event& event) {
  return StrCat(event.file().placed_count(), " of ", event.file().total_count(), " files are on ",
                event.target().platform(), ".");
}

std::string Resolved(const std::string& record, const v1::Event& event) {
  const std::string name = event.conflict().empty() ? "the conflict" : event.conflict();
  return StrCat(name, " about ", record, " is resolved", event.version() > 0 ? Brackets(event) : "",
                Why(event));
}

}  // namespace

std::string Sentence(const v1::Event& event, const bus::v1::EventDetail* detail) {
  static const bus::v1::EventDetail kNone;
  if (detail == nullptr) detail = &kNone;
  const v1::RecordKey& target = event.target();
  const std::string record =
      DescribeTarget(target.platform(), target.model(), target.local_id(), event.source());
  switch (event.kind()) {
    case v1::EVENT_KIND_APPLIED: {
      const std::string after = AfterCapture(event.latency_ms());
      return StrCat(record, " has version ", event.version(), after.empty() ? "" : StrCat(" (", after, ")"),
                    ".");
    }
    case v1::EVENT_KIND_PUBLISHED:
      return StrCat(record, " is published", Brackets(event), ".");
    case v1::EVENT_KIND_DELETED:
      return StrCat(record, " is unpublished", Brackets(event), ".");
    case v1::EVENT_KIND_RETRY:
      return Retry(record, event, *detail);
    case v1::EVENT_KIND_WAITING:
      if (!detail->has_waits_for()) {
        return StrCat(record,
                      detail->incomplete() ? " was written with a placeholder" : " is not written yet",
                      Brackets(event), Why(event));
      }
      return StrCat(record,
                    detail->incomplete() ? " was written without a reference and waits for " : " waits for ",
                    Describe(detail->waits_for()), Brackets(event), ".");
    case v1::EVENT_KIND_HELD:
      return Held(record, event);
    case v1::EVENT_KIND_RELEASED:
      return StrCat(record, " is on its way again", Brackets(event), Why(event));
    case v1::EVENT_KIND_SKIPPED:
      return StrCat(record, " was left out", Brackets(event), Why(event));
    case v1::EVENT_KIND_CONFLICT:
      if (event.error().reason() == "AMBIGUOUS_MATCH")
        return StrCat(record, " was not written", Brackets(event), Why(event));
      return StrCat(record, " was changed there, too", Brackets(event), Why(event));
    case v1::EVENT_KIND_CONFLICT_RESOLVED:
      return Resolved(record, event);
    case v1::EVENT_KIND_RUN_FINISHED:
      return RunFinished(event);
    case v1::EVENT_KIND_FILE_PROGRESS:
      return FileProgress(event);
    case v1::EVENT_KIND_FILE_PLACED:
      return StrCat(target.platform(), " has ", FileName(event), ".");
    case v1::EVENT_KIND_FILE_REFUSED:
      return StrCat(target.platform(), " does not get ", FileName(event), Why(event));
    case v1::EVENT_KIND_PLATFORM_DOWN:
      return StrCat(target.platform(), " cannot be reached", Why(event));
    case v1::EVENT_KIND_PLATFORM_RECOVERED:
      return StrCat(target.platform(), " can be reached again.");
    default:
      return StrCat(record, " was given up", Brackets(event), Why(event));
  }
}

}  // namespace cognate::feedback
