#include "tests/support/otlp_receiver.h"

#include <thread>

#include <httplib.h>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/sync/mutex.h"

namespace cognate::test_support {
namespace {

using Json = nlohmann::json;

std::string ValueText(const Json& value) {
  if (value.contains("stringValue")) return value["stringValue"];
  if (value.contains("intValue")) return value["intValue"].get<std::string>();  // 64 bits are texts
  if (value.contains("boolValue")) return value["boolValue"].get<bool>() ? "true" : "false";
  return value.dump();
}

std::map<std::string, std::string> AttributesOf(const Json& holder) {
  std::map<std::string, std::string> attributes;
  if (!holder.contains("attributes")) return attributes;
  for (const Json& attribute : holder["attributes"])
    attributes[attribute["key"]] = ValueText(attribute["value"]);
  return attributes;
}

ReceivedSpan SpanOf(const Json& json, const std::string& service) {
  ReceivedSpan span;
  span.trace_id = json.at("traceId");
  span.span_id = json.at("spanId");
  span.parent_id = json.value("parentSpanId", "");
  span.name = json.at("name");
  span.kind = json.at("kind");
  span.service = service;
  span.attributes = AttributesOf(json);
  if (json.contains("status")) span.error = json["status"].value("message", "?");
  if (json.contains("links"))
    for (const Json& link : json["links"]) span.links.push_back(link.at("spanId"));
  return span;
}

// As OTLP says that a span is written.
std::string FaultOf(const ReceivedSpan& span, const Json& json) {
  if (span.trace_id.size() != 32 || span.span_id.size() != 16) return "ids of a wrong length";
  if (span.name.empty() || span.service.empty()) return "without a name, or a service";
  if (span.kind < 1 || span.kind > 5) return "of no kind";
  if (std::stoll(json.at("startTimeUnixNano").get<std::string>()) >
      std::stoll(json.at("endTimeUnixNano").get<std::string>()))
    return "ends before it begins";
  return "";
}

}  // namespace

struct OtlpReceiver::State {
  void Take(const httplib::Request& request, httplib::Response& response) {
    const Mood now = MoodNow(request);
    if (now == Mood::kSlow) absl::SleepFor(absl::Seconds(1));
    while (now == Mood::kNeverAnswers && !Ends()) absl::SleepFor(absl::Milliseconds(5));
    response.status = now == Mood::kRefuses ? 400 : now == Mood::kOverloaded ? 503 : 200;
    if (response.status == 200 && now != Mood::kNeverAnswers) Read(request);
    response.set_content("{}", "application/json");
  }

  Mood MoodNow(const httplib::Request& request) {
    MutexLock lock(&mutex);
    ++requests;
    headers.clear();
    for (const auto& [name, value] : request.headers) headers[absl::AsciiStrToLower(name)] = value;
    return mood;
  }

  bool Ends() {
    MutexLock lock(&mutex);
    return ends;
  }

  void Read(const httplib::Request& request) {
    MutexLock lock(&mutex);
    try {
      const Json body = Json::parse(request.body);
      for (const Json& resource : body.at("resourceSpans")) {
        const std::string service = AttributesOf(resource.at("resource"))["service.name"];
        for (const Json& scope : resource.at("scopeSpans")) {
          for (const Json& json : scope.at("spans")) {
            spans.push_back(SpanOf(json, service));
            if (const std::string fault = FaultOf(spans.back(), json); !fault.empty())
              absl::StrAppend(&faults, fault, ": ", json.dump(), "\n");
          }
        }
      }
    } catch (const std::exception& exception) {
      absl::StrAppend(&faults, exception.what(), "\n");
    }
  }

  httplib::Server server;
  int port = 0;
  std::thread thread;
  Mutex mutex;
  Mood mood ABSL_GUARDED_BY(mutex) = Mood::kTakes;
  bool ends ABSL_GUARDED_BY(mutex) = false;
  int requests ABSL_GUARDED_BY(mutex) = 0;
  std::string faults ABSL_GUARDED_BY(mutex);
  std::vector<ReceivedSpan> spans ABSL_GUARDED_BY(mutex);
  std::map<std::string, std::string> headers ABSL_GUARDED_BY(mutex);
};

OtlpReceiver::OtlpReceiver(Mood mood) : state_(std::make_unique<State>()) {
  SetMood(mood);
  State* const state = state_.get();
  // A process keeps its connection, and there are many of them.
  state->server.new_task_queue = [] { return new httplib::ThreadPool(32); };
  state->server.Post("/v1/traces", [state](const httplib::Request& request, httplib::Response& response) {
    state->Take(request, response);
  });
  state->port = state->server.bind_to_any_port("127.0.0.1");
  state->thread = std::thread([state] { state->server.listen_after_bind(); });
  while (!state->server.is_running()) absl::SleepFor(absl::Milliseconds(1));
}

OtlpReceiver::~OtlpReceiver() {
  {
    MutexLock lock(&state_->mutex);
    state_->ends = true;
  }
  state_->server.stop();
  state_->thread.join();
}

std::string OtlpReceiver::endpoint() const { return absl::StrCat("http://127.0.0.1:", state_->port); }

void OtlpReceiver::SetMood(Mood mood) {
  MutexLock lock(&state_->mutex);
  state_->mood = mood;
}

std::vector<ReceivedSpan> OtlpReceiver::spans() const {
  MutexLock lock(&state_->mutex);
  return state_->spans;
}

std::vector<ReceivedSpan> OtlpReceiver::SpansOf(absl::string_view trace_id) const {
  std::vector<ReceivedSpan> found;
  for (ReceivedSpan& span : spans()) {
    if (span.trace_id == trace_id) found.push_back(std::move(span));
  }
  return found;
}

std::optional<ReceivedSpan> OtlpReceiver::Find(absl::string_view name) const {
  for (ReceivedSpan& span : spans()) {
    if (span.name == name) return std::move(span);
  }
  return std::nullopt;
}

int OtlpReceiver::requests() const {
  MutexLock lock(&state_->mutex);
  return state_->requests;
}

std::string OtlpReceiver::faults() const {
  MutexLock lock(&state_->mutex);
  return state_->faults;
}

std::map<std::string, std::string> OtlpReceiver::headers() const {
  MutexLock lock(&state_->mutex);
  return state_->headers;
}

}  // namespace cognate::test_support
