// Reads a request of HTTP/1.1 or 1.0 as its bytes come in.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "common/http/message.h"

namespace cognate::http {

struct ParserLimits {
  size_t max_head_bytes = 32 << 10;
  size_t max_headers = 100;
  size_t max_body_bytes = 16 << 20;
  // The body is not read before AllowBody.
  bool waits_after_head = false;
};

// Strict: what two programs could read in two ways (lengths that contradict each other, folded headers, bare
// line feeds, names with blanks) is refused, so that no proxy in front sees another request than this one.
class Http1Parser {
 public:
  explicit Http1Parser(ParserLimits limits) : limits_(limits) {}

  // Takes bytes up to the end of the request, and says how many it took. Not after done() or failure().
  size_t Feed(absl::string_view bytes);

  // Its head is whole, and AllowBody is waited for.
  bool awaits_body() const { return state_ == State::kHeadRead; }
  // At most so much. What is read of it is added to the request's body, whence it may be taken away.
  void AllowBody(uint64_t max_bytes);

  bool done() const { return state_ == State::kDone; }
  // The HTTP status that tells the client why the request is refused; 0 while there is nothing wrong.
  int failure() const { return failure_; }
  // In words, for the status.
  absl::string_view fault() const { return fault_; }

  // There is a byte of the request; its headers are whole.
  bool begun() const { return begun_; }
  bool has_head() const { return state_ > State::kHead; }
  // Whether the client waits for a word before it sends the body.
  bool expects_continue() const { return expects_continue_; }
  // Whether the connection stays after it.
  bool keeps_alive() const { return keeps_alive_; }
  bool is_old() const { return is_old_; }  // HTTP/1.0.
  Request& request() { return request_; }

 private:
  enum class State { kHead, kHeadRead, kBody, kChunkSize, kChunk, kChunkEnd, kTrailers, kDone, kFailed };

  size_t FeedHead(absl::string_view bytes);
  size_t FeedBody(absl::string_view bytes);
  size_t FeedChunk(absl::string_view bytes);
  size_t FeedLine(absl::string_view bytes);

  void ReadHead();
  bool ReadRequestLine(absl::string_view line);
  bool ReadTarget(absl::string_view target);
  bool ReadHeader(absl::string_view line);
  bool ReadFraming();
  void ReadLine();
  void ReadChunkSize();
  bool Fail(int status, absl::string_view fault);

  const ParserLimits limits_;
  State state_ = State::kHead;
  int failure_ = 0;
  absl::string_view fault_;
  bool begun_ = false;
  bool expects_continue_ = false;
  bool keeps_alive_ = true;
  bool is_old_ = false;
  std::string text_;      // The head, or a line of the chunks, as far as it has come.
  size_t looked_at_ = 0;  // Of the head: no end of it before this.
  uint64_t left_ = 0;     // Of the body or the chunk.
  bool is_chunked_ = false;
  uint64_t max_body_bytes_ = 0;
  uint64_t chunked_bytes_ = 0;  // Of all chunks so far.
  size_t trailer_bytes_ = 0;
  Request request_;
};

}  // namespace cognate::http
