#include "common/trace/exporter.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include <curl/curl.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/ids/uuid.h"
#include "common/log/log.h"
#include "common/metrics/build_info.h"
#include "common/retry/backoff.h"
#include "common/trace/otlp.h"
#include "common/trace/span_queue.h"
#include "common/worker/worker.h"

namespace cognate::trace {
namespace {

constexpr size_t kMaxAnswer = 64 * 1024;
constexpr BackoffPolicy kBackoff = {absl::Milliseconds(200), 2.0, absl::Seconds(5)};
constexpr absl::Duration kLongestAsked = absl::Seconds(10);

size_t TakeAnswer(char* data, size_t size, size_t count, void* self) {
  auto& answer = *static_cast<std::string*>(self);
  answer.append(data, std::min(size * count, kMaxAnswer - std::min(kMaxAnswer, answer.size())));
  return size * count;
}

bool IsPassing(long status) { return status == 429 || status == 502 || status == 503 || status == 504; }

bool IsHeaderName(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_';
  });
}

// What became of spans.
struct Counts {
  explicit Counts(metrics::Registry& metrics)
      : Counts(metrics.Counters("trace_spans_total", "Spans of this process, by what became of them.",
                                {"result"})) {}
  explicit Counts(metrics::Family<metrics::Counter> family)
      : exported(family.With({"exported"})),
        dropped(family.With({"dropped"})),
        refused(family.With({"refused"})) {}

  metrics::Counter& exported;
  metrics::Counter& dropped;
  metrics::Counter& refused;
};

}  // namespace

class Exporter::Loop {
 public:
  Loop(ExporterOptions options, std::string url, const Counts& counts)
      : options_(std::move(options)),
        url_(std::move(url)),
        instance_(Uuid::V7(Clock::Real()).ToString()),
        counts_(counts) {
    Prepare();
    worker_ = std::make_unique<Worker>("traces", [this](StopToken& stop) { Run(stop); });
    SpanQueue::The().Open(options_.ratio, options_.queue, [this] { worker_->Wake(); });
  }

