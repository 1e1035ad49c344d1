#include "services/feedback/troubles.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"

namespace cognate::feedback {
namespace {

constexpr int kDefaultPage = 100;
constexpr int kMaxPage = 1000;
constexpr char kSeparator = '\n';

std::string PageToken(const Trouble& last) {
  const std::string separator(1, kSeparator);
  return absl::WebSafeBase64Escape(absl::StrCat(absl::ToUnixMicros(last.created), separator,
                                                last.key.entity_id.ToString(), separator, last.key.platform,
                                                separator, last.key.model));
}

absl::StatusOr<std::optional<TroublePosition>> ParsePageToken(const std::string& token) {
  std::optional<TroublePosition> position;
  if (token.empty()) return position;
  std::string text;
  const bool readable = absl::WebSafeBase64Unescape(token, &text);
  const std::vector<std::string> fields = absl::StrSplit(text, kSeparator);
  int64_t micros = 0;
  if (readable && fields.size() == 4 && absl::SimpleAtoi(fields[0], &micros)) {
    const absl::StatusOr<Uuid> entity = Uuid::Parse(fields[1]);
    if (entity.ok()) {
      position = {absl::FromUnixMicros(micros), {*entity, fields[2], fields[3]}};
      return position;
    }
  }
  return InvalidField("page_token", "want one that ListTroubles gave out");
}

absl::Status ValidateState(v1::ReplicaState state) {
  switch (state) {
    case v1::REPLICA_STATE_UNSPECIFIED:
    case v1::REPLICA_STATE_RETRY:
    case v1::REPLICA_STATE_WAITING:
    case v1::REPLICA_STATE_HELD:
    case v1::REPLICA_STATE_CONFLICT:
    case v1::REPLICA_STATE_DEAD:
      return absl::OkStatus();
    default:
      return InvalidField("state", "want RETRY, WAITING, HELD, CONFLICT or DEAD, or none");
  }
}

}  // namespace

absl::StatusOr<v1::ListTroublesResponse> ListTroubles(const Parts& parts,
                                                      const v1::ListTroublesRequest& request) {
  RETURN_IF_ERROR(ValidateState(request.state()));
  if (request.page_size() < 0 || request.page_size() > kMaxPage) {
    return InvalidField("page_size", absl::StrCat("got ", request.page_size(), ", want at most ", kMaxPage));
  }
  const int page_size = request.page_size() == 0 ? kDefaultPage : request.page_size();
  ASSIGN_OR_RETURN(const std::optional<TroublePosition> after, ParsePageToken(request.page_token()));
  ASSIGN_OR_RETURN(std::vector<Trouble> troubles, parts.troubles.List(request, page_size + 1, after));
  v1::ListTroublesResponse response;
  if (troubles.size() > static_cast<size_t>(page_size)) {
    troubles.pop_back();
    response.set_next_page_token(PageToken(troubles.back()));
  }
  for (const Trouble& trouble : troubles) *response.add_troubles() = ToProto(trouble);
  return response;
}

absl::StatusOr<v1::RedriveResponse> Redrive(const Parts& parts, const v1::RedriveRequest& request) {
  RETURN_IF_ERROR(ValidateState(request.state()));
  if (request.has_source() && (request.source().platform().empty() || request.source().model().empty() ||
                               request.source().local_id().empty())) {
    return InvalidField("source", "want platform, model and local_id, or nothing");
  }
  v1::RedriveResponse response;
  ASSIGN_OR_RETURN(const int64_t redriven, parts.troubles.Redrive(request, parts.clock.Now()));
  response.set_redriven_count(redriven);
  parts.signal.Notify();
  log::Info("redrive", {{"platform", request.platform()}, {"reason", request.reason()}, {"count", redriven}});
  return response;
}

}  // namespace cognate::feedback
