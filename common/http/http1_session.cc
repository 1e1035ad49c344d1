#include <optional>
#include <utility>

#include <event2/buffer.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/http/body_pace.h"
#include "common/http/http1_parser.h"
#include "common/http/session.h"

namespace cognate::http {
namespace {

constexpr char kContinue[] = "HTTP/1.1 100 Continue\r\n\r\n";

ParserLimits LimitsOf(const HttpServerOptions& options) {
  return {options.max_head_bytes, options.max_headers, options.max_body_bytes, /*waits_after_head=*/true};
}

// One request after the other; what comes while one is answered waits in the input.
class Http1Session final : public Session, public AnswerSink {
 public:
  Http1Session(Desk& desk, Wire& wire) : desk_(desk), wire_(wire), since_(Monotonic()) { NextRequest(); }
  ~Http1Session() override {
    desk_.memory()->Give(reserved_);
    if (exchange_ != nullptr) exchange_->Detach(/*complete=*/false);
  }

  void Receive(evbuffer* input) override {
    input_ = input;
    while (!ended_ && exchange_ == nullptr && evbuffer_get_length(input) > 0) {
      const bool had_begun = parser_->begun();
      Feed();
      if (!had_begun && parser_->begun()) since_ = Monotonic();
      Advance();
    }
    if (is_asked_ && !ended_) TakePiece();
    if (ended_) evbuffer_drain(input, evbuffer_get_length(input));
  }

  void HasRoom() override {
    std::vector<std::function<void()>> taken;
    taken.swap(taken_);
    for (const auto& call : taken) call();
  }

