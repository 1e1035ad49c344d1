// Texts of any script in ASCII.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace cognate::text {

// Any script into ASCII by ICU's rules (`Ærøskøbing` as `AEroskobing`); what has no ASCII, such as emoji, is
// left out. At most eight times as long as `text`. ASCII comes back as it is.
std::string Transliterate(absl::string_view text);

// `Åre, Sweden` as `are-sweden`: letters and digits in lower case, each run of everything else one separator;
// apostrophes are left out. Never begins or ends with the separator; "" if nothing remains. At most
// `max_characters` (0: unlimited), cut anywhere. `separator` is written as it is, and may be empty.
std::string Slug(absl::string_view text, absl::string_view separator, int max_characters);

}  // namespace cognate::text
