// What a sync does about records and values that its target has already, in sentences.
#pragma once

#include <ostream>

#include "cognate/v1/sync.pb.h"

namespace cognate::cli {

void PrintContact(std::ostream& out, const v1::Sync& sync);
// Which records are in scope by their ids; nothing where no list says so.
void PrintIds(std::ostream& out, const v1::Sync& sync);

}  // namespace cognate::cli
