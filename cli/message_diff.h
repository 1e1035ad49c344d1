// What is different between two messages of one type, field by field, for people.
#pragma once

#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace cognate::cli {

struct Difference {
  enum class Kind { kAdded, kRemoved, kChanged };
  Kind kind = Kind::kChanged;
  std::string path;           // `transforms[2].truncate.max_characters`; of what is gone, as it was before
  std::string before, after;  // in one line of YAML; empty where there is nothing
};

// Lists are compared as a person does: what came or went in the middle does not move the rest.
std::vector<Difference> Differences(const google::protobuf::Message& before,
                                    const google::protobuf::Message& after);

// `    ~ filter: a → b`, or `+ fields[3]: …`, or `- fields[1]: …`.
std::string FormatDifference(const Difference& difference);

}  // namespace cognate::cli
