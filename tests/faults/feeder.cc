#include "tests/faults/feeder.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/grpc/channel.h"

namespace cognate::faults {
namespace {

constexpr int kBatch = 50;
constexpr absl::Duration kPatience = absl::Minutes(10);

}  // namespace

bool Feeder::SendUntilAcknowledged(const v1::CaptureRequest& request) {
  const absl::Time deadline = absl::Now() + kPatience;
  while (absl::Now() < deadline) {
    const auto stub = v1::ChangeCaptureService::NewStub(cluster_.ChannelTo("change-capture"));
    const auto response = grpc_support::Call(*stub, &v1::ChangeCaptureService::Stub::Capture, request,
                                             {.timeout = absl::Seconds(10), .idempotent = true});
    if (!response.ok()) {
      error_ = std::string(response.status().message());
      if (absl::IsInvalidArgument(response.status())) return false;
      absl::SleepFor(absl::Milliseconds(50));  // As an agent would: the service is away.
      continue;
    }
    for (const v1::CaptureResult& result : response->results()) {
      if (result.version() == 0) {
        error_ =
            absl::StrCat(result.change_id(), ": ", result.error().reason(), " ", result.error().message());
        return false;
      }
    }
    error_.clear();
    return true;
  }
  return false;
}

bool Feeder::Feed(Generator& generator, int total, int per_second) {
  std::vector<v1::CaptureRequest> sent;
  const absl::Time started = absl::Now();
  for (int done = 0; done < total; done += kBatch) {
    v1::CaptureRequest request;
    request.set_platform(platform_);
    for (v1::Change& change : generator.Next(std::min(kBatch, total - done)))
      *request.add_changes() = std::move(change);
    if (!SendUntilAcknowledged(request)) return false;
    sent.push_back(std::move(request));
    if (random_() % 10 == 0) {
      const v1::CaptureRequest& again = sent[random_() % sent.size()];
      duplicates_sent_ += again.changes_size();
      if (!SendUntilAcknowledged(again)) return false;
    }
    const absl::Time due = started + absl::Seconds(static_cast<double>(done) / per_second);
    if (due > absl::Now())
      absl::SleepFor(due - absl::Now());  // The pace of the load, not a wait for a result.
  }
  return true;
}

}  // namespace cognate::faults
