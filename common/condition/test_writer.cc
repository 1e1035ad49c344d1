#include "common/condition/test_writer.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/value/canonical_text.h"

namespace cognate::condition::naive {
namespace {

std::string WriteName(const std::string& name) {
  return name.find(' ') == std::string::npos ? name : absl::StrCat("`", name, "`");
}

}  // namespace

std::string Writer::Write(const Node& node, bool is_operand) {
  if (node.word == "literal") return WriteLiteral(node);
  if (node.word == "field") return absl::StrCat(node.is_old ? "old." : "", WriteName(node.field));
  if (node.word == "assigned") return absl::StrCat("assigned(", WriteText(node.literal.text_value()), ")");
  const bool is_function =
      node.word == "length" || node.word == "lower" || node.word == "upper" || node.word == "trim";
  if (is_function) return absl::StrCat(node.word, Space(), "(", Write(node.children[0], true), ")");
  const std::string text = WriteTruth(node);
  return is_operand || OneIn(5) ? absl::StrCat("(", Space(), text, ")") : text;
}

std::string Writer::Space() { return OneIn(8) ? "\n \t" : OneIn(4) ? " " : ""; }

std::string Writer::WriteText(const std::string& text) {
  const bool is_single = OneIn(2);
  const std::string escaped =
      absl::StrReplaceAll(text, {{"\\", "\\\\"},
                                 {"\n", OneIn(2) ? "\\n" : "\\u{a}"},
                                 {is_single ? "'" : "\"", is_single ? "\\'" : "\\\""}});
  return absl::StrCat(is_single ? "'" : "\"", escaped, is_single ? "'" : "\"");
}
std::string Writer::WriteLiteral(const Node& node) {
  const v1::Value& literal = node.literal;
  if (!node.written.empty()) return node.written;
  if (literal.has_null_value()) return "null";
  if (literal.has_text_value()) return WriteText(literal.text_value());
  std::string text;
  value::AppendCanonicalText(literal, &text);
  if (literal.has_date_value()) return absl::StrCat("date ", WriteText(text));
  return literal.has_timestamp_value() ? absl::StrCat("time", Space(), WriteText(text)) : text;
}

std::string Writer::WriteTruth(const Node& node) {
  const auto child = [&](size_t i) { return Write(node.children[i], node.children[i].word != "literal"); };
  if (node.word == "and" || node.word == "or") {
    std::vector<std::string> parts;
    for (const Node& part : node.children)
      parts.push_back(Write(part, node.word == "and" && part.word == "or"));
    return absl::StrJoin(parts, absl::StrCat(Space(), " ", node.word, " "));
  }
  if (node.word == "not") {
    const std::string& word = node.children[0].word;
    return absl::StrCat("not ", Write(node.children[0], word == "and" || word == "or"));
  }
  if (node.word.substr(0, 2) == "is") return absl::StrCat(child(0), " ", node.word);
  if (node.word == "matches")
    return absl::StrCat(child(0), " matches ", WriteText(node.literal.text_value()));
  if (node.word != "in" && node.word != "not in") {
    const bool is_symbol = node.word.size() <= 2 && node.word != "in";
    const std::string gap = is_symbol ? Space() : " ";
    return absl::StrCat(child(0), gap, node.word, gap, child(1));
  }
  std::vector<std::string> literals;
  for (size_t i = 1; i < node.children.size(); ++i) literals.push_back(child(i));
  return absl::StrCat(child(0), " ", node.word, Space(), "(",
                      absl::StrJoin(literals, absl::StrCat(",", Space())), ")");
}

}  // namespace cognate::condition::naive
