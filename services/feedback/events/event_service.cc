#include "services/feedback/events/event_service.h"

#include "services/feedback/events/get_history.h"
#include "services/feedback/events/tell_events.h"
#include "services/feedback/events/watch.h"
#include "services/feedback/hooks/hook_calls.h"

namespace cognate::feedback {

using grpc_support::Rpc;

grpc::ServerUnaryReactor* EventService::ListEvents(grpc::CallbackServerContext* context,
                                                   const v1::ListEventsRequest* request,
                                                   v1::ListEventsResponse* response) {
  return rpcs_.Waiting(polls_, kPolls, *context, *request, response, feedback::ListEvents(parts_, *request));
}

grpc::Status EventService::TellEvents(grpc::ServerContext* context, const v1::TellEventsRequest* request,
                                      v1::TellEventsResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return feedback::TellEvents(parts_, *request); });
}

grpc::Status EventService::CreateEventHook(grpc::ServerContext* context,
                                           const v1::CreateEventHookRequest* request,
                                           v1::CreateEventHookResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return feedback::CreateEventHook(hooks_, parts_.clock, *request); });
}

grpc::Status EventService::GetEventHook(grpc::ServerContext* context, const v1::GetEventHookRequest* request,
                                        v1::GetEventHookResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return feedback::GetEventHook(hooks_, parts_.clock, *request); });
}

grpc::Status EventService::ListEventHooks(grpc::ServerContext* context,
                                          const v1::ListEventHooksRequest* request,
                                          v1::ListEventHooksResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return feedback::ListEventHooks(hooks_, parts_.clock, *request); });
}

grpc::Status EventService::UpdateEventHook(grpc::ServerContext* context,
                                           const v1::UpdateEventHookRequest* request,
                                           v1::UpdateEventHookResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return feedback::UpdateEventHook(hooks_, parts_.clock, *request); });
}

grpc::Status EventService::DeleteEventHook(grpc::ServerContext* context,
                                           const v1::DeleteEventHookRequest* request,
                                           v1::DeleteEventHookResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return feedback::DeleteEventHook(hooks_, *request); });
}

grpc::Status EventService::GetHistory(grpc::ServerContext* context, const v1::GetHistoryRequest* request,
                                      v1::GetHistoryResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return feedback::GetHistory(parts_, *request); });
}

}  // namespace cognate::feedback
