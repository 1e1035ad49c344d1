// How far another clock is ahead of ours, out of the exchanges with whoever has it, and what that makes of
// the times it stamps changes with. No clock and no connection of its own.
#pragma once

#include <optional>

#include "absl/time/time.h"

namespace cognate::change_capture {

// Positive: the other clock is ahead. `error` bounds it either way; where it is unset the offset is a lower
// bound.
struct MeasuredOffset {
  absl::Duration offset;
  std::optional<absl::Duration> error;
};

// By questions and answers: between them the other clock was read, so its offset is known to within half the
// round trip (Cristian 1989). As NTP's clock filter does (RFC 5905, section 10), the exchange that was the
// least disturbed counts: a quick one stands against slower ones, and grows less certain with age, until they
// bound the offset better. Not thread safe.
class RoundTripOffset {
 public:
  // By our clock we asked at `before` and had the answer at `after`; in between the other one showed `there`.
  void Add(absl::Time before, absl::Time there, absl::Time after);
  // False: a message that was sent when the other clock showed `sent`, and that has reached us at `received`,
  // shows that one of the clocks was set since the last exchange. Finds steps of more than a second, at once
  // and whichever way the other clock was set; the rest is for the next exchange to find.
  bool Agrees(absl::Time sent, absl::Time received);

  // Unset before the first exchange.
  std::optional<MeasuredOffset> measured() const;
  // What stamps are to be corrected by. Zero where the clocks may be right: an offset within its own error,
  // or below kLeftAlone.
  absl::Duration correction() const;

  // Machines that keep their clocks by NTP are closer than this. What their own stamps say of the order of
  // two commits is better than what we could make of it, and on one server it is exact: leave it alone.
  static constexpr absl::Duration kLeftAlone = absl::Milliseconds(10);

 private:
  struct Exchange {
    absl::Duration offset;
    absl::Duration error;
    absl::Time time;  // by our clock
  };
  std::optional<Exchange> best_;
  absl::Time last_sent_ = absl::InfinitePast();
};

// By one-way messages: the other clock is ahead of ours by what it showed when a message was sent less our
// time at its receipt, and by the message's way on top of that. So of the messages of the last minutes the
// quickest counts (LEDBAT's base delay, RFC 6817, in two buckets). Not thread safe.
class OneWayOffset {
 public:
  void Add(absl::Time sent, absl::Time received);

  std::optional<MeasuredOffset> measured() const;
  absl::Duration correction() const;

  // What a message's way can take: seen from here a right clock is behind by it. Below this nothing is wrong.
  static constexpr absl::Duration kLeftAlone = absl::Milliseconds(500);
  // A message that seems to come from further in the past than this was not slow: the clock was set back, or
  // the platform has several. It counts by itself, so that each of several clocks is corrected on its own.
  static constexpr absl::Duration kLongestWay = absl::Seconds(10);
  static constexpr absl::Duration kBucket = absl::Minutes(1);

 private:
  absl::Duration former_ = -absl::InfiniteDuration();
  absl::Duration current_ = -absl::InfiniteDuration();
  absl::Time bucket_time_ = absl::InfinitePast();
};

// When a change was made, by our clock.
struct CorrectedStamp {
  absl::Time time;
  bool out_of_bounds = false;  // the time of receipt stands in place of a stamp that cannot be right
};

// Nothing was made after it was received, so a stamp a little ahead is a correction that is not exact, and is
// only cut; more than kMaxAhead, or before kEarliest, it says nothing.
CorrectedStamp CorrectStamp(absl::Time stamp, absl::Duration correction, absl::Time received);

inline constexpr absl::Duration kMaxAhead = absl::Minutes(1);
// Clocks that lost their time begin at 1970, 1980 or 2000; who captures records made them later.
inline constexpr absl::Time kEarliest = absl::FromUnixSeconds(946'684'800);  // 2000-01-01 UTC

}  // namespace cognate::change_capture
