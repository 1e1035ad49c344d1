#include "services/file_transfer/placing/restore.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/files/digest.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/placing/names.h"

namespace cognate::file_transfer {
namespace {

constexpr int kNamed = 10;

}  // namespace

absl::StatusOr<std::string> DirectoryCopies::Restore(const std::string& sha256) {
  ASSIGN_OR_RETURN(const std::vector<SeenFile> seen, store_.Of(sha256));
  std::string why = seen.empty() ? "no platform's directory is known to have had it" : "";
  for (const SeenFile& copy : seen) {
    const std::string name = absl::StrCat(copy.platform, "'s ", ShownName(copy.path));
    const absl::StatusOr<std::shared_ptr<const PlatformFiles>> files = platforms_.Get(copy.platform);
    if (!files.ok() || (*files)->place == nullptr) {
      why = absl::StrCat(
          name, " cannot be reached: ", files.ok() ? (*files)->why.message() : files.status().message());
      continue;
    }
    const absl::StatusOr<OpenedFile> opened = (*files)->place->OpenFile(copy.path);
    if (!opened.ok()) {
      why = absl::StrCat(name, ": ", opened.status().message());
      continue;
    }
    // Looked through first: what has another content by now has no business in the store.
    files::Digest hash;
    PlaceReader first(*opened);
    absl::StatusOr<absl::string_view> piece = first.Next();
    for (; piece.ok() && !piece->empty(); piece = first.Next()) hash.Add(*piece);
    if (!piece.ok() || hash.Finish() != sha256) {
      why = absl::StrCat(name, " has another content by now");
      continue;
    }
    PlaceReader second(*opened);
    const absl::StatusOr<v1::File> file = contents_.Put([&] { return second.Next(); });
    if (!file.ok() && !absl::IsUnavailable(file.status())) return file.status();
    if (file.ok() && file->sha256() == sha256) return absl::StrCat("the directory of ", copy.platform);
    why = absl::StrCat(name, " was written meanwhile");
  }
  return absl::NotFoundError(absl::StrCat(why, AgentsThatHave(sha256)));
}

std::string DirectoryCopies::AgentsThatHave(const std::string& sha256) {
  const absl::StatusOr<std::vector<std::string>> platforms = possession_.PlatformsOf(sha256, kNamed);
  if (!platforms.ok()) return "";
  std::vector<std::string> agents;
  for (const std::string& platform : *platforms) {
    const absl::StatusOr<std::shared_ptr<const PlatformFiles>> files = platforms_.Get(platform);
    if (files.ok() && !(*files)->has_place && (*files)->has_agent) agents.push_back(platform);
  }
  return agents.empty() ? ""
                        : absl::StrCat("; it is asked for at the agents of ", absl::StrJoin(agents, ", "));
}

}  // namespace cognate::file_transfer
