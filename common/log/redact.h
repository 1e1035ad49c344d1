// What must never be shown. The one list of it: logs go through here, and so does what is told to collectors
// of traces.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace cognate::log {

// Whether a value under this name must never be shown, in any case and spelling (`api_key`, `X-Api-Key`,
// `userPassword`): it contains password, passwd, passphrase, token, secret, authorization, credential or
// user_pass, or signature, or is a cookie, a `pwd`, a `pass` or a `sig`, or one of its words is `key` and it
// is no name of a field (as `key_fields`, `primary_key`, `natural_key` are).
bool IsSecretKey(absl::string_view name);

// `text` with every value under a secret name replaced by `***`, however it is written: `name=value`,
// `name='a value'`, `"name": "value"`, `Authorization: Bearer value`, also within texts that are quoted once
// more; the rest of the line behind `Cookie:`; keys, tokens and webhook secrets of our own (`cgk_…`, `cgt_…`,
// `whsec_…`, `whsk_…`) wherever they stand; and the login of every URI (`scheme://user:***@host`). What it
// does not understand it hides rather than shows. Linear, for texts of strangers.
std::string MaskSecrets(absl::string_view text);

// A text that is logged under this name.
std::string Shown(absl::string_view name, absl::string_view text);

}  // namespace cognate::log
