#include "common/redis/stream_waiter.h"

#include <utility>

#include <poll.h>

#include "absl/strings/str_cat.h"
#include "common/redis/address.h"
#include "common/redis/wire.h"
#include "common/status/status_macros.h"

namespace cognate::redis {

StreamWaiter::StreamWaiter(std::unique_ptr<Wire> wire) : wire_(std::move(wire)) {}

StreamWaiter::~StreamWaiter() = default;

absl::StatusOr<std::unique_ptr<StreamWaiter>> StreamWaiter::Connect(const Options& options) {
  ASSIGN_OR_RETURN(const Address address, AddressOf(options));
  auto wire = std::make_unique<Wire>(address, options.connect_timeout, options.command_timeout);
  RETURN_IF_ERROR(wire->EnsureConnected());
  return std::unique_ptr<StreamWaiter>(new StreamWaiter(std::move(wire)));
}

absl::Status StreamWaiter::Ask(absl::Span<const std::string> streams, absl::Duration block) {
  RETURN_IF_ERROR(wire_->EnsureConnected());
  if (wire_->connections() != connections_) {
    // Leads to the node of a cluster that has the streams, and takes what a TLS server says by itself at
    // first: from here on what comes is the answer.
    RETURN_IF_ERROR(wire_->Run({"EXISTS", streams.front()}).status());
    connections_ = wire_->connections();
  }
  const std::string block_text = absl::StrCat(absl::ToInt64Milliseconds(block));
  std::vector<absl::string_view> arguments = {"XREAD", "COUNT", "1", "BLOCK", block_text, "STREAMS"};
  arguments.insert(arguments.end(), streams.begin(), streams.end());
  arguments.insert(arguments.end(), streams.size(), "0");
  return wire_->Ask(arguments);
}

absl::StatusOr<std::vector<std::string>> StreamWaiter::Take() {
  ASSIGN_OR_RETURN(const Reply reply, wire_->TakeReply());
  std::vector<std::string> filled;
  for (size_t i = 0; i < reply.view().size(); ++i) filled.emplace_back(reply.view()[i][0].text());
  return filled;
}

std::vector<size_t> StreamWaiter::Await(absl::Span<const StreamWaiter* const> waiters, absl::Duration wait) {
  std::vector<pollfd> polled;
  for (const StreamWaiter* const waiter : waiters) polled.push_back({waiter->wire_->fd(), POLLIN, 0});
  const int64_t milliseconds = absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1)));
  std::vector<size_t> ready;
  if (poll(polled.data(), polled.size(), static_cast<int>(milliseconds)) <= 0) return ready;
  for (size_t i = 0; i < polled.size(); ++i) {
    if (polled[i].revents != 0) ready.push_back(i);
  }
  return ready;
}

}  // namespace cognate::redis
