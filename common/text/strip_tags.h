// HTML into the text that a reader sees.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace cognate::text {

// Without tags, comments, declarations and processing instructions, without the content of `script` and
// `style`, with entities resolved once. In detail:
//
// - A tag begins with `<` and a letter, `</` and a letter, `<!` or `<?`; any other `<` is text (`a < b`). `>`
// within a quoted
//   attribute does not end a tag. A tag, a comment or a script that never ends goes on to the end of the
//   text.
// - `br`, `hr` and the beginning and end of a block (p, div, li, h1 to h6, tr, table, ul, blockquote, …) are
// one line break;
//   table cells (td, th) and `option` are parted by one space. None at the ends of the whole, and never two
//   of them in a row: tags alone make no empty lines. The text's own spaces and line breaks stay as they are.
// - Entities: `&#64;`, `&#x40;`, and the 252 names of HTML 4 with `&apos;`; with `;`, in their own case
// (`&Auml;` is not
//   `&auml;`). What is not one stays as it stands. `&nbsp;` becomes U+00A0. Numbers 128 to 159 are read as
//   Windows-1252, as browsers do; 0, surrogates and numbers past Unicode become U+FFFD. What an entity makes
//   is never taken for a tag.
//
// Linear in the text, and at most as long as it.
std::string StripTags(absl::string_view html);

}  // namespace cognate::text
