// Requests and answers of HTTP, whichever version carries them.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace cognate::http {

struct Header {
  std::string name;  // In lower case.
  std::string value;
};
using Headers = std::vector<Header>;

// The first value of this name; empty without one.
inline absl::string_view Find(const Headers& headers, absl::string_view name) {
  for (const Header& header : headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

struct Request {
  std::string method;     // "POST"
  std::string path;       // As it came: "/v1/watch".
  std::string query;      // After the question mark: "message=%7B%7D".
  std::string authority;  // Which host is meant: "cognate.example.org:7490".
  Headers headers;
  std::string body;
  std::string address;  // Who is connected: "203.0.113.7"; "local" for a unix socket.
  int version = 1;      // Of HTTP: 1 or 2.
};

struct Response {
  int status = 200;
  Headers headers = {};  // Without content-length, date and what concerns the connection.
  std::string body = {};
};

// "Not Found"; empty for a status that has no name.
absl::string_view ReasonPhrase(int status);

// Whether a response may have it: a name of letters, digits and dashes, a value without control characters.
bool IsSendable(const Header& header);

// "Sun, 06 Nov 1994 08:49:37 GMT", of now.
std::string DateText();

}  // namespace cognate::http
