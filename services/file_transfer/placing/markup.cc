#include "services/file_transfer/placing/markup.h"

#include <memory>
#include <type_traits>

#include <expat.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/file_transfer/placing/markup_names.h"

namespace cognate::file_transfer {
namespace {

using absl::StrCat;

constexpr char kSvg[] = "http://www.w3.org/2000/svg";
constexpr char kXlink[] = "http://www.w3.org/1999/xlink";
constexpr char kXml[] = "http://www.w3.org/XML/1998/namespace";
constexpr char kSeparator = '\n';  // between the namespace and the name
constexpr int kMaxDepth = 256;
constexpr size_t kShown = 40;

// Without what browsers pass over in addresses and style sheets, in lower case.
std::string Squeezed(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) > ' ') out += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return out;
}

// The word before the colon, if that makes the text an address; empty: a path or a part of the same document.
absl::string_view SchemeOf(absl::string_view squeezed) {
  const size_t end = squeezed.find_first_of(":/?#");
  return end == absl::string_view::npos || squeezed[end] != ':' ? "" : squeezed.substr(0, end);
}

bool IsPicture(absl::string_view squeezed) {
  for (const absl::string_view type : {"png", "jpeg", "jpg", "gif", "webp", "avif", "bmp"}) {
    absl::string_view rest = squeezed;
    if (absl::ConsumePrefix(&rest, "data:image/") && absl::ConsumePrefix(&rest, type) &&
        (rest.empty() || rest[0] == ';' || rest[0] == ','))
      return true;
  }
  return false;
}

// Of `href` and of `url(…)`.
std::string FaultOfAddress(absl::string_view address) {
  const std::string squeezed = Squeezed(address);
  const absl::string_view scheme = SchemeOf(squeezed);
  if (scheme.empty() || scheme == "http" || scheme == "https" || scheme == "mailto") return "";
  if (scheme == "data") return IsPicture(squeezed) ? "" : "a data: address that is no picture";
  return StrCat("a ", absl::Utf8SafeCHexEscape(scheme.substr(0, kShown)), ": address");
}

// `\6A` as what it stands for, with comments or without.
std::string PlainStyle(absl::string_view style, bool has_comments) {
  std::string plain;
  for (size_t i = 0; i < style.size(); ++i) {
    if (!has_comments && style.substr(i, 2) == "/*") {
      const size_t end = style.find("*/", i + 2);
      if (end == absl::string_view::npos) break;
      i = end + 1;
    } else if (style[i] == '\\') {
      size_t end = i + 1;
      while (end < style.size() && end < i + 7 &&
             absl::ascii_isxdigit(static_cast<unsigned char>(style[end])))
        ++end;
      uint32_t code = 0;
      if (end > i + 1 && absl::SimpleHexAtoi(style.substr(i + 1, end - i - 1), &code)) {
        if (code < 0x80) plain += static_cast<char>(code);
        i = end - 1;
      }
    } else {
      plain += style[i];
    }
  }
  return Squeezed(plain);
}

// Of a style sheet, and of attributes that may hold `url(…)`.
std::string FaultOfPlainStyle(const std::string& plain) {
  for (const absl::string_view sign : {"@import", "expression(", "-moz-binding", "behavior:", "<"}) {
    if (absl::StrContains(plain, sign)) return StrCat("a style with ", sign);
  }
  for (size_t at = plain.find("url("); at != std::string::npos; at = plain.find("url(", at + 1)) {
    const size_t begin = plain.find_first_not_of("\"'", at + 4);
    if (begin == std::string::npos) break;
    const std::string fault =
        FaultOfAddress(absl::string_view(plain).substr(begin, plain.find(')', begin) - begin));
    if (!fault.empty()) return fault;
  }
  return "";
}

// What looks like a comment may stand in a text, and is none there.
std::string FaultOfStyle(absl::string_view style) {
  std::string fault = FaultOfPlainStyle(PlainStyle(style, /*has_comments=*/false));
  if (fault.empty() && absl::StrContains(style, "/*"))
    fault = FaultOfPlainStyle(PlainStyle(style, /*has_comments=*/true));
  return fault;
}

