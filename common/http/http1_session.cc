#include <optional>
#include <utility>

#include <event2/buffer.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/http/http1_parser.h"
#include "common/http/session.h"

namespace cognate::http {
namespace {

constexpr char kContinue[] = "HTTP/1.1 100 Continue\r\n\r\n";

ParserLimits LimitsOf(const HttpServerOptions& options) {
  return {options.max_head_bytes, options.max_headers, options.max_body_bytes};
}

Refusal::Kind KindOf(int status) {
  if (status == 413) return Refusal::Kind::kBodyTooLarge;
  if (status == 431) return Refusal::Kind::kHeadTooLarge;
  return Refusal::Kind::kMalformed;
}

// One request after the other; what comes while one is answered waits in the input.
class Http1Session final : public Session, public AnswerSink {
 public:
  Http1Session(Desk& desk, Wire& wire) : desk_(desk), wire_(wire), since_(Monotonic()) { NextRequest(); }
  ~Http1Session() override {
    desk_.Release(reserved_);
    if (exchange_ != nullptr) exchange_->Detach(/*complete=*/false);
  }

  void Receive(evbuffer* input) override {
    input_ = input;
    while (!ended_ && exchange_ == nullptr && evbuffer_get_length(input) > 0) {
      evbuffer_iovec piece;
      if (evbuffer_peek(input, -1, nullptr, &piece, 1) < 1) break;
      const bool had_begun = parser_->begun();
      evbuffer_drain(
          input, parser_->Feed(absl::string_view(static_cast<const char*>(piece.iov_base), piece.iov_len)));
      if (!had_begun && parser_->begun()) since_ = Monotonic();
      Advance();
    }
    if (ended_) evbuffer_drain(input, evbuffer_get_length(input));
  }

  void HasRoom() override {
    std::vector<std::function<void()>> taken;
    taken.swap(taken_);
    for (const auto& call : taken) call();
  }

  void Sweep(absl::Duration now) override {
    if (ended_ || exchange_ != nullptr) return;
    const HttpServerOptions& options = desk_.options();
    if (parser_->begun()) {
      if (now - since_ > options.request_timeout)
        RefuseWith({Refusal::Kind::kTooSlow, 408,
                    absl::StrCat("the request was not complete after ",
                                 absl::FormatDuration(options.request_timeout))});
    } else if (now - since_ > options.idle_timeout || desk_.draining()) {
      Finish(/*keep=*/false);
    }
  }

  void Drain() override {
    if (exchange_ == nullptr && !parser_->begun()) Finish(/*keep=*/false);
  }

  // As AnswerSink; of the request under way.
  void Respond(Response response) override {
    if (is_stream_) return;
    const bool has_body = !is_head_ && response.status != 204;
    std::string head = Head(response.status, response.headers);
    if (response.status != 204) absl::StrAppend(&head, "content-length: ", response.body.size(), "\r\n");
    absl::StrAppend(&head, "\r\n");
    Send(head);
    if (has_body) SendBody(std::move(response.body));
    Complete();
  }

  void Begin(int status, Headers headers) override {
    if (is_stream_) return;
    is_stream_ = true;
    std::string head = Head(status, headers);
    is_chunked_ = !is_head_ && !is_old_;
    if (is_chunked_) absl::StrAppend(&head, "transfer-encoding: chunked\r\n");
    absl::StrAppend(&head, "\r\n");
    Send(head);
  }

  void Write(std::string bytes, std::function<void()> taken) override {
    if (!is_stream_) return;
    if (!is_head_ && !bytes.empty()) {
      if (is_chunked_) Send(absl::StrCat(absl::Hex(bytes.size()), "\r\n"));
      SendBody(std::move(bytes));
      if (is_chunked_) Send("\r\n");
    }
    if (!taken) return;
    if (evbuffer_get_length(wire_.output()) <= kLowOutput) {
      desk_.loop()->Post(std::move(taken));
    } else {
      taken_.push_back(std::move(taken));
    }
  }

  void End() override {
    if (!is_stream_) return;
    if (is_chunked_) Send("0\r\n\r\n");
    Complete();
  }

 private:
  void NextRequest() {
    parser_.emplace(LimitsOf(desk_.options()));
    exchange_ = nullptr;
    is_stream_ = is_chunked_ = is_head_ = is_old_ = is_continued_ = false;
    since_ = Monotonic();
  }

