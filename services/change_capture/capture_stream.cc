#include "services/change_capture/capture_stream.h"

#include <chrono>
#include <deque>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "common/access/gate.h"
#include "common/log/log.h"
#include "common/retry/backoff.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/sync/bounded_queue.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"
#include "services/change_capture/errors.h"

namespace cognate::change_capture {
namespace {

constexpr size_t kMaxBatchesInFlight = 32;
constexpr absl::Duration kLookAround = absl::Milliseconds(100);
constexpr BackoffPolicy kAppendAgain = {absl::Milliseconds(20), 2.0, absl::Seconds(1)};

// A batch between its arrival and its acknowledgement.
struct InFlight {
  int64_t sequence = 0;
  std::vector<int32_t> places;
  std::vector<v1::CaptureResult> refused;
  std::shared_ptr<AppendGroup> group;
  std::future<absl::StatusOr<Appended>> answer;

  bool answered() const { return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
};

class Session {
 public:
  Session(const BatchChecker& checker, Appender& appender, const grpc_support::Rpc& rpc,
          grpc_support::Source<v1::CaptureStreamRequest>& requests,
          grpc_support::Sink<v1::CaptureStreamResponse>& responses, const std::function<void()>& cancel)
      : checker_(checker),
        appender_(appender),
        rpc_(rpc),
        requests_(requests),
        responses_(responses),
        cancel_(cancel) {}

  absl::Status Run() {
    Worker acknowledger("capture_acks", [this](StopToken& stop) {
      const absl::Status status = Acknowledge(stop);
      queue_.Close();
      {
        MutexLock lock(&mutex_);
        failure_ = status;
      }
      done_.Stop();
    });
    const absl::Status status = ReadAll();
    queue_.Close();
    while (!done_.WaitFor(kLookAround) && !rpc_.cancelled()) continue;
    acknowledger.Stop();
    if (!status.ok()) return status;
    MutexLock lock(&mutex_);
    return failure_;
  }

 private:
  absl::Status ReadAll() {
    v1::CaptureStreamRequest request;
    std::string platform;
    for (int64_t sequence = 1; requests_.Read(&request); ++sequence) {
      if (rpc_.cancelled()) return absl::OkStatus();
      if (request.sequence() != sequence) return SequenceOutOfOrder(request.sequence(), sequence);
      if (sequence == 1) {
        platform = request.platform();
        RETURN_IF_ERROR(access::CheckPlatform(rpc_.principal(), platform));
        RETURN_IF_ERROR(checker_.CheckPlatform(platform));
      }
      ASSIGN_OR_RETURN(CheckedBatch batch,
                       checker_.Check(platform, request.changes(),
                                      request.has_sent_time() ? &request.sent_time() : nullptr));
      if (!Append(sequence, std::move(batch))) return absl::OkStatus();
    }
    return absl::OkStatus();
  }

  // False when the stream is at its end.
  bool Append(int64_t sequence, CheckedBatch batch) {
    InFlight sent;
    sent.sequence = sequence;
    sent.places = std::move(batch.places);
    sent.refused = std::move(batch.refused);
    sent.group = std::make_shared<AppendGroup>();
    sent.group->changes = std::move(batch.changes);
    sent.group->always_room = true;
    sent.group->chain = chain_;
    while (!appender_.WaitForRoom(kLookAround)) {
      if (rpc_.cancelled() || rpc_.draining() || queue_.closed()) return false;
    }
    {
      MutexLock lock(&mutex_);
      ++in_flight_;
    }
    sent.answer = appender_.Append(sent.group);
    return queue_.Push(std::move(sent));
  }

  absl::Status Acknowledge(StopToken& stop) {
    std::deque<InFlight> waiting;
    v1::CaptureStreamResponse response;
    for (;;) {
      if (waiting.empty()) {
        for (InFlight& next : queue_.PopBatch(kMaxBatchesInFlight, kLookAround))
          waiting.push_back(std::move(next));
      }
      if (waiting.empty()) {
        if (queue_.closed()) return absl::OkStatus();
        if (rpc_.draining()) cancel_();
        continue;
      }
      response.Clear();
      do {
        RETURN_IF_ERROR(Finish(stop, waiting.front(), &response));
        waiting.pop_front();
      } while (!waiting.empty() && waiting.front().answered());
      responses_.Write(response);  // if the client is gone, the reader sees it, too
    }
  }

  absl::Status Finish(StopToken& stop, InFlight& batch, v1::CaptureStreamResponse* response) {
    ASSIGN_OR_RETURN(const Appended appended, Await(stop, batch));
    for (size_t i = 0; i < appended.refused.size(); ++i) {
      if (appended.refused[i].ok()) continue;
      batch.refused.push_back(
          RefusedResult(batch.places[i], batch.group->changes[i].change_id, appended.refused[i]));
    }
    response->set_sequence(batch.sequence);
    for (v1::CaptureResult& result : batch.refused) {
      v1::RefusedChange& refused = *response->add_refused();
      refused.set_sequence(batch.sequence);
      *refused.mutable_result() = std::move(result);
    }
    MutexLock lock(&mutex_);
    if (--in_flight_ == 0) chain_->Mend();
    return absl::OkStatus();
  }

  absl::StatusOr<Appended> Await(StopToken& stop, InFlight& batch) {
    absl::StatusOr<Appended> answer = batch.answer.get();
    Backoff backoff(kAppendAgain);
    while (!answer.ok()) {
      const bool is_final =
          !IsTransient(answer.status()) || ErrorReason(answer.status()) == "PROCESS_STOPPING";
      if (is_final || rpc_.cancelled() || stop.WaitFor(backoff.Next())) {
        cancel_();
        return answer.status();
      }
      // What is behind it was refused, too, for the chain is broken, and comes to this place in its turn.
      batch.group->chain = nullptr;
      answer = appender_.Append(batch.group).get();
    }
    return answer;
  }

  const BatchChecker& checker_;
  Appender& appender_;
  const grpc_support::Rpc& rpc_;
  grpc_support::Source<v1::CaptureStreamRequest>& requests_;
  grpc_support::Sink<v1::CaptureStreamResponse>& responses_;
  const std::function<void()>& cancel_;
  const std::shared_ptr<AppendChain> chain_ = std::make_shared<AppendChain>();
  BoundedQueue<InFlight> queue_{kMaxBatchesInFlight};
  StopToken done_;
  Mutex mutex_;
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::Status CaptureStream(const BatchChecker& checker, Appender& appender, const grpc_support::Rpc& rpc,
                           grpc_support::Source<v1::CaptureStreamRequest>& requests,
                           grpc_support::Sink<v1::CaptureStreamResponse>& responses,
                           const std::function<void()>& cancel) {
  return Session(checker, appender, rpc, requests, responses, cancel).Run();
}

}  // namespace cognate::change_capture
