#pragma once

#include <string>

namespace cognate::gateway {

// Of a new upload: 128 random bits, so that no two have the same and nobody guesses one.
std::string RandomUploadName();

}  // namespace cognate::gateway