  // After the parser has taken something.
  void Advance() {
    Request& request = parser_->request();
    if (parser_->failure() != 0)
      return RefuseWith({KindOf(parser_->failure()), parser_->failure(), std::string(parser_->fault())});
    if (parser_->has_head()) {
      if (wire_.refusal() != nullptr) return RefuseWith(*wire_.refusal());
      if (desk_.draining())
        return RefuseWith({Refusal::Kind::kStopping, 503, "this process is about to end: try again"});
    }
    const size_t wanted = request.body.size();
    if (wanted > reserved_ && !desk_.Reserve(wanted - reserved_))
      return RefuseWith({Refusal::Kind::kConnections, 503, "too many large requests at once: try again"});
    reserved_ = wanted;
    if (parser_->done()) return Hand();
    if (parser_->has_head() && parser_->expects_continue() && !is_continued_) {
      is_continued_ = true;
      Send(kContinue);
    }
  }

  void Hand() {
    Request request = std::move(parser_->request());
    request.address = wire_.address();
    request.version = 1;
    is_head_ = request.method == "HEAD";
    keeps_alive_ = parser_->keeps_alive();
    is_old_ = parser_->is_old();
    exchange_ = std::make_shared<Exchange>(desk_.loop(), this, std::move(request));
    desk_.Handle(exchange_);
  }

  void RefuseWith(const Refusal& refusal) {
    const Response response = desk_.Refuse(refusal);
    keeps_alive_ = false;
    Send(absl::StrCat(Head(response.status, response.headers), "content-length: ", response.body.size(),
                      "\r\n\r\n", response.body));
    Finish(/*keep=*/false);
  }

  std::string Head(int status, const Headers& headers) {
    if (desk_.draining() || (is_old_ && is_stream_)) keeps_alive_ = false;
    std::string head =
        absl::StrCat("HTTP/1.1 ", status, " ", ReasonPhrase(status), "\r\ndate: ", DateText(), "\r\n");
    for (const Header& header : headers) {
      if (IsSendable(header)) absl::StrAppend(&head, header.name, ": ", header.value, "\r\n");
    }
    if (!keeps_alive_) absl::StrAppend(&head, "connection: close\r\n");
    if (keeps_alive_ && is_old_) absl::StrAppend(&head, "connection: keep-alive\r\n");
    return head;
  }

  void Complete() {
    exchange_->Detach(/*complete=*/true);
    desk_.Release(std::exchange(reserved_, 0));
    Finish(keeps_alive_);
  }

  void Finish(bool keep) {
    if (keep) {
      NextRequest();
      if (input_ != nullptr && evbuffer_get_length(input_) > 0) Receive(input_);
      return;
    }
    ended_ = true;
    exchange_ = nullptr;
    parser_->request().body = std::string();
    desk_.Release(std::exchange(reserved_, 0));
    wire_.CloseWhenSent();
  }

  void Send(absl::string_view text) { evbuffer_add(wire_.output(), text.data(), text.size()); }

  // Large ones without copying them.
  void SendBody(std::string body) {
    if (body.size() < 4096) return Send(body);
    auto* const kept = new std::string(std::move(body));
    evbuffer_add_reference(
        wire_.output(), kept->data(), kept->size(),
        [](const void*, size_t, void* text) { delete static_cast<std::string*>(text); }, kept);
  }

  Desk& desk_;
  Wire& wire_;
  absl::Duration since_;  // That the request began, or the one before ended.
  evbuffer* input_ = nullptr;
  std::optional<Http1Parser> parser_;
  ExchangePtr exchange_;  // Null while a request comes in.
  size_t reserved_ = 0;
  bool is_head_ = false;
  bool is_old_ = false;  // HTTP/1.0.
  bool is_stream_ = false;
  bool is_chunked_ = false;
  bool is_continued_ = false;
  bool keeps_alive_ = true;
  bool ended_ = false;
  std::vector<std::function<void()>> taken_;
};

}  // namespace

std::unique_ptr<Session> MakeHttp1Session(Desk& desk, Wire& wire) {
  return std::make_unique<Http1Session>(desk, wire);
}

}  // namespace cognate::http
