#include "common/redis/sentinel.h"

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/redis/wire.h"
#include "common/status/error.h"

namespace cognate::redis {
namespace {

absl::Status WithSentinel(const Endpoint& sentinel, const absl::Status& status) {
  const std::string where = absl::StrCat("sentinel ", Format(sentinel), ": ", status.message());
  if (status.code() != absl::StatusCode::kUnauthenticated)
    return Error(status.code(), ErrorReason(status), where);
  return Error(status.code(), ErrorReason(status),
               absl::StrCat(where,
                            "; give --redis-sentinel-password-file the password of the sentinels, "
                            "which is not the one of Redis"));
}

}  // namespace

absl::StatusOr<Endpoint> AskSentinel(const Endpoint& sentinel, const Address& address,
                                     absl::Duration timeout) {
  Address own;
  own.host = sentinel.host;
  own.port = sentinel.port;
  own.password = address.sentinel_password;
  own.tls = address.tls;
  own.tls_files = address.tls_files;
  Wire wire(own, timeout, timeout);
  const absl::StatusOr<Reply> reply = wire.Run({"SENTINEL", "get-master-addr-by-name", address.primary_name});
  if (!reply.ok()) return WithSentinel(sentinel, reply.status());
  const ReplyView view = reply->view();
  if (view.IsNil()) {
    return Error(absl::StatusCode::kFailedPrecondition, "REDIS_PRIMARY_UNKNOWN",
                 absl::StrCat("sentinel ", Format(sentinel), " knows no primary \"", address.primary_name,
                              "\": give --redis-address the name that `sentinel monitor` gives it"));
  }
  Endpoint primary;
  if (view.size() != 2 || view[0].text().empty() || !absl::SimpleAtoi(view[1].text(), &primary.port)) {
    return Error(absl::StatusCode::kUnavailable, "REDIS_SENTINEL_UNAVAILABLE",
                 absl::StrCat("sentinel ", Format(sentinel), " gave no address: is it a sentinel?"))
        .RetryAfter(absl::Seconds(1));
  }
  primary.host = std::string(view[0].text());
  return primary;
}

absl::Status SentinelsUnavailable(const Address& address, const absl::Status& last) {
  const std::string all = absl::StrJoin(
      address.sentinels, ", ",
      [](std::string* out, const Endpoint& sentinel) { absl::StrAppend(out, Format(sentinel)); });
  return Error(absl::StatusCode::kUnavailable, "REDIS_SENTINEL_UNAVAILABLE",
               absl::StrCat(
                   "none of the sentinels ", all, " says where \"", address.primary_name,
                   "\" is: do they run, and does --redis-address name them? The last: ", last.message()))
      .RetryAfter(absl::Seconds(1));
}

}  // namespace cognate::redis
