#include "common/s3/transport.h"

#include <algorithm>
#include <cstring>

#include <curl/curl.h>

#include "absl/strings/str_cat.h"
#include "common/s3/errors.h"

namespace cognate::s3 {
namespace {

constexpr size_t kMaxIdle = 8;
constexpr long kIdleSeconds = 30;
constexpr long kBuffer = 256 << 10;
constexpr long kMinBytesASecond = 1'024;
constexpr absl::Duration kMaxRetryAfter = absl::Minutes(10);

void InitializeCurl() {
  static const CURLcode kInitialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(kInitialized);
}

std::string Header(CURL* easy, const char* name) {
  curl_header* header = nullptr;
  const bool is_there = curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK;
  return is_there ? header->value : "";
}

std::optional<absl::Time> TimeHeader(CURL* easy, const char* name) {
  const std::string text = Header(easy, name);
  const time_t seconds = text.empty() ? -1 : curl_getdate(text.c_str(), nullptr);
  if (seconds < 0) return std::nullopt;
  return absl::FromTimeT(seconds);
}

}  // namespace

Source SourceOf(absl::string_view data) {
  return {static_cast<int64_t>(data.size()),
          [data](int64_t offset, char* buffer, size_t room) -> absl::StatusOr<size_t> {
            const absl::string_view piece = data.substr(offset, room);
            std::memcpy(buffer, piece.data(), piece.size());
            return piece.size();
          }};
}

Source PartOf(const Source& source, int64_t offset, int64_t size) {
  return {size, [&source, offset, size](int64_t at, char* buffer, size_t room) {
            return source.read(offset + at, buffer, std::min(room, static_cast<size_t>(size - at)));
          }};
}

struct Transport::Exchange {
  ~Exchange() { curl_slist_free_all(headers); }

  void Prepare();
  absl::StatusOr<HttpAnswer> Finish(CURLcode code);
  void ReadHead();
  absl::Status ErrorOf(CURLcode code) const;
  void AddHeader(const std::string& line) { headers = curl_slist_append(headers, line.c_str()); }

  static size_t TakeBody(char* data, size_t size, size_t count, void* self);
  static size_t GiveBody(char* buffer, size_t size, size_t count, void* self);
  static int Rewind(void* self, curl_off_t offset, int origin);
  static int Look(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  const HttpRequest& request;
  const Sink* sink;
  const TransportOptions& options;
  const std::atomic<bool>& is_stopped;
  CURL* easy;
  curl_slist* headers = nullptr;
  char error[CURL_ERROR_SIZE] = "";
  HttpAnswer answer = {};
  bool has_head = false;
  bool is_sunk = false;    // the sink takes the body
  bool is_enough = false;  // the sink has said so
  bool is_too_long = false;
  int64_t sent = 0;
  absl::Status own = absl::OkStatus();  // of the source or the sink
};

void Transport::Exchange::Prepare() {
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  // `a/../b` is a key
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NETRC, CURL_NETRC_IGNORED);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "Cognate");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, kIdleSeconds);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(options.connect_timeout)));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, kMinBytesASecond);
  curl_easy_setopt(
      easy, CURLOPT_LOW_SPEED_TIME,
      static_cast<long>(absl::ToInt64Seconds(absl::Ceil(options.stall_timeout, absl::Seconds(1)))));
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kBuffer);
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kBuffer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &TakeBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &Look);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, this);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  if (!options.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request.body != nullptr) {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body->size));
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &GiveBody);
    curl_easy_setopt(easy, CURLOPT_READDATA, this);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &Rewind);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, this);
  }
  if (request.method != "HEAD") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  for (const auto& [name, value] : request.headers) AddHeader(absl::StrCat(name, ": ", value));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
}

void Transport::Exchange::ReadHead() {
  if (has_head) return;
  has_head = true;
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  answer.etag = Header(easy, "ETag");
  answer.content_range = Header(easy, "Content-Range");
  curl_off_t number = -1;
  if (curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &number) == CURLE_OK)
    answer.content_length = number;
  number = 0;
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &number);
  if (number > 0) answer.retry_after = std::min(absl::Seconds(number), kMaxRetryAfter);
  answer.date = TimeHeader(easy, "Date");
  answer.last_modified = TimeHeader(easy, "Last-Modified");
}

