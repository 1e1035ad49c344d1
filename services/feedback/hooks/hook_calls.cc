#include "services/feedback/hooks/hook_calls.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/ids/uuid.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"
#include "services/feedback/hooks/hook_check.h"

namespace cognate::feedback {
namespace {

constexpr int kDefaultPage = 100;
constexpr int kMaxPage = 1000;

v1::EventHook ToProto(const Hook& hook, absl::Time now) {
  v1::EventHook proto = hook.config;
  proto.set_name(absl::StrCat("eventHooks/", hook.id));
  proto.set_broken(hook.broken);
  proto.set_last_error(hook.last_error);
  if (hook.last_sent) *proto.mutable_last_sent_time() = ToTimestamp(*hook.last_sent);
  const absl::Duration lag =
      hook.first_waiting ? std::max(now - *hook.first_waiting, absl::ZeroDuration()) : absl::ZeroDuration();
  proto.mutable_lag()->set_seconds(absl::ToInt64Seconds(lag));
  *proto.mutable_create_time() = ToTimestamp(hook.created);
  proto.set_etag(absl::StrCat(hook.revision));
  return proto;
}

// What is stored of what was asked for.
v1::EventHook ConfigOf(const v1::EventHook& asked) {
  v1::EventHook config;
  *config.mutable_endpoint() = asked.endpoint();
  *config.mutable_filter() = asked.filter();
  if (asked.has_digest()) *config.mutable_digest() = asked.digest();
  config.set_is_paused(asked.is_paused());
  return config;
}

absl::Status ChangeField(const std::string& path, const v1::EventHook& asked, v1::EventHook* config) {
  if (path == "endpoint") {
    *config->mutable_endpoint() = asked.endpoint();
  } else if (path == "filter") {
    *config->mutable_filter() = asked.filter();
  } else if (path == "digest") {
    config->clear_digest();
    if (asked.has_digest()) *config->mutable_digest() = asked.digest();
  } else if (path == "is_paused") {
    config->set_is_paused(asked.is_paused());
  } else {
    return InvalidField("update_mask",
                        absl::StrCat("got \"", path, "\", want endpoint, filter, digest or is_paused"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::CreateEventHookResponse> CreateEventHook(HookStore& store, const Clock& clock,
                                                            const v1::CreateEventHookRequest& request) {
  Hook hook;
  ASSIGN_OR_RETURN(hook.id, HookIdOf(request.event_hook().name(), "event_hook.name"));
  if (!request.request_id().empty() && !Uuid::Parse(request.request_id()).ok())
    return InvalidField("request_id", "got something else, want a UUID");
  RETURN_IF_ERROR(CheckHook(request.event_hook()));
  hook.config = ConfigOf(request.event_hook());
  hook.created = clock.Now();
  ASSIGN_OR_RETURN(const Hook created, store.Create(hook, request.request_id()));
  v1::CreateEventHookResponse response;
  *response.mutable_event_hook() = ToProto(created, clock.Now());
  return response;
}

absl::StatusOr<v1::GetEventHookResponse> GetEventHook(HookStore& store, const Clock& clock,
                                                      const v1::GetEventHookRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, HookIdOf(request.name(), "name"));
  ASSIGN_OR_RETURN(const Hook hook, store.Get(id));
  v1::GetEventHookResponse response;
  *response.mutable_event_hook() = ToProto(hook, clock.Now());
  return response;
}

absl::StatusOr<v1::ListEventHooksResponse> ListEventHooks(HookStore& store, const Clock& clock,
                                                          const v1::ListEventHooksRequest& request) {
  if (request.page_size() < 0 || request.page_size() > kMaxPage)
    return InvalidField("page_size", absl::StrCat("got ", request.page_size(), ", want 1 to ", kMaxPage));
  const int size = request.page_size() == 0 ? kDefaultPage : request.page_size();
  ASSIGN_OR_RETURN(const std::vector<Hook> hooks, store.List(request.page_token(), size + 1));
  v1::ListEventHooksResponse response;
  for (const Hook& hook : hooks) {
    if (response.event_hooks_size() == size) {
      response.set_next_page_token(hooks[static_cast<size_t>(size) - 1].id);
      break;
    }
    *response.add_event_hooks() = ToProto(hook, clock.Now());
  }
  return response;
}

absl::StatusOr<v1::UpdateEventHookResponse> UpdateEventHook(HookStore& store, const Clock& clock,
                                                            const v1::UpdateEventHookRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, HookIdOf(request.event_hook().name(), "event_hook.name"));
  if (request.update_mask().paths().empty())
    return InvalidField("update_mask", "got nothing, want the fields that change");
  ASSIGN_OR_RETURN(const Hook updated,
                   store.Update(id, request.event_hook().etag(), [&](v1::EventHook* config) -> absl::Status {
                     for (const std::string& path : request.update_mask().paths())
                       RETURN_IF_ERROR(ChangeField(path, request.event_hook(), config));
                     return CheckHook(*config);
                   }));
  v1::UpdateEventHookResponse response;
  *response.mutable_event_hook() = ToProto(updated, clock.Now());
  return response;
}

absl::StatusOr<v1::DeleteEventHookResponse> DeleteEventHook(HookStore& store,
                                                            const v1::DeleteEventHookRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, HookIdOf(request.name(), "name"));
  RETURN_IF_ERROR(store.Delete(id));
  return v1::DeleteEventHookResponse();
}

}  // namespace cognate::feedback
