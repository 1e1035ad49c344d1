// A way to reach one target. The lane loop knows no other thing of a target.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cognate/bus/v1/lane_batch.pb.h"
#include "cognate/v1/feedback_service.pb.h"
#include "cognate/v1/outcome.pb.h"
#include "cognate/v1/platform.pb.h"

namespace cognate::delivery {

// One delivery, ready to be sent: every reference that is not left empty on purpose has its local id.
struct Outgoing {
  const bus::v1::DeliveryGroup* group = nullptr;  // its shape: model, fields, key
  const bus::v1::Delivery* delivery = nullptr;
  bool complete = true;  // false: an optional reference is written empty for now
};

// Used by one thread, but for Interrupt.
class Channel {
 public:
  virtual ~Channel() = default;

  // Connects anew and proves that deliveries could be written. UNAUTHENTICATED where the login is refused;
  // any other error says in words why the target cannot be used and what mends it.
  virtual absl::Status Open() = 0;

  // Writes them and answers one outcome each, in the same order, with entity, model, version, status,
  // operation, local id, fingerprint and error. No entity and model twice. What the target has already, or
  // newer, is answered APPLIED and not written. An error means that the target is out of reach: what was
  // written is not known, and sending it again does no harm. Where only a part was answered the other
  // outcomes have no status: `lost` says why, or is OK where they are still under way, and then the call is
  // made again with those.
  virtual absl::StatusOr<std::vector<v1::Outcome>> Apply(absl::Span<const Outgoing> deliveries) = 0;
  virtual absl::Status lost() const { return absl::OkStatus(); }

  // False where the target finds its records by local ids alone: then a delivery without one makes a record.
  virtual bool knows_entities() const { return true; }

  // Whether its outcomes say `created`; otherwise a record is new there if no local id of it is known.
  virtual bool knows_created() const { return false; }

  // The target asks by itself once it is there (and then its lane is woken): nobody need look for it often.
  virtual bool comes_by_itself() const { return false; }

  // Called from any thread, also when the channel is gone, with outcomes that feedback has taken; may be
  // null.
  virtual std::function<void(const v1::ReportRequest&)> told() { return nullptr; }

  // From any thread: when the target last answered a part of the call under way. What goes on answering does
  // not hang, however long the call takes.
  virtual absl::Time last_answer() const { return absl::InfinitePast(); }

  // From any thread: the call under way ends soon, with an error, even if the target hangs.
  virtual void Interrupt() = 0;
};

// FAILED_PRECONDITION for a platform that takes no deliveries. Does not connect.
using ChannelFactory = std::function<absl::StatusOr<std::unique_ptr<Channel>>(const v1::Platform& platform)>;

}  // namespace cognate::delivery
