// Which uploads the requests of this process write to. One request writes to an upload at a time.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/http/event_loop.h"

namespace cognate::gateway {

// A request that writes.
class UploadHolder {
 public:
  virtual ~UploadHolder() = default;
  // When its client was heard of last.
  virtual absl::Duration heard() const = 0;
  // Another request wants the upload: it commits what it has, and leaves.
  virtual void Yield() = 0;
};

// Of the loop's thread. A connection that broke is often found out by its client first: a request that has
// not heard of its client for a moment makes room for the next one.
class ActiveUploads {
 public:
  enum class Entry { kEntered, kInUse, kTooMany };
  using Go = std::function<void(Entry)>;

  // Calls `go` once nobody else writes to the upload, or says that it did not come to that.
  void Enter(http::EventLoop& loop, const std::string& key, UploadHolder* holder, Go go);
  void Leave(const std::string& key);
  // Calls `then` when nobody writes to it whose client is silent; what is committed is said truly then.
  void Settle(http::EventLoop& loop, const std::string& key, std::function<void()> then);

 private:
  int64_t CountOf(absl::string_view platform) const;
  // Until when somebody waits.
  void EnterBy(http::EventLoop& loop, const std::string& key, UploadHolder* holder, absl::Duration deadline,
               const Go& go);
  void SettleBy(http::EventLoop& loop, const std::string& key, absl::Duration deadline,
                const std::function<void()>& then);

  absl::flat_hash_map<std::string, UploadHolder*> holders_;
};

}  // namespace cognate::gateway
