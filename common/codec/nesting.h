// How deep and how large decoded values may be. An input of 8 MiB can hold a list in a list four million
// times, or as many values, each of which takes a hundred times its text.
#pragma once

#include "cognate/v1/value.pb.h"

namespace cognate::codec {

// Lists and maps in one another.
inline constexpr int kMaxNesting = 64;
// All values of one text, those within others among them.
inline constexpr int kMaxValues = 1'000'000;

// 0 for scalars, 1 for a list or map of scalars, …
int NestingOf(const v1::Value& value);

}  // namespace cognate::codec
