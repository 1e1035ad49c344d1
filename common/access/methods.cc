#include "common/access/methods.h"

#include <array>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/access/scopes.h"
#include "google/protobuf/descriptor.h"

namespace cognate::access {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr char kEventsOfOwn[] = "platforms,filter.platforms,filter.source_platforms";
constexpr char kTroublesOfOwn[] = "platform,filter.platform,filter.source.platform";

constexpr auto kMethods = std::to_array<Method>({
    {"AssignmentService/GetAssignments", kRead, "records.platform"},
    {"AssignmentService/ListAssignmentChanges", kRead, "record.platform"},
    {"AssignmentService/ListAssignmentMoves", kServices},
    {"AssignmentService/ListAssignments", kRead},
    {"AssignmentService/SetAssignments", "records.write", "records.record.platform"},
    {"AuditService/AppendAuditEntries", kServices},
    {"AuditService/ListAuditEntries", "audit.read"},
    {"BackupService/ListPastRecords", kRead, "platform"},
    {"BackupService/RestoreRecords", "records.restore", "", "platform"},
    {"ChangeCaptureService/AcknowledgeBatches", kServices},
    {"ChangeCaptureService/ApproveRun", "runs.execute", "", "name"},
    {"ChangeCaptureService/Capture", "records.write", "platform"},
    {"ChangeCaptureService/CaptureStream", "records.write", "platform"},
    {"ChangeCaptureService/CreateRun", "runs.execute", "", "run.sync"},
    {"ChangeCaptureService/GetLatestChange", kRead, "record.platform"},
    {"ChangeCaptureService/GetRun", kRead},
    {"ChangeCaptureService/ListLatestChanges", kServices},
    {"ChangeCaptureService/ListPreviousChanges", kServices},
    {"ChangeCaptureService/ListRuns", kRead},
    {"ChangeCaptureService/ListSources", kRead, "platform"},
    {"ChangeCaptureService/Replay", kServices},
    {"CheckService/CheckPlatform", "platforms.manage", "name"},
    {"ConflictService/GetConflict", kRead},
    {"ConflictService/ListConflicts", kRead, "record.platform"},
    {"ConflictService/ResolveConflict", "conflicts.resolve", "", "name"},
    {"DeliveryService/ListLanes", kRead, "platform"},
    {"DeliveryService/Pull", "records.write", "platform"},
    {"DeliveryService/Report", "records.write", "platform"},
    {"DeliveryService/Subscribe", "records.write", "platform"},
    {"EventService/CreateEventHook", "events.manage", "", "event_hook.name"},
    {"EventService/DeleteEventHook", "events.manage", "", "name"},
    {"EventService/GetEventHook", kRead},
    {"EventService/GetHistory", kRead, "platform"},
    {"EventService/ListEventHooks", kRead},
    {"EventService/ListEvents", kRead, "filter.platforms,filter.source_platforms"},
    {"EventService/TellEvents", kServices},
    {"EventService/UpdateEventHook", "events.manage", "", "event_hook.name"},
    {"ExpansionService/CaptureParts", kServices},
    {"ExpansionService/ListPartSets", kServices},
    {"FeedbackService/DiscardTroubles", "troubles.manage", "", "filter.platform,filter.sync"},
    {"FeedbackService/Explain", kRead, "record.platform"},
    {"FeedbackService/GetStats", kRead},
    {"FeedbackService/GetTrouble", kRead, "platform"},
    {"FeedbackService/GroupTroubles", kRead, "filter.platform,filter.source.platform"},
    {"FeedbackService/ListTroubles", kRead, kTroublesOfOwn},
    {"FeedbackService/Redrive", "troubles.manage", "", "platform,filter.platform,filter.sync"},
    {"FeedbackService/Refill", kServices},
    {"FeedbackService/Release", kServices},
    {"FeedbackService/Report", kServices},
    {"FeedbackService/RetryHeld", "troubles.manage", "", "acting_identity"},
    {"FeedbackService/Watch", kRead, kEventsOfOwn},
    {"FileTransferService/BatchRead", kRead, "platform"},
    {"FileTransferService/BatchWrite", "records.write", "platform"},
    {"FileTransferService/Bind", kServices},
    {"FileTransferService/CancelWrite", "records.write", "platform"},
    {"FileTransferService/Check", "records.write", "platform"},
    {"FileTransferService/Collect", "runs.execute", "", "-"},
    {"FileTransferService/CreateLink", kRead},
    {"FileTransferService/GetFile", kRead, "platform"},
    {"FileTransferService/ListFiles", kRead},
    {"FileTransferService/ListPlacements", kRead, "platform"},
    {"FileTransferService/Missing", "records.write", "platform"},
    {"FileTransferService/OpenLastingLink", kServices},
    {"FileTransferService/OpenLink", kServices},
    {"FileTransferService/Place", "records.write", "platform"},
    {"FileTransferService/QueryWriteStatus", "records.write", "platform"},
    {"FileTransferService/Read", kRead, "platform"},
    {"FileTransferService/Scrub", "runs.execute", "", "-"},
    {"FileTransferService/Write", "records.write", "platform"},
    {"KeyService/CancelKeyRotation", "secrets.rotate", "", "name"},
    {"KeyService/ConfirmKeyRotation", kAnyPrincipal, "*", "-"},
    {"KeyService/CreateEnrolmentToken", "keys.manage", "", "platform"},
    {"KeyService/CreateKey", "keys.manage", "", "key.platform,key.display_name"},
    {"KeyService/EnrolPlatform", kAnyone, "*", "-"},
    {"KeyService/FinishKeyRotation", "secrets.rotate", "", "name"},
    {"KeyService/GetKey", kRead},
    {"KeyService/ListKeys", kRead, "platform"},
    {"KeyService/ResealSecrets", "secrets.rotate", "", "-"},
    {"KeyService/RevokeKey", "keys.manage", "", "name"},
    {"KeyService/StartKeyRotation", "secrets.rotate", "", "name"},
    {"KeyService/UpdateKey", "keys.manage", "", "key.name"},
    {"KeyService/VerifyKey", kServices},
    {"KeyService/WhoAmI", kAnyPrincipal, "*"},
    {"LedgerService/Adopt", kServices},
    {"LedgerService/BatchGetReplicas", kServices},
    {"LedgerService/CountReplicas", kRead},
    {"LedgerService/GetReplicaStands", kServices},
    {"LedgerService/GetReplicas", kRead, "record.platform"},
    {"LedgerService/ListPending", kServices},
    {"LedgerService/Plan", kServices},
    {"LedgerService/Resolve", kServices},
    {"LedgerService/Settle", kServices},
    {"PipelineService/CreatePipeline", "sync.manage", "", "pipeline.name"},
    {"PipelineService/DeletePipeline", "sync.manage", "", "name"},
    {"PipelineService/GetPipeline", kRead},
    {"PipelineService/ListPipelines", kRead},
    {"PipelineService/UpdatePipeline", "sync.manage", "", "pipeline.name"},
    {"PlatformRegistryService/AnalyzeModels", "platforms.manage", "platform", "platform"},
    {"PlatformRegistryService/CompareModels", kRead},
    {"PlatformRegistryService/CreatePlatform", "platforms.manage", "", "platform.name"},
    {"PlatformRegistryService/CreateSync", "sync.manage", "", "sync.name"},
    {"PlatformRegistryService/DeletePlatform", "platforms.manage", "", "name"},
    {"PlatformRegistryService/DeleteSync", "sync.manage", "", "name"},
    {"PlatformRegistryService/GetModel", kRead, "name"},
    {"PlatformRegistryService/GetPlatform", kRead, "name"},
    {"PlatformRegistryService/GetRules", kServices},
    {"PlatformRegistryService/GetSync", kRead},
    {"PlatformRegistryService/LintSync", kRead},
    {"PlatformRegistryService/ListModels", kRead, "platform"},
    {"PlatformRegistryService/ListPlatforms", kRead},
    {"PlatformRegistryService/ListSyncs", kRead},
    {"PlatformRegistryService/PutModels", "platforms.manage", "platform", "platform"},
    {"PlatformRegistryService/UpdateModel", "platforms.manage", "", "model.name"},
    {"PlatformRegistryService/UpdatePlatform", "platforms.manage", "", "platform.name"},
    {"PlatformRegistryService/UpdateSync", "sync.manage", "", "sync.name"},
    {"RulesService/ApproveSync", "sync.manage", "", "name"},
    {"RulesService/CompileRules", kServices},
    {"RulesService/ReverseSync", kRead},
    {"RulesService/SetLeaveGuard", kServices},
    {"TransformerService/CountLeaving", kServices},
    {"TransformerService/MatchRecords", kRead},
    {"TransformerService/Preview", kRead, "record.platform"},
    {"TransformerService/Rehearse", kRead},
});

absl::flat_hash_map<const Descriptor*, const Method*> MethodsByRequest() {
  absl::flat_hash_map<const Descriptor*, const Method*> methods;
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  for (const Method& method : kMethods) {
    const auto* found =
        pool->FindMethodByName(absl::StrCat("cognate.v1.", absl::StrReplaceAll(method.name, {{"/", "."}})));
    if (found != nullptr) methods[found->input_type()] = &method;
  }
  return methods;
}

void AddTexts(const Message& message, absl::Span<const std::string> path, std::vector<std::string>* texts) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(path.front());
  if (field == nullptr) return;
  const Reflection& reflection = *message.GetReflection();
  const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
  for (int i = 0; i < count; ++i) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (path.size() == 1) continue;
      AddTexts(field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                                    : reflection.GetMessage(message, field),
               path.subspan(1), texts);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      texts->push_back(field->is_repeated() ? reflection.GetRepeatedString(message, field, i)
                                            : reflection.GetString(message, field));
    }
  }
}

