#include "common/s3/client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/files/digest.h"
#include "common/s3/encoding.h"
#include "common/s3/errors.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::s3 {
namespace {

using absl::StrCat;

constexpr size_t kMaxKey = 1'024;
constexpr int kPageSize = 1'000;
constexpr int64_t kHashedAtOnce = 256 << 10;

absl::Status CheckKey(absl::string_view key) {
  if (!key.empty() && key.size() <= kMaxKey) return absl::OkStatus();
  return absl::InvalidArgumentError(StrCat("a key of ", key.size(), " bytes, want 1 to ", kMaxKey));
}

// Of `bytes=<first>-<last>/<size>`; nothing where it is not that.
struct ContentRange {
  int64_t first = 0;
  int64_t last = 0;
};
std::optional<ContentRange> ParseContentRange(absl::string_view text) {
  ContentRange range;
  if (!absl::ConsumePrefix(&text, "bytes ")) return std::nullopt;
  const size_t dash = text.find('-');
  const size_t slash = text.find('/');
  if (dash == absl::string_view::npos || slash == absl::string_view::npos || slash < dash)
    return std::nullopt;
  if (!absl::SimpleAtoi(text.substr(0, dash), &range.first) ||
      !absl::SimpleAtoi(text.substr(dash + 1, slash - dash - 1), &range.last))
    return std::nullopt;
  return range;
}

// Where a Get is.
struct Reading {
  int64_t offset;  // of the next byte
  int64_t end;     // behind the last one; -1: not known yet
  std::string etag;
  bool is_enough = false;

  Pairs Headers() const {
    Pairs headers;
    if (offset > 0 || end >= 0)
      headers.emplace_back("Range", StrCat("bytes=", offset, "-", end < 0 ? "" : StrCat(end - 1)));
    if (!etag.empty()) headers.emplace_back("If-Match", etag);
    return headers;
  }

