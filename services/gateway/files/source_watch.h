// Whether the sources of links answer. What is known of an address is good for a while and asked anew beside
// the requests, so that nobody waits for it twice, and as many as like ask once.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/metrics/metrics.h"
#include "common/sync/mutex.h"
#include "common/webhook/sender.h"

namespace cognate::gateway {

// Thread safe.
class SourceWatch {
 public:
  using Then = std::function<void(bool answers)>;

  SourceWatch(const Clock& clock, metrics::Registry& metrics);
  ~SourceWatch() { Shutdown(); }

  // Whether this file can be had there: the source answers, and does not say that it has no such file. `then`
  // is called once, at once where it is known, on any thread, and returns at once. Where the source is slow
  // that takes seconds: whoever cannot wait so long stops waiting.
  void Ask(const std::string& address, bool allow_private_addresses, Then then);

  // From then on, and for all who wait, no source answers.
  void Shutdown();

  // One link was answered: "source", "copy" or "none".
  void Count(const char* from) { links_.With({from}).Increment(); }

 private:
  struct Address {
    std::list<std::string>::iterator place;  // in `by_use_`
    absl::Time asked = absl::InfinitePast();
    bool answers = false;
    bool is_checked = false;  // at this moment
    std::vector<Then> waiting = {};
  };
  // Scheme, host and port.
  struct Origin {
    absl::Time known = absl::InfinitePast();
    bool is_there = false;
    int checks = 0;                  // at this moment
    std::vector<Then> waiting = {};  // for what any of them finds
  };

  Address& Use(const std::string& address) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Check(const std::string& address, bool allow_private_addresses) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Checked(const std::string& address, const absl::StatusOr<webhook::Answer>& answer);

  const Clock& clock_;
  metrics::Family<metrics::Counter> links_;
  metrics::Counter& checks_;
  Mutex mutex_;
  bool is_over_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<std::string, std::unique_ptr<Address>> addresses_ ABSL_GUARDED_BY(mutex_);
  std::list<std::string> by_use_ ABSL_GUARDED_BY(mutex_);  // the last used first
  std::map<std::string, Origin> origins_ ABSL_GUARDED_BY(mutex_);
  // Made when they are needed: for addresses of everybody, and for those that may be private.
  std::map<bool, std::unique_ptr<webhook::Sender>> senders_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::gateway
