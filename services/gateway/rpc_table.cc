#include "services/gateway/rpc_table.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/access/methods.h"

namespace cognate::gateway {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::MethodDescriptor;

// Which process answers for a service of the contracts.
struct Place {
  absl::string_view service;
  std::string config::Peers::*address;
};
constexpr Place kPlaces[] = {
    {"AssignmentService", &config::Peers::registry},
    {"CheckService", &config::Peers::registry},
    {"KeyService", &config::Peers::registry},
    {"DueService", &config::Peers::registry},
    {"LedgerService", &config::Peers::registry},
    {"PipelineService", &config::Peers::registry},
    {"PlatformRegistryService", &config::Peers::registry},
    {"RulesService", &config::Peers::registry},
    {"ChangeCaptureService", &config::Peers::change_capture},
    {"BackupService", &config::Peers::change_capture},
    {"ConflictService", &config::Peers::change_capture},
    {"ExpansionService", &config::Peers::change_capture},
    {"TransformerService", &config::Peers::transformer},
    {"DeliveryService", &config::Peers::delivery},
    {"AuditService", &config::Peers::feedback},
    {"EventService", &config::Peers::feedback},
    {"FeedbackService", &config::Peers::feedback},
    {"FileTransferService", &config::Peers::file_transfer},
};

std::string AddressOf(const config::Peers& peers, absl::string_view service) {
  for (const Place& place : kPlaces) {
    if (place.service == service) return peers.*place.address;
  }
  return "";
}

}  // namespace

RpcTable::RpcTable(const config::Peers& peers) {
  for (const access::Method& listed : access::Methods()) {
    const MethodDescriptor* const method = DescriptorPool::generated_pool()->FindMethodByName(
        absl::StrCat("cognate.v1.", absl::StrReplaceAll(listed.name, {{"/", "."}})));
    if (method == nullptr) continue;  // A contract that this program does not have; a test looks for them.
    const std::string path = absl::StrCat("/cognate.v1.", listed.name);
    entries_.emplace(
        path, RpcEntry{method, path, std::string(listed.name), AddressOf(peers, method->service()->name())});
  }
}

const RpcEntry* RpcTable::Find(absl::string_view path) const {
  const auto found = entries_.find(path);
  return found == entries_.end() ? nullptr : &found->second;
}

}  // namespace cognate::gateway
