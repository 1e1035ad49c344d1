// The level of the log, seen and changed while the process runs.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace cognate::http {

struct LogLevelChange {
  std::string from;
  std::string to;
  std::string address;  // who has changed it: "127.0.0.1"
};

// What is known of a request for it.
struct LogLevelRequest {
  std::string address;    // of who is connected
  std::string host;       // header Host
  bool has_mark = false;  // header x-cognate-admin, which no page of a browser sends unasked
  std::string body;
};

struct LogLevelAnswer {
  int status = 200;
  std::string text;
};

std::string LogLevel();

// Sets the level that the body names. The admin port is open to whoever collects metrics, so that this is for
// callers of the same machine (or container) alone, and not for pages in their browsers: 403 otherwise, 400
// for no level. `change` is what was done.
LogLevelAnswer SetLogLevel(const LogLevelRequest& request, LogLevelChange* change);

}  // namespace cognate::http
