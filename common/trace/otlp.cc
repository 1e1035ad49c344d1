#include "common/trace/otlp.h"

#include <map>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/log/redact.h"

namespace cognate::trace {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kPath[] = "/v1/traces";
constexpr int kError = 2;  // of a status; without one it is unset

Json Text(absl::string_view key, absl::string_view value) {
  return {{"key", std::string(key)}, {"value", {{"stringValue", std::string(value)}}}};
}

Json ValueOf(const std::string& key, const AttributeValue& value) {
  if (const auto* const text = std::get_if<std::string>(&value))
    return {{"stringValue", log::Shown(key, *text)}};
  // 64 bits are texts in JSON.
  if (const auto* const number = std::get_if<int64_t>(&value)) return {{"intValue", absl::StrCat(*number)}};
  return {{"boolValue", std::get<bool>(value)}};
}

Json SpanOf(const SpanRecord& span) {
  Json json = {{"traceId", TraceIdText(span.context)}, {"spanId", SpanIdText(span.context.span)}};
  if (span.parent != 0) json["parentSpanId"] = SpanIdText(span.parent);
  json["name"] = span.name;
  json["kind"] = static_cast<int>(span.kind);
  json["startTimeUnixNano"] = absl::StrCat(span.start_ns);
  json["endTimeUnixNano"] = absl::StrCat(span.end_ns);
  for (const auto& [key, value] : span.attributes)
    json["attributes"].push_back({{"key", key}, {"value", ValueOf(key, value)}});
  for (const SpanContext& link : span.links)
    json["links"].push_back({{"traceId", TraceIdText(link)}, {"spanId", SpanIdText(link.span)}});
  if (span.has_failed) json["status"] = {{"code", kError}, {"message", log::MaskSecrets(span.error)}};
  return json;
}

}  // namespace

absl::Status ReadEndpoint(absl::string_view endpoint, std::string* url) {
  absl::string_view rest = endpoint;
  const bool has_scheme = absl::ConsumePrefix(&rest, "http://") || absl::ConsumePrefix(&rest, "https://");
  const absl::string_view authority = rest.substr(0, rest.find('/'));
  const bool is_plain = rest.find_first_of(" \t\r\n?#\"\\") == rest.npos;
  if (!has_scheme || authority.empty() || !is_plain) {
    return absl::InvalidArgumentError(
        absl::StrCat("got \"", log::MaskSecrets(endpoint), "\", want http://host:4318 or https://host"));
  }
  if (absl::StrContains(authority, '@')) {
    return absl::InvalidArgumentError(
        "got an address with a login in it, want one without: give the login as a header, by "
        "--otlp-headers-file");
  }
  *url = std::string(absl::StripSuffix(endpoint, "/"));
  if (!absl::EndsWith(*url, kPath)) url->append(kPath);
  return absl::OkStatus();
}

std::string OtlpRequest(absl::Span<const SpanRecord> spans, absl::string_view version,
                        absl::string_view instance) {
  std::map<std::string, Json> by_service;
  for (const SpanRecord& span : spans) by_service[span.service].push_back(SpanOf(span));
  Json request = {{"resourceSpans", Json::array()}};
  for (auto& [service, its_spans] : by_service) {
    const std::string name = service.empty() ? "cognate" : absl::StrReplaceAll(service, {{"_", "-"}});
    Json resource = {{"attributes",
                      {Text("service.namespace", "cognate"), Text("service.name", name),
                       Text("service.version", version), Text("service.instance.id", instance)}}};
    Json scope = {{"scope", {{"name", "cognate"}}}, {"spans", std::move(its_spans)}};
    request["resourceSpans"].push_back(
        {{"resource", std::move(resource)}, {"scopeSpans", Json::array({std::move(scope)})}});
  }
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

int64_t RejectedSpans(absl::string_view answer) {
  const Json json = Json::parse(answer.begin(), answer.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return 0;
  const auto partial = json.find("partialSuccess");
  if (partial == json.end() || !partial->is_object()) return 0;
  const auto rejected = partial->find("rejectedSpans");
  if (rejected == partial->end()) return 0;
  int64_t count = 0;
  if (rejected->is_number_integer()) count = rejected->get<int64_t>();
  if (rejected->is_string() && !absl::SimpleAtoi(rejected->get<std::string>(), &count)) return 0;
  return count < 0 ? 0 : count;
}

}  // namespace cognate::trace
