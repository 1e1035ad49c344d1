#include "common/webhook/sender.h"

#include <cstring>

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/webhook/address_guard.h"

namespace cognate::webhook {
namespace {

constexpr int kPollMs = 1'000;  // a wake comes at once
constexpr long kIdleSeconds = 60;
constexpr absl::Duration kMaxRetryAfter = absl::Hours(24 * 30);

void InitializeCurl() {
  static const CURLcode kInitialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(kInitialized);
}

std::string HostOf(const std::string& url) {
  std::string host = "the host";
  CURLU* const parts = curl_url();
  char* text = nullptr;
  if (curl_url_set(parts, CURLUPART_URL, url.c_str(), 0) == CURLUE_OK &&
      curl_url_get(parts, CURLUPART_HOST, &text, 0) == CURLUE_OK) {
    host = text;
    curl_free(text);
  }
  curl_url_cleanup(parts);
  return host;
}

}  // namespace

struct Sender::Multi {
  CURLM* handle = nullptr;
};

struct Sender::Transfer {
  ~Transfer() {
    if (easy != nullptr) curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
  }

  absl::Status ErrorOf(CURLcode code, const SenderOptions& options) const;
  absl::StatusOr<Answer> Finish(CURLcode code, const SenderOptions& options);

  static size_t TakeBody(char* data, size_t size, size_t count, void* self);
  static curl_socket_t OpenSocket(void* self, curlsocktype purpose, curl_sockaddr* address);

  Request request;
  Done done;
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  char error[CURL_ERROR_SIZE] = "";
  Answer answer;
  size_t max_answer = 0;
  bool allow_private_addresses = false;
  bool was_not_allowed = false;
};

size_t Sender::Transfer::TakeBody(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const size_t bytes = size * count;
  const size_t room = transfer.max_answer - transfer.answer.body.size();
  transfer.answer.body.append(data, std::min(bytes, room));
  if (bytes <= room) return bytes;
  transfer.answer.is_cut = true;
  return 0;  // ends it
}

// After the name was resolved, before anything is sent: a name that leads inside gets nowhere, however often
// it is resolved.
curl_socket_t Sender::Transfer::OpenSocket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (!transfer.allow_private_addresses && !IsPublicAddress(address->addr)) {
    transfer.was_not_allowed = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

absl::Status Sender::Transfer::ErrorOf(CURLcode code, const SenderOptions& options) const {
  const std::string host = HostOf(request.url);
  const auto error_of = [](absl::string_view reason, absl::string_view message) {
    return Error(absl::StatusCode::kUnavailable, reason, message).ToStatus();
  };
  if (was_not_allowed) {
    return error_of("ADDRESS_NOT_ALLOWED",
                    absl::StrCat(host,
                                 " leads to a private, loopback or reserved address; give it a public one, "
                                 "or set allow_private_addresses if that is meant"));
  }
  const std::string why = error[0] != '\0' ? error : curl_easy_strerror(code);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return error_of("NAME_NOT_RESOLVED",
                      absl::StrCat(host, " is no known name: correct the URL, or its DNS"));
    case CURLE_COULDNT_CONNECT:
      return error_of("CONNECTION_REFUSED",
                      absl::StrCat(why, "; is the server running, and does a firewall let us through?"));
    case CURLE_OPERATION_TIMEDOUT: {
      double connected = 0;
      curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME, &connected);
      const bool at_connect = connected == 0;
      return error_of(
          "TIMED_OUT",
          absl::StrCat(host, at_connect ? " did not take the connection within " : " did not answer within ",
                       absl::FormatDuration(at_connect ? std::min(request.timeout, options.connect_timeout)
                                                       : request.timeout),
                       at_connect ? "; a firewall may drop what we send" : ""));
    }
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CACERT_BADFILE:
      return error_of("TLS_FAILED", absl::StrCat("no secure connection to ", host, ": ", why));
    default:
      return error_of("CONNECTION_LOST", absl::StrCat("no answer of ", host, ": ", why));
  }
}

