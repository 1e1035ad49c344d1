#include "cli/yaml_tree.h"

#include <algorithm>
#include <optional>
#include <sstream>

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/value/parse.h"

namespace cognate::cli {
namespace {

// A comment behind the last line: the parser lets a quote go on to the end of the file, which then has it.
constexpr char kEnd[] = "# the end of the file that was read";

// Builds the tree of one document from the parser's events; what is refused leaves it as a ParserException,
// as what the parser itself refuses does.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(size_t* nodes) : nodes_(nodes) {}

  std::optional<YamlNode> Take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    *nodes_ += 1;
    LimitNodes(mark);
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Check(mark, "", anchor);
    Put(mark, At(mark, YamlNode::Kind::kNull));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(mark, "got an alias (*), want what it stands for, written out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    Check(mark, tag, anchor);
    if (!value::CharacterCount(text).has_value())
      Refuse(mark, "got a text with NUL or a broken character, want UTF-8");
    if (absl::StrContains(text, kEnd)) Refuse(mark, "got a quote that nothing closes");
    YamlNode node = At(mark, YamlNode::Kind::kScalar);
    node.is_quoted = tag == "!";
    node.text = text;
    Put(mark, std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Check(mark, tag, anchor);
    Open(mark, At(mark, YamlNode::Kind::kList));
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Check(mark, tag, anchor);
    Open(mark, At(mark, YamlNode::Kind::kMap));
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Frame {
    YamlNode node;
    std::optional<YamlNode::Entry> pending;      // of a map: its key was read
    absl::flat_hash_map<std::string, int> keys;  // with their lines
  };

  [[noreturn]] static void Refuse(const YAML::Mark& mark, const std::string& what) {
    throw YAML::ParserException(mark, what);
  }

  static YamlNode At(const YAML::Mark& mark, YamlNode::Kind kind) {
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  void LimitNodes(const YAML::Mark& mark) const {
    if (*nodes_ > kMaxYamlNodes) Refuse(mark, absl::StrCat("got more than ", kMaxYamlNodes, " values"));
  }

  void Check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor)
      Refuse(mark, "got an anchor (&), want none: whatever is used twice is written twice");
    if (!tag.empty() && tag != "?" && tag != "!") {
      Refuse(mark, absl::StrCat("got the tag ", tag.substr(0, 60), ", want none; a text stands in quotes"));
    }
    *nodes_ += 1;
    LimitNodes(mark);
  }

  void Open(const YAML::Mark& mark, YamlNode node) {
    if (open_.size() >= kMaxYamlDepth)
      Refuse(mark, absl::StrCat("got more than ", kMaxYamlDepth, " levels within each other"));
    if (IsKeyNext()) Refuse(mark, "got a list or map as a key, want a text");
    open_.push_back({std::move(node), std::nullopt, {}});
  }

  void Close() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    Put(YAML::Mark(), std::move(node));
  }

  bool IsKeyNext() const {
    return !open_.empty() && open_.back().node.kind == YamlNode::Kind::kMap &&
           !open_.back().pending.has_value();
  }

  void Put(const YAML::Mark& mark, YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (IsKeyNext()) {
      PutKey(mark, std::move(node));
    } else if (open_.back().node.kind == YamlNode::Kind::kMap) {
      open_.back().pending->value = std::move(node);
      open_.back().node.entries.push_back(*std::move(open_.back().pending));
      open_.back().pending.reset();
    } else {
      open_.back().node.items.push_back(std::move(node));
    }
  }

  void PutKey(const YAML::Mark& mark, YamlNode node) {
    if (node.kind != YamlNode::Kind::kScalar) Refuse(mark, "got nothing as a key, want a text");
    const auto [first, is_new] = open_.back().keys.emplace(node.text, node.line);
    if (!is_new) {
      Refuse(mark, absl::StrCat("got \"", node.text.substr(0, 60),
                                "\" again, want it once; it stands in line ", first->second, ", too"));
    }
    open_.back().pending = YamlNode::Entry{std::move(node.text), node.line, node.column, {}};
  }

  size_t* const nodes_;
  std::vector<Frame> open_;
  std::optional<YamlNode> root_;
};

}  // namespace

const YamlNode* YamlNode::Find(absl::string_view key) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

absl::Status WrongInFile(absl::string_view file, int line, int column, absl::string_view what) {
  const std::string where = line <= 0
                                ? std::string(file)
                                : absl::StrCat(file, ":", line, column > 0 ? absl::StrCat(":", column) : "");
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_FILE", absl::StrCat(where, ": ", what))
      .With("file", file)
      .With("line", absl::StrCat(line));
}

absl::StatusOr<std::vector<YamlNode>> ReadYaml(absl::string_view text, absl::string_view file) {
  if (text.size() > kMaxYamlBytes) {
    return WrongInFile(file, 0, 0,
                       absl::StrCat("got ", text.size(), " bytes, want at most ", kMaxYamlBytes,
                                    "; several files may be given"));
  }
  if (!value::CharacterCount(text).has_value())
    return WrongInFile(file, 0, 0, "got bytes that are no UTF-8, or NUL, want UTF-8");
  std::vector<YamlNode> documents;
  size_t nodes = 0;
  std::istringstream stream(absl::StrCat(text, absl::EndsWith(text, "\n") ? "" : "\n", kEnd));
  // The parser is the only one here that throws.
  try {
    YAML::Parser parser(stream);
    for (;;) {
      TreeBuilder builder(&nodes);
      if (!parser.HandleNextDocument(builder)) break;
      std::optional<YamlNode> document = builder.Take();
      if (document.has_value() && document->kind != YamlNode::Kind::kNull)
        documents.push_back(*std::move(document));
    }
  } catch (const YAML::Exception& exception) {
    return WrongInFile(file, exception.mark.line + 1, exception.mark.column + 1, exception.msg);
  }
  return documents;
}

}  // namespace cognate::cli
