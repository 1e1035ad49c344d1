#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/files/digest.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/placing/file_type.h"
#include "services/file_transfer/placing/names.h"
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
  // As many as fit into memory together.
  absl::Status BringSlice(size_t* next) {
    std::vector<Wanted*> slice;
    int64_t bytes = 0;
    for (; *next < work_.wanted.size() && slice.size() < 1'000; ++*next) {
      Wanted& wanted = work_.wanted[*next];
      if (wanted.is_answered()) continue;
      const int64_t size = wanted.size_bytes <= kSmallFile ? std::max<int64_t>(wanted.size_bytes, 0) : 0;
      if (bytes > 0 && bytes + size > kSmallFiles) break;
      bytes += size;
      slice.push_back(&wanted);
    }
    if (slice.empty()) return absl::OkStatus();
    work_.parts.budget.Take(bytes);
    const absl::Status status = BringAll(slice);
    for (Wanted* wanted : slice) wanted->data = {};
    work_.parts.budget.Give(bytes);
    return status;
  }

  absl::Status BringAll(const std::vector<Wanted*>& slice) {
    for (Wanted* wanted : slice) {
      if (wanted->sha256.empty() || !wanted->is_stored) ReadSource(*wanted);
    }
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
    return put_in_place_.Run(ready);
  }

  std::string WaitsForBytes(const Wanted& wanted) const {
    if (wanted.stand.has_value())
      return StrCat(ShownName(wanted.name), " of ", wanted.source->id, ", which is being read");
    return StrCat(ShownName(wanted.name), ", which the agent of ", wanted.source->id,
                  " has not uploaded yet");
  }

  // A small file of a directory. A larger one is left to the worker that reads those.
  void ReadSource(Wanted& wanted) {
    if (!wanted.stand.has_value()) return;
    const std::string at = StrCat(wanted.source->id, "/", wanted.source_path);
    if (wanted.size_bytes > kSmallFile || work_.is_late()) {
      work_.changes.reads.push_back({wanted.source->id, wanted.source_path, 0});
      return;
    }
    absl::StatusOr<OpenedFile> opened = wanted.source->place->OpenFile(wanted.source_path);
    if (!opened.ok()) return wanted.Lack(opened.status());
    absl::StatusOr<std::string> data = FileReader(opened->fd.get()).All(kSmallFile);
    if (!data.ok()) return wanted.Lack(data.status());
    const absl::StatusOr<FileStand> after = wanted.source->place->Stat(wanted.source_path);
    if (!after.ok()) return wanted.Lack(after.status());
    if (*after != opened->stand || static_cast<int64_t>(data->size()) != after->size_bytes) {
      return wanted.Wait(
          v1::PLACEMENT_STATE_LACKING,
          StrCat(ShownName(wanted.name), " of ", wanted.source->id, ", which is being written there"));
    }
    wanted.data = *std::move(data);
    wanted.has_data = true;
    wanted.stand = *after;
    wanted.size_bytes = after->size_bytes;
    wanted.sha256 = files::Sha256(wanted.data);
    if (work_.is_settled(*after)) work_.See(wanted.source->id, wanted.source_path, *after, wanted.sha256);
  }

  absl::Status StoreRead(const std::vector<Wanted*>& slice) {
    std::vector<Contents::Small> files;
    std::vector<Wanted*> of_files;
    absl::flat_hash_set<absl::string_view> hashes;
    for (Wanted* wanted : slice) {
      if (!wanted->has_data) continue;
      wanted->media_type =
          work_.parts.media_types.Of(absl::string_view(wanted->data).substr(0, MediaTypes::kHeadBytes));
      // What is refused is not stored.
      CheckBytes(*wanted, wanted->data, /*is_whole=*/true);
      if (wanted->is_answered()) continue;
      of_files.push_back(wanted);
      if (hashes.insert(wanted->sha256).second) files.push_back({wanted->sha256, wanted->data});
    }
    if (files.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const std::vector<absl::Status> stored, work_.parts.contents.PutSmall(files));
    for (const absl::Status& status : stored) RETURN_IF_ERROR(status);
    for (Wanted* wanted : of_files) wanted->is_stored = true;
    return absl::OkStatus();
  }

  BindWork& work_;
  PutInPlace put_in_place_;
};

}  // namespace

// Of what was stored before: as much of its bytes as the judgement needs.
absl::Status CheckStored(const BindParts& parts, Wanted& wanted) {
  const bool needs_all = NeedsAll(wanted.extension, wanted.media_type);
  const int64_t limit = needs_all ? kMaxMarkup + 1 : static_cast<int64_t>(MediaTypes::kHeadBytes);
  std::string content;
  RETURN_IF_ERROR(
      parts.contents.Read(wanted.sha256, 0, std::min(limit, wanted.size_bytes), [&](absl::string_view piece) {
        content.append(piece.data(), piece.size());
        return static_cast<int64_t>(content.size()) < limit;
      }));
  if (wanted.media_type.empty())
    wanted.media_type = parts.media_types.Of(absl::string_view(content).substr(0, MediaTypes::kHeadBytes));
  CheckBytes(wanted, content, static_cast<int64_t>(content.size()) >= wanted.size_bytes);
  return absl::OkStatus();
}

absl::Status Bring(BindWork& work) { return Bringing(work).Run(); }

}  // namespace cognate::file_transfer