// Of namespaces that browsers act on, wherever they stand.
bool IsActive(absl::string_view uri) {
  return absl::StartsWith(uri, "http://www.w3.org/1999/xhtml") ||
         absl::StartsWith(uri, "http://www.w3.org/1999/XSL") ||
         absl::StartsWith(uri, "http://www.w3.org/1998/Math") ||
         absl::StartsWith(uri, "http://www.w3.org/2001/xml-events") ||
         absl::StartsWith(uri, "http://www.w3.org/2002/xforms") ||
         absl::StartsWith(uri, "http://www.mozilla.org/") ||
         absl::StartsWith(uri, "urn:schemas-microsoft-com:");
}

struct Name {
  absl::string_view uri;
  absl::string_view local;
  absl::string_view prefix;
};

// No namespace has the separator in it: expat refuses that.
Name Split(absl::string_view name) {
  const size_t at = name.find(kSeparator);
  if (at == absl::string_view::npos) return {"", name, ""};
  const absl::string_view rest = name.substr(at + 1);
  const size_t end = rest.find(kSeparator);
  if (end == absl::string_view::npos) return {name.substr(0, at), rest, ""};
  return {name.substr(0, at), rest.substr(0, end), rest.substr(end + 1)};
}

// A page that takes the drawing into itself looks past namespaces: without a prefix a name is one of its own.
bool IsInert(const Name& name) {
  return IsEditorsNamespace(name.uri) && (!name.prefix.empty() || IsDescription(name.local));
}

std::string Shown(absl::string_view name) { return absl::Utf8SafeCHexEscape(name.substr(0, kShown)); }

class Parse {
 public:
  Parse(absl::string_view markup, bool is_drawing)
      : markup_(markup), is_drawing_(is_drawing), parser_(XML_ParserCreateNS("UTF-8", kSeparator)) {}

  std::string Run() {
    if (parser_ == nullptr) return "more than there is memory for";
    XML_SetUserData(parser_.get(), this);
    XML_SetReturnNSTriplet(parser_.get(), 1);
    XML_SetXmlDeclHandler(parser_.get(), [](void* self, const char*, const char* encoding, int) {
      static_cast<Parse*>(self)->Declared(encoding);
    });
    XML_SetStartDoctypeDeclHandler(parser_.get(), [](void* self, const char*, const char*, const char*, int) {
      static_cast<Parse*>(self)->Stop("a DOCTYPE, which may hide anything");
    });
    XML_SetProcessingInstructionHandler(parser_.get(), [](void* self, const char* target, const char*) {
      static_cast<Parse*>(self)->Instruction(target);
    });
    XML_SetElementHandler(
        parser_.get(),
        [](void* self, const char* name, const char** attributes) {
          static_cast<Parse*>(self)->Begin(name, attributes);
        },
        [](void* self, const char*) { static_cast<Parse*>(self)->End(); });
    XML_SetCharacterDataHandler(parser_.get(), [](void* self, const char* text, int length) {
      static_cast<Parse*>(self)->Text({text, static_cast<size_t>(length)});
    });
    XML_SetCommentHandler(parser_.get(),
                          [](void* self, const char* text) { static_cast<Parse*>(self)->Comment(text); });
    XML_SetCdataSectionHandler(
        parser_.get(), [](void* self) { static_cast<Parse*>(self)->in_cdata_ = true; },
        [](void* self) { static_cast<Parse*>(self)->in_cdata_ = false; });
    const XML_Status status =
        XML_Parse(parser_.get(), markup_.data(), static_cast<int>(markup_.size()), /*isFinal=*/1);
    if (!fault_.empty()) return fault_;
    if (status != XML_STATUS_OK) {
      return StrCat("faults of XML or of UTF-8 (line ", XML_GetCurrentLineNumber(parser_.get()), ": ",
                    XML_ErrorString(XML_GetErrorCode(parser_.get())), ")");
    }
    return "";
  }

 private:
  struct Free {
    void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
  };

  void Stop(std::string fault) {
    if (fault_.empty()) fault_ = std::move(fault);
    XML_StopParser(parser_.get(), /*resumable=*/0);
  }

  // What is declared is what browsers read it as.
  void Declared(const char* encoding) {
    if (encoding == nullptr || absl::EqualsIgnoreCase(encoding, "utf-8") ||
        absl::EqualsIgnoreCase(encoding, "us-ascii"))
      return;
    Stop("another encoding than UTF-8");
  }