// 0 where there is more than is wanted, which ends the exchange.
size_t Transport::Exchange::TakeBody(char* data, size_t size, size_t count, void* self) {
  auto& one = *static_cast<Exchange*>(self);
  const size_t bytes = size * count;
  if (!one.has_head) {
    one.ReadHead();
    one.is_sunk = one.sink != nullptr && (one.answer.status == 200 || one.answer.status == 206);
    if (one.is_sunk) one.own = one.sink->begin(one.answer);
    if (!one.own.ok()) return 0;
  }
  if (one.is_sunk) {
    one.is_enough = !one.sink->take(absl::string_view(data, bytes));
    return one.is_enough ? 0 : bytes;
  }
  one.is_too_long = bytes > one.options.max_answer - one.answer.body.size();
  if (one.is_too_long) return 0;
  one.answer.body.append(data, bytes);
  return bytes;
}

size_t Transport::Exchange::GiveBody(char* buffer, size_t size, size_t count, void* self) {
  auto& one = *static_cast<Exchange*>(self);
  const int64_t left = one.request.body->size - one.sent;
  const size_t room = std::min(size * count, static_cast<size_t>(left));
  if (room == 0) return 0;
  const absl::StatusOr<size_t> got = one.request.body->read(one.sent, buffer, room);
  if (!got.ok()) {
    one.own = got.status();
  } else if (*got == 0 || *got > room) {
    one.own = absl::DataLossError(
        absl::StrCat("what is to be sent ends at byte ", one.sent, " of ", one.request.body->size));
  }
  if (!one.own.ok()) return CURL_READFUNC_ABORT;
  one.sent += static_cast<int64_t>(*got);
  return *got;
}

// A kept connection that was closed meanwhile is noticed only once something was sent.
int Transport::Exchange::Rewind(void* self, curl_off_t offset, int origin) {
  if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Exchange*>(self)->sent = offset;
  return CURL_SEEKFUNC_OK;
}

int Transport::Exchange::Look(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Exchange*>(self)->is_stopped ? 1 : 0;
}

absl::Status Transport::Exchange::ErrorOf(CURLcode code) const {
  const std::string why = error[0] != '\0' ? error : curl_easy_strerror(code);
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CACERT_BADFILE:
      return TlsFailed(why);
    case CURLE_OPERATION_TIMEDOUT:
      return Unavailable(absl::StrCat("it does not answer, or stands still: ", why));
    default:
      return Unavailable(absl::StrCat("no answer, or not all of it: ", why));
  }
}

absl::StatusOr<HttpAnswer> Transport::Exchange::Finish(CURLcode code) {
  if (!own.ok()) return own;
  if (is_stopped) return absl::CancelledError("the S3 client stops");
  if (is_too_long) return Unreadable(absl::StrCat("an answer of more than ", options.max_answer, " bytes"));
  // An upload that the server has ended by its answer is answered.
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  const bool is_refused_early = code == CURLE_SEND_ERROR && status >= 300;
  if (code != CURLE_OK && !is_enough && !is_refused_early) return ErrorOf(code);
  ReadHead();
  return std::move(answer);
}

Transport::Transport(TransportOptions options) : options_(std::move(options)) { InitializeCurl(); }

Transport::~Transport() {
  for (void* const handle : idle_) curl_easy_cleanup(handle);
}

void* Transport::TakeHandle() {
  {
    MutexLock lock(&mutex_);
    if (!idle_.empty()) {
      void* const handle = idle_.back();
      idle_.pop_back();
      return handle;
    }
  }
  return curl_easy_init();
}

void Transport::GiveHandle(void* handle) {
  curl_easy_reset(handle);  // keeps its connection
  {
    MutexLock lock(&mutex_);
    if (idle_.size() < kMaxIdle) {
      idle_.push_back(handle);
      return;
    }
  }
  curl_easy_cleanup(handle);
}

absl::StatusOr<HttpAnswer> Transport::Perform(const HttpRequest& request, const Sink* sink) {
  if (is_stopped_) return absl::CancelledError("the S3 client stops");
  Exchange exchange{request, sink, options_, is_stopped_, TakeHandle()};
  exchange.Prepare();
  absl::StatusOr<HttpAnswer> answer = exchange.Finish(curl_easy_perform(exchange.easy));
  GiveHandle(exchange.easy);
  return answer;
}

}  // namespace cognate::s3
