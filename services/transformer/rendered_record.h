#pragma once

#include "cognate/v1/transformer_service.pb.h"
#include "services/transformer/map.h"
#include "services/transformer/route.h"

namespace cognate::transformer {

// What a change becomes on its target, as previews and rehearsals show it: all but what the chains did.
void ShowRecord(const RoutedChange& change, const Item& item, v1::RenderedRecord* record);

// It is not sent, and never will be as it is.
bool IsRefused(const Item& item);

}  // namespace cognate::transformer
