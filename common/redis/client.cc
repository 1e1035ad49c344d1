#include "common/redis/client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/redis/wire.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::redis {
namespace {

constexpr char kField[] = "p";                       // the first field of every entry
constexpr char kTraceparentField[] = "traceparent";  // behind it, where there is one

constexpr char kMeasure[] = R"lua(
  local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
  return {redis.call('XLEN', KEYS[1]), first and first[1]}
)lua";

// Nobody can give one of them anything between the look and the end of it.
constexpr char kForgetConsumers[] = R"lua(
  local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
  if consumers.err then return 0 end
  local gone = 0
  for _, fields in ipairs(consumers) do
    local consumer = {}
    for i = 1, #fields, 2 do consumer[fields[i]] = fields[i + 1] end
    if consumer.pending == 0 and consumer.idle >= tonumber(ARGV[2]) then
      redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
      gone = gone + 1
    end
  end
  return gone
)lua";

using Arguments = std::vector<absl::string_view>;

// [id, [field, value, …]]; the body of a deleted entry is nil.
bool IsDeleted(ReplyView entry) { return entry.size() < 2 || entry[1].size() < 2; }

Entry ToEntry(absl::string_view stream, ReplyView entry) {
  const ReplyView fields = entry[1];
  Entry read{std::string(stream), std::string(entry[0].text()), std::string(fields[1].text()), {}};
  for (size_t i = 2; i + 1 < fields.size(); i += 2) {
    if (fields[i].text() == kTraceparentField) read.traceparent = std::string(fields[i + 1].text());
  }
  return read;
}

// [[stream, [entry, …]], …], or nil when there was nothing. `deleted` gets the ids without a body.
std::vector<Entry> ToEntries(ReplyView streams, std::vector<std::string>* deleted) {
  std::vector<Entry> entries;
  for (size_t s = 0; s < streams.size(); ++s) {
    const ReplyView list = streams[s][1];
    for (size_t i = 0; i < list.size(); ++i) {
      if (!IsDeleted(list[i])) {
        entries.push_back(ToEntry(streams[s][0].text(), list[i]));
      } else if (deleted != nullptr && list[i].size() > 0) {
        deleted->emplace_back(list[i][0].text());
      }
    }
  }
  return entries;
}

std::string Milliseconds(absl::Duration duration) {
  return absl::StrCat(absl::ToInt64Milliseconds(duration));
}

}  // namespace

absl::Time TimeOfId(absl::string_view id) {
  int64_t milliseconds = 0;
  return absl::SimpleAtoi(id.substr(0, id.find('-')), &milliseconds) ? absl::FromUnixMillis(milliseconds)
                                                                     : absl::InfinitePast();
}

absl::StatusOr<Address> AddressOf(const Options& options) {
  ASSIGN_OR_RETURN(Address address, ParseAddress(options.address));
  if (!options.password.empty()) address.password = options.password;
  address.sentinel_password = options.sentinel_password;
  address.tls_files = options.tls_files;
  return address;
}

Client::Client(std::unique_ptr<Wire> wire) : wire_(std::move(wire)) {}

Client::~Client() = default;

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const Options& options) {
  ASSIGN_OR_RETURN(const Address address, AddressOf(options));
  auto wire = std::make_unique<Wire>(address, options.connect_timeout, options.command_timeout);
  RETURN_IF_ERROR(wire->EnsureConnected());
  return std::unique_ptr<Client>(new Client(std::move(wire)));
}

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(absl::string_view address) {
  Options options;
  options.address = std::string(address);
  return Connect(options);
}

absl::Status Client::Ping() { return wire_->Run({"PING"}).status(); }

int64_t Client::connections() const { return wire_->connections(); }

absl::StatusOr<std::string> Client::Add(absl::string_view stream, absl::string_view payload,
                                        int64_t max_length) {
  const std::string length = absl::StrCat(max_length);
  Arguments arguments = {"XADD", stream};
  if (max_length > 0) arguments.insert(arguments.end(), {"MAXLEN", "~", length});
  arguments.insert(arguments.end(), {"*", kField, payload});
  ASSIGN_OR_RETURN(const Reply reply, wire_->Run(arguments));
  return std::string(reply.view().text());
}

absl::StatusOr<std::vector<std::string>> Client::AddMany(absl::string_view stream,
                                                         absl::Span<const std::string> payloads) {
  std::vector<Addition> additions;
  for (const std::string& payload : payloads) additions.push_back({stream, payload, {}});
  return AddMany(additions);
}

