#pragma once

#include "cognate/v1/event_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/feedback/hooks/hook_store.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

// The RPCs; each is one line. What it is given outlives it.
class EventService final : public v1::EventService::WithCallbackMethod_ListEvents<v1::EventService::Service> {
 public:
  // `polls` has the calls of ListEvents, all of them with the key kPolls.
  EventService(grpc_support::RpcBoundary& rpcs, const Parts& parts, HookStore& hooks,
               grpc_support::WaitingCalls& polls)
      : rpcs_(rpcs), parts_(parts), hooks_(hooks), polls_(polls) {}
  static constexpr char kPolls[] = "events";

  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context,
                                       const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) override;
  grpc::Status TellEvents(grpc::ServerContext* context, const v1::TellEventsRequest* request,
                          v1::TellEventsResponse* response) override;
  grpc::Status CreateEventHook(grpc::ServerContext* context, const v1::CreateEventHookRequest* request,
                               v1::CreateEventHookResponse* response) override;
  grpc::Status GetEventHook(grpc::ServerContext* context, const v1::GetEventHookRequest* request,
                            v1::GetEventHookResponse* response) override;
  grpc::Status ListEventHooks(grpc::ServerContext* context, const v1::ListEventHooksRequest* request,
                              v1::ListEventHooksResponse* response) override;
  grpc::Status UpdateEventHook(grpc::ServerContext* context, const v1::UpdateEventHookRequest* request,
                               v1::UpdateEventHookResponse* response) override;
  grpc::Status DeleteEventHook(grpc::ServerContext* context, const v1::DeleteEventHookRequest* request,
                               v1::DeleteEventHookResponse* response) override;
  grpc::Status GetHistory(grpc::ServerContext* context, const v1::GetHistoryRequest* request,
                          v1::GetHistoryResponse* response) override;

 private:
  grpc_support::RpcBoundary& rpcs_;
  const Parts& parts_;
  HookStore& hooks_;
  grpc_support::WaitingCalls& polls_;
};

}  // namespace cognate::feedback
