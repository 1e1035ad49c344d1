#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/files/digest.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/placing/file_type.h"
#include "services/file_transfer/placing/names.h"
#include "services/file_transfer/placing/stored_type.h"
#include "services/file_transfer/placing/wanted.h"

namespace cognate::file_transfer {
namespace {

using absl::StrCat;

void CheckBytes(Wanted& wanted, absl::string_view content, bool is_whole) {
  auto error =
      CheckContent(*wanted.rule, wanted.name, wanted.extension, wanted.media_type, content, is_whole);
  if (error.has_value()) wanted.Refuse(*std::move(error));
}

class Bringing {
 public:
  explicit Bringing(BindWork& work) : work_(work), put_in_place_(work) {}

  absl::Status Run() {
    for (size_t next = 0; next < work_.wanted.size();) RETURN_IF_ERROR(BringSlice(&next));
    return absl::OkStatus();
  }

 private:
  // As many as fit into the target's part of the memory together.
  absl::Status BringSlice(size_t* next) {
    std::vector<Wanted*> slice;
    int64_t bytes = 0;
    for (; *next < work_.wanted.size() && slice.size() < 1'000; ++*next) {
      Wanted& wanted = work_.wanted[*next];
      if (wanted.is_answered()) continue;
      const int64_t size = SmallBytes(wanted);
      if (bytes > 0 && bytes + size > kSmallFilesOfOne) break;
      bytes += size;
      slice.push_back(&wanted);
    }
    if (slice.empty()) return absl::OkStatus();
    const std::shared_ptr<ByteShares::Share> share =
        work_.parts.shares.Take(work_.target->id, bytes, work_.until());
    work_.is_crowded = work_.is_crowded || share == nullptr;
    const absl::Status status = BringAll(slice, share);
    for (Wanted* wanted : slice) wanted->data = nullptr;
    return status;
  }

  static int64_t SmallBytes(const Wanted& wanted) {
    return wanted.size_bytes <= kSmallFile ? std::max<int64_t>(wanted.size_bytes, 0) : 0;
  }

  absl::Status BringAll(const std::vector<Wanted*>& slice, const std::shared_ptr<ByteShares::Share>& share) {
    std::map<const PlatformFiles*, std::vector<Wanted*>> of_sources;
    for (Wanted* wanted : slice) {
      const bool is_to_be_read = wanted->stand.has_value() && (wanted->sha256.empty() || !wanted->is_stored);
      if (!is_to_be_read) continue;
      RETURN_IF_ERROR(CheckSize(*wanted));
      if (!wanted->is_answered()) of_sources[wanted->source].push_back(wanted);
    }
    for (const auto& [source, wanted] : of_sources) ReadFrom(*source, wanted);
    RETURN_IF_ERROR(StoreRead(slice));
    std::vector<Wanted*> ready;
    for (Wanted* wanted : slice) {
      if (wanted->is_answered()) continue;
      if (!wanted->is_stored) {
        wanted->Wait(v1::PLACEMENT_STATE_LACKING, WaitsForBytes(*wanted));
      } else {
        wanted->target_path =
            TargetPath(wanted->rule->directory().empty() ? "files" : wanted->rule->directory(), wanted->name,
                       wanted->sha256, wanted->extension);
        ready.push_back(wanted);
      }
    }
    return put_in_place_.Run(ready, share);
  }

  // Before a byte of it is read. What the field had before may be the same, and there already.
  absl::Status CheckSize(Wanted& wanted) {
    if (wanted.size_bytes > work_.parts.max_bytes) {
      wanted.Refuse("FILE_TOO_LARGE", StrCat(ShownName(wanted.name), " has ", wanted.size_bytes,
                                             " bytes, and the service takes files of at most ",
                                             work_.parts.max_bytes, " (--file-max-bytes)"));
      return absl::OkStatus();
    }
    return wanted.bound.has_value() ? absl::OkStatus() : work_.CheckQuota(wanted);
  }

  std::string WaitsForBytes(const Wanted& wanted) const {
    if (wanted.stand.has_value())
      return StrCat(ShownName(wanted.name), " of ", wanted.source->id, ", which is being read");
    return StrCat(ShownName(wanted.name), ", which the agent of ", wanted.source->id,
                  " has not uploaded yet");
  }

