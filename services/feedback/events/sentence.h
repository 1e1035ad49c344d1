#pragma once

#include <string>

#include "cognate/bus/v1/event_batch.pb.h"
#include "cognate/v1/event.pb.h"

namespace cognate::feedback {

// An event in plain words: "public.nations 10042 on shop has version 812 (3.1 ms after capture)." `detail` is
// the event's own, or null.
std::string Sentence(const v1::Event& event, const bus::v1::EventDetail* detail);

}  // namespace cognate::feedback
