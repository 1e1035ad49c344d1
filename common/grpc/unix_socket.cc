#include "common/grpc/unix_socket.h"

#include <string>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace cognate::grpc_support {
namespace {

bool Answers(const sockaddr_un& address) {
  const int handle = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (handle < 0) return false;
  const bool is_answered =
      connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 || errno == EAGAIN;
  close(handle);
  return is_answered;
}

}  // namespace

absl::Status CheckUnixSocket(absl::string_view address) {
  absl::string_view path = address;
  absl::ConsumePrefix(&path, "unix:");
  sockaddr_un named = {};
  if (path.size() >= sizeof(named.sun_path)) {
    return absl::FailedPreconditionError(absl::StrCat("cannot listen on ", address,
                                                      ": a socket's path has at most ",
                                                      sizeof(named.sun_path) - 1, " bytes"));
  }
  named.sun_family = AF_UNIX;
  path.copy(named.sun_path, path.size());
  if (!Answers(named)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("cannot listen on ", address, ": another process does"));
}

PrivateFiles::PrivateFiles() : before_(umask(S_IXUSR | S_IRWXG | S_IRWXO)) {}
PrivateFiles::~PrivateFiles() { umask(before_); }

}  // namespace cognate::grpc_support
