// A connection of HTTP/2: what it sends is in http2_session.cc, what it receives in http2_receive.cc.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "absl/container/flat_hash_map.h"
#include "common/http/http2_stream.h"
#include "common/http/session.h"

namespace cognate::http {

class Http2Session final : public Session, public Http2Streams {
 public:
  Http2Session(Desk& desk, Wire& wire) : desk_(desk), wire_(wire), idle_since_(Monotonic()) { Open(); }
  ~Http2Session() override;
  void Receive(evbuffer* input) override;
  void HasRoom() override { Flush(); }
  void Sweep(absl::Duration now) override;
  void Drain() override;

 private:
  void Open();
  Http2Stream* Of(int32_t id);
  void Forget(Http2Stream& stream);
  void Release(Http2Stream& stream) { memory().Give(std::exchange(stream.reserved, 0)); }
  // Also where somebody answers it already, whose answer then nobody takes any more.
  void RefuseStream(Http2Stream& stream, const Refusal& refusal);

  // Sends what there is, as far as the client takes it.
  void Flush();
  static ssize_t ReadBody(nghttp2_session*, int32_t id, uint8_t* target, size_t room, uint32_t* flags,
                          nghttp2_data_source* source, void* user);

  // As Http2Streams.
  void SubmitHeaders(Http2Stream& stream, int status, const Headers& headers) override;
  void Resume(Http2Stream& stream) override;
  void GivePiece(Http2Stream& stream) override;
  void Reset(Http2Stream& stream) override;
  Memory& memory() override { return *desk_.memory(); }
  Response Refuse(const Refusal& refusal) override { return desk_.Refuse(refusal); }

  // Receives, as the library calls it, and what that does.
  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t flags, void* user);
  static int OnData(nghttp2_session*, uint8_t flags, int32_t id, const uint8_t* bytes, size_t size,
                    void* user);
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int OnStreamClose(nghttp2_session*, int32_t id, uint32_t error, void* user);
  void TakeHead(Http2Stream& stream);
  // Before a body that says that it is too large.
  void CheckLength(Http2Stream& stream);
  void TakeData(Http2Stream& stream, absl::string_view bytes);
  uint64_t BodyBound(const Http2Stream& stream) const;
  void Hand(Http2Stream& stream);

  Desk& desk_;
  Wire& wire_;
  absl::Duration idle_since_;
  nghttp2_session* session_ = nullptr;
  absl::flat_hash_map<int32_t, std::unique_ptr<Http2Stream>> streams_;
  std::vector<std::function<void()>> taken_;  // To be called after the flush.
  bool is_busy_ = false;
  bool is_closing_ = false;
  bool is_over_ = false;  // The client was told so.
  bool failed_ = false;
};

}  // namespace cognate::http
