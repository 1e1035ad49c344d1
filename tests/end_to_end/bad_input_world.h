#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/feedback_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/postgres/connection.h"
#include "tests/cluster/cluster.h"

namespace cognate::bad_input {

// What an answer said was wrong, whichever form it came in: the status of a call, the result of one change,
// or a trouble.
struct Said {
  absl::StatusCode code = absl::StatusCode::kOk;
  int infos = 0;       // ErrorInfos of domain "cognate"; a result or trouble has one reason by its form.
  std::string reason;  // Of the first.
  std::vector<std::string> fields;  // Paths that are named, and what the metadata names.
  std::string text;                 // All its words.
};
Said SaidBy(const grpc::Status& status);
Said SaidBy(const v1::OutcomeError& error);

// What it should have said. `code` is not compared for results and troubles, which have none.
struct Want {
  absl::StatusCode code = absl::StatusCode::kOk;
  std::string reason;
  std::string field;
  std::string fix;    // A part of the words.
  bool open = false;  // Known not to be clear yet: counted so, without a failure.
};

using FieldValues = std::initializer_list<std::pair<const char*, v1::Value>>;
v1::Value Text(absl::string_view text);
v1::Value Integer(int64_t number);
v1::Value Null();
v1::Change Create(const std::string& change_id, const std::string& model, const std::string& local_id,
                  FieldValues fields);

// A running Cognate with an agent's platform `till`, a followed database `origin`, a target `goal` and a
// target `latin`, whose encoding is LATIN1. All calls go through the front doors.
class World {
 public:
  World();

  // Makes the call and says what was wrong with it.
  template <typename Stub, typename Request, typename Response>
  Said Try(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
           const Request& request, Response* response = nullptr) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    Response unused;
    return SaidBy((stub.*method)(&context, request, response == nullptr ? &unused : response));
  }
  Said TryCreateSync(const v1::Sync& sync, v1::CreateSyncResponse* response = nullptr);
  Said TryCapture(const std::string& platform, const std::vector<v1::Change>& changes,
                  v1::CaptureResponse* response = nullptr);

  // These must go well.
  std::vector<std::string> CreateSync(const v1::Sync& sync);            // Its warnings.
  v1::CaptureResponse Capture(const std::vector<v1::Change>& changes);  // Of `till`.
  void PutModel(const v1::Model& model);                                // Of `till`.
  void Analyze(const std::string& platform);
  void Run(postgres::Connection& connection, const std::string& sql);

  // The first column of the first row, or what went wrong.
  std::string Ask(postgres::Connection& connection, const std::string& sql);
  // Waits until the question's answer is this; false after 20 seconds.
  bool Answers(postgres::Connection& connection, const std::string& sql, const std::string& answer);
  // Troubles of one source record.
  std::vector<v1::Trouble> TroublesOf(const v1::RecordKey& source);
  // Waits until Explain says DEAD for the record's only target; its words.
  std::string WaitUntilDead(const v1::RecordKey& source);

  cluster::Cluster cluster{cluster::Shape::kOneProcess};
  std::unique_ptr<postgres::Connection> origin;
  std::unique_ptr<postgres::Connection> goal;
  std::unique_ptr<postgres::Connection> latin;
  std::unique_ptr<v1::PlatformRegistryService::Stub> registry;
  std::unique_ptr<v1::ChangeCaptureService::Stub> capture;
  std::unique_ptr<v1::FeedbackService::Stub> feedback;

 private:
  std::unique_ptr<postgres::Connection> AddDatabase(const std::string& name, v1::CaptureMode mode);
};

v1::Sync SyncOf(const std::string& id, const std::string& source_platform, const std::string& source_model,
                const std::string& target_platform, const std::string& target_model,
                const std::vector<std::pair<std::string, std::string>>& fields);
v1::RecordKey Key(const std::string& platform, const std::string& model, const std::string& local_id);

}  // namespace cognate::bad_input
