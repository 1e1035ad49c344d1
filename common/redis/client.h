// Redis: streams with consumer groups, and the few plain commands that go with them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/redis/address.h"

namespace cognate::redis {

struct Options {
  std::string address;                 // as ParseAddress (address.h) takes it
  std::string password = {};           // if not within the address
  std::string sentinel_password = {};  // of the sentinels that the address names
  TlsFiles tls_files = {};             // where the address wants TLS
  absl::Duration connect_timeout = absl::Seconds(2);
  absl::Duration command_timeout = absl::Seconds(5);
};

// The whole address; INVALID_ARGUMENT as ParseAddress has it.
absl::StatusOr<Address> AddressOf(const Options& options);

struct Entry {
  std::string stream;
  std::string id;  // "milliseconds-sequence"
  std::string payload;
  std::string traceparent = {};  // what it was added as a part of (common/trace); may be empty, or nonsense
};

class Wire;

// When a stream entry was added, by Redis' clock.
absl::Time TimeOfId(absl::string_view id);

// One connection. NOT thread safe: one Client for each thread. After an error of the connection a call
// answers UNAVAILABLE and the next call connects anew; nothing is sent twice on its own. UNAVAILABLE as well
// while Redis loads its data. Where the address names sentinels or nodes of a cluster, a call may come to
// another primary than the one before, which may have lost what was added last, or have again what was
// removed. In a cluster the keys of one call are in one slot (PrefixAt).
class Client {
 public:
  // Connects at once, to prove the address.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const Options& options);
  static absl::StatusOr<std::unique_ptr<Client>> Connect(absl::string_view address);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  absl::Status Ping();
  // How often it has connected. What was read on another connection may be pending once more on this one.
  int64_t connections() const;

  // --- Streams: every entry has one payload, any bytes, and may say of what trace it is a part. ---

  // Gives the new id. `max_length` > 0 trims the oldest beyond about that many (MAXLEN ~).
  absl::StatusOr<std::string> Add(absl::string_view stream, absl::string_view payload,
                                  int64_t max_length = 0);
  // One round trip. On an error some may have been added.
  absl::StatusOr<std::vector<std::string>> AddMany(absl::string_view stream,
                                                   absl::Span<const std::string> payloads);
  struct Addition {
    absl::string_view stream;
    absl::string_view payload;
    absl::string_view traceparent = {};
  };
  absl::StatusOr<std::vector<std::string>> AddMany(absl::Span<const Addition> additions);

  // The group (and its stream) exists afterwards, reading from the stream's first entry.
  absl::Status EnsureGroup(absl::string_view stream, absl::string_view group);

  // Up to `count` new entries of the stream for `consumer`; they stay pending until acknowledged. Waits up
  // to `block` (at most one second a call, so that a loop sees its stop) for the first; empty when there was
  // none. A group that has vanished (FLUSHALL, a lost Redis) is made again, from the stream's first entry.
  absl::StatusOr<std::vector<Entry>> ReadGroup(absl::string_view stream, absl::string_view group,
                                               absl::string_view consumer, int count, absl::Duration block);

  // What this consumer was given and has not acknowledged, oldest first, after `after`. Entries that were
  // deleted meanwhile are acknowledged and left out.
  absl::StatusOr<std::vector<Entry>> ReadPending(absl::string_view stream, absl::string_view group,
                                                 absl::string_view consumer, int count,
                                                 absl::string_view after = "0");

  // Acknowledges and removes; one round trip. Unknown ids are fine.
  absl::Status AckAndDelete(absl::string_view stream, absl::string_view group,
                            absl::Span<const std::string> ids);

  // Takes over up to `count` entries that other consumers have kept pending for `min_idle`.
  absl::StatusOr<std::vector<Entry>> AutoClaim(absl::string_view stream, absl::string_view group,
                                               absl::string_view consumer, absl::Duration min_idle,
                                               int count);

  // Takes consumers out of the group that have asked for nothing for `idle` and hold nothing. One that comes
  // back is a consumer again. How many there were.
  absl::StatusOr<int64_t> ForgetConsumers(absl::string_view stream, absl::string_view group,
                                          absl::Duration idle);

  absl::StatusOr<int64_t> Length(absl::string_view stream);
  // The lengths of streams, and whether a key beside each exists: one round trip for all.
  struct Marked {
    absl::string_view stream;
    absl::string_view mark;
  };
  struct Standing {
    int64_t length = 0;
    bool marked = false;
  };
  absl::StatusOr<std::vector<Standing>> Standings(absl::Span<const Marked> streams);
  // The length and the oldest entry's id (nullopt when the stream is empty or missing): one round trip, and
  // without the entry itself, which may be large.
  struct Extent {
    int64_t length = 0;
    std::optional<std::string> first_id;
  };
  absl::StatusOr<Extent> Measure(absl::string_view stream);
  absl::StatusOr<std::optional<std::string>> FirstId(absl::string_view stream);
  // Entries after `after` ("0": from the first; "$" is not taken), without a group. Waits as ReadGroup does.
  absl::StatusOr<std::vector<Entry>> Read(absl::string_view stream, absl::string_view after, int count,
                                          absl::Duration block);
  // The newest entry's id, "0-0" when there is none: where a reader of news begins.
  absl::StatusOr<std::string> LastId(absl::string_view stream);

  // What the server says of its memory.
  struct Memory {
    int64_t used_bytes = 0;
    int64_t max_bytes = 0;  // 0: no bound.
    int64_t evicted_keys = 0;
  };
  absl::StatusOr<Memory> AskMemory();

  // --- Plain keys ---

  absl::StatusOr<std::optional<std::string>> Get(absl::string_view key);
  // A zero `expire` means never.
  absl::Status Set(absl::string_view key, absl::string_view value,
                   absl::Duration expire = absl::ZeroDuration());
  absl::Status Del(absl::string_view key);
  absl::Status FlushAll();

 private:
  struct ReadResult {
    std::vector<Entry> entries;
    std::vector<std::string> deleted;  // ids whose entries are gone
  };
  explicit Client(std::unique_ptr<Wire> wire);
  // `after` is ">" for new entries. Makes the group and asks once more where it is missing.
  absl::StatusOr<ReadResult> ReadGroupOnce(absl::string_view stream, absl::string_view group,
                                           absl::string_view consumer, int count, absl::Duration block,
                                           absl::string_view after);

  std::unique_ptr<Wire> wire_;
};

}  // namespace cognate::redis