absl::StatusOr<std::vector<std::string>> Client::AddMany(absl::Span<const Addition> additions) {
  std::vector<std::string> ids;
  if (additions.empty()) return ids;
  Pipeline pipeline;
  for (const Addition& addition : additions) {
    Arguments arguments = {"XADD", addition.stream, "*", kField, addition.payload};
    if (!addition.traceparent.empty())
      arguments.insert(arguments.end(), {kTraceparentField, addition.traceparent});
    pipeline.Add(arguments);
  }
  ASSIGN_OR_RETURN(const std::vector<Reply> replies, wire_->Run(pipeline));
  for (const Reply& reply : replies) ids.emplace_back(reply.view().text());
  return ids;
}

absl::Status Client::EnsureGroup(absl::string_view stream, absl::string_view group) {
  const absl::Status status = wire_->Run({"XGROUP", "CREATE", stream, group, "0", "MKSTREAM"}).status();
  return absl::StrContains(status.message(), "BUSYGROUP") ? absl::OkStatus() : status;
}

absl::StatusOr<Client::ReadResult> Client::ReadGroupOnce(absl::string_view stream, absl::string_view group,
                                                         absl::string_view consumer, int count,
                                                         absl::Duration block, absl::string_view after) {
  const std::string count_text = absl::StrCat(count);
  const std::string block_text =
      Milliseconds(std::min({block, absl::Seconds(1), wire_->command_timeout() / 2}));
  Arguments arguments = {"XREADGROUP", "GROUP", group, consumer, "COUNT", count_text};
  if (block >= absl::Milliseconds(1)) arguments.insert(arguments.end(), {"BLOCK", block_text});
  arguments.insert(arguments.end(), {"STREAMS", stream, after});
  const auto read = [&]() -> absl::StatusOr<ReadResult> {
    ASSIGN_OR_RETURN(const Reply reply, wire_->Run(arguments));
    ReadResult result;
    result.entries = ToEntries(reply.view(), &result.deleted);
    return result;
  };
  absl::StatusOr<ReadResult> result = read();
  if (ErrorReason(result.status()) != kNoGroup) return result;
  RETURN_IF_ERROR(EnsureGroup(stream, group));
  result = read();
  if (ErrorReason(result.status()) == kNoGroup)
    return ReadResult();  // gone once more: nothing to read, for now
  return result;
}

absl::StatusOr<std::vector<Entry>> Client::ReadGroup(absl::string_view stream, absl::string_view group,
                                                     absl::string_view consumer, int count,
                                                     absl::Duration block) {
  ASSIGN_OR_RETURN(ReadResult result, ReadGroupOnce(stream, group, consumer, count, block, ">"));
  return std::move(result.entries);
}

absl::StatusOr<std::vector<Entry>> Client::ReadPending(absl::string_view stream, absl::string_view group,
                                                       absl::string_view consumer, int count,
                                                       absl::string_view after) {
  std::string start(after);
  while (true) {
    ASSIGN_OR_RETURN(ReadResult result,
                     ReadGroupOnce(stream, group, consumer, count, absl::ZeroDuration(), start));
    if (!result.deleted.empty()) RETURN_IF_ERROR(AckAndDelete(stream, group, result.deleted));
    if (!result.entries.empty() || result.deleted.empty()) return std::move(result.entries);
    start = result.deleted.back();  // a page of nothing but deleted entries is not the end
  }
}

// Deleted first: what is lost between the two stays pending without a body, and ReadPending clears it away.
absl::Status Client::AckAndDelete(absl::string_view stream, absl::string_view group,
                                  absl::Span<const std::string> ids) {
  if (ids.empty()) return absl::OkStatus();
  Arguments remove = {"XDEL", stream};
  remove.insert(remove.end(), ids.begin(), ids.end());
  Arguments acknowledge = {"XACK", stream, group};
  acknowledge.insert(acknowledge.end(), ids.begin(), ids.end());
  Pipeline pipeline;
  pipeline.Add(remove);
  pipeline.Add(acknowledge);
  return wire_->Run(pipeline).status();
}

absl::StatusOr<std::vector<Entry>> Client::AutoClaim(absl::string_view stream, absl::string_view group,
                                                     absl::string_view consumer, absl::Duration min_idle,
                                                     int count) {
  const std::string idle = Milliseconds(min_idle);
  const std::string count_text = absl::StrCat(count);
  std::vector<Entry> entries;
  std::string cursor = "0-0";
  do {
    absl::StatusOr<Reply> reply =
        wire_->Run({"XAUTOCLAIM", stream, group, consumer, idle, cursor, "COUNT", count_text});
    if (ErrorReason(reply.status()) == kNoGroup) {
      RETURN_IF_ERROR(EnsureGroup(stream, group));
      return entries;
    }
    RETURN_IF_ERROR(reply.status());
    const ReplyView view = reply->view();  // [next cursor, [entry, …], [deleted id, …]]
    if (view.size() < 2) break;
    cursor = std::string(view[0].text());
    for (size_t i = 0; i < view[1].size(); ++i) {
      if (!IsDeleted(view[1][i])) entries.push_back(ToEntry(stream, view[1][i]));
    }
  } while (cursor != "0-0" && entries.empty());
  return entries;
}

