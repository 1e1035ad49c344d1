#include "services/file_transfer/placing/file_type.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/file_transfer/placing/markup.h"
#include "services/file_transfer/placing/names.h"

namespace cognate::file_transfer {
namespace {

using absl::StrCat;
using Types = absl::flat_hash_map<absl::string_view, std::vector<absl::string_view>>;

// What a web server, a browser or an operating system would run; taken only where a rule names it.
const absl::flat_hash_set<absl::string_view>& Runnable() {
  static const auto* const types = new absl::flat_hash_set<absl::string_view>{
      "php",  "php3", "php4", "php5",  "php7",  "php8",    "phtml",    "phar",     "phps", "pht",
      "inc",  "html", "htm",  "xhtml", "shtml", "xht",     "js",       "mjs",      "cjs",  "jsp",
      "jspx", "asp",  "aspx", "ashx",  "asmx",  "cer",     "cgi",      "fcgi",     "pl",   "pm",
      "py",   "pyc",  "rb",   "sh",    "bash",  "zsh",     "ksh",      "csh",      "fish", "exe",
      "com",  "bat",  "cmd",  "dll",   "msi",   "scr",     "pif",      "vbs",      "vbe",  "wsf",
      "wsh",  "hta",  "jar",  "war",   "class", "so",      "elf",      "app",      "apk",  "deb",
      "rpm",  "ps1",  "psm1", "reg",   "lnk",   "url",     "htaccess", "htpasswd", "user", "swf",
      "xsl",  "xslt", "lua",  "env",   "ini",   "desktop", "service",  "dylib",    "cfm",  "wasm"};
  return *types;
}

// What contents really are that may stand behind an extension. Of others nothing is known, and their content
// must only be none that runs.
const Types& KnownTypes() {
  static const auto* const types = new Types{
      {"png", {"image/png"}},
      {"jpg", {"image/jpeg"}},
      {"jpeg", {"image/jpeg"}},
      {"gif", {"image/gif"}},
      {"webp", {"image/webp"}},
      {"avif", {"image/avif"}},
      {"bmp", {"image/bmp", "image/x-ms-bmp"}},
      {"tif", {"image/tiff"}},
      {"tiff", {"image/tiff"}},
      {"ico", {"image/vnd.microsoft.icon", "image/x-icon"}},
      {"heic", {"image/heic", "image/heif"}},
      {"svg", {"image/svg+xml", "image/svg"}},
      {"pdf", {"application/pdf"}},
      {"zip", {"application/zip"}},
      {"gz", {"application/gzip", "application/x-gzip"}},
      {"mp4", {"video/mp4", "video/x-m4v", "audio/mp4", "video/quicktime"}},
      {"mov", {"video/quicktime", "video/mp4"}},
      {"webm", {"video/webm", "video/x-matroska"}},
      {"mkv", {"video/x-matroska", "video/webm"}},
      {"avi", {"video/x-msvideo"}},
      {"mp3", {"audio/mpeg", "application/octet-stream"}},
      {"wav", {"audio/x-wav", "audio/wav"}},
      {"flac", {"audio/flac", "audio/x-flac"}},
      {"ogg", {"audio/ogg", "video/ogg", "application/ogg"}},
      {"docx",
       {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/zip",
        "application/octet-stream"}},
      {"xlsx",
       {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/zip",
        "application/octet-stream"}},
      {"pptx",
       {"application/vnd.openxmlformats-officedocument.presentationml.presentation", "application/zip",
        "application/octet-stream"}},
      {"woff", {"font/woff", "application/font-woff", "application/octet-stream"}},
      {"woff2", {"font/woff2", "application/font-woff2", "application/octet-stream"}},
  };
  return *types;
}

// What no extension may hide.
bool IsRunnableType(absl::string_view media_type) {
  static const auto* const types =
      new absl::flat_hash_set<absl::string_view>{"text/x-php",
                                                 "text/html",
                                                 "application/xhtml+xml",
                                                 "text/x-shellscript",
                                                 "application/x-executable",
                                                 "application/x-pie-executable",
                                                 "application/x-sharedlib",
                                                 "application/x-dosexec",
                                                 "application/vnd.microsoft.portable-executable",
                                                 "application/x-mach-binary",
                                                 "text/javascript",
                                                 "application/javascript",
                                                 "text/x-perl",
                                                 "text/x-python",
                                                 "text/x-script.python",
                                                 "text/x-ruby",
                                                 "application/java-archive",
                                                 "application/x-java-applet",
                                                 "application/x-shockwave-flash",
                                                 "application/x-elf",
                                                 "application/x-object",
                                                 "application/wasm",
                                                 "text/x-msdos-batch"};
  return types->contains(media_type);
}

v1::OutcomeError Refused(absl::string_view name, absl::string_view why) {
  v1::OutcomeError error;
  error.set_reason("FILE_TYPE_REFUSED");
  error.set_message(StrCat(ShownName(name), " is not taken: ", why));
  return error;
}

bool Allows(const v1::FileRule& rule, absl::string_view extension) {
  return std::find(rule.allowed_extensions().begin(), rule.allowed_extensions().end(), extension) !=
         rule.allowed_extensions().end();
}

// A page, which is taken as it is where a rule names its extension.
bool IsPage(absl::string_view extension) {
  return extension == "html" || extension == "htm" || extension == "xhtml" || extension == "xht" ||
         extension == "shtml";
}

// Servers give these as plain text, in which browsers run nothing.
bool IsPlainText(absl::string_view extension) {
  static const auto* const extensions = new absl::flat_hash_set<absl::string_view>{
      "txt", "text", "log", "md", "markdown", "csv", "tsv", "srt", "tex", "rst", "adoc"};
  return extensions->contains(extension);
}

// Whatever its name says: a server that knows the name gives it as some kind of XML. In UTF-16, too.
bool LooksLikeMarkup(absl::string_view head) {
  for (const absl::string_view mark : {"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"})
    absl::ConsumePrefix(&head, mark);
  size_t at = 0;
  while (at < head.size() && (head[at] == '\0' || absl::ascii_isspace(static_cast<unsigned char>(head[at]))))
    ++at;
  if (at == head.size() || head[at] != '<') return false;
  while (++at < head.size() && head[at] == '\0') continue;
  return at < head.size() &&
         (absl::ascii_isalpha(static_cast<unsigned char>(head[at])) || head[at] == '!' || head[at] == '?' ||
          head[at] == '_' || head[at] == ':' || static_cast<unsigned char>(head[at]) >= 0x80);
}

}  // namespace

bool NeedsAll(absl::string_view extension, absl::string_view media_type, absl::string_view head) {
  if (IsPage(extension)) return false;
  return extension == "svg" || extension == "svgz" || extension == "xml" ||
         absl::StrContains(media_type, "svg") || absl::StrContains(media_type, "xml") ||
         (!IsPlainText(extension) && LooksLikeMarkup(head));
}

std::optional<v1::OutcomeError> CheckExtension(const v1::FileRule& rule, absl::string_view name,
                                               absl::string_view extension) {
  if (!rule.allowed_extensions().empty()) {
    if (Allows(rule, extension)) return std::nullopt;
    return Refused(name, StrCat("its type is ", extension.empty() ? "not told by an extension" : extension,
                                ", and the sync takes ", absl::StrJoin(rule.allowed_extensions(), ", "),
                                " (file.allowed_extensions)"));
  }
  // What stands before the last extension runs on some servers, too: `x.php.jpg`.
  for (const absl::string_view part : absl::StrSplit(name, '.')) {
    const std::string lower = absl::AsciiStrToLower(part);
    if (part.data() != name.data() && Runnable().contains(lower))
      return Refused(name,
                     StrCat("a web server or a browser may run ", lower,
                            "; if it is meant, name its extension in the sync (file.allowed_extensions)"));
  }
  return std::nullopt;
}

std::optional<v1::OutcomeError> CheckContent(const v1::FileRule& rule, absl::string_view name,
                                             absl::string_view extension, absl::string_view media_type,
                                             absl::string_view content, bool is_whole) {
  if (content.empty() && is_whole) return std::nullopt;
  const auto known = KnownTypes().find(extension);
  const bool is_markup = NeedsAll(extension, media_type, content);
  if (known != KnownTypes().end()) {
    const auto& types = known->second;
    const bool agrees = std::find(types.begin(), types.end(), media_type) != types.end();
    // libmagic calls an SVG without an XML head text or XML.
    const bool is_svg_text = extension == "svg" && absl::StrContains(content.substr(0, 64 << 10), "<svg") &&
                             (absl::StartsWith(media_type, "text/") || absl::EndsWith(media_type, "xml")) &&
                             media_type != "text/html";
    if (!agrees && !is_svg_text)
      return Refused(name, StrCat("its content is ", media_type, ", which is not what .", extension,
                                  " says; rename it at the source"));
  } else if (IsRunnableType(media_type) && !(Allows(rule, extension) && Runnable().contains(extension))) {
    return Refused(name, StrCat("its content is ", media_type, ", which a web server or a browser may run"));
  }
  if (!is_markup) return std::nullopt;
  if (extension == "svgz" || absl::StartsWith(content, "\x1f\x8b"))
    return Refused(name, "it is compressed markup, in which script cannot be looked for; store it as .svg");
  if (!is_whole)
    return Refused(name, StrCat("it is markup of more than ", kMaxMarkup >> 20,
                                " MiB, in which script is not looked for"));
  const bool is_drawing = extension == "svg" || absl::StrContains(media_type, "svg");
  const std::string fault = FaultOfMarkup(content, is_drawing);
  if (!fault.empty())
    return Refused(name, StrCat("it has ", fault,
                                ", which a browser may run or read otherwise; take it out at the source"));
  return std::nullopt;
}

}  // namespace cognate::file_transfer
