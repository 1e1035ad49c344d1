// A connection over which a test says what it likes, byte for byte.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"

namespace cognate::test_support {

class RawClient {
 public:
  explicit RawClient(int port) : handle_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(connect(handle_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  ~RawClient() { close(handle_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool Send(absl::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = send(handle_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // As much as the other side takes, until it takes nothing for a moment.
  int64_t SendWhatGoes(absl::string_view text) {
    int64_t all = 0;
    for (pollfd wanted = {handle_, POLLOUT, 0}; !text.empty() && poll(&wanted, 1, 500) > 0;) {
      const ssize_t sent = send(handle_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent <= 0) break;
      text.remove_prefix(static_cast<size_t>(sent));
      all += sent;
    }
    return all;
  }

  // Whether there is something to read, or an end.
  bool HasAnswer() const {
    pollfd wanted = {handle_, POLLIN, 0};
    return !read_.empty() || poll(&wanted, 1, 0) > 0;
  }

  // Until `end` has come, or the server closes.
  std::string ReadUntil(absl::string_view end) {
    while (!absl::StrContains(read_, end) && ReadSome()) continue;
    const size_t found = read_.find(std::string(end));
    const size_t size = found == std::string::npos ? read_.size() : found + end.size();
    std::string text = read_.substr(0, size);
    read_.erase(0, size);
    return text;
  }
  std::string ReadAll() {
    while (ReadSome()) continue;
    return std::exchange(read_, "");
  }

 private:
  bool ReadSome() {
    pollfd wanted = {handle_, POLLIN, 0};
    if (poll(&wanted, 1, static_cast<int>(absl::ToInt64Milliseconds(kPatience))) <= 0) return false;
    char bytes[4096];
    const ssize_t size = recv(handle_, bytes, sizeof(bytes), 0);
    if (size <= 0) return false;
    read_.append(bytes, static_cast<size_t>(size));
    return true;
  }

  const int handle_;
  std::string read_;
};

}  // namespace cognate::test_support
