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
#include "services/feedback/explain/explain_words.h"

namespace cognate::feedback {
namespace {

constexpr int kDefaultPage = 100;
constexpr int kMaxPage = 1000;
constexpr char kSeparator = '\n';
constexpr absl::Duration kPreviewTimeout = absl::Seconds(3);

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

}  // namespace

absl::StatusOr<v1::ListTroublesResponse> ListTroubles(const Parts& parts,
                                                      const v1::ListTroublesRequest& request,
                                                      const grpc_support::Rpc& rpc) {
  if (request.page_size() < 0 || request.page_size() > kMaxPage) {
    return InvalidField("page_size", absl::StrCat("got ", request.page_size(), ", want at most ", kMaxPage));
  }
  const int page_size = request.page_size() == 0 ? kDefaultPage : request.page_size();
  ASSIGN_OR_RETURN(const std::optional<TroublePosition> after, ParsePageToken(request.page_token()));
  ASSIGN_OR_RETURN(const v1::TroubleFilter filter, FilterOf(request));
  ASSIGN_OR_RETURN(const TroubleCriteria criteria, CriteriaOf(parts.peers, filter, CallContext::Of(rpc)));
  ASSIGN_OR_RETURN(std::vector<Trouble> troubles, parts.troubles.List(criteria, page_size + 1, after));
  v1::ListTroublesResponse response;
  if (troubles.size() > static_cast<size_t>(page_size)) {
    troubles.pop_back();
    response.set_next_page_token(PageToken(troubles.back()));
  }
  for (const Trouble& trouble : troubles) *response.add_troubles() = ToProto(trouble);
  return response;
}

absl::StatusOr<v1::GroupTroublesResponse> GroupTroubles(const Parts& parts,
                                                        const v1::GroupTroublesRequest& request,
                                                        const grpc_support::Rpc& rpc) {
  ASSIGN_OR_RETURN(const TroubleCriteria criteria,
                   CriteriaOf(parts.peers, request.filter(), CallContext::Of(rpc)));
  ASSIGN_OR_RETURN(std::vector<v1::TroubleGroup> groups, parts.troubles.Group(criteria));
  v1::GroupTroublesResponse response;
  for (v1::TroubleGroup& group : groups) {
    response.set_total_count(response.total_count() + group.count());
    *response.add_groups() = std::move(group);
  }
  return response;
}

absl::StatusOr<v1::GetTroubleResponse> GetTrouble(const Parts& parts, const v1::GetTroubleRequest& request,
                                                  const grpc_support::Rpc& rpc) {
  if (request.platform().empty())
    return InvalidField("platform", "got nothing, want the target platform's id");
  if (request.model().empty()) return InvalidField("model", "got nothing, want the target model");
  const absl::StatusOr<Uuid> entity = Uuid::Parse(request.entity_id());
  if (!entity.ok())
    return InvalidField("entity_id", absl::StrCat("got \"", request.entity_id(), "\", want a UUID"));
  const TroubleKey key = {*entity, request.platform(), request.model()};
  ASSIGN_OR_RETURN(const std::vector<Trouble> found, parts.troubles.Find({&key, 1}));
  if (found.empty()) {
    return TroubleNotFound(
        absl::StrCat("entity ", request.entity_id(), " in ", request.model(), " on ", request.platform()));
  }
  v1::GetTroubleResponse response;
  *response.mutable_trouble() = ToProto(found.front());
  v1::PreviewRequest preview;
  *preview.mutable_record() = found.front().source;
  preview.set_target_platform(request.platform());
  CallContext context = CallContext::Of(rpc);
  context.timeout = kPreviewTimeout;
  context.max_attempts = 1;
  const absl::StatusOr<v1::PreviewResponse> answer = parts.peers.Preview(preview, context);
  if (!answer.ok()) {
    *response.add_steps() = NotAsked("sync", "transformer", answer.status());
    return response;
  }
  *response.mutable_steps() = answer->steps();
  for (const v1::RenderedRecord& rendered : answer->records()) {
    if (rendered.platform() == request.platform() && rendered.model() == request.model())
      *response.mutable_rendered() = rendered;
  }
  return response;
}

absl::StatusOr<v1::RedriveResponse> Redrive(const Parts& parts, const v1::RedriveRequest& request,
                                            const grpc_support::Rpc& rpc) {
  ASSIGN_OR_RETURN(const v1::TroubleFilter filter, FilterOf(request));
  ASSIGN_OR_RETURN(TroubleCriteria criteria, CriteriaOf(parts.peers, filter, CallContext::Of(rpc)));
  if (criteria.state == v1::REPLICA_STATE_UNSPECIFIED) criteria.state = v1::REPLICA_STATE_DEAD;
  v1::RedriveResponse response;
  ASSIGN_OR_RETURN(const int64_t redriven, parts.troubles.Redrive(criteria, parts.clock.Now()));
  response.set_redriven_count(redriven);
  parts.signal.Notify();
  log::Info("redrive", {{"platform", criteria.platform}, {"reason", criteria.reason}, {"count", redriven}});
  return response;
}

}  // namespace cognate::feedback
