// Texts cut to a length.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace cognate::text {

// At most `max_characters` code points, `ellipsis` among them, which stands at the end of what was cut; one
// that is longer than the whole is cut itself. `at_word`: cuts before the last word that does not fit whole,
// and the spaces before it, if there is more than one word; words are parted by white space. No combining
// mark is parted from its letter, and no emoji taken apart.
std::string Truncate(absl::string_view text, int max_characters, absl::string_view ellipsis, bool at_word);

}  // namespace cognate::text
