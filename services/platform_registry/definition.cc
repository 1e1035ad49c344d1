#include "services/platform_registry/definition.h"

#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/sync/mutex.h"
#include "google/protobuf/util/json_util.h"

namespace cognate::platform_registry {
namespace {

using google::protobuf::Message;
using google::protobuf::util::JsonParseOptions;
using google::protobuf::util::JsonPrintOptions;

constexpr size_t kMaxBytes = 32 << 20;

// What definitions were read as. Every change of the configuration reads all of it, and reading JSON takes
// most of that time. A text means the same for ever, so nothing here grows old; when it is full it begins
// anew.
class ReadBefore {
 public:
  bool Find(absl::string_view json, Message* message) {
    MutexLock lock(&mutex_);
    const auto& known = by_type_[message->GetDescriptor()];
    const auto found = known.find(json);
    if (found == known.end()) return false;
    message->CopyFrom(*found->second);
    return true;
  }

  void Keep(absl::string_view json, const Message& message) {
    std::unique_ptr<Message> copy(message.New());
    copy->CopyFrom(message);
    const size_t bytes = json.size() + copy->SpaceUsedLong();
    MutexLock lock(&mutex_);
    if (bytes_ + bytes > kMaxBytes) {
      by_type_.clear();
      bytes_ = 0;
    }
    if (by_type_[message.GetDescriptor()].emplace(json, std::move(copy)).second) bytes_ += bytes;
  }

 private:
  using ByText = absl::flat_hash_map<std::string, std::unique_ptr<const Message>>;

  Mutex mutex_;
  absl::flat_hash_map<const google::protobuf::Descriptor*, ByText> by_type_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

ReadBefore& Known() {
  static auto& known = *new ReadBefore();
  return known;
}

}  // namespace

absl::StatusOr<std::string> ToDefinition(const Message& message) {
  JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) return absl::InternalError(absl::StrCat("cannot store ", message.GetTypeName()));
  return json;
}

absl::Status FromDefinition(absl::string_view json, Message* message) {
  if (Known().Find(json, message)) return absl::OkStatus();
  JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(std::string(json), message, options);
  if (!status.ok())
    return absl::DataLossError(absl::StrCat("the stored ", message->GetTypeName(), " cannot be read"));
  Known().Keep(json, *message);
  return absl::OkStatus();
}

}  // namespace cognate::platform_registry
