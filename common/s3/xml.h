// Reads the small XML documents that S3 answers with. Not a whole XML reader: attributes are passed over, and
// a document type is refused, so that no entity can grow.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::s3 {

struct Element {
  std::string name;  // without the prefix of a namespace
  std::string text;  // all of its own, as it is written but for entities and CDATA
  std::vector<Element> children;

  // The first child of that name; nullptr where there is none.
  const Element* Child(absl::string_view child) const;
  // Its text; empty where there is none.
  const std::string& TextOf(absl::string_view child) const;
};

inline constexpr size_t kMaxXmlDepth = 16;
inline constexpr size_t kMaxXmlElements = 50'000;

// The root. INVALID_ARGUMENT with words and the place for what is no such document, is nested deeper or has
// more elements.
absl::StatusOr<Element> ParseXml(absl::string_view document);

}  // namespace cognate::s3
