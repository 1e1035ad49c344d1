#include "services/platform_registry/checks/steps.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/text/code_points.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr int64_t kNanos = 1'000'000'000;
constexpr absl::Duration kNoticeable = absl::Seconds(2);
constexpr absl::Duration kHarmful = absl::Minutes(5);

// What a stranger's server has said goes to a terminal and into a message of UTF-8. Lines of a fix stay
// lines.
std::string Readable(absl::string_view text) {
  std::string readable;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const int32_t point = text::NextCodePoint(text, &at);
    const bool is_control = (point < 0x20 && point != '\n') || (point >= 0x7F && point < 0xA0);
    if (point >= text::kFirstBadByte) {
      readable.append("\uFFFD");
    } else if (is_control) {
      readable.push_back(' ');
    } else {
      absl::StrAppend(&readable, text.substr(begin, at - begin));
    }
  }
  return readable;
}

}  // namespace

Finding Fine(absl::string_view message) {
  return {v1::PLATFORM_CHECK_STATUS_OK, "", std::string(message), ""};
}

Finding Warned(absl::string_view reason, absl::string_view message, absl::string_view fix) {
  return {v1::PLATFORM_CHECK_STATUS_WARNING, std::string(reason), std::string(message), std::string(fix)};
}

Finding Failed(absl::string_view reason, absl::string_view message, absl::string_view fix) {
  return {v1::PLATFORM_CHECK_STATUS_FAILED, std::string(reason), std::string(message), std::string(fix)};
}

Finding Failed(const absl::Status& status, absl::string_view fix) {
  return Failed(ErrorReason(status), status.message(), fix);
}

Finding SecretFault(const absl::Status& status) {
  if (ErrorReason(status) == "INVALID_CONNECTION") return Failed(status, "correct the URI of the platform");
  if (ErrorReason(status) == "SEALING_KEY_MISSING")
    return Failed(status,
                  "give the services the key that it is sealed with: --sealing-keys-file; or set it anew");
  return Failed(
      status,
      "have the file or variable hold the secret, readable by the services, on each of their machines");
}

Finding JudgeClock(absl::Duration ahead, absl::Duration at_most) {
  const absl::Duration off = absl::AbsDuration(ahead);
  const std::string seen =
      StrCat("its clock is ",
             absl::FormatDuration(absl::Trunc(off, absl::Milliseconds(off < kNoticeable ? 1 : 100))),
             ahead < absl::ZeroDuration() ? " behind ours" : " ahead of ours");
  const absl::Duration surely = off - at_most;
  constexpr char kFix[] = "set the clock of one of the two machines by NTP: timedatectl set-ntp true";
  if (surely > kHarmful) return Failed("CLOCK_SKEW", seen, kFix);
  if (surely > kNoticeable) return Warned("CLOCK_SKEW", seen, kFix);
  return Fine(seen);
}

void Checklist::Try(absl::string_view step, Look look, absl::Duration limit) {
  if (failed_) {
    return Add(step,
               {v1::PLATFORM_CHECK_STATUS_SKIPPED, "", "not tried, because a step before it failed", ""},
               absl::ZeroDuration());
  }
  const absl::Time start = clock_.Now();
  const absl::Duration left = deadline_ - start;
  const Finding finding =
      left > absl::ZeroDuration()
          ? look(std::min(limit, left))
          : Failed("TIMED_OUT", "the steps before took all the time that a check may take",
                   "check again when the platform is less busy");
  Add(step, finding, clock_.Now() - start);
}

void Checklist::TryAlways(absl::string_view step, Look look) {
  const absl::Time start = clock_.Now();
  const Finding finding = look(kStep);
  Add(step, finding, clock_.Now() - start);
}

void Checklist::Add(absl::string_view step, const Finding& finding, absl::Duration took) {
  failed_ = failed_ || finding.status == v1::PLATFORM_CHECK_STATUS_FAILED;
  v1::PlatformCheck& check = *response_.add_checks();
  check.set_step(std::string(step));
  check.set_status(finding.status);
  check.set_reason(finding.reason);
  check.set_message(Readable(finding.message));
  check.set_fix(Readable(finding.fix));
  const int64_t nanos = std::max<int64_t>(0, absl::ToInt64Nanoseconds(took));
  check.mutable_duration()->set_seconds(nanos / kNanos);
  check.mutable_duration()->set_nanos(static_cast<int32_t>(nanos % kNanos));
}

v1::CheckPlatformResponse Checklist::Take(absl::string_view platform) {
  const v1::PlatformCheck* first = nullptr;
  int warnings = 0;
  for (const v1::PlatformCheck& check : response_.checks()) {
    warnings += check.status() == v1::PLATFORM_CHECK_STATUS_WARNING ? 1 : 0;
    const bool counts = check.status() == v1::PLATFORM_CHECK_STATUS_FAILED ||
                        (first == nullptr && check.status() == v1::PLATFORM_CHECK_STATUS_WARNING);
    if (counts && (first == nullptr || first->status() != v1::PLATFORM_CHECK_STATUS_FAILED)) first = &check;
  }
  const auto worst = first == nullptr ? v1::PLATFORM_CHECK_STATUS_OK : first->status();
  std::string conclusion;
  if (worst == v1::PLATFORM_CHECK_STATUS_OK) {
    conclusion = StrCat(platform, " can take part.");
  } else if (worst == v1::PLATFORM_CHECK_STATUS_WARNING) {
    conclusion = StrCat(platform, " can take part, with ", warnings,
                        warnings == 1 ? " warning: " : " warnings; the first: ", first->message(), ".");
  } else {
    conclusion = StrCat(platform, " cannot take part: ", first->message(), " (", first->step(), ", ",
                        first->reason(), ").");
  }
  response_.set_conclusion(conclusion);
  return std::move(response_);
}

}  // namespace cognate::platform_registry
