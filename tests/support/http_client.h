// Calls over HTTP, by libcurl.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace cognate::test_support {

struct HttpAnswer {
  int status = 0;  // 0: there was none; then `error` says why.
  std::string error;
  int version = 0;                                           // 1 or 2.
  std::vector<std::pair<std::string, std::string>> headers;  // Names in lower case.
  std::string body;

  // The first of this name; empty without one.
  std::string Header(absl::string_view name) const;
};

struct HttpCall {
  std::string url;  // "http://127.0.0.1:7490/v1/watch"
  std::string method = "POST";
  std::vector<std::string> headers;  // "content-type: application/json"
  std::string body;
  bool http2 = false;           // Without TLS: by prior knowledge.
  std::string ca_file;          // With TLS.
  std::string unix_socket;      // A path; then the URL's host is not looked up.
  std::string from;             // The address to call from.
  std::string until;            // Hangs up once the body has this in it,
  std::function<void()> pause;  // after this, meanwhile reading nothing.
  absl::Duration timeout = absl::Minutes(2);
};

// One connection that is kept from call to call, but for HTTP/2 without TLS, which libcurl 7.88 can use once.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  HttpAnswer Call(const HttpCall& call);

 private:
  void* handle_;
};

// A POST of JSON, on a connection of its own.
HttpAnswer PostJson(const std::string& url, const std::string& json, const std::string& key = "");

}  // namespace cognate::test_support