absl::StatusOr<Answer> Sender::Transfer::Finish(CURLcode code, const SenderOptions& options) {
  if (code != CURLE_OK && !answer.is_cut) return ErrorOf(code, options);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  curl_off_t retry_after = 0;
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
  if (retry_after > 0) answer.retry_after = std::min(absl::Seconds(retry_after), kMaxRetryAfter);
  const char* location = nullptr;
  curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &location);
  if (location != nullptr) answer.location = location;
  if (curl_header* date = nullptr; curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK) {
    const time_t seconds = curl_getdate(date->value, nullptr);
    if (seconds >= 0) answer.date = absl::FromTimeT(seconds);
  }
  return std::move(answer);
}

Sender::Sender(SenderOptions options) : options_(options), multi_(std::make_unique<Multi>()) {
  InitializeCurl();
  multi_->handle = curl_multi_init();
  worker_ = std::make_unique<Worker>("webhooks", [this](StopToken& stop) { Run(stop); });
}

Sender::~Sender() {
  worker_->RequestStop();
  curl_multi_wakeup(multi_->handle);
  worker_.reset();
  curl_multi_cleanup(multi_->handle);
}

uint64_t Sender::Send(Request request, Done done) {
  auto transfer = std::make_unique<Transfer>();
  transfer->request = std::move(request);
  transfer->done = std::move(done);
  uint64_t id = 0;
  {
    MutexLock lock(&mutex_);
    id = ++last_id_;
    wanted_.emplace_back(id, std::move(transfer));
  }
  curl_multi_wakeup(multi_->handle);
  return id;
}

void Sender::Cancel(uint64_t id) {
  {
    MutexLock lock(&mutex_);
    unwanted_.push_back(id);
  }
  curl_multi_wakeup(multi_->handle);
}

void Sender::Run(StopToken& stop) {
  while (!stop.stopping()) {
    TakeOrders();
    int running = 0;
    curl_multi_perform(multi_->handle, &running);
    CollectFinished();
    curl_multi_poll(multi_->handle, nullptr, 0, kPollMs, nullptr);
  }
  TakeOrders();
  while (!transfers_.empty()) End(transfers_.begin()->first, absl::CancelledError("the sender stops"));
}

void Sender::TakeOrders() {
  decltype(wanted_) wanted;
  std::vector<uint64_t> unwanted;
  {
    MutexLock lock(&mutex_);
    wanted.swap(wanted_);
    unwanted.swap(unwanted_);
  }
  for (auto& [id, transfer] : wanted) Begin(id, std::move(transfer));
  for (const uint64_t id : unwanted) {
    if (transfers_.contains(id)) End(id, absl::CancelledError("cancelled"));
  }
}

void Sender::Begin(uint64_t id, std::unique_ptr<Transfer> transfer) {
  Transfer& one = *transfer;
  one.max_answer = options_.max_answer;
  one.allow_private_addresses = options_.allow_private_addresses;
  for (const auto& [name, value] : one.request.headers) {
    one.headers = curl_slist_append(one.headers, absl::StrCat(name, ": ", value).c_str());
  }
  one.headers = curl_slist_append(one.headers, "Expect:");  // no waiting for 100 Continue
  const absl::Duration connect = std::min(one.request.timeout, options_.connect_timeout);
  CURL* const easy = one.easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, one.request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // one of the environment would resolve names for us
  curl_easy_setopt(easy, CURLOPT_NETRC, CURL_NETRC_IGNORED);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
  if (one.request.is_head) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, one.request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(one.request.body.size()));
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, one.headers);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "Cognate");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(one.request.timeout)));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(connect)));
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, kIdleSeconds);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, one.error);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::TakeBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &one);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Transfer::OpenSocket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &one);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, reinterpret_cast<void*>(id));
  transfers_.emplace(id, std::move(transfer));
  if (const CURLMcode code = curl_multi_add_handle(multi_->handle, easy); code != CURLM_OK)
    End(id, absl::InternalError(curl_multi_strerror(code)));
}

void Sender::End(uint64_t id, absl::StatusOr<Answer> answer) {
  const auto found = transfers_.find(id);
  const std::unique_ptr<Transfer> transfer = std::move(found->second);
  transfers_.erase(found);
  curl_multi_remove_handle(multi_->handle, transfer->easy);
  transfer->done(std::move(answer));
}

void Sender::CollectFinished() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_->handle, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* marked = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &marked);
    const auto id = reinterpret_cast<uint64_t>(marked);
    const CURLcode code = message->data.result;
    End(id, transfers_.at(id)->Finish(code, options_));
  }
}

}  // namespace cognate::webhook
