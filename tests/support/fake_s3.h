// An S3 server in memory, with one bucket, that checks every signature, and that can be told to fail.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/s3/signer.h"
#include "common/sync/mutex.h"

namespace httplib {
class Server;
struct Request;
struct Response;
}  // namespace httplib

namespace cognate::test_support {

// Thread safe.
class FakeS3 {
 public:
  static constexpr char kBucket[] = "cognate-test";

  // With a path, over TLS by `<path>.pem` and `<path>.key`.
  explicit FakeS3(const std::string& certificate = "");
  ~FakeS3();
  FakeS3(const FakeS3&) = delete;
  FakeS3& operator=(const FakeS3&) = delete;

  int port() const { return port_; }
  std::string endpoint() const;
  static s3::Credentials Key();

  // What the next requests get instead of an answer of S3; one entry a request.
  struct Fault {
    int status = 503;
    std::string body =
        "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
    std::map<std::string, std::string> headers = {};
    // The request is carried out all the same: its answer is lost.
    bool is_late = false;
    std::string only = {};  // of this method
  };
  void Fail(const Fault& fault, int times = 1);
  // No more of them.
  void Recover();
  // The next GET of an object ends after so many bytes of it.
  void CutNextGet(int64_t after);
  // Hears of every piece of a body that arrives, with the request's bytes so far.
  void OnBody(std::function<void(int64_t)> listener);
  // Objects and uploads on one page of a list.
  void SetPageSize(size_t size);

  std::map<std::string, std::string> objects() const;
  void SetObject(const std::string& key, const std::string& content, absl::Time modified);
  void RemoveObject(const std::string& key);
  size_t upload_count() const;
  // All uploads were begun so much earlier.
  void AgeUploads(absl::Duration age);
  // "PUT /bucket/key?partNumber=1&uploadId=…", in their order.
  std::vector<std::string> requests() const;

 private:
  struct Object {
    std::string content;
    absl::Time modified;
  };
  struct Upload {
    std::string key;
    absl::Time begun;
    std::map<int, std::string> parts;
  };
  struct Asked {
    s3::Signable signable;
    std::string key;
    std::map<std::string, std::string> query;
    std::string body;
  };

  static std::string EtagOf(absl::string_view content);
  static void Refuse(httplib::Response& response, int status, absl::string_view code);
  void Handle(const httplib::Request& request, httplib::Response& response, std::string body);
  bool TakeFault(const httplib::Request& request, Fault* fault);
  static std::string CheckSignature(const httplib::Request& request, Asked& asked);
  void Answer(const httplib::Request& request, Asked& asked, httplib::Response& response)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void GiveObject(const httplib::Request& request, const Object& object, httplib::Response& response)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ListObjects(Asked& asked, httplib::Response& response) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ListUploads(Asked& asked, httplib::Response& response) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AnswerUpload(const std::string& method, Asked& asked, httplib::Response& response)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const bool is_secure_;
  std::unique_ptr<httplib::Server> server_;
  int port_ = 0;
  std::thread thread_;
  mutable Mutex mutex_;
  std::map<std::string, Object> objects_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Upload> uploads_ ABSL_GUARDED_BY(mutex_);
  std::deque<Fault> faults_ ABSL_GUARDED_BY(mutex_);
  int64_t cut_after_ ABSL_GUARDED_BY(mutex_) = -1;
  std::function<void(int64_t)> on_body_ ABSL_GUARDED_BY(mutex_);
  size_t page_size_ ABSL_GUARDED_BY(mutex_) = 1'000;
  int last_upload_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> requests_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::test_support
