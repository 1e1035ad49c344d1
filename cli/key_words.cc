#include "cli/key_words.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/access/scopes.h"

namespace cognate::cli {

std::string KeyNameOf(absl::string_view text) {
  return absl::StrCat("keys/", absl::StripPrefix(text, "keys/"));
}

void PrintKey(std::ostream& out, const v1::Key& key) {
  out << key.name() << (key.display_name().empty() ? "" : absl::StrCat(" (", key.display_name(), ")")) << ": "
      << access::RoleWord(key.role());
  if (!key.platform().empty()) out << " " << key.platform();
  if (!key.scopes().empty()) out << ", with " << absl::StrJoin(key.scopes(), ", ");
  out << ".\n";
  if (!key.allowed_addresses().empty())
    out << "It may be used from " << absl::StrJoin(key.allowed_addresses(), ", ") << ".\n";
  if (key.max_rate() > 0) out << "At most " << key.max_rate() << " calls a second.\n";
  out << "Made " << FormatTime(key.create_time()) << ", ";
  out << (key.has_last_used_time()
              ? absl::StrCat("used last ", FormatTime(key.last_used_time()), " from ",
                             key.last_used_address().empty() ? "?" : key.last_used_address())
              : std::string("never used"))
      << ".\n";
  if (key.has_expire_time()) out << "It expires " << FormatTime(key.expire_time()) << ".\n";
  if (key.has_revoke_time()) out << "It was revoked " << FormatTime(key.revoke_time()) << ".\n";
  if (!key.rotates_with().empty()) out << "It is being rotated, with " << key.rotates_with() << ".\n";
  if (key.has_confirm_time()) out << "Its arrival was confirmed " << FormatTime(key.confirm_time()) << ".\n";
}

}  // namespace cognate::cli
