#include "services/platform_registry/checks/tls.h"

#include <chrono>
#include <memory>
#include <set>
#include <vector>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
template <typename Type>
using Owned = std::unique_ptr<Type, Free>;

using Faults = std::set<int>;  // X509_V_ERR_…

absl::Status TlsFailed(absl::string_view why) {
  return Error(absl::StatusCode::kUnavailable, "TLS_FAILED", why);
}

int FaultsIndex() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// Goes on after a fault, so that all of them are told at once; nothing is sent over such a connection.
int NoteFault(int is_good, X509_STORE_CTX* store) {
  if (is_good == 1) return 1;
  const auto* const ssl =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  static_cast<Faults*>(SSL_get_ex_data(ssl, FaultsIndex()))->insert(X509_STORE_CTX_get_error(store));
  return 1;
}

absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm broken = {};
  if (ASN1_TIME_to_tm(time, &broken) != 1) return absl::InfiniteFuture();
  return absl::FromTM(broken, absl::UTCTimeZone());
}

std::string Day(absl::Time time) { return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone()); }

std::string NamesOf(X509* certificate) {
  const Owned<GENERAL_NAMES> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> shown;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()) && shown.size() < 5; ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    shown.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                       static_cast<size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  return absl::StrJoin(shown, ", ");
}

std::string Say(int fault, X509* certificate, const std::string& host, absl::Time now) {
  switch (fault) {
    case X509_V_ERR_CERT_HAS_EXPIRED: {
      const absl::Time end = TimeOf(X509_get0_notAfter(certificate));
      // The one that has expired may also be an authority's.
      return end < now ? StrCat("has expired on ", Day(end)) : "has an authority that has expired";
    }
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return StrCat("is not valid before ", Day(TimeOf(X509_get0_notBefore(certificate))));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "is signed by itself, by no authority that is trusted here";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "is signed by an authority that is not trusted here, or its chain is not sent";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const std::string names = NamesOf(certificate);
      return StrCat("is for another name than ", host, names.empty() ? "" : StrCat(": ", names));
    }
    default:
      return StrCat("is not accepted: ", X509_verify_cert_error_string(fault));
  }
}

std::string Words(const Faults& faults, X509* certificate, const std::string& host, absl::Time now) {
  std::set<std::string> words;
  for (const int fault : faults) words.insert(Say(fault, certificate, host, now));
  return StrCat("the certificate ", absl::StrJoin(words, ", and "));
}

std::string LastError() {
  const unsigned long code = ERR_peek_last_error();
  const char* const words = code == 0 ? nullptr : ERR_reason_error_string(code);
  return words == nullptr ? "the connection was closed" : words;
}

absl::Status Prepare(SSL* ssl, const Socket& socket, const std::string& host) {
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl);
  const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1;
  if (!is_address) {
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_host(wanted, host.data(), host.size()) != 1 ||
        SSL_set_tlsext_host_name(ssl, host.c_str()) != 1)
      return TlsFailed(StrCat(host, " is no name that TLS knows"));
  }
  SSL_set_verify(ssl, SSL_VERIFY_PEER, &NoteFault);
  return SSL_set_fd(ssl, socket.file()) == 1 ? absl::OkStatus() : TlsFailed(LastError());
}

absl::Status Connect(SSL* ssl, const Socket& socket, absl::Duration timeout) {
  const auto end = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(timeout);
  while (true) {
    ERR_clear_error();
    const int done = SSL_connect(ssl);
    if (done == 1) return absl::OkStatus();
    const int wants = SSL_get_error(ssl, done);
    if (wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE)
      return TlsFailed(StrCat("no handshake: ", LastError()));
    const auto left = absl::FromChrono(end - std::chrono::steady_clock::now());
    if (left <= absl::ZeroDuration() || !AwaitSocket(socket, wants == SSL_ERROR_WANT_WRITE, left))
      return TlsFailed(StrCat("the handshake was not answered within ", absl::FormatDuration(timeout)));
  }
}

}  // namespace

absl::StatusOr<TlsSeen> Handshake(const Socket& socket, const std::string& host, const std::string& roots,
                                  absl::Time now, absl::Duration timeout) {
  const Owned<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return TlsFailed(LastError());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  if (SSL_CTX_load_verify_locations(context.get(), roots.c_str(), nullptr) != 1)
    return TlsFailed(StrCat("the certificates that are trusted here cannot be read: ", roots));
  const Owned<SSL> ssl(SSL_new(context.get()));
  if (ssl == nullptr) return TlsFailed(LastError());
  Faults faults;
  SSL_set_ex_data(ssl.get(), FaultsIndex(), &faults);
  RETURN_IF_ERROR(Prepare(ssl.get(), socket, host));
  RETURN_IF_ERROR(Connect(ssl.get(), socket, timeout));
  const Owned<X509> certificate(SSL_get1_peer_certificate(ssl.get()));
  if (certificate == nullptr) return TlsFailed("the server has shown no certificate");
  if (!faults.empty()) return TlsFailed(Words(faults, certificate.get(), host, now));
  return TlsSeen{SSL_get_version(ssl.get()), TimeOf(X509_get0_notAfter(certificate.get()))};
}

}  // namespace cognate::platform_registry
