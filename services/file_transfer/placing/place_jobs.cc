#include "services/file_transfer/placing/place_jobs.h"

#include <utility>

#include "common/files/digest.h"
#include "common/status/status_macros.h"
#include "common/sync/mutex.h"

namespace cognate::file_transfer {
namespace {

// So many drafts are written before one sync of the file system for all of them.
constexpr size_t kSyncTogether = 4;

// What a job has found so far; whoever has waited long enough takes it, and the job goes on by itself.
template <typename Answer>
class Answers {
 public:
  Answers(size_t count, Answer none) : answers_(count, std::move(none)) {}
  void Set(size_t index, Answer answer) {
    MutexLock lock(&mutex_);
    if (index < answers_.size()) answers_[index] = std::move(answer);
  }
  std::vector<Answer> Take() {
    MutexLock lock(&mutex_);
    return std::exchange(answers_, {});
  }

 private:
  Mutex mutex_;
  std::vector<Answer> answers_ ABSL_GUARDED_BY(mutex_);
};

absl::Status NoTime() { return absl::UnavailableError("there was no time for it; it is on its way"); }

// Runs `each(index, beat)` for as many as there is time for.
template <typename Answer, typename Each>
std::vector<Answer> ForEach(const PlaceJobs& jobs, size_t count, Answer none,
                            std::shared_ptr<ByteShares::Share> share, Each each) {
  if (count == 0) return {};
  const auto answers = std::make_shared<Answers<Answer>>(count, std::move(none));
  const absl::Status ran = jobs.workers.Run(jobs.files.id, jobs.until,
                                            [answers, count, share, each = std::move(each)](Beat& beat) {
                                              for (size_t i = 0; i < count && beat.Tick(); ++i)
                                                answers->Set(i, each(i));
                                            });
  if (!ran.ok() && share != nullptr) share->Forsake();
  return answers->Take();
}

absl::StatusOr<PlaceJobs::Content> ReadOne(const Place& place, const std::string& path, int64_t limit) {
  ASSIGN_OR_RETURN(const OpenedFile opened, place.OpenFile(path));
  ASSIGN_OR_RETURN(std::string data, PlaceReader(opened).All(limit));
  return PlaceJobs::Content{opened.stand, std::make_shared<const std::string>(std::move(data))};
}

PlaceJobs::Finding FindOne(const Place& place, const PlaceJobs::Claim& claim, int64_t limit) {
  const absl::StatusOr<FileStand> stand = place.Stat(claim.path);
  if (!stand.ok()) return {};
  if (claim.seen.has_value() && claim.seen->stand == *stand) return {claim.seen->sha256 == claim.sha256, {}};
  // Nothing is known of it: it may have been too new when it was read.
  if (stand->size_bytes > limit) return {};
  const absl::StatusOr<PlaceJobs::Content> content = ReadOne(place, claim.path, limit);
  if (!content.ok() || files::Sha256(*content->data) != claim.sha256) return {};
  return {true, content->stand};
}

}  // namespace

std::vector<absl::StatusOr<FileStand>> PlaceJobs::Stat(std::vector<std::string> paths) const {
  const size_t count = paths.size();
  return ForEach<absl::StatusOr<FileStand>>(
      *this, count, NoTime(), nullptr,
      [place = files.place, paths = std::move(paths)](size_t i) { return place->Stat(paths[i]); });
}

std::vector<absl::StatusOr<PlaceJobs::Content>> PlaceJobs::Read(
    std::vector<Source> sources, std::shared_ptr<ByteShares::Share> share) const {
  const size_t count = sources.size();
  return ForEach<absl::StatusOr<Content>>(*this, count, NoTime(), std::move(share),
                                          [place = files.place, sources = std::move(sources)](size_t i) {
                                            return ReadOne(*place, sources[i].path, sources[i].size_bytes);
                                          });
}

std::vector<PlaceJobs::Finding> PlaceJobs::Find(std::vector<Claim> claims, int64_t limit) const {
  const size_t count = claims.size();
  return ForEach<Finding>(*this, count, {}, nullptr,
                          [place = files.place, limit, claims = std::move(claims)](size_t i) {
                            return FindOne(*place, claims[i], limit);
                          });
}

std::vector<absl::StatusOr<FileStand>> PlaceJobs::Write(std::vector<Copy> copies,
                                                        std::shared_ptr<ByteShares::Share> share) const {
  if (copies.empty()) return {};
  using Answer = absl::StatusOr<FileStand>;
  const auto answers = std::make_shared<Answers<Answer>>(copies.size(), NoTime());
  const absl::Status ran = workers.Run(
      files.id, until, [answers, share, place = files.place, copies = std::move(copies)](Beat& beat) {
        const bool sync_each = copies.size() <= kSyncTogether;
        std::vector<std::pair<size_t, Place::Draft>> drafts;
        for (size_t i = 0; i < copies.size() && beat.Tick(); ++i) {
          absl::StatusOr<Place::Draft> draft =
              place->Write([&](Place::Sink sink) { return sink(*copies[i].data); }, sync_each);
          if (draft.ok()) {
            drafts.emplace_back(i, *std::move(draft));
          } else {
            answers->Set(i, draft.status());
          }
        }
        const absl::Status synced = sync_each || drafts.empty() ? absl::OkStatus() : place->Sync();
        beat.Tick();
        std::vector<std::pair<size_t, FileStand>> published;
        std::vector<std::string> directories;
        for (auto& [i, draft] : drafts) {
          const Answer stand =
              synced.ok() ? place->Publish(std::move(draft), copies[i].path) : Answer(synced);
          beat.Tick();
          if (!stand.ok()) {
            answers->Set(i, stand);
            continue;
          }
          published.emplace_back(i, *stand);
          directories.push_back(copies[i].path.substr(0, copies[i].path.rfind('/')));
        }
        const absl::Status kept = place->SyncDirectories(std::move(directories));
        for (const auto& [i, stand] : published) answers->Set(i, kept.ok() ? Answer(stand) : Answer(kept));
      });
  if (!ran.ok() && share != nullptr) share->Forsake();
  return answers->Take();
}

}  // namespace cognate::file_transfer
