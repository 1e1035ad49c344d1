// What a platform may turn out to be: a port where nobody listens, one that lets nothing through, a machine
// with a bad certificate.
#pragma once

#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <httplib.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/process/process.h"
#include "gtest/gtest.h"
#include "services/platform_registry/checks/reach.h"
#include "tests/support/eventually.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::platform_registry {

// A socket on loopback that is bound and, at first, does not listen: connections are refused.
class BoundPort {
 public:
  BoundPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in local = {};
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(local);
    EXPECT_EQ(bind(socket_.file(), reinterpret_cast<sockaddr*>(&local), size), 0);
    EXPECT_EQ(getsockname(socket_.file(), reinterpret_cast<sockaddr*>(&local), &size), 0);
    port_ = ntohs(local.sin_port);
  }
  uint16_t port() const { return port_; }
  int file() const { return socket_.file(); }

  // Takes connections, as the kernel does for a server that hangs, and says nothing.
  void Listen(int backlog = 100) { EXPECT_EQ(listen(socket_.file(), backlog), 0); }

  // Drops what comes, as a firewall does: the queue of connections that nobody takes is full.
  void FillUp() {
    Listen(0);
    Resolver resolver;
    const auto addresses = test_support::ValueOrDie(resolver.Resolve("127.0.0.1", port_, absl::Seconds(1)));
    for (int i = 0; i < 20; ++i) {
      std::vector<Reached> reached = Connect(addresses, absl::Milliseconds(200));
      if (reached[0].reach == Reach::kNoAnswer) return;
      filling_.push_back(std::move(reached[0].socket));
    }
    ADD_FAILURE() << "the queue takes every connection";
  }

 private:
  Socket socket_;
  uint16_t port_ = 0;
  std::vector<Socket> filling_;
};

// Certificates for `names`, such as "DNS:localhost,IP:127.0.0.1", made by openssl. Valid from `begin` to
// `end`, as `YYYYMMDDHHMMSSZ`; by an authority of its own where `by_authority`, else self-signed.
struct Certificate {
  std::string certificate, key, authority;  // files
};

inline Certificate MakeCertificate(const test_support::TempDir& folder, const std::string& id,
                                   const std::string& names, bool by_authority,
                                   const std::string& begin = "20200101000000Z",
                                   const std::string& end = "20990101000000Z") {
  const std::string at = folder.File(id);
  const auto run = [&](const std::string& line) {
    process::Command command;
    command.argv = {"/bin/sh", "-e", "-c", line};
    command.log_file = at + ".log";
    EXPECT_OK(process::RunToEnd(command, absl::Seconds(60)));
  };
  std::ofstream(at + ".cnf")
      << "[ca]\ndefault_ca=this\n[this]\ndatabase=" << at << ".db\nserial=" << at
      << ".serial\nnew_certs_dir=" << folder.path()
      << "\ndefault_md=sha256\npolicy=any\nrand_serial=yes\nunique_subject=no\n[any]\n"
      << "commonName=supplied\n[leaf]\nsubjectAltName=" << names
      << "\n[root]\nbasicConstraints=critical,CA:TRUE\n[req]\ndistinguished_name=dn\n[dn]\n";
  run(absl::StrCat(": > ", at, ".db; openssl req -config ", at,
                   ".cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes ", "-keyout ", at,
                   ".key -subj /CN=", id, " -out ", at, ".csr"));
  std::string signer = absl::StrCat("-selfsign -keyfile ", at, ".key");
  if (by_authority) {
    run(absl::StrCat("openssl req -x509 -config ", at, ".cnf -extensions root -newkey ec -pkeyopt ",
                     "ec_paramgen_curve:P-256 -nodes -keyout ", at, ".ca.key -subj /CN=", id,
                     "-authority -days 3650 -out ", at, ".ca.crt"));
    signer = absl::StrCat("-cert ", at, ".ca.crt -keyfile ", at, ".ca.key");
  }
  run(absl::StrCat("openssl ca -batch -notext -config ", at, ".cnf -extensions leaf ", signer, " -startdate ",
                   begin, " -enddate ", end, " -in ", at, ".csr -out ", at, ".crt"));
  return {at + ".crt", at + ".key", by_authority ? at + ".ca.crt" : at + ".crt"};
}

// An HTTP server on loopback, with TLS where a certificate is given, that answers POST /hook as the test
// says.
class HttpEndpoint {
 public:
  using Answer = std::function<void(const httplib::Request&, httplib::Response&)>;
  HttpEndpoint(Answer answer, const Certificate* certificate = nullptr)
      : server_(certificate == nullptr ? std::make_unique<httplib::Server>()
                                       : std::make_unique<httplib::SSLServer>(
                                             certificate->certificate.c_str(), certificate->key.c_str())) {
    EXPECT_TRUE(server_->is_valid());
    server_->Post("/hook", std::move(answer));
    port_ = server_->bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    EXPECT_TRUE(test_support::Eventually([this] { return server_->is_running(); }));
  }
  ~HttpEndpoint() {
    server_->stop();
    thread_.join();
  }
  uint16_t port() const { return static_cast<uint16_t>(port_); }

 private:
  std::unique_ptr<httplib::Server> server_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace cognate::platform_registry