  void Sweep(absl::Duration now) override {
    const HttpServerOptions& options = desk_.options();
    if (is_asked_ && now - since_ > options.longest_piecewise)
      return RefuseWith(TooSlow(options.longest_piecewise));
    if (is_asked_ && pace_.IsTooSlow(now, options.request_timeout))
      return RefuseWith(TooSlowPieces(options.request_timeout));
    if (ended_ || exchange_ != nullptr) return;
    if (parser_->begun()) {
      if (now - since_ > options.request_timeout) RefuseWith(TooSlow(options.request_timeout));
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
    const bool is_counted = !is_head_ && response.body.size() >= kSmallBody;
    if (is_counted && !desk_.memory()->Take(response.body.size())) {
      response = desk_.Refuse(NoMemory());
    } else if (is_counted) {
      counted_ = response.body.size();
    }
    const bool may_have_body = response.status != 204 && response.status != 304;
    const bool has_body = !is_head_ && may_have_body;
    if (!HasWholeBody()) keeps_alive_ = false;
    std::string head = Head(response.status, response.headers);
    if (may_have_body) absl::StrAppend(&head, "content-length: ", response.body.size(), "\r\n");
    absl::StrAppend(&head, "\r\n");
    Send(head);
    if (has_body) SendBody(std::move(response.body));
    Complete();
  }

  void Begin(int status, Headers headers) override {
    if (is_stream_) return;
    is_stream_ = true;
    std::string head = Head(status, headers);
    if (!HasWholeBody()) keeps_alive_ = false;
    is_chunked_ = !is_head_ && !is_old_ && Find(headers, "content-length").empty();
    if (is_chunked_) absl::StrAppend(&head, "transfer-encoding: chunked\r\n");
    absl::StrAppend(&head, "\r\n");
    Send(head);
  }

  void CountIn(std::shared_ptr<Memory> memory) override { own_memory_ = std::move(memory); }

  void Write(std::string bytes, std::function<void()> taken) override {
    if (!is_stream_) return;
    if (!is_head_ && !bytes.empty()) {
      if (is_chunked_) Send(absl::StrCat(absl::Hex(bytes.size()), "\r\n"));
      if (bytes.size() >= kSmallBody) {
        counted_ = bytes.size();
        Counting()->TakeAnyway(counted_);
      }
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

  // A client sees that less has come than was said, or no end. One that reads nothing keeps nothing here:
  // what waits for it goes with the connection.
  void Abort() override {
    exchange_->Detach(/*complete=*/true);
    desk_.memory()->Give(std::exchange(reserved_, 0));
    exchange_ = nullptr;
    ended_ = true;
    wire_.CloseNow();
  }

  void AskForPiece() override {
    is_asked_ = true;
    pace_.Ask(Monotonic());
    Continue();
    TakePiece();
  }

 private:
  void Feed() {
    evbuffer_iovec piece;
    if (evbuffer_peek(input_, -1, nullptr, &piece, 1) < 1) return;
    const absl::string_view bytes(static_cast<const char*>(piece.iov_base), piece.iov_len);
    evbuffer_drain(input_, parser_->Feed(bytes.substr(0, kPieceBytes)));
  }

  // What has come of the body, to whoever asked for it.
  void TakePiece() {
    std::string& body = parser_->request().body;
    while (body.size() < kPieceBytes && !parser_->done() && parser_->failure() == 0 &&
           evbuffer_get_length(input_) > 0)
      Feed();
    if (parser_->failure() != 0) return RefuseParsed();
    if (body.empty() && !parser_->done()) return;
    is_asked_ = false;
    pace_.Take(Monotonic(), body.size());
    exchange_->Give(std::exchange(body, std::string()), parser_->done());
  }

  bool HasWholeBody() const { return !is_piecewise_ || parser_->done(); }

  // The word that a client may wait for before it sends the body.
  void Continue() {
    if (!parser_->expects_continue() || parser_->done() || std::exchange(is_continued_, true)) return;
    Send(kContinue);
  }

  void NextRequest() {
    parser_.emplace(LimitsOf(desk_.options()));
    exchange_ = nullptr;
    own_memory_ = nullptr;
    is_stream_ = is_chunked_ = is_head_ = is_old_ = is_continued_ = is_piecewise_ = is_asked_ = false;
    pace_ = BodyPace();
    since_ = Monotonic();
  }

  // After the parser has taken something.
  void Advance() {
    Request& request = parser_->request();
    if (parser_->failure() != 0) return RefuseParsed();
    if (parser_->has_head()) {
      if (wire_.refusal() != nullptr) return RefuseWith(*wire_.refusal());
      if (desk_.draining()) return RefuseWith(IsStopping());
    }
    if (parser_->awaits_body()) {
      const HttpServerOptions& options = desk_.options();
      is_piecewise_ = options.is_piecewise && options.is_piecewise(request);
      parser_->AllowBody(is_piecewise_ ? options.max_piecewise_bytes : options.max_body_bytes);
      if (parser_->failure() != 0) return RefuseParsed();
      if (is_piecewise_) return Hand();
    }
    const size_t wanted = request.body.size();
    if (wanted > reserved_ && !desk_.memory()->Take(wanted - reserved_)) return RefuseWith(NoMemory());
    reserved_ = wanted;
    if (parser_->done()) return Hand();
    if (parser_->has_head()) Continue();
  }

  void Hand() {
    Request request = std::exchange(parser_->request(), Request());
    request.address = wire_.address();
    request.version = 1;
    is_head_ = request.method == "HEAD";
    keeps_alive_ = parser_->keeps_alive();
    is_old_ = parser_->is_old();
    exchange_ = std::make_shared<Exchange>(desk_.loop(), this, std::move(request));
    desk_.Handle(exchange_);
  }

  void RefuseParsed() {
    RefuseWith({KindOf(parser_->failure()), parser_->failure(), std::string(parser_->fault())});
  }

  // Also where somebody answers it already, whose answer then nobody takes any more.
  void RefuseWith(const Refusal& refusal) {
    keeps_alive_ = false;
    if (exchange_ != nullptr) exchange_->Detach(/*complete=*/false);
    if (is_stream_) return Finish(/*keep=*/false);
    const Response response = desk_.Refuse(refusal);
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
    desk_.memory()->Give(std::exchange(reserved_, 0));
    Finish(keeps_alive_);
  }

  void Finish(bool keep) {
    if (keep) {
      NextRequest();
      if (input_ != nullptr && evbuffer_get_length(input_) > 0) Receive(input_);
      return;
    }
    ended_ = true;
    is_asked_ = false;
    exchange_ = nullptr;
    parser_->request().body = std::string();
    desk_.memory()->Give(std::exchange(reserved_, 0));
    wire_.CloseWhenSent();
  }

  void Send(absl::string_view text) { evbuffer_add(wire_.output(), text.data(), text.size()); }

  const std::shared_ptr<Memory>& Counting() { return own_memory_ != nullptr ? own_memory_ : desk_.memory(); }

  // Large ones without copying them.
  void SendBody(std::string body) {
    if (body.size() < kSmallBody) return Send(body);
    auto* const kept = new CountedBody{std::move(body), Counting(), std::exchange(counted_, 0)};
    evbuffer_add_reference(
        wire_.output(), kept->body.data(), kept->body.size(),
        [](const void*, size_t, void* text) { delete static_cast<CountedBody*>(text); }, kept);
  }

  Desk& desk_;
  Wire& wire_;
  absl::Duration since_;  // That the request began, or the one before ended.
  evbuffer* input_ = nullptr;
  std::optional<Http1Parser> parser_;
  ExchangePtr exchange_;  // Null while a request comes in.
  size_t reserved_ = 0;
  size_t counted_ = 0;                  // Of the memory, for the body that is sent next.
  std::shared_ptr<Memory> own_memory_;  // Where a stream counts, if not where all answers do.
  bool is_head_ = false;
  bool is_old_ = false;  // HTTP/1.0.
  bool is_stream_ = false;
  bool is_chunked_ = false;
  bool is_continued_ = false;
  bool is_piecewise_ = false;
  bool is_asked_ = false;  // Somebody waits for a piece of the body.
  BodyPace pace_;
  bool keeps_alive_ = true;
  bool ended_ = false;
  std::vector<std::function<void()>> taken_;
};

}  // namespace

std::unique_ptr<Session> MakeHttp1Session(Desk& desk, Wire& wire) {
  return std::make_unique<Http1Session>(desk, wire);
}

}  // namespace cognate::http