  // Before a byte is given: those that come are those that were asked for.
  absl::Status Begin(const HttpAnswer& head) {
    etag = head.etag;
    if (offset == 0 && end < 0) {
      if (head.status != 200) return Unreadable("a part of an object that was asked for whole");
      if (head.content_length >= 0) end = head.content_length;
      return absl::OkStatus();
    }
    const std::optional<ContentRange> range = ParseContentRange(head.content_range);
    if (head.status != 206 || !range.has_value() || range->first != offset || range->last < offset)
      return Unreadable("another range of an object than was asked for");
    if (end >= 0 && range->last >= end) return Unreadable("more of an object than was asked for");
    end = range->last + 1;
    return absl::OkStatus();
  }
};

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Create(const Options& options, const Clock& clock) {
  ASSIGN_OR_RETURN(const Endpoint endpoint, ParseEndpoint(options.endpoint));
  ASSIGN_OR_RETURN(Bucket bucket, Bucket::Create(endpoint, options.bucket, options.endpoint.path_style));
  if (options.credentials.access_key.empty() || options.credentials.secret_key.empty())
    return absl::InvalidArgumentError("no access key, or no secret key");
  return std::unique_ptr<Client>(new Client(options, std::move(bucket), clock));
}

Client::Client(const Options& options, Bucket bucket, const Clock& clock)
    : options_(options), bucket_(std::move(bucket)), clock_(clock), transport_(options.transport) {}

void Client::Stop() {
  transport_.Stop();
  stop_.Stop();
}

absl::StatusOr<HttpAnswer> Client::Try(const Call& call) {
  const absl::Time now = clock_.Now();
  Signable signable;
  signable.method = call.method;
  signable.host = bucket_.host();
  signable.path = bucket_.Path(call.key);
  signable.query = call.query;
  signable.payload_hash = call.payload_hash.empty() ? Sha256Hex("") : call.payload_hash;
  signable.headers = call.headers;
  signable.headers.emplace_back("x-amz-content-sha256", signable.payload_hash);
  signable.headers.emplace_back("x-amz-date", AmzDate(now));
  if (!options_.credentials.session_token.empty())
    signable.headers.emplace_back("x-amz-security-token", options_.credentials.session_token);

  HttpRequest request;
  request.method = call.method;
  request.url = bucket_.Url(Target(signable));
  request.body = call.body;
  request.headers = signable.headers;
  request.headers.emplace_back(
      "Authorization", Authorization(signable, options_.credentials, {options_.endpoint.region}, now));
  ASSIGN_OR_RETURN(HttpAnswer answer, transport_.Perform(request, call.sink));
  const bool is_success = answer.status >= 200 && answer.status < 300;
  // The answer that completes an upload begins before S3 knows how it ends.
  if (is_success && !(call.method == "POST" && IsErrorDocument(answer.body))) return answer;
  return ErrorOf(answer, {bucket_.name(), call.key, options_.endpoint.region, now});
}

absl::Status Client::WaitAfter(const absl::Status& failure, Backoff& backoff) {
  const absl::Duration wait = std::max(backoff.Next(), RetryDelay(failure).value_or(absl::ZeroDuration()));
  if (stop_.WaitFor(std::min(wait, options_.backoff.max))) return absl::CancelledError("the S3 client stops");
  return absl::OkStatus();
}

absl::StatusOr<HttpAnswer> Client::Perform(const Call& call) {
  Backoff backoff(options_.backoff);
  while (true) {
    absl::StatusOr<HttpAnswer> answer = Try(call);
    if (answer.ok() || !IsPassing(answer.status()) || backoff.attempts() + 1 >= options_.max_attempts)
      return answer;
    RETURN_IF_ERROR(WaitAfter(answer.status(), backoff));
  }
}

absl::StatusOr<std::string> Client::PayloadHash(const Source* body) {
  if (!options_.signs_payload && bucket_.is_secure()) return std::string(kUnsignedPayload);
  files::Digest digest;
  std::string buffer(static_cast<size_t>(std::min<int64_t>(body->size, kHashedAtOnce)), '\0');
  for (int64_t offset = 0; offset < body->size;) {
    const size_t room = std::min(buffer.size(), static_cast<size_t>(body->size - offset));
    ASSIGN_OR_RETURN(const size_t got, body->read(offset, buffer.data(), room));
    if (got == 0 || got > room) return absl::DataLossError("what is to be sent ends too early");
    digest.Add(absl::string_view(buffer.data(), got));
    offset += static_cast<int64_t>(got);
  }
  return ToHex(digest.Finish());
}

absl::Status Client::Put(absl::string_view key, const Source& source, absl::string_view sha256_hex) {
  RETURN_IF_ERROR(CheckKey(key));
  Call call{"PUT", std::string(key)};
  call.body = &source;
  call.payload_hash = std::string(sha256_hex);
  if (sha256_hex.empty()) {
    ASSIGN_OR_RETURN(call.payload_hash, PayloadHash(&source));
  }
  return Perform(call).status();
}

absl::Status Client::Get(absl::string_view key, int64_t offset, int64_t limit,
                         absl::FunctionRef<bool(absl::string_view)> take) {
  RETURN_IF_ERROR(CheckKey(key));
  if (offset < 0) return absl::InvalidArgumentError("a negative offset");
  if (limit == 0) return absl::OkStatus();
  Reading reading{offset, limit < 0 ? -1 : offset + limit, ""};
  Sink sink;
  sink.begin = [&](const HttpAnswer& head) { return reading.Begin(head); };
  sink.take = [&](absl::string_view data) {
    const auto left = static_cast<size_t>(reading.end < 0 ? INT64_MAX : reading.end - reading.offset);
    const absl::string_view wanted = data.substr(0, left);
    reading.offset += static_cast<int64_t>(wanted.size());
    reading.is_enough = !take(wanted);
    return !reading.is_enough && data.size() <= left;
  };
  Backoff backoff(options_.backoff);
  while (true) {
    const int64_t before = reading.offset;
    Call call{"GET", std::string(key), {}, reading.Headers()};
    call.sink = &sink;
    absl::Status status = Try(call).status();
    if (reading.is_enough) return absl::OkStatus();
    if (status.ok() && reading.offset < reading.end)
      status = Unavailable("an answer that ends before it is complete");
    if (status.ok() || !IsPassing(status)) return status;
    if (reading.end >= 0 && reading.offset == reading.end) return absl::OkStatus();
    if (reading.offset > before) backoff.Reset();
    if (backoff.attempts() + 1 >= options_.max_attempts) return status;
    RETURN_IF_ERROR(WaitAfter(status, backoff));
  }
}

absl::StatusOr<Client::Head> Client::GetHead(absl::string_view key) {
  RETURN_IF_ERROR(CheckKey(key));
  ASSIGN_OR_RETURN(const HttpAnswer answer, Perform({"HEAD", std::string(key)}));
  if (answer.content_length < 0) return Unreadable("an object without its length");
  return Head{answer.content_length, answer.etag, answer.last_modified.value_or(absl::UnixEpoch())};
}

absl::Status Client::Delete(absl::string_view key) {
  RETURN_IF_ERROR(CheckKey(key));
  const absl::Status status = Perform({"DELETE", std::string(key)}).status();
  return ErrorReason(status) == "S3_OBJECT_NOT_FOUND" ? absl::OkStatus() : status;
}

absl::StatusOr<ObjectPage> Client::List(absl::string_view prefix, absl::string_view token) {
  Call call{"GET", ""};
  call.query = {{"list-type", "2"},
                {"encoding-type", "url"},
                {"max-keys", StrCat(kPageSize)},
                {"prefix", std::string(prefix)}};
  if (!token.empty()) call.query.emplace_back("continuation-token", token);
  ASSIGN_OR_RETURN(const HttpAnswer answer, Perform(call));
  ASSIGN_OR_RETURN(ObjectPage page, ReadObjectPage(answer.body));
  if (!page.next_token.empty() && page.next_token == token) return Unreadable("a list that never ends");
  return page;
}

absl::Status Client::ForEach(absl::string_view prefix, absl::FunctionRef<absl::Status(const Object&)> visit) {
  std::string token;
  do {
    ASSIGN_OR_RETURN(ObjectPage page, List(prefix, token));
    for (const Object& object : page.objects) RETURN_IF_ERROR(visit(object));
    token = std::move(page.next_token);
  } while (!token.empty());
  return absl::OkStatus();
}

std::string Client::PresignedGet(absl::string_view key, absl::Duration lifetime) const {
  Signable signable;
  signable.method = "GET";
  signable.host = bucket_.host();
  signable.path = bucket_.Path(key);
  return bucket_.Url(PresignedTarget(std::move(signable), options_.credentials, {options_.endpoint.region},
                                     clock_.Now(), lifetime));
}

}  // namespace cognate::s3
