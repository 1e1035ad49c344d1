#include "services/file_transfer/placing/link_keeper.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/files/digest.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/placing/bind.h"
#include "services/file_transfer/placing/file_type.h"
#include "services/file_transfer/placing/names.h"
#include "services/file_transfer/placing/query.h"
#include "services/file_transfer/placing/stored_type.h"

namespace cognate::file_transfer {
namespace {

using absl::StrCat;

constexpr absl::Duration kPoll = absl::Milliseconds(250);
constexpr absl::Duration kSentInterval = absl::Seconds(1);
constexpr absl::Duration kLease = absl::Seconds(60);
constexpr absl::Duration kLooking = absl::Seconds(5);
constexpr absl::Duration kFirstPause = absl::Milliseconds(500);
constexpr absl::Duration kLongestPause = absl::Seconds(60);
// Then only a record, an upload or a reader brings it up again.
constexpr int kMostLooks = 100;
// What was written a moment ago may be written again within the same tick of the file system's clock.
constexpr absl::Duration kSettled = absl::Seconds(2);
constexpr int kAtOnce = 200;

}  // namespace

void LinkKeeper::Run(StopToken& stop) {
  while (!stop.stopping()) {
    const absl::StatusOr<bool> more = LookAtSome();
    if (!more.ok()) log::Warn("links not looked at", {{"status", more.status()}});
    if (!more.ok() || !*more) stop.WaitFor(kPoll);
  }
}

absl::StatusOr<bool> LinkKeeper::LookAtSome() {
  now_ = parts_.clock.Now();
  if (now_ - sent_look_ > kSentInterval) {
    sent_look_ = now_;
    RETURN_IF_ERROR(parts_.stores.links.WakeSent(now_));
  }
  const absl::Time lease = absl::FromUnixMicros(absl::ToUnixMicros(now_ + kLease));
  ASSIGN_OR_RETURN(std::vector<LinkRow> links, parts_.stores.links.Take(now_, lease, kAtOnce));
  if (links.empty()) return false;
  SortBy(links, [](const LinkRow& link) -> const SourceFile& { return link.file; });
  std::map<std::string, std::vector<LinkRow*>> of_platforms;
  for (LinkRow& link : links) of_platforms[link.file.platform].push_back(&link);
  for (const auto& [platform, some] : of_platforms) {
    const absl::Status status = LookAt(platform, some);
    if (status.ok()) continue;
    log::Warn("links not looked at", {{"platform", platform}, {"status", status}});
    for (LinkRow* const link : some) TryLater(*link);
  }
  RETURN_IF_ERROR(parts_.stores.links.PutLooked(links, lease, now_));
  return links.size() == kAtOnce;
}

absl::Status LinkKeeper::LookAt(const std::string& platform, const std::vector<LinkRow*>& links) {
  const absl::StatusOr<std::shared_ptr<const PlatformFiles>> files = parts_.platforms.Get(platform);
  // The sweeper forgets it.
  if (absl::IsNotFound(files.status())) return absl::OkStatus();
  RETURN_IF_ERROR(files.status());
  std::vector<Look> looks;
  for (LinkRow* const link : links) {
    link->reason.clear();
    link->message.clear();
    looks.push_back({.link = *link, .extension = ExtensionOf(link->name)});
  }
  if (!(*files)->has_place) return LookAtSent(**files, looks);
  if ((*files)->place == nullptr) return (*files)->why;
  return LookInto(**files, looks);
}

absl::Status LinkKeeper::LookInto(const PlatformFiles& files, std::vector<Look>& looks) {
  std::vector<std::string> paths;
  for (const Look& look : looks) paths.push_back(look.link.file.path);
  const std::vector<absl::StatusOr<FileStand>> stands =
      PlaceJobs{parts_.workers, files, parts_.clock.Now() + kLooking}.Stat(std::move(paths));
  Looks there;
  for (size_t i = 0; i < looks.size(); ++i) {
    Look& look = looks[i];
    look.link.claimed_sha256.reset();
    if (absl::IsPermissionDenied(stands[i].status())) {
      Refuse(look, "FILE_OUTSIDE_PLACE", stands[i].status().message());
    } else if (!stands[i].ok()) {
      // What has a copy may be gone for good: that is what the copy is for.
      const bool is_gone = absl::IsNotFound(stands[i].status()) && look.link.sha256.has_value();
      if (!is_gone) TryLater(look.link);
    } else {
      look.stand = *stands[i];
      look.size_bytes = look.stand.size_bytes;
      if (IsWithinRule(look, absl::FromUnixNanos(look.stand.modify_time_ns))) there.push_back(&look);
    }
  }
  ASSIGN_OR_RETURN(const Looks unknown, TakeKnown(files, there));
  return ReadAll(files, unknown);
}

bool LinkKeeper::IsWithinRule(Look& look, absl::Time modified) const {
  const v1::FileRule& rule = look.link.rule;
  const int64_t limit =
      rule.max_bytes() > 0 ? std::min(rule.max_bytes(), parts_.max_bytes) : parts_.max_bytes;
  if (look.size_bytes > limit) {
    Refuse(look, "FILE_TOO_LARGE",
           StrCat(ShownName(look.link.name), " has ", look.size_bytes, " bytes, and at most ", limit,
                  " are stored"));
    return false;
  }
  if (rule.has_modified_since() && modified < ToTime(rule.modified_since())) {
    Refuse(look, "FILE_TOO_OLD", StrCat(ShownName(look.link.name), " is older than the sync takes"));
    return false;
  }
  const std::optional<v1::OutcomeError> error = CheckExtension(rule, look.link.name, look.extension);
  if (!error.has_value()) return true;
  // Whatever is there under this name, and was.
  look.link.sha256.reset();
  Refuse(look, error->reason(), error->message());
  return false;
}

absl::StatusOr<LinkKeeper::Looks> LinkKeeper::TakeKnown(const PlatformFiles& files, const Looks& looks) {
  std::vector<std::string> platforms(looks.size(), files.id), paths, hashes;
  for (const Look* const look : looks) paths.push_back(look->link.file.path);
  if (looks.empty()) return Looks();
  ASSIGN_OR_RETURN(const auto seen, parts_.stores.seen.Find(platforms, paths));
  Looks known, unknown;
  for (size_t i = 0; i < looks.size(); ++i) {
    const bool is_same = seen[i].has_value() && seen[i]->stand == looks[i]->stand;
    if (is_same) looks[i]->sha256 = seen[i]->sha256;
    (is_same ? known : unknown).push_back(looks[i]);
    if (is_same) hashes.push_back(seen[i]->sha256);
  }
  if (known.empty()) return unknown;
  ASSIGN_OR_RETURN(const auto stored, parts_.contents.Find(hashes));
  std::vector<std::string> possessed;
  for (size_t i = 0; i < known.size(); ++i) {
    if (!stored[i].has_value()) {
      unknown.push_back(known[i]);
      continue;
    }
    known[i]->size_bytes = stored[i]->size_bytes();
    known[i]->media_type = stored[i]->media_type();
    possessed.push_back(known[i]->sha256);
    // What was taken under this name before is not looked into again.
    if (known[i]->link.sha256 == known[i]->sha256) {
      Keep(*known[i], known[i]->sha256);
    } else {
      TakeStored(*known[i]);
    }
  }
  RETURN_IF_ERROR(parts_.possession.Add(files.id, possessed));
  return unknown;
}

void LinkKeeper::TakeStored(Look& look) {
  const absl::StatusOr<std::optional<v1::OutcomeError>> refused = CheckStoredType(
      parts_.contents, parts_.media_types,
      {look.link.rule, look.link.name, look.extension, look.sha256, look.size_bytes}, &look.media_type);
  if (!refused.ok()) return TryLater(look.link);
  if (refused->has_value()) return Refuse(look, (*refused)->reason(), (*refused)->message());
  Keep(look, look.sha256);
}

// As many small ones at a time as a platform may have in memory. Large ones are read by a worker, which wakes
// them.
absl::Status LinkKeeper::ReadAll(const PlatformFiles& files, const Looks& looks) {
  std::vector<ReadRow> large;
  Looks small;
  int64_t bytes = 0;
  for (Look* const look : looks) {
    if (look->size_bytes > kSmallFile) {
      large.push_back({files.id, look->link.file.path, 0});
      TryLater(look->link);
      continue;
    }
    if (!small.empty() && bytes + look->size_bytes > kSmallFilesOfOne) {
      RETURN_IF_ERROR(ReadSmall(files, std::exchange(small, {})));
      bytes = 0;
    }
    small.push_back(look);
    bytes += look->size_bytes;
  }
  RETURN_IF_ERROR(ReadSmall(files, small));
  if (large.empty()) return absl::OkStatus();
  return parts_.stores.pool.InTransactionWithRetry("put_reads", [&](postgres::Transaction& transaction) {
    return ReadStore::Put(transaction, large, now_);
  });
}

absl::Status LinkKeeper::ReadSmall(const PlatformFiles& files, const Looks& looks) {
  std::vector<PlaceJobs::Source> sources;
  int64_t bytes = 0;
  for (const Look* const look : looks) {
    sources.push_back({look->link.file.path, look->size_bytes});
    bytes += look->size_bytes;
  }
  if (sources.empty()) return absl::OkStatus();
  const absl::Time until = parts_.clock.Now() + kLooking;
  std::shared_ptr<ByteShares::Share> share = parts_.reading.Take(files.id, bytes, until);
  if (share == nullptr) return absl::UnavailableError("there is no memory for more files now");
  const std::vector<absl::StatusOr<PlaceJobs::Content>> read =
      PlaceJobs{parts_.workers, files, until}.Read(std::move(sources), share);
  Looks taken;
  for (size_t i = 0; i < looks.size(); ++i) {
    Look& look = *looks[i];
    if (!read[i].ok()) {
      TryLater(look.link);
      continue;
    }
    look.data = read[i]->data;
    look.stand = read[i]->stand;
    look.size_bytes = look.stand.size_bytes;
    look.sha256 = files::Sha256(*look.data);
    look.media_type = parts_.media_types.Of(absl::string_view(*look.data).substr(0, MediaTypes::kHeadBytes));
    const std::optional<v1::OutcomeError> error = CheckContent(
        look.link.rule, look.link.name, look.extension, look.media_type, *look.data, /*is_whole=*/true);
    // What is refused is not stored.
    if (error.has_value()) {
      Refuse(look, error->reason(), error->message());
    } else {
      taken.push_back(&look);
    }
  }
  const absl::Status status = Store(files, taken);
  for (Look* const look : looks) look->data = nullptr;
  return status;
}

absl::Status LinkKeeper::Store(const PlatformFiles& files, const Looks& looks) {
  if (looks.empty()) return absl::OkStatus();
  std::vector<Contents::Small> contents;
  for (const Look* const look : looks) contents.push_back({look->sha256, *look->data});
  ASSIGN_OR_RETURN(const std::vector<absl::Status> stored, parts_.contents.PutSmall(contents));
  std::vector<std::string> possessed;
  std::vector<SeenFile> seen;
  for (size_t i = 0; i < looks.size(); ++i) {
    Look& look = *looks[i];
    if (!stored[i].ok()) {
      TryLater(look.link);
      continue;
    }
    possessed.push_back(look.sha256);
    Keep(look, look.sha256);
    if (now_ - absl::FromUnixNanos(look.stand.modify_time_ns) > kSettled) {
      seen.push_back({files.id, look.link.file.path, look.stand, look.sha256});
    } else {
      look.link.next_look = now_ + 2 * kSettled;
    }
  }
  SortBy(seen, [](const SeenFile& file) { return std::tie(file.platform, file.path); });
  RETURN_IF_ERROR(parts_.possession.Add(files.id, possessed));
  return parts_.stores.pool.InTransactionWithRetry("put_seen_files", [&](postgres::Transaction& transaction) {
    return SeenStore::Put(transaction, seen);
  });
}

absl::Status LinkKeeper::LookAtSent(const PlatformFiles& files, std::vector<Look>& looks) {
  std::vector<std::string> hashes;
  Looks claimed;
  for (Look& look : looks) {
    if (!look.link.claimed_sha256.has_value()) continue;
    look.sha256 = *look.link.claimed_sha256;
    hashes.push_back(look.sha256);
    claimed.push_back(&look);
  }
  if (claimed.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto stored, parts_.contents.Find(hashes));
  ASSIGN_OR_RETURN(const std::vector<bool> has, parts_.possession.Has(files.id, hashes));
  for (size_t i = 0; i < claimed.size(); ++i) {
    Look& look = *claimed[i];
    if (!stored[i].has_value() || !has[i]) {
      TryLater(look.link);
      continue;
    }
    look.size_bytes = stored[i]->size_bytes();
    look.media_type = stored[i]->media_type();
    // When it was changed its agent has said, and Bind has looked at that.
    if (IsWithinRule(look, absl::InfiniteFuture())) TakeStored(look);
  }
  return absl::OkStatus();
}

void LinkKeeper::Keep(Look& look, const std::string& sha256) const {
  look.link.sha256 = sha256;
  look.link.claimed_sha256.reset();
  look.link.next_look.reset();
}

void LinkKeeper::Refuse(Look& look, absl::string_view reason, absl::string_view message) const {
  look.link.reason = std::string(reason);
  look.link.message = std::string(message);
  look.link.claimed_sha256.reset();
  look.link.next_look.reset();
  log::Info("no copy of a linked file", {{"platform", look.link.file.platform},
                                         {"path", look.link.file.path},
                                         {"reason", reason},
                                         {"message", message}});
}

void LinkKeeper::TryLater(LinkRow& link) const {
  const absl::Duration pause = kFirstPause * std::pow(2.0, std::clamp(link.look_count, 0, 12));
  link.next_look.reset();
  if (link.look_count < kMostLooks) link.next_look = now_ + std::min(pause, kLongestPause);
}

}  // namespace cognate::file_transfer
