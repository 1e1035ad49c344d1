#include "common/http/exchange.h"

namespace cognate::http {

void Exchange::OnLoop(std::function<void(AnswerSink&)> act) {
  loop_->Post([self = shared_from_this(), act = std::move(act)] {
    if (self->sink_ != nullptr) act(*self->sink_);
  });
}

void Exchange::Respond(Response response) {
  auto kept = std::make_shared<Response>(std::move(response));
  OnLoop([kept](AnswerSink& sink) { sink.Respond(std::move(*kept)); });
}

void Exchange::Begin(int status, Headers headers) {
  OnLoop([status, headers = std::move(headers)](AnswerSink& sink) { sink.Begin(status, headers); });
}

void Exchange::CountIn(std::shared_ptr<Memory> memory) {
  OnLoop([memory = std::move(memory)](AnswerSink& sink) { sink.CountIn(memory); });
}

void Exchange::Write(std::string bytes, std::function<void()> taken) {
  auto kept = std::make_shared<std::string>(std::move(bytes));
  OnLoop([kept, taken = std::move(taken)](AnswerSink& sink) { sink.Write(std::move(*kept), taken); });
}

void Exchange::End() {
  OnLoop([](AnswerSink& sink) { sink.End(); });
}

void Exchange::Abort() {
  OnLoop([](AnswerSink& sink) { sink.Abort(); });
}

void Exchange::Read(OnPiece take) {
  loop_->Post([self = shared_from_this(), take = std::move(take)] {
    if (self->sink_ == nullptr) return;
    self->take_ = take;
    self->sink_->AskForPiece();
  });
}

void Exchange::Give(std::string bytes, bool is_last) {
  const OnPiece take = std::move(take_);
  take_ = nullptr;
  if (take) take(std::move(bytes), is_last);
}

void Exchange::OnGone(std::function<void()> gone) {
  if (sink_ != nullptr) {
    gone_ = std::move(gone);
  } else {
    gone();
  }
}

void Exchange::Detach(bool complete) {
  sink_ = nullptr;
  const std::function<void()> gone = std::move(gone_);
  gone_ = nullptr;
  take_ = nullptr;
  if (!complete && gone) gone();
}

}  // namespace cognate::http
