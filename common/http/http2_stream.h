// One request of a connection of HTTP/2, and its answer.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/http/exchange.h"
#include "common/http/message.h"

namespace cognate::http {

struct Http2Stream;

// What a stream asks of its connection.
class Http2Streams {
 public:
  virtual ~Http2Streams() = default;
  virtual void SubmitHeaders(Http2Stream& stream, int status, const Headers& headers) = 0;
  // There is more to send.
  virtual void Resume(Http2Stream& stream) = 0;
};

struct Http2Stream final : public AnswerSink {
  Http2Stream(Http2Streams& its_session, int32_t its_id)
      : session(its_session), id(its_id), since(Monotonic()) {}

  void Respond(Response response) override {
    const bool has_body = request_method != "HEAD" && response.status != 204;
    if (response.status != 204)
      response.headers.push_back({"content-length", absl::StrCat(response.body.size())});
    if (!has_body) response.body.clear();
    unsent = std::move(response.body);
    moved = Monotonic();
    is_ended = true;
    session.SubmitHeaders(*this, response.status, response.headers);
  }
  void Begin(int status, Headers headers) override { session.SubmitHeaders(*this, status, headers); }
  void Write(std::string bytes, std::function<void()> taken) override {
    if (unsent_bytes() == 0) moved = Monotonic();
    unsent.erase(0, std::exchange(sent, 0));
    if (request_method != "HEAD") unsent.append(bytes);
    if (taken) waiting.push_back(std::move(taken));
    session.Resume(*this);
  }
  void End() override {
    is_ended = true;
    session.Resume(*this);
  }

  size_t unsent_bytes() const { return unsent.size() - sent; }

  Http2Streams& session;
  const int32_t id;
  absl::Duration since;
  absl::Duration moved;  // When the client took something of the answer last, or there was nothing to take.
  Request request;
  std::string request_method;
  size_t head_bytes = 0;
  size_t reserved = 0;
  ExchangePtr exchange;
  bool is_handed = false;    // The request is whole, and somebody answers it.
  bool is_answered = false;  // The head of the answer is submitted.
  bool is_ended = false;     // Nothing is added to the answer.
  bool is_refused = false;
  std::string unsent;
  size_t sent = 0;  // Of `unsent`.
  std::vector<std::function<void()>> waiting;
};

}  // namespace cognate::http
