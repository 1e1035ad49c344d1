#include "services/feedback/feedback_service.h"

#include "services/feedback/events/watch.h"
#include "services/feedback/explain/explain.h"
#include "services/feedback/get_stats.h"
#include "services/feedback/refill.h"
#include "services/feedback/report.h"
#include "services/feedback/troubles.h"

namespace cognate::feedback {

using grpc_support::Rpc;

grpc::Status FeedbackService::Report(grpc::ServerContext* context, const v1::ReportRequest* request,
                                     v1::ReportResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return feedback::Report(parts_, *request, rpc); });
}

grpc::Status FeedbackService::Refill(grpc::ServerContext* context, const v1::RefillRequest* request,
                                     v1::RefillResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return feedback::Refill(parts_, *request, rpc); });
}

grpc::Status FeedbackService::Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                                    grpc::ServerWriter<v1::WatchResponse>* writer) {
  return rpcs_.ServerStream(*context, *request, writer,
                            [&](const Rpc& rpc, grpc_support::Sink<v1::WatchResponse>& sink) {
                              return feedback::Watch(parts_, *request, rpc, sink);
                            });
}

grpc::Status FeedbackService::Explain(grpc::ServerContext* context, const v1::ExplainRequest* request,
                                      v1::ExplainResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return feedback::Explain(parts_, *request, rpc); });
}

grpc::Status FeedbackService::GetStats(grpc::ServerContext* context, const v1::GetStatsRequest* request,
                                       v1::GetStatsResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return feedback::GetStats(parts_, *request, rpc); });
}

grpc::Status FeedbackService::ListTroubles(grpc::ServerContext* context,
                                           const v1::ListTroublesRequest* request,
                                           v1::ListTroublesResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return feedback::ListTroubles(parts_, *request, rpc); });
}

grpc::Status FeedbackService::Redrive(grpc::ServerContext* context, const v1::RedriveRequest* request,
                                      v1::RedriveResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return feedback::Redrive(parts_, *request, rpc); });
}

grpc::Status FeedbackService::GroupTroubles(grpc::ServerContext* context,
                                            const v1::GroupTroublesRequest* request,
                                            v1::GroupTroublesResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return feedback::GroupTroubles(parts_, *request, rpc); });
}

grpc::Status FeedbackService::GetTrouble(grpc::ServerContext* context, const v1::GetTroubleRequest* request,
                                         v1::GetTroubleResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return feedback::GetTrouble(parts_, *request, rpc); });
}

grpc::Status FeedbackService::DiscardTroubles(grpc::ServerContext* context,
                                              const v1::DiscardTroublesRequest* request,
                                              v1::DiscardTroublesResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return feedback::DiscardTroubles(parts_, *request, rpc); });
}

grpc::Status FeedbackService::Release(grpc::ServerContext* context, const v1::ReleaseRequest* request,
                                      v1::ReleaseResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return feedback::Release(parts_, *request); });
}

grpc::Status FeedbackService::RetryHeld(grpc::ServerContext* context, const v1::RetryHeldRequest* request,
                                        v1::RetryHeldResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return feedback::RetryHeld(parts_, *request, rpc); });
}

}  // namespace cognate::feedback
