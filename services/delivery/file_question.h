// The files that records lead to, as file-transfer is asked about them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "services/delivery/round.h"

namespace cognate::delivery {

// How file-transfer is asked.
using FileBind =
    std::function<absl::StatusOr<v1::BindResponse>(const v1::BindRequest&, absl::Duration timeout)>;

// The list inside, if there is one: a text of it is written once its paths are known.
v1::Value* InsideOf(v1::Value* value);

// Whether a field of it leads to a file.
bool HasFiles(RoundItem& item);
// How many bindings it takes.
int BindingCount(RoundItem& item);

// Where an answer belongs.
struct AskedFile {
  RoundItem* item;
  const bus::v1::FileField* field;
  v1::Value* value;  // null: nothing is there
};

// Puts records' files into one request.
class FileQuestion {
 public:
  explicit FileQuestion(const std::string& platform) { request_.set_platform(platform); }

  // Adds an entry to `asked` for each binding. What is empty counts too: what was there before is let go.
  void Add(RoundItem* item, std::vector<AskedFile>* asked);
  // The bindings of another request.
  void Append(const v1::BindRequest& other);

  const v1::BindRequest& request() const { return request_; }

 private:
  int NumberOf(const v1::FileRule& rule);

  v1::BindRequest request_;
  absl::flat_hash_map<std::string, int> rules_;
};

}  // namespace cognate::delivery
