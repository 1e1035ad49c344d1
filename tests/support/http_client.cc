#include "tests/support/http_client.h"

#include <curl/curl.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace cognate::test_support {
namespace {

struct Taking {
  HttpAnswer* answer;
  const HttpCall* call;
};

size_t TakeBody(char* bytes, size_t size, size_t count, void* user) {
  const auto& taking = *static_cast<Taking*>(user);
  taking.answer->body.append(bytes, size * count);
  const HttpCall& call = *taking.call;
  if (call.until.empty() || !absl::StrContains(taking.answer->body, call.until)) return size * count;
  if (call.pause) call.pause();
  return 0;
}

size_t TakeHeader(char* bytes, size_t size, size_t count, void* answer) {
  const absl::string_view line = absl::StripAsciiWhitespace(absl::string_view(bytes, size * count));
  const size_t colon = line.find(':');
  if (colon != line.npos) {
    static_cast<HttpAnswer*>(answer)->headers.emplace_back(
        absl::AsciiStrToLower(line.substr(0, colon)),
        std::string(absl::StripLeadingAsciiWhitespace(line.substr(colon + 1))));
  }
  return size * count;
}

void SetText(CURL* handle, CURLoption option, const std::string& text) {
  if (!text.empty()) curl_easy_setopt(handle, option, text.c_str());
}

}  // namespace

std::string HttpAnswer::Header(absl::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

HttpClient::HttpClient() : handle_(curl_easy_init()) {}
HttpClient::~HttpClient() { curl_easy_cleanup(handle_); }

HttpAnswer HttpClient::Call(const HttpCall& call) {
  CURL* const handle = handle_;
  curl_easy_reset(handle);
  HttpAnswer answer;
  curl_easy_setopt(handle, CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(call.timeout)));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &TakeBody);
  Taking taking = {&answer, &call};
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &taking);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &TakeHeader);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &answer);
  if (call.method != "GET" || !call.body.empty()) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call.body.data());
  }
  if (call.method == "HEAD") curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  const bool tls = !call.ca_file.empty();
  const long version = !call.http2 ? CURL_HTTP_VERSION_1_1
                       : tls       ? CURL_HTTP_VERSION_2TLS
                                   : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, version);
  if (call.http2 && !tls) curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
  SetText(handle, CURLOPT_CAINFO, call.ca_file);
  SetText(handle, CURLOPT_UNIX_SOCKET_PATH, call.unix_socket);
  SetText(handle, CURLOPT_INTERFACE, call.from);
  curl_slist* headers = curl_slist_append(nullptr, "expect:");
  for (const std::string& header : call.headers) headers = curl_slist_append(headers, header.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  const CURLcode code = curl_easy_perform(handle);
  curl_slist_free_all(headers);
  long status = 0;
  long spoken = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(handle, CURLINFO_HTTP_VERSION, &spoken);
  answer.status = static_cast<int>(status);
  answer.version = spoken == CURL_HTTP_VERSION_2_0 ? 2 : 1;
  if (code != CURLE_OK) answer.error = curl_easy_strerror(code);
  return answer;
}

HttpAnswer PostJson(const std::string& url, const std::string& json, const std::string& key) {
  HttpCall call;
  call.url = url;
  call.headers = {"content-type: application/json"};
  call.body = json;
  if (!key.empty()) call.headers.push_back(absl::StrCat("authorization: Bearer ", key));
  return HttpClient().Call(call);
}

}  // namespace cognate::test_support