  void Instruction(absl::string_view target) {
    if (absl::StartsWith(target, "xml-") || is_drawing_) Stop(StrCat("an instruction ", Shown(target)));
  }

  void Begin(absl::string_view full_name, const char** attributes) {
    if (++depth_ > kMaxDepth) return Stop("elements within elements beyond all measure");
    const Name name = Split(full_name);
    const bool is_svg = name.uri == kSvg || (is_drawing_ && name.uri.empty());
    if (is_svg ? !IsDrawingElement(name.local) : IsActive(name.uri) || (is_drawing_ && !IsInert(name)))
      return Stop(StrCat("a ", Shown(name.local), " element"));
    if (is_svg && name.local == "style" && style_depth_ == 0) style_depth_ = depth_;
    for (; *attributes != nullptr; attributes += 2) {
      Attribute(name, is_svg, Split(attributes[0]), attributes[1]);
      if (!fault_.empty()) return;
    }
  }

  void Attribute(const Name& element, bool is_svg, const Name& name, absl::string_view value) {
    const bool is_link = name.local == "href" && (name.uri.empty() || name.uri == kXlink);
    if (IsActive(name.uri)) return Stop(StrCat("an attribute ", Shown(name.local)));
    if (name.uri == kXml) {
      if (name.local == "base") Stop("an attribute xml:base");
      return;
    }
    if (is_link) {
      const std::string fault = FaultOfAddress(value);
      const bool is_anchor = element.local == "a";
      if (!fault.empty()) return Stop(fault);
      if (is_svg && !is_anchor && absl::StartsWith(Squeezed(value), "mailto:"))
        return Stop("a mailto: address");
      return;
    }
    if (!is_svg || (!name.uri.empty() && name.uri != kXlink)) {
      if (absl::StartsWithIgnoreCase(name.local, "on") && name.uri.empty() && is_drawing_)
        Stop(StrCat("an attribute ", Shown(name.local)));
      return;
    }
    if (name.uri == kXlink) return;
    if (!IsDrawingAttribute(name.local)) return Stop(StrCat("an attribute ", Shown(name.local)));
    // An animation may set what stands in no attribute.
    if (name.local == "attributeName") return Animated(value);
    if (std::string fault = FaultOfStyle(value); !fault.empty() && MayHoldStyle(name.local))
      Stop(std::move(fault));
  }

  // Texts for people may say what they like.
  static bool MayHoldStyle(absl::string_view attribute) {
    return attribute != "title" && attribute != "id" && attribute != "class" && attribute != "name" &&
           attribute != "unicode" && attribute != "string" && !absl::StartsWith(attribute, "aria-") &&
           !absl::StartsWith(attribute, "data-");
  }

  void Animated(absl::string_view attribute) {
    const std::string squeezed = Squeezed(attribute);
    if (absl::EndsWith(squeezed, "href") || absl::StartsWith(squeezed, "on") ||
        absl::StrContains(squeezed, ":"))
      Stop(StrCat("an animation of ", Shown(attribute)));
  }

  void End() {
    if (depth_ == style_depth_) {
      style_depth_ = 0;
      if (std::string fault = FaultOfStyle(style_); !fault.empty()) Stop(std::move(fault));
      style_.clear();
    }
    --depth_;
  }

  void Text(absl::string_view text) {
    if (style_depth_ > 0) style_.append(text.data(), text.size());
    // Where a page takes the drawing into itself, such a section is no text.
    if (in_cdata_ && is_drawing_ && absl::StrContains(text, "<")) Stop("markup in a CDATA section");
  }

  // In a page it would end where these stand, and what follows would be markup.
  void Comment(absl::string_view text) {
    if (is_drawing_ &&
        (absl::StartsWith(text, ">") || absl::StartsWith(text, "->") || absl::StrContains(text, "--!>")))
      Stop("a comment that a page would read otherwise");
  }

  const absl::string_view markup_;
  const bool is_drawing_;
  const std::unique_ptr<std::remove_pointer_t<XML_Parser>, Free> parser_;
  std::string fault_;
  int depth_ = 0;
  int style_depth_ = 0;  // of the style element that is open; 0: none
  std::string style_;
  bool in_cdata_ = false;
};

}  // namespace

std::string FaultOfMarkup(absl::string_view markup, bool is_drawing) {
  return Parse(markup, is_drawing).Run();
}

}  // namespace cognate::file_transfer
