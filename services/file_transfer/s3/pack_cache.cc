#include "services/file_transfer/s3/pack_cache.h"

#include <algorithm>
#include <utility>

#include "common/status/status_macros.h"
#include "services/file_transfer/s3/s3_reader.h"

namespace cognate::file_transfer {
namespace {

constexpr size_t kSpans = 8;
constexpr int64_t kSpanBytes = 1 << 20;
// A pack that was damaged is not shown as it was for longer.
constexpr absl::Duration kKept = absl::Seconds(5);

}  // namespace

bool PackCache::Find(const std::string& key, int64_t offset, int64_t size, std::string* found,
                     bool* knows_pack) {
  const absl::Time now = clock_.Now();
  MutexLock lock(&mutex_);
  spans_.remove_if([&](const Span& span) { return span.read_at + kKept < now; });
  for (const Span& span : spans_) {
    if (span.key != key) continue;
    *knows_pack = true;
    const int64_t at = offset - span.offset;
    if (at < 0 || at + size > static_cast<int64_t>(span.bytes.size())) continue;
    *found = span.bytes.substr(static_cast<size_t>(at), static_cast<size_t>(size));
    return true;
  }
  return false;
}

absl::StatusOr<std::string> PackCache::Read(const std::string& key, int64_t offset, int64_t size) {
  if (size == 0) return "";
  std::string found;
  bool knows_pack = false;
  if (Find(key, offset, size, &found, &knows_pack)) return found;
  Span span{key, offset, "", clock_.Now()};
  ASSIGN_OR_RETURN(span.bytes,
                   ReadObject(client_, key, offset, knows_pack ? std::max(size, kSpanBytes) : size));
  found = span.bytes.substr(0, static_cast<size_t>(size));
  MutexLock lock(&mutex_);
  if (spans_.size() >= kSpans) spans_.pop_back();
  spans_.push_front(std::move(span));
  return found;
}

void PackCache::Forget(const std::string& key) {
  MutexLock lock(&mutex_);
  spans_.remove_if([&](const Span& span) { return span.key == key; });
}

}  // namespace cognate::file_transfer
