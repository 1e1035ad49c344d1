#include "services/file_transfer/housekeeping.h"

#include <string>
#include <vector>

#include <sys/resource.h>

#include "common/files/chunker.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/collect.h"

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kCollectEvery = absl::Hours(1);
constexpr absl::Duration kTidyEvery = absl::Hours(24);
constexpr absl::Duration kCountEvery = absl::Minutes(5);
constexpr absl::Duration kCutEvery = absl::Seconds(2);
constexpr absl::Duration kReleaseEvery = absl::Seconds(1);
// Longer than 500 chunks, of at most a GiB, take.
constexpr absl::Duration kCutLease = absl::Minutes(5);
constexpr size_t kChunkRows = 500;
constexpr size_t kReadBytes = 256 << 10;

void Warn(const char* what, const absl::Status& status) {
  if (!status.ok()) log::Warn(what, {{"service", "file_transfer"}, {"error", status}});
}

}  // namespace

void Housekeeping::RunCollector(StopToken& stop) {
  do {
    const absl::StatusOr<FileStore::Totals> totals = parts_.files.Count();
    Warn("cannot count files", totals.status());
    if (totals.ok()) {
      parts_.metrics.stored.Set(static_cast<double>(totals->count));
      parts_.metrics.stored_bytes.Set(static_cast<double>(totals->stored_bytes));
    }
    if (IsDue("collect", kCollectEvery)) CollectNow(stop);
    if (IsDue("tidy", kTidyEvery)) {
      const absl::Status tidied = TidyStore(parts_, [&] { return stop.stopping(); });
      if (!stop.stopping()) Warn("cannot tidy the store", tidied);
    }
  } while (!stop.WaitFor(kCountEvery));
}

// Of all processes of the service one does it.
bool Housekeeping::IsDue(absl::string_view chore, absl::Duration every) {
  const absl::StatusOr<bool> is_due = parts_.references.TakeChore(chore, parts_.clock.Now(), every);
  Warn("cannot look what is due", is_due.status());
  return is_due.ok() && *is_due;
}

void Housekeeping::CollectNow(StopToken& stop) {
  const absl::StatusOr<v1::CollectResponse> response =
      Collect(parts_, v1::CollectRequest(), [&] { return stop.stopping(); });
  if (stop.stopping()) return;
  Warn("cannot collect files", response.status());
  if (!response.ok() || response->file_count() + response->upload_count() == 0) return;
  log::Info("collected", {{"service", "file_transfer"},
                          {"files", response->file_count()},
                          {"uploads", response->upload_count()},
                          {"bytes", response->freed_bytes()}});
}

void Housekeeping::RunCutter(StopToken& stop) {
  // Uploads come first.
  setpriority(PRIO_PROCESS, 0, 10);
  while (!stop.WaitFor(kCutEvery)) {
    bool found = true;
    for (int64_t after = 0; found && !stop.stopping();) {
      const absl::Status cut = CutNext(stop, &after, &found);
      if (cut.ok()) continue;
      Warn("cannot cut a content into chunks", cut);
      if (!found) break;
    }
  }
}

absl::Time Housekeeping::CutUntil() const { return parts_.clock.Now() + kCutLease; }

// Sets `*found` to whether there was one, and `*after_id` to it.
absl::Status Housekeeping::CutNext(StopToken& stop, int64_t* after_id, bool* found) {
  *found = false;
  ASSIGN_OR_RETURN(const std::optional<StoredFile> file,
                   parts_.chunks.ClaimUncut(*after_id, parts_.clock.Now(), CutUntil()));
  if (!file) return absl::OkStatus();
  *found = true;
  *after_id = file->file_id;
  return Cut(stop, *file);
}

absl::Status Housekeeping::Cut(StopToken& stop, const StoredFile& file) {
  ASSIGN_OR_RETURN(const Contents::Opened opened, parts_.contents.Open(file.sha256));
  files::Chunker chunker;
  std::vector<files::Chunk> chunks;
  const auto visit = [&](files::Chunk chunk) { chunks.push_back(std::move(chunk)); };
  std::string buffer(kReadBytes, '\0');
  for (int64_t at = 0; at < opened.size_bytes && !stop.stopping();) {
    ASSIGN_OR_RETURN(const size_t got, opened.reader->ReadAt(at, buffer.data(), buffer.size()));
    if (got == 0) return parts_.contents.Damaged(file, "it is shorter than it was");
    chunker.Add(absl::string_view(buffer).substr(0, got), visit);
    at += static_cast<int64_t>(got);
    if (at == opened.size_bytes) chunker.Finish(visit);
    if (chunks.size() < kChunkRows && at < opened.size_bytes) continue;
    RETURN_IF_ERROR(parts_.chunks.Add(file.file_id, chunks, CutUntil()));
    chunks.clear();
  }
  // Another process, or this one when it is back, need not wait for the claim to end.
  return stop.stopping() ? parts_.chunks.Add(file.file_id, {}, parts_.clock.Now())
                         : parts_.chunks.SetCut(file.file_id);
}

void Housekeeping::RunReleaser(StopToken& stop) {
  while (!stop.WaitFor(kReleaseEvery)) {
    parts_.calls.EndSilent();
    parts_.reads.EndSilent();
    const std::vector<std::string> idle = parts_.sessions.IdlePartials();
    if (idle.empty()) continue;
    const absl::StatusOr<std::vector<std::string>> wanted =
        parts_.uploads.Wanted(idle, parts_.clock.Now() - absl::Seconds(30));
    Warn("cannot look who wants idle uploads", wanted.status());
    if (!wanted.ok()) continue;
    for (const std::string& partial : *wanted) parts_.sessions.EndOfPartial(partial);
  }
}

}  // namespace cognate::file_transfer
