// An HTTP endpoint on loopback that takes webhooks, checks their signatures by itself, and answers as the
// test says.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <httplib.h>
#include <nlohmann/json.hpp>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/sync/mutex.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"

namespace cognate::delivery {

inline constexpr char kTestSecret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

class TestEndpoint {
 public:
  using Json = nlohmann::ordered_json;
  struct Seen {
    std::string id;
    bool is_signed = false;
    Json body;
    std::string traceparent = {};
    bool is_ping() const { return body["type"] == "cognate.ping"; }
    std::vector<Json> deliveries() const {
      if (body["data"].contains("delivery")) return {body["data"]["delivery"]};
      return body["data"].value("deliveries", std::vector<Json>());
    }
  };
  using Answer = std::function<void(const Seen&, httplib::Response&)>;

  TestEndpoint() {
    server_.set_keep_alive_timeout(1);
    server_.new_task_queue = [] { return new httplib::ThreadPool(32); };
    server_.Post("/hook", [this](const httplib::Request& request, httplib::Response& response) {
      Seen seen{request.get_header_value("webhook-id"), IsSigned(request), Json::parse(request.body),
                request.get_header_value("traceparent")};
      Answer answer;
      {
        MutexLock lock(&mutex_);
        seen_.push_back(seen);
        answer = answer_;
      }
      if (answer) answer(seen, response);
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    EXPECT_TRUE(test_support::Eventually([this] { return server_.is_running(); }));
  }
  ~TestEndpoint() {
    server_.stop();
    thread_.join();
  }

  std::string url() const { return absl::StrCat("http://127.0.0.1:", port_, "/hook"); }
  // To every request from now on, on several threads; nothing: 200 and an empty body.
  void AnswerWith(Answer answer) {
    MutexLock lock(&mutex_);
    answer_ = std::move(answer);
  }
  std::vector<Seen> seen() const {
    MutexLock lock(&mutex_);
    return seen_;
  }
  void Forget() {
    MutexLock lock(&mutex_);
    seen_.clear();
  }

  // `{"results":[…]}` with what `result_of` says of each delivery.
  static void Reply(const Seen& seen, httplib::Response& response,
                    const std::function<Json(const Json&)>& result_of) {
    Json results = Json::array();
    for (const Json& delivery : seen.deliveries()) {
      Json result = result_of(delivery);
      result["entity_id"] = delivery["entity_id"];
      results.push_back(std::move(result));
    }
    response.set_content(Json{{"results", results}}.dump(), "application/json");
  }

 private:
  static bool IsSigned(const httplib::Request& request) {
    std::string key;
    absl::Base64Unescape(absl::string_view(kTestSecret).substr(6), &key);
    const std::string content =
        absl::StrCat(request.get_header_value("webhook-id"), ".",
                     request.get_header_value("webhook-timestamp"), ".", request.body);
    unsigned char code[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(content.data()), content.size(), code, &size);
    const std::string wanted =
        absl::StrCat("v1,", absl::Base64Escape(absl::string_view(reinterpret_cast<const char*>(code), size)));
    return absl::StrContains(request.get_header_value("webhook-signature"), wanted);
  }

  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
  mutable Mutex mutex_;
  Answer answer_ ABSL_GUARDED_BY(mutex_);
  std::vector<Seen> seen_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::delivery
