#include "common/s3/xml.h"

#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/status_macros.h"

namespace cognate::s3 {
namespace {

constexpr size_t kMaxReference = 12;  // "&#x0010FFFF;"

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool EndsName(char c) { return IsBlank(c) || c == '>' || c == '/' || c == '=' || c == '<'; }

void AppendUtf8(uint32_t code_point, std::string* text) {
  const auto continued = [&](int shift) { *text += static_cast<char>(0x80 | (code_point >> shift & 0x3f)); };
  if (code_point < 0x80) {
    *text += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    *text += static_cast<char>(0xc0 | code_point >> 6);
    continued(0);
  } else if (code_point < 0x10000) {
    *text += static_cast<char>(0xe0 | code_point >> 12);
    continued(6);
    continued(0);
  } else {
    *text += static_cast<char>(0xf0 | code_point >> 18);
    continued(12);
    continued(6);
    continued(0);
  }
}

class Parser {
 public:
  explicit Parser(absl::string_view document) : document_(document) {}

  absl::StatusOr<Element> Parse() {
    absl::ConsumePrefix(&document_, "\xef\xbb\xbf");
    RETURN_IF_ERROR(SkipBetween());
    Element root;
    RETURN_IF_ERROR(ReadElement(&root, 1));
    RETURN_IF_ERROR(SkipBetween());
    if (!AtEnd()) return Fault("something behind the end");
    return root;
  }

 private:
  bool AtEnd() const { return at_ == document_.size(); }
  bool LooksAt(absl::string_view text) const { return absl::StartsWith(document_.substr(at_), text); }

  absl::Status Fault(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat("XML: ", what, " at byte ", at_));
  }

  // To behind `end`.
  absl::Status SkipBehind(absl::string_view end) {
    const size_t found = document_.find(end, at_);
    if (found == absl::string_view::npos) return Fault(absl::StrCat("no ", end));
    at_ = found + end.size();
    return absl::OkStatus();
  }

  void SkipBlanks() {
    while (!AtEnd() && IsBlank(document_[at_])) ++at_;
  }

  // Blanks, comments and instructions around the root.
  absl::Status SkipBetween() {
    for (SkipBlanks(); LooksAt("<?") || LooksAt("<!--"); SkipBlanks())
      RETURN_IF_ERROR(SkipBehind(LooksAt("<?") ? "?>" : "-->"));
    return absl::OkStatus();
  }

  absl::StatusOr<absl::string_view> ReadName() {
    const size_t begin = at_;
    while (!AtEnd() && !EndsName(document_[at_])) ++at_;
    if (at_ == begin) return Fault("no name");
    return document_.substr(begin, at_ - begin);
  }

  // To the `>` or `/>` of an opening tag.
  absl::Status SkipAttributes() {
    for (SkipBlanks(); !AtEnd() && document_[at_] != '>' && document_[at_] != '/'; SkipBlanks()) {
      RETURN_IF_ERROR(ReadName().status());
      SkipBlanks();
      if (!LooksAt("=")) return Fault("an attribute without a value");
      ++at_;
      SkipBlanks();
      if (!LooksAt("\"") && !LooksAt("'")) return Fault("an attribute without quotes");
      const absl::string_view quote = document_.substr(at_++, 1);
      RETURN_IF_ERROR(SkipBehind(quote));
    }
    return absl::OkStatus();
  }

  absl::Status ReadElement(Element* element, size_t depth) {
    if (depth > kMaxXmlDepth) return Fault("nested too deep");
    if (++count_ > kMaxXmlElements) return Fault("too many elements");
    if (!LooksAt("<")) return Fault("no element");
    ++at_;
    if (LooksAt("!")) return Fault("a document type, or what else S3 never says");
    ASSIGN_OR_RETURN(const absl::string_view name, ReadName());
    element->name = std::string(name.substr(name.rfind(':') + 1));
    RETURN_IF_ERROR(SkipAttributes());
    if (absl::string_view rest = document_.substr(at_); absl::ConsumePrefix(&rest, "/>")) {
      at_ += 2;
      return absl::OkStatus();
    }
    if (!LooksAt(">")) return Fault("a tag without its end");
    ++at_;
    RETURN_IF_ERROR(ReadContent(element, depth));
    at_ += 2;  // "</"
    if (!LooksAt(name)) return Fault(absl::StrCat("no end of ", element->name));
    at_ += name.size();
    SkipBlanks();
    if (!LooksAt(">")) return Fault("a tag without its end");
    ++at_;
    return absl::OkStatus();
  }

  // To the `</` of its element.
  absl::Status ReadContent(Element* element, size_t depth) {
    while (!LooksAt("</")) {
      if (AtEnd()) return Fault("the end too early");
      if (LooksAt("<!--") || LooksAt("<?")) {
        RETURN_IF_ERROR(SkipBehind(LooksAt("<?") ? "?>" : "-->"));
      } else if (LooksAt("<![CDATA[")) {
        const size_t begin = at_ + 9;
        at_ = begin;
        RETURN_IF_ERROR(SkipBehind("]]>"));
        absl::StrAppend(&element->text, document_.substr(begin, at_ - 3 - begin));
      } else if (LooksAt("<")) {
        RETURN_IF_ERROR(ReadElement(&element->children.emplace_back(), depth + 1));
      } else if (LooksAt("&")) {
        RETURN_IF_ERROR(ReadReference(&element->text));
      } else {
        const size_t end = std::min(document_.find_first_of("<&", at_), document_.size());
        absl::StrAppend(&element->text, document_.substr(at_, end - at_));
        at_ = end;
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadReference(std::string* text) {
    const size_t end = document_.substr(at_, kMaxReference).find(';');
    if (end == absl::string_view::npos) return Fault("an entity without its end");
    absl::string_view name = document_.substr(at_ + 1, end - 1);
    constexpr std::pair<absl::string_view, char> kNamed[] = {
        {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
    at_ += end + 1;
    for (const auto& [known, character] : kNamed) {
      if (name == known) return *text += character, absl::OkStatus();
    }
    uint32_t code_point = 0;
    if (!absl::ConsumePrefix(&name, "#")) return Fault("an unknown entity before what stands");
    const bool is_number = absl::ConsumePrefix(&name, "x") ? absl::SimpleHexAtoi(name, &code_point)
                                                           : absl::SimpleAtoi(name, &code_point);
    const bool is_surrogate = code_point >= 0xd800 && code_point < 0xe000;
    if (!is_number || code_point == 0 || code_point > 0x10ffff || is_surrogate)
      return Fault("a number that is no character before what stands");
    AppendUtf8(code_point, text);
    return absl::OkStatus();
  }

  absl::string_view document_;
  size_t at_ = 0;
  size_t count_ = 0;
};

}  // namespace

const Element* Element::Child(absl::string_view child) const {
  for (const Element& one : children) {
    if (one.name == child) return &one;
  }
  return nullptr;
}

const std::string& Element::TextOf(absl::string_view child) const {
  static const std::string kNone;
  const Element* const found = Child(child);
  return found == nullptr ? kNone : found->text;
}

absl::StatusOr<Element> ParseXml(absl::string_view document) { return Parser(document).Parse(); }

}  // namespace cognate::s3
