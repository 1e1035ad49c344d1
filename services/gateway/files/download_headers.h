// What a request says of the content that it wants, and how one is called in the answer.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace cognate::gateway {

// A piece of a content.
struct ByteRange {
  enum class Kind {
    kAll,  // No range, or one that is not understood: then all of it is answered.
    kPart,
    kUnsatisfiable,  // Behind the end.
  };
  Kind kind = Kind::kAll;
  int64_t offset = 0;
  int64_t length = 0;
};

// Of "bytes=0-99", "bytes=100-" and "bytes=-100". Several ranges at once are answered by all of it.
ByteRange ParseRange(absl::string_view header, int64_t size_bytes);

// Whether If-None-Match or If-Range names the content: "\"abc\", W/\"def\"" or "*".
bool NamesTag(absl::string_view header, absl::string_view tag);

// Content-Disposition of a download: never shown in the browser's window. `name` is UTF-8, and what it says
// is only ever a name.
std::string AttachmentOf(absl::string_view name);

// Whether a browser may show such a content beside a page's own: pictures of dots, which nothing can hide in
// that runs.
bool IsPlainPicture(absl::string_view media_type);

}  // namespace cognate::gateway