  ~Loop() {
    SpanQueue::The().Close();
    end_micros_ = absl::ToUnixMicros(absl::Now() + options_.flush);
    worker_.reset();
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headers_);
  }

 private:
  enum class Result { kTaken, kRefused, kAgain };

  void Prepare() {
    for (const std::string& header : options_.headers) headers_ = curl_slist_append(headers_, header.c_str());
    headers_ = curl_slist_append(headers_, "Content-Type: application/json");
    headers_ = curl_slist_append(headers_, "Expect:");  // no waiting for 100 Continue
    easy_ = curl_easy_init();
    curl_easy_setopt(easy_, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy_, CURLOPT_PROXY, "");
    curl_easy_setopt(easy_, CURLOPT_NETRC, CURL_NETRC_IGNORED);
    curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy_, CURLOPT_USERAGENT, "Cognate");
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &TakeAnswer);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &answer_);
    if (!options_.ca_file.empty()) curl_easy_setopt(easy_, CURLOPT_CAINFO, options_.ca_file.c_str());
    // Asked about once a second, and more often while something moves: ends a request whose time is over.
    curl_easy_setopt(easy_, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy_, CURLOPT_XFERINFOFUNCTION, &Loop::IsOver);
    curl_easy_setopt(easy_, CURLOPT_XFERINFODATA, this);
  }

  static int IsOver(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return absl::Now() >= static_cast<Loop*>(self)->End() ? 1 : 0;
  }

  absl::Time End() const { return absl::FromUnixMicros(end_micros_.load()); }

  void Run(StopToken& stop) {
    Backoff backoff(kBackoff);
    std::vector<SpanRecord> batch;
    absl::Time taken;
    while (!stop.stopping()) {
      if (batch.empty()) {
        batch = SpanQueue::The().Take(options_.batch);
        taken = absl::Now();
      }
      CountDropped();
      if (batch.empty()) {
        stop.WaitFor(options_.interval);
        continue;
      }
      const Result result = Send(batch, options_.timeout);
      if (result == Result::kAgain && absl::Now() - taken < options_.patience) {
        stop.WaitFor(std::max(backoff.Next(), asked_));
        continue;
      }
      if (result == Result::kTaken) backoff.Reset();
      Count(&batch, result);
      if (SpanQueue::The().size() < options_.batch) stop.WaitFor(options_.interval);
    }
    Flush(std::move(batch));
  }

  // Each once, while there is time.
  void Flush(std::vector<SpanRecord> batch) {
    if (batch.empty()) batch = SpanQueue::The().Take(options_.batch);
    for (; !batch.empty(); batch = SpanQueue::The().Take(options_.batch)) {
      const absl::Duration left = End() - absl::Now();
      Count(&batch, left > absl::Milliseconds(1) ? Send(batch, left) : Result::kAgain);
    }
    CountDropped();
  }

  Result Send(const std::vector<SpanRecord>& batch, absl::Duration timeout) {
    const std::string body = OtlpRequest(batch, metrics::Version(), instance_);
    answer_.clear();
    asked_ = absl::ZeroDuration();
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS,
                     std::max(1L, static_cast<long>(absl::ToInt64Milliseconds(timeout))));
    const CURLcode code = curl_easy_perform(easy_);
    if (code != CURLE_OK) return Complain(curl_easy_strerror(code)), Result::kAgain;
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    curl_off_t asked = 0;
    curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &asked);
    asked_ = std::min(absl::Seconds(asked), kLongestAsked);
    if (status >= 200 && status < 300) return Result::kTaken;
    Complain(absl::StrCat("it answered ", status));
    return IsPassing(status) ? Result::kAgain : Result::kRefused;
  }

  void Count(std::vector<SpanRecord>* batch, Result result) {
    const auto count = static_cast<int64_t>(batch->size());
    const int64_t rejected = result == Result::kTaken ? std::min(count, RejectedSpans(answer_)) : count;
    counts_.exported.Increment(static_cast<double>(count - rejected));
    counts_.refused.Increment(static_cast<double>(rejected));
    batch->clear();
  }

  void CountDropped() {
    const int64_t dropped = SpanQueue::The().TakeDropped();
    if (dropped > 0) counts_.dropped.Increment(static_cast<double>(dropped));
  }

  void Complain(absl::string_view why) {
    log::Warn("traces are not taken", {{"endpoint", url_}, {"error", why}});
  }

  const ExporterOptions options_;
  const std::string url_;
  const std::string instance_;
  const Counts counts_;
  std::atomic<int64_t> end_micros_ = absl::ToUnixMicros(absl::InfiniteFuture());  // then all is given up

  // The worker's.
  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::string answer_;
  absl::Duration asked_;

  std::unique_ptr<Worker> worker_;
};

absl::StatusOr<std::unique_ptr<Exporter>> Exporter::Start(ExporterOptions options,
                                                          metrics::Registry& metrics) {
  SetServing(true);
  const Counts counts(metrics);
  if (options.endpoint.empty()) return std::unique_ptr<Exporter>(new Exporter(nullptr));
  std::string url;
  const absl::Status status = ReadEndpoint(options.endpoint, &url);
  if (!status.ok()) return absl::Status(status.code(), absl::StrCat("--otlp-endpoint: ", status.message()));
  static const CURLcode kInitialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kInitialized != CURLE_OK) return absl::InternalError(curl_easy_strerror(kInitialized));
  return std::unique_ptr<Exporter>(
      new Exporter(std::make_unique<Loop>(std::move(options), std::move(url), counts)));
}

Exporter::Exporter(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
Exporter::~Exporter() { SetServing(false); }

absl::StatusOr<std::vector<std::string>> ReadHeaders(absl::string_view text) {
  std::vector<std::string> headers;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line.front() == '#') continue;
    const size_t colon = line.find(':');
    const bool is_text =
        std::all_of(line.begin(), line.end(), [](unsigned char c) { return c >= ' ' && c != 0x7f; });
    if (colon == line.npos || !IsHeaderName(line.substr(0, colon)) || !is_text)
      return absl::InvalidArgumentError(absl::StrCat("line ", number, ": want `name: value`"));
    headers.emplace_back(line);
  }
  return headers;
}

}  // namespace cognate::trace
