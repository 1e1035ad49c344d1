#include "services/change_capture/list_latest_changes.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/latest_change.h"

namespace cognate::change_capture {
namespace {

constexpr int kDefaultPage = 1'000;
constexpr int kMaxPage = 10'000;
constexpr size_t kMaxBytes = 8 << 20;
// How page tokens begin: the rest says where the page goes on.
constexpr absl::string_view kAfterId = "after:";
constexpr absl::string_view kFromVersion = "from:";

absl::Status WrongToken(const std::string& token) {
  return FieldInvalid("page_token", token, "the next_page_token of a page before");
}

// As many as one message should carry, at least one; the last of them, nullptr where all were added.
absl::StatusOr<const LoggedState*> Add(const std::vector<LoggedState>& states,
                                       v1::ListLatestChangesResponse* response) {
  size_t bytes = 0;
  for (const LoggedState& state : states) {
    ASSIGN_OR_RETURN(*response->add_changes(), ToMessage(state));
    bytes += state.fields.size();
    if (bytes >= kMaxBytes && &state != &states.back()) return &state;
  }
  return nullptr;
}

absl::StatusOr<v1::ListLatestChangesResponse> ById(ChangeLog& log, const LoggedModel& model,
                                                   absl::string_view after, int limit) {
  ASSIGN_OR_RETURN(const ChangeLog::Page page, log.LatestPage(model, after, limit));
  v1::ListLatestChangesResponse response;
  ASSIGN_OR_RETURN(const LoggedState* const cut, Add(page.states, &response));
  response.set_is_complete(true);
  const std::string& last = cut == nullptr ? page.last_local_id : cut->local_id;
  if (!last.empty()) response.set_next_page_token(absl::StrCat(kAfterId, last));
  return response;
}

absl::StatusOr<v1::ListLatestChangesResponse> ByAge(const absl::StatusOr<NewestRecordsStore::Page>& page) {
  RETURN_IF_ERROR(page.status());
  v1::ListLatestChangesResponse response;
  ASSIGN_OR_RETURN(const LoggedState* const cut, Add(page->states, &response));
  const int64_t next = cut == nullptr ? page->next_version : cut->version - 1;
  if (next > 0) response.set_next_page_token(absl::StrCat(kFromVersion, next));
  return response;
}

}  // namespace

absl::StatusOr<v1::ListLatestChangesResponse> ListLatestChanges(ChangeLog& log, NewestRecordsStore& newest,
                                                                const v1::ListLatestChangesRequest& request) {
  if (request.platform().empty()) return FieldMissing("platform", "the platform's id");
  if (request.model().empty()) return FieldMissing("model", "a model");
  if (request.page_size() < 0 || request.page_size() > kMaxPage)
    return FieldInvalid("page_size", absl::StrCat(request.page_size()), absl::StrCat("0 to ", kMaxPage));
  if (request.last_records() < 0)
    return FieldInvalid("last_records", absl::StrCat(request.last_records()), "0 or more");
  const int limit = request.page_size() == 0 ? kDefaultPage : request.page_size();
  ASSIGN_OR_RETURN(const LoggedModel* const model, log.FindModel(request.platform(), request.model()));
  if (model == nullptr) {
    v1::ListLatestChangesResponse nothing;
    nothing.set_is_complete(true);
    return nothing;
  }
  absl::string_view token = request.page_token();
  if (absl::ConsumePrefix(&token, kAfterId)) return ById(log, *model, token, limit);
  if (absl::ConsumePrefix(&token, kFromVersion)) {
    int64_t version = 0;
    if (!absl::SimpleAtoi(token, &version) || version <= 0) return WrongToken(request.page_token());
    return ByAge(newest.From(*model, version, limit));
  }
  if (!token.empty()) return WrongToken(request.page_token());
  if (request.last_records() > 0) {
    ASSIGN_OR_RETURN(const int64_t known, log.EstimateRecords(*model));
    if (known > request.last_records()) {
      ASSIGN_OR_RETURN(const int64_t version, log.NewestVersion());
      return ByAge(newest.From(*model, version, limit));
    }
  }
  return ById(log, *model, "", limit);
}

}  // namespace cognate::change_capture
