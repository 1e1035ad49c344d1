// Fields that get the address of a file instead of a copy's path. Internal to understand.cc.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "services/file_transfer/links.h"
#include "services/file_transfer/placing/wanted.h"

namespace cognate::file_transfer {

// Whether the field gets an address of the gateway, behind which a copy stands in for the source.
bool IsLasting(const Wanted& wanted);

// Where the source serves it.
void PlaceSourceAddress(Wanted& wanted);
// The gateway's.
void PlaceLastingAddress(const BindParts& parts, Wanted& wanted);

// What a lasting address leads to, whatever host stands in it: the gateway may have had another name once,
// and what is signed is ours. Nothing for other texts.
std::optional<SourceFile> FileOfAddress(const Links& links, absl::string_view text);

}  // namespace cognate::file_transfer