// `shop`, `platforms/shop` or `platforms/shop/models/…`.
bool Names(absl::string_view text, absl::string_view platform) {
  if (!absl::ConsumePrefix(&text, "platforms/")) return text == platform;
  return absl::ConsumePrefix(&text, platform) && (text.empty() || text.front() == '/');
}

}  // namespace

absl::Span<const Method> Methods() { return kMethods; }

const Method* FindMethod(const Descriptor& request) {
  static const auto* const kByRequest =
      new absl::flat_hash_map<const Descriptor*, const Method*>(MethodsByRequest());
  const auto found = kByRequest->find(&request);
  return found == kByRequest->end() ? nullptr : found->second;
}

std::vector<std::string> FieldTexts(const Message& message, absl::string_view path) {
  const std::vector<std::string> parts = absl::StrSplit(path, '.');
  std::vector<std::string> texts;
  AddTexts(message, parts, &texts);
  return texts;
}

bool IsOwn(const Method& method, const Message& request, absl::string_view platform) {
  if (method.own == "*") return true;
  bool any = false;
  for (const absl::string_view path : absl::StrSplit(method.own, ',', absl::SkipEmpty())) {
    for (const std::string& text : FieldTexts(request, path)) {
      if (text.empty()) continue;
      if (!Names(text, platform)) return false;
      any = true;
    }
  }
  return any;
}

}  // namespace cognate::access
