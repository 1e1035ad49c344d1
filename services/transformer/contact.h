// What goes along with deliveries about records and values that the target may have already.
#pragma once

#include <string>

#include "cognate/bus/v1/lane_batch.pb.h"
#include "services/transformer/map.h"

namespace cognate::transformer {

// Natural keys of which every field is delivered, if_exists, and what is said of the shape's fields; nothing
// where the syncs say nothing, and for records that leave.
void AddContact(const Shape& shape, bus::v1::DeliveryGroup* group);

// The same in words, for previews; empty for nothing.
std::string ContactSentence(const Shape& shape);

}  // namespace cognate::transformer
