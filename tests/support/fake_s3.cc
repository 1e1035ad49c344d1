#include "tests/support/fake_s3.h"

#include <algorithm>
#include <cstdio>

#include <httplib.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/s3/encoding.h"
#include "tests/support/eventually.h"

namespace cognate::test_support {
namespace {

using absl::StrCat;

constexpr absl::Duration kMaxSkew = absl::Minutes(15);
constexpr char kXml[] = "application/xml";

}  // namespace

std::string FakeS3::EtagOf(absl::string_view content) {
  return StrCat("\"", s3::Sha256Hex(content).substr(0, 32), "\"");
}

void FakeS3::Refuse(httplib::Response& response, int status, absl::string_view code) {
  response.status = status;
  response.set_content(StrCat("<?xml version=\"1.0\"?><Error><Code>", code,
                              "</Code><Message>no</Message><RequestId>R1</RequestId></Error>"),
                       kXml);
}

FakeS3::FakeS3(const std::string& certificate) : is_secure_(!certificate.empty()) {
  if (is_secure_) {
    server_ =
        std::make_unique<httplib::SSLServer>((certificate + ".pem").c_str(), (certificate + ".key").c_str());
  } else {
    server_ = std::make_unique<httplib::Server>();
  }
  const auto whole = [this](const httplib::Request& request, httplib::Response& response) {
    Handle(request, response, request.body);
  };
  const auto streamed = [this](const httplib::Request& request, httplib::Response& response,
                               const httplib::ContentReader& reader) {
    std::string body;
    std::function<void(int64_t)> listener;
    {
      MutexLock lock(&mutex_);
      listener = on_body_;
    }
    const bool is_whole = reader([&](const char* data, size_t size) {
      body.append(data, size);
      if (listener) listener(static_cast<int64_t>(body.size()));
      return true;
    });
    if (is_whole) Handle(request, response, std::move(body));
  };
  constexpr char kAny[] = R"([\s\S]*)";
  server_->Get(kAny, whole);
  server_->Delete(kAny, whole);
  server_->Put(kAny, streamed);
  server_->Post(kAny, streamed);
  server_->set_keep_alive_max_count(1'000);
  server_->set_tcp_nodelay(true);
  server_->new_task_queue = [] { return new httplib::ThreadPool(32); };
  port_ = server_->bind_to_any_port("127.0.0.1");
  thread_ = std::thread([this] { server_->listen_after_bind(); });
  Eventually([this] { return server_->is_running(); });
}

FakeS3::~FakeS3() {
  server_->stop();
  thread_.join();
}

std::string FakeS3::endpoint() const { return StrCat(is_secure_ ? "https" : "http", "://127.0.0.1:", port_); }

s3::Credentials FakeS3::Key() { return {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}; }

void FakeS3::Fail(const Fault& fault, int times) {
  MutexLock lock(&mutex_);
  faults_.insert(faults_.end(), static_cast<size_t>(times), fault);
}

void FakeS3::Recover() {
  MutexLock lock(&mutex_);
  faults_.clear();
}

void FakeS3::CutNextGet(int64_t after) {
  MutexLock lock(&mutex_);
  cut_after_ = after;
}

void FakeS3::OnBody(std::function<void(int64_t)> listener) {
  MutexLock lock(&mutex_);
  on_body_ = std::move(listener);
}

void FakeS3::SetPageSize(size_t size) {
  MutexLock lock(&mutex_);
  page_size_ = size;
}

std::map<std::string, std::string> FakeS3::objects() const {
  MutexLock lock(&mutex_);
  std::map<std::string, std::string> contents;
  for (const auto& [key, object] : objects_) contents[key] = object.content;
  return contents;
}

void FakeS3::SetObject(const std::string& key, const std::string& content, absl::Time modified) {
  MutexLock lock(&mutex_);
  objects_[key] = {content, modified};
}

void FakeS3::RemoveObject(const std::string& key) {
  MutexLock lock(&mutex_);
  objects_.erase(key);
}

void FakeS3::AgeUploads(absl::Duration age) {
  MutexLock lock(&mutex_);
  for (auto& [id, upload] : uploads_) upload.begun -= age;
}

size_t FakeS3::upload_count() const {
  MutexLock lock(&mutex_);
  return uploads_.size();
}

std::vector<std::string> FakeS3::requests() const {
  MutexLock lock(&mutex_);
  return requests_;
}

bool FakeS3::TakeFault(const httplib::Request& request, Fault* fault) {
  MutexLock lock(&mutex_);
  if (faults_.empty()) return false;
  if (!faults_.front().only.empty() && faults_.front().only != request.method) return false;
  *fault = faults_.front();
  faults_.pop_front();
  return true;
}

// The code of the error; empty where it is right. Fills in what was asked.
std::string FakeS3::CheckSignature(const httplib::Request& request, Asked& asked) {
  s3::Signable& signable = asked.signable;
  signable.method = request.method;
  signable.host = request.get_header_value("Host");
  const std::vector<std::string> target = absl::StrSplit(request.target, absl::MaxSplits('?', 1));
  signable.path = s3::Decode(target[0]).value_or("");
  if (target.size() > 1) {
    for (const absl::string_view pair : absl::StrSplit(target[1], '&')) {
      const std::vector<std::string> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
      signable.query.emplace_back(s3::Decode(parts[0]).value_or(""),
                                  parts.size() > 1 ? s3::Decode(parts[1]).value_or("") : "");
    }
  }
  asked.query = {signable.query.begin(), signable.query.end()};
  absl::string_view key = signable.path;
  const bool is_path_style = absl::ConsumePrefix(&key, StrCat("/", kBucket));
  if (!is_path_style && !absl::StartsWith(signable.host, StrCat(kBucket, "."))) return "NoSuchBucket";
  absl::ConsumePrefix(&key, "/");
  asked.key = std::string(key);

  const std::string given = request.get_header_value("Authorization");
  if (given.find(StrCat("Credential=", Key().access_key, "/")) == std::string::npos)
    return "InvalidAccessKeyId";
  const size_t names = given.find("SignedHeaders=");
  const size_t end = given.find(',', names);
  if (names == std::string::npos || end == std::string::npos) return "AccessDenied";
  for (const absl::string_view name : absl::StrSplit(given.substr(names + 14, end - names - 14), ';')) {
    const std::string text(name);
    if (text != "host") signable.headers.emplace_back(text, request.get_header_value(text));
  }
  signable.payload_hash = request.get_header_value("x-amz-content-sha256");
  absl::Time date;
  std::string error;
  if (!absl::ParseTime("%E4Y%m%dT%H%M%SZ", request.get_header_value("x-amz-date"), &date, &error))
    return "AccessDenied";
  if (absl::AbsDuration(absl::Now() - date) > kMaxSkew) return "RequestTimeTooSkewed";
  if (s3::Authorization(signable, Key(), {"us-east-1"}, date) != given) return "SignatureDoesNotMatch";
  const bool is_hashed = signable.payload_hash != s3::kUnsignedPayload;
  if (is_hashed && signable.payload_hash != s3::Sha256Hex(asked.body)) return "XAmzContentSHA256Mismatch";
  return "";
}

void FakeS3::Handle(const httplib::Request& request, httplib::Response& response, std::string body) {
  // It would answer ranges by itself, and not as S3 does.
  const_cast<httplib::Request&>(request).ranges.clear();
  Asked asked;
  asked.body = std::move(body);
  const std::string error = CheckSignature(request, asked);
  {
    MutexLock lock(&mutex_);
    requests_.push_back(StrCat(request.method, " ", request.target));
  }
  Fault fault;
  const bool is_fault = TakeFault(request, &fault);
  if (!is_fault || fault.is_late) {
    if (!error.empty()) return Refuse(response, error == "NoSuchBucket" ? 404 : 403, error);
    MutexLock lock(&mutex_);
    Answer(request, asked, response);
  }
  if (!is_fault) return;
  response.status = fault.status;
  response.set_content(fault.body, kXml);
  for (const auto& [name, value] : fault.headers) response.set_header(name, value);
}

void FakeS3::Answer(const httplib::Request& request, Asked& asked, httplib::Response& response) {
  const std::string& method = request.method;
  if (asked.query.contains("uploads") && asked.key.empty()) return ListUploads(asked, response);
  if (asked.query.contains("uploads") || asked.query.contains("uploadId"))
    return AnswerUpload(method, asked, response);
  if (asked.key.empty()) return ListObjects(asked, response);
  if (method == "PUT") {
    response.set_header("ETag", EtagOf(asked.body));
    objects_[asked.key] = {std::move(asked.body), absl::Now()};
    return;
  }
  if (method == "DELETE") {
    objects_.erase(asked.key);
    response.status = 204;
    return;
  }
  const auto found = objects_.find(asked.key);
  if (found == objects_.end()) return Refuse(response, 404, "NoSuchKey");
  GiveObject(request, found->second, response);
}

void FakeS3::GiveObject(const httplib::Request& request, const Object& object, httplib::Response& response) {
  const std::string etag = EtagOf(object.content);
  if (request.has_header("If-Match") && request.get_header_value("If-Match") != etag)
    return Refuse(response, 412, "PreconditionFailed");
  size_t first = 0;
  size_t last = object.content.size();
  if (request.has_header("Range")) {
    const std::vector<std::string> range =
        absl::StrSplit(absl::StripPrefix(request.get_header_value("Range"), "bytes="), '-');
    if (!absl::SimpleAtoi(range[0], &first) || first >= object.content.size())
      return Refuse(response, 416, "InvalidRange");
    size_t wanted = 0;
    if (absl::SimpleAtoi(range[1], &wanted)) last = std::min(wanted + 1, last);
    response.status = 206;
    response.set_header("Content-Range", StrCat("bytes ", first, "-", last - 1, "/", object.content.size()));
  }
  response.set_header("ETag", etag);
  response.set_header("Last-Modified",
                      absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", object.modified, absl::UTCTimeZone()));
  const std::string piece = object.content.substr(first, last - first);
  if (cut_after_ < 0 || request.method == "HEAD")
    return response.set_content(piece, "application/octet-stream");
  const auto stop = static_cast<size_t>(std::exchange(cut_after_, -1));
  response.set_content_provider(piece.size(), "application/octet-stream",
                                [piece, stop](size_t offset, size_t length, httplib::DataSink& sink) {
                                  if (offset >= stop) return false;
                                  return sink.write(piece.data() + offset, std::min(length, stop - offset));
                                });
}

}  // namespace cognate::test_support