  // Small files of a directory. Larger ones are left to the workers.
  void ReadFrom(const PlatformFiles& source, const std::vector<Wanted*>& wanted) {
    std::vector<Wanted*> small;
    std::vector<PlaceJobs::Source> files;
    int64_t bytes = 0;
    for (Wanted* const one : wanted) {
      if (one->size_bytes > kSmallFile || work_.is_late()) {
        LeaveToWorkers(*one);
        continue;
      }
      small.push_back(one);
      files.push_back({one->source_path, SmallBytes(*one)});
      bytes += SmallBytes(*one);
    }
    if (small.empty()) return;
    std::shared_ptr<ByteShares::Share> share = work_.parts.reading.Take(source.id, bytes, work_.until());
    if (share == nullptr) {
      for (Wanted* const one : small) LeaveToWorkers(*one);
      return;
    }
    std::vector<absl::StatusOr<PlaceJobs::Content>> read =
        work_.In(source).Read(std::move(files), std::move(share));
    for (size_t i = 0; i < small.size(); ++i) Take(*small[i], read[i]);
  }

  void LeaveToWorkers(const Wanted& wanted) {
    work_.changes.reads.push_back({wanted.source->id, wanted.source_path, 0});
  }

  void Take(Wanted& wanted, const absl::StatusOr<PlaceJobs::Content>& content) {
    if (!content.ok()) {
      if (absl::IsUnavailable(content.status())) LeaveToWorkers(wanted);
      return wanted.Lack(content.status());
    }
    wanted.data = content->data;
    wanted.stand = content->stand;
    wanted.size_bytes = content->stand.size_bytes;
    wanted.sha256 = files::Sha256(*wanted.data);
    if (work_.is_settled(content->stand))
      work_.See(wanted.source->id, wanted.source_path, content->stand, wanted.sha256);
  }

  absl::Status StoreRead(const std::vector<Wanted*>& slice) {
    std::vector<Contents::Small> files;
    std::vector<Wanted*> of_files;
    absl::flat_hash_map<absl::string_view, size_t> places;
    for (Wanted* wanted : slice) {
      if (wanted->data == nullptr || wanted->is_answered()) continue;
      wanted->media_type =
          work_.parts.media_types.Of(absl::string_view(*wanted->data).substr(0, MediaTypes::kHeadBytes));
      // What is refused is not stored.
      CheckBytes(*wanted, *wanted->data, /*is_whole=*/true);
      if (wanted->is_answered()) continue;
      of_files.push_back(wanted);
      if (places.emplace(wanted->sha256, files.size()).second)
        files.push_back({wanted->sha256, *wanted->data});
    }
    if (files.empty()) return absl::OkStatus();
    // Where the store has no room only those wait that are not stored.
    const absl::StatusOr<std::vector<absl::Status>> stored = work_.parts.contents.PutSmall(files);
    for (Wanted* const wanted : of_files) {
      const absl::Status& status = stored.ok() ? (*stored)[places[wanted->sha256]] : stored.status();
      if (!status.ok()) {
        wanted->Wait(v1::PLACEMENT_STATE_LACKING,
                     StrCat(ShownName(wanted->name), " of ", wanted->source->id, ": ", status.message()));
        continue;
      }
      wanted->is_stored = true;
      work_.changes.possessed[wanted->source->id].push_back(wanted->sha256);
    }
    return absl::OkStatus();
  }

  BindWork& work_;
  PutInPlace put_in_place_;
};

}  // namespace

// Of what was stored before.
void CheckStored(BindWork& work, Wanted& wanted) {
  const auto wait = [&wanted](absl::string_view why) {
    wanted.Wait(v1::PLACEMENT_STATE_LACKING,
                StrCat(ShownName(wanted.name), ", whose stored bytes cannot be read now: ", why));
  };
  // Asked for each of many files, a store that is away would keep the lane for minutes.
  if (work.is_store_away) return wait("the store does not answer");
  if (work.parts.clock.Now() > work.until()) return wait("the store is slow");
  absl::StatusOr<std::optional<v1::OutcomeError>> refused = CheckStoredType(
      work.parts.contents, work.parts.media_types,
      {*wanted.rule, wanted.name, wanted.extension, wanted.sha256, wanted.size_bytes}, &wanted.media_type);
  if (!refused.ok()) {
    work.is_store_away = absl::IsUnavailable(refused.status());
    wait(refused.status().message());
  } else if (refused->has_value()) {
    wanted.Refuse(**std::move(refused));
  }
}

absl::Status Bring(BindWork& work) { return Bringing(work).Run(); }

}  // namespace cognate::file_transfer