absl::StatusOr<int64_t> Client::ForgetConsumers(absl::string_view stream, absl::string_view group,
                                                absl::Duration idle) {
  const std::string idle_text = Milliseconds(idle);
  ASSIGN_OR_RETURN(const Reply reply, wire_->Run({"EVAL", kForgetConsumers, "1", stream, group, idle_text}));
  return reply.view().integer();
}

// INFO as a whole: asked rarely, and servers before 7 give one section at a time.
absl::StatusOr<Client::Memory> Client::AskMemory() {
  ASSIGN_OR_RETURN(const Reply reply, wire_->Run({"INFO"}));
  Memory memory;
  for (absl::string_view line : absl::StrSplit(reply.view().text(), '\n')) {
    line = absl::StripTrailingAsciiWhitespace(line);
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    int64_t* const value = field.first == "used_memory"    ? &memory.used_bytes
                           : field.first == "maxmemory"    ? &memory.max_bytes
                           : field.first == "evicted_keys" ? &memory.evicted_keys
                                                           : nullptr;
    if (value != nullptr && !absl::SimpleAtoi(field.second, value)) *value = 0;
  }
  return memory;
}

absl::StatusOr<int64_t> Client::Length(absl::string_view stream) {
  ASSIGN_OR_RETURN(const Reply reply, wire_->Run({"XLEN", stream}));
  return reply.view().integer();
}

absl::StatusOr<std::vector<Client::Standing>> Client::Standings(absl::Span<const Marked> streams) {
  std::vector<Standing> standings;
  if (streams.empty()) return standings;
  Pipeline pipeline;
  for (const Marked& marked : streams) {
    pipeline.Add({"XLEN", marked.stream});
    pipeline.Add({"EXISTS", marked.mark});
  }
  ASSIGN_OR_RETURN(const std::vector<Reply> replies, wire_->Run(pipeline));
  for (size_t i = 0; i + 1 < replies.size(); i += 2) {
    standings.push_back({replies[i].view().integer(), replies[i + 1].view().integer() > 0});
  }
  return standings;
}

absl::StatusOr<Client::Extent> Client::Measure(absl::string_view stream) {
  ASSIGN_OR_RETURN(const Reply reply, wire_->Run({"EVAL", kMeasure, "1", stream}));
  Extent extent;
  extent.length = reply.view()[0].integer();
  if (reply.view().size() > 1) extent.first_id = std::string(reply.view()[1].text());
  return extent;
}

absl::StatusOr<std::optional<std::string>> Client::FirstId(absl::string_view stream) {
  ASSIGN_OR_RETURN(Extent extent, Measure(stream));
  return std::move(extent.first_id);
}

absl::StatusOr<std::string> Client::LastId(absl::string_view stream) {
  ASSIGN_OR_RETURN(const Reply reply, wire_->Run({"XREVRANGE", stream, "+", "-", "COUNT", "1"}));
  if (reply.view().size() == 0) return std::string("0-0");
  return std::string(reply.view()[0][0].text());
}

absl::StatusOr<std::vector<Entry>> Client::Read(absl::string_view stream, absl::string_view after, int count,
                                                absl::Duration block) {
  const std::string count_text = absl::StrCat(count);
  const std::string block_text =
      Milliseconds(std::min({block, absl::Seconds(1), wire_->command_timeout() / 2}));
  Arguments arguments = {"XREAD", "COUNT", count_text};
  if (block >= absl::Milliseconds(1)) arguments.insert(arguments.end(), {"BLOCK", block_text});
  arguments.insert(arguments.end(), {"STREAMS", stream, after});
  ASSIGN_OR_RETURN(const Reply reply, wire_->Run(arguments));
  return ToEntries(reply.view(), nullptr);
}

absl::StatusOr<std::optional<std::string>> Client::Get(absl::string_view key) {
  ASSIGN_OR_RETURN(const Reply reply, wire_->Run({"GET", key}));
  if (reply.view().IsNil()) return std::optional<std::string>();
  return std::optional<std::string>(reply.view().text());
}

absl::Status Client::Set(absl::string_view key, absl::string_view value, absl::Duration expire) {
  if (expire <= absl::ZeroDuration()) return wire_->Run({"SET", key, value}).status();
  return wire_->Run({"SET", key, value, "PX", Milliseconds(expire)}).status();
}

absl::Status Client::Del(absl::string_view key) { return wire_->Run({"DEL", key}).status(); }

absl::Status Client::FlushAll() { return wire_->Run({"FLUSHALL"}).status(); }

}  // namespace cognate::redis
