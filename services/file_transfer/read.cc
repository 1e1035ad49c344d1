#include "services/file_transfer/read.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/write_check.h"

namespace cognate::file_transfer {
namespace {

// Downloads gain from larger messages than the disk is read by.
constexpr size_t kMessageBytes = 1 << 20;

}  // namespace

absl::Status MayRead(Parts& parts, const v1::Principal& principal, const std::string& sha256) {
  ASSIGN_OR_RETURN(const std::vector<bool> may, MayReadAll(parts, principal, {sha256}));
  return may.front() ? absl::OkStatus() : FileNotFound(sha256);
}

absl::StatusOr<std::vector<bool>> MayReadAll(Parts& parts, const v1::Principal& principal,
                                             const std::vector<std::string>& sha256s) {
  std::vector<bool> may(sha256s.size(), true);
  if (principal.role() != v1::ROLE_PLATFORM) return may;
  ASSIGN_OR_RETURN(may, parts.possession.Has(principal.platform(), sha256s));
  ASSIGN_OR_RETURN(const std::vector<bool> is_to, parts.references.AreFor(principal.platform(), sha256s));
  for (size_t i = 0; i < may.size(); ++i) may[i] = may[i] || is_to[i];
  return may;
}

absl::Status Read(Parts& parts, const v1::ReadRequest& request, const grpc_support::Rpc& rpc,
                  grpc_support::Sink<v1::ReadResponse>& sink, std::function<void()> cancel) {
  RETURN_IF_ERROR(CheckSha256("sha256", request.sha256()));
  if (request.offset() < 0 || request.limit() < 0)
    return InvalidField(request.offset() < 0 ? "offset" : "limit", "want at least 0");
  RETURN_IF_ERROR(MayRead(parts, rpc.principal(), request.sha256()));
  ASSIGN_OR_RETURN(const auto call, parts.reads.Enter(KeyPlatform(rpc), std::move(cancel)));
  v1::ReadResponse response;
  const auto send = [&] {
    call->Listens();
    const bool is_sent = sink.Write(response);
    call->Heard();
    parts.metrics.read_bytes.Increment(static_cast<double>(response.data().size()));
    response.mutable_data()->clear();
    return is_sent && !rpc.cancelled();
  };
  const absl::Status status =
      parts.contents.Read(request.sha256(), request.offset(), request.limit() == 0 ? -1 : request.limit(),
                          [&](absl::string_view piece) {
                            response.mutable_data()->append(piece.data(), piece.size());
                            return response.data().size() < kMessageBytes || send();
                          });
  RETURN_IF_ERROR(status);
  if (!response.data().empty()) send();
  return rpc.cancelled() ? absl::CancelledError("the reader is gone") : absl::OkStatus();
}

}  // namespace cognate::file_transfer
