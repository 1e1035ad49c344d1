// The steps of a check in their order, each with its time limit: what the first failure leaves out, and what
// all of them come to.
#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/check_service.pb.h"
#include "common/clock/clock.h"

namespace cognate::platform_registry {

// What a step has seen.
struct Finding {
  v1::PlatformCheckStatus status = v1::PLATFORM_CHECK_STATUS_OK;
  std::string reason;  // docs/errors.md; empty if OK
  std::string message;
  std::string fix;  // a line to run where there is one; empty if OK
};

Finding Fine(absl::string_view message);
Finding Warned(absl::string_view reason, absl::string_view message, absl::string_view fix);
Finding Failed(absl::string_view reason, absl::string_view message, absl::string_view fix);
// By an error's own reason and words.
Finding Failed(const absl::Status& status, absl::string_view fix);

// Why a secret cannot be read.
Finding SecretFault(const absl::Status& status);

// How far a clock is from ours, measured by one question: `at_most` is what the way of the answer may have
// added.
Finding JudgeClock(absl::Duration ahead, absl::Duration at_most);

// Not thread safe.
class Checklist {
 public:
  static constexpr absl::Duration kStep = absl::Seconds(3);
  static constexpr absl::Duration kAll = absl::Seconds(30);

  // Nothing begins after `deadline`.
  Checklist(const Clock& clock, absl::Time deadline) : clock_(clock), deadline_(deadline) {}

  // `look` gets how long it may take at most: `limit`, or what is left of all. After a failure it is not
  // called.
  using Look = absl::FunctionRef<Finding(absl::Duration limit)>;
  void Try(absl::string_view step, Look look, absl::Duration limit = kStep);
  // Also after a failure: for what needs nothing of the steps before.
  void TryAlways(absl::string_view step, Look look);
  // The next steps are about another way to the platform.
  void BeginOtherWay() { failed_ = false; }
  bool failed() const { return failed_; }

  // With the conclusion.
  v1::CheckPlatformResponse Take(absl::string_view platform);

 private:
  void Add(absl::string_view step, const Finding& finding, absl::Duration took);

  const Clock& clock_;
  const absl::Time deadline_;
  bool failed_ = false;
  v1::CheckPlatformResponse response_;
};

}  // namespace cognate::platform_registry
