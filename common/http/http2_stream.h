// One request of a connection of HTTP/2, and its answer.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/http/body_pace.h"
#include "common/http/exchange.h"
#include "common/http/message.h"
#include "common/http/session.h"

namespace cognate::http {

struct Http2Stream;

// What a stream asks of its connection.
class Http2Streams {
 public:
  virtual ~Http2Streams() = default;
  virtual void SubmitHeaders(Http2Stream& stream, int status, const Headers& headers) = 0;
  // There is more to send.
  virtual void Resume(Http2Stream& stream) = 0;
  // Somebody asks for a piece of the body.
  virtual void GivePiece(Http2Stream& stream) = 0;
  virtual void Reset(Http2Stream& stream) = 0;
  virtual Memory& memory() = 0;
  virtual Response Refuse(const Refusal& refusal) = 0;
};

struct Http2Stream final : public AnswerSink {
  Http2Stream(Http2Streams& its_session, int32_t its_id)
      : session(its_session), id(its_id), since(Monotonic()) {}

  void Respond(Response response) override {
    const bool is_counted = request_method != "HEAD" && !response.body.empty();
    if (is_counted && !session.memory().Take(response.body.size())) {
      response = session.Refuse(NoMemory());
    } else if (is_counted) {
      counted += response.body.size();
    }
    const bool may_have_body = response.status != 204 && response.status != 304;
    const bool has_body = request_method != "HEAD" && may_have_body;
    if (may_have_body) response.headers.push_back({"content-length", absl::StrCat(response.body.size())});
    if (!has_body) response.body.clear();
    unsent = std::move(response.body);
    moved = Monotonic();
    is_ended = true;
    if (!HasWholeBody()) is_dropped = true;
    session.SubmitHeaders(*this, response.status, response.headers);
  }
  void Begin(int status, Headers headers) override { session.SubmitHeaders(*this, status, headers); }
  void CountIn(std::shared_ptr<Memory> memory) override {
    if (counted == 0) own_memory = std::move(memory);
  }
  void Write(std::string bytes, std::function<void()> taken) override {
    if (unsent_bytes() == 0) moved = Monotonic();
    Uncount(sent);
    unsent.erase(0, std::exchange(sent, 0));
    if (request_method != "HEAD") {
      counting().TakeAnyway(bytes.size());
      counted += bytes.size();
      unsent.append(bytes);
    }
    if (taken) waiting.push_back(std::move(taken));
    session.Resume(*this);
  }
  void End() override {
    is_ended = true;
    session.Resume(*this);
  }

  void Abort() override { session.Reset(*this); }
  void AskForPiece() override {
    is_asked = true;
    pace.Ask(Monotonic());
    session.GivePiece(*this);
  }

  bool HasWholeBody() const { return !is_piecewise || is_whole; }
  void Uncount(size_t bytes) {
    bytes = std::min(bytes, counted);
    counted -= bytes;
    counting().Give(bytes);
  }
  Memory& counting() { return own_memory != nullptr ? *own_memory : session.memory(); }
  size_t unsent_bytes() const { return unsent.size() - sent; }

  Http2Streams& session;
  const int32_t id;
  absl::Duration since;
  absl::Duration moved;  // When the client took something of the answer last, or there was nothing to take.
  Request request;
  std::string request_method;
  size_t head_bytes = 0;
  size_t reserved = 0;                 // Of the memory, for the body.
  size_t counted = 0;                  // The same, for the answer.
  std::shared_ptr<Memory> own_memory;  // Where the answer counts, if not where all do.
  ExchangePtr exchange;
  bool is_handed = false;    // Somebody answers the request.
  bool is_answered = false;  // The head of the answer is submitted.
  bool is_ended = false;     // Nothing is added to the answer.
  bool is_dropped = false;   // What still comes of the body is thrown away.
  bool is_piecewise = false;
  bool is_whole = false;  // Nothing more comes of the body.
  bool is_asked = false;  // Somebody waits for a piece of the body.
  std::string piece;      // What has come of it since the last.
  uint64_t body_bytes = 0;
  BodyPace pace;
  std::string unsent;
  size_t sent = 0;  // Of `unsent`.
  std::vector<std::function<void()>> waiting;
};

}  // namespace cognate::http
