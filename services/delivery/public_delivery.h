// Deliveries and their answers between the lane's messages and those that a platform's own software sees.
#pragma once

#include "cognate/v1/delivery.pb.h"
#include "cognate/v1/outcome.pb.h"
#include "services/delivery/channel.h"

namespace cognate::delivery {

// In the target's words: a reference is the target's id of the record, as text, or NULL while there is none.
v1::Delivery PublicDelivery(const Outgoing& outgoing);

// Of a delivery that is written as it is: its local id is the one that is known, or else the entity's.
v1::Outcome AppliedOutcome(const Outgoing& outgoing);

// What the platform's answer to a delivery means for the ledger, where `applied` is AppliedOutcome and
// `known_id` the local id that was delivered. One that makes no sense is FAILED (BAD_ANSWER).
v1::Outcome OutcomeOf(const v1::Outcome& applied, absl::string_view known_id,
                      const v1::DeliveryResult& result);

// The same, where the target said what it has instead of what was `delivered`; see DeliveryResult.written.
void SetWritten(const v1::Delivery& delivered, const v1::DeliveryResult& result, v1::Outcome* outcome);

// A target's own words are anything: they become texts that can be stored. An id that cannot is no id: FAILED
// (BAD_ANSWER).
void MakeStorable(v1::Outcome* outcome);

// A status that a platform may answer with.
bool IsAnswer(v1::OutcomeStatus status);

// FAILED: it is tried again.
v1::Outcome FailedOutcome(const Outgoing& outgoing, absl::string_view reason, absl::string_view message);
// Refused for good.
v1::Outcome RejectedOutcome(const Outgoing& outgoing, absl::string_view reason, absl::string_view message);

// A UUID; the bytes as hexadecimals where they are none.
std::string EntityText(absl::string_view entity_id);

}  // namespace cognate::delivery
