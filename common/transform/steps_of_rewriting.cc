// Steps that replace parts of texts, also of those within lists, maps and what PHP serialized.
#include <memory>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/codec/php.h"
#include "common/text/url_rewriter.h"
#include "common/transform/makers.h"
#include "common/transform/steps.h"
#include "common/value/value.h"

namespace cognate::transform {
namespace {

using absl::StrCat;
using v1::Value;

constexpr size_t kMaxPartBytes = 255;  // of what is written for a part: bounds how much a text can grow
constexpr char kWant[] = "a text, a list or a map";
constexpr TypeSet kWithTexts = kTexts | kContainers | kReferences;

// What becomes of one text; `is_name`: of a name in a map.
using RewriteText = absl::FunctionRef<std::string(absl::string_view text, bool is_name)>;

// Walks over every text in a value, as long as what it makes stays within the largest value.
class Walk {
 public:
  Walk(RewriteText rewrite, bool names) : rewrite_(rewrite), names_(names) {}

  // The value itself is rewritten.
  Failed Visit(Value* value) {
    switch (value->kind_case()) {
      case Value::kTextValue:
        return VisitText(value->mutable_text_value());
      case Value::kListValue:
        for (Value& element : *value->mutable_list_value()->mutable_values()) {
          if (Failed failed = Visit(&element); failed.has_value()) return failed;
        }
        return std::nullopt;
      case Value::kMapValue:
        return VisitMap(value->mutable_map_value());
      default:
        return std::nullopt;
    }
  }

 private:
  Failed VisitText(std::string* text) {
    if (codec::LooksLikePhp(*text)) {
      bool is_full = false;
      absl::StatusOr<std::string> rewritten =
          codec::RewritePhpStrings(*text, [&](absl::string_view part, bool is_name) {
            is_full = is_full || bytes_ > value::kMaxValueBytes;
            return is_full ? std::string() : Rewrite(part, is_name);
          });
      if (is_full) return TooLarge();
      // What only looks like it is a text as any other.
      if (rewritten.ok()) {
        *text = *std::move(rewritten);
        return std::nullopt;
      }
    }
    *text = Rewrite(*text, false);
    return bytes_ > value::kMaxValueBytes ? Failed(TooLarge()) : std::nullopt;
  }

  Failed VisitMap(v1::MapValue* map) {
    absl::flat_hash_set<std::string> seen;
    for (v1::Field& field : *map->mutable_fields()) {
      if (names_) {
        field.set_name(Rewrite(field.name(), true));
        if (!seen.insert(field.name()).second) {
          return Failure{"TRANSFORM_WRONG_TYPE",
                         StrCat("got a map in which two names would become \"", field.name(),
                                "\", want names that stay apart; correct the map at the source")};
        }
      }
      if (Failed failed = Visit(field.mutable_value()); failed.has_value()) return failed;
      if (bytes_ > value::kMaxValueBytes) return TooLarge();
    }
    return std::nullopt;
  }

  std::string Rewrite(absl::string_view text, bool is_name) {
    std::string made = rewrite_(text, is_name);
    bytes_ += static_cast<int64_t>(made.size());
    return made;
  }

  const RewriteText rewrite_;
  const bool names_;
  int64_t bytes_ = 0;
};

Failed RewriteAll(const Value& from, RewriteText rewrite, bool names, Value* to) {
  if (!from.has_text_value() && !from.has_list_value() && !from.has_map_value()) {
    return WrongType(from, kWant);
  }
  *to = from;
  return Walk(rewrite, names).Visit(to);
}

// How long a text becomes is not known, nor is it one of an enum's labels any more.
v1::ModelField Rewritten(const v1::ModelField& field) {
  const bool is_text = (Only(field.type()) & kTexts) != 0 && field.type() != v1::FIELD_TYPE_JSON;
  return is_text ? TextField() : field;
}

void CheckLength(Compiler& compiler, const std::string& path, absl::string_view part) {
  if (part.empty()) compiler.Wrong(path, "got nothing, want at least 1 byte");
  if (part.size() > kMaxPartBytes) {
    compiler.Wrong(path, StrCat("got ", part.size(), " bytes, want at most ", kMaxPartBytes));
  }
}

}  // namespace

void Compile(Compiler& compiler, const v1::RewritePrefix& step) {
  CheckLength(compiler, "from", step.from());
  CheckLength(compiler, "to", step.to());
  const std::optional<KnownField> from = compiler.Read("field", step.field(), kWithTexts, kWant);
  if (!from.has_value()) return WriteAnything(compiler, IntoOf(step.field(), step.into()));
  const bool both = step.names() == step.values();
  const bool names = both || step.names();
  const bool values = both || step.values();
  const auto rewrite = [prefix = step.from(), to = step.to(), names, values](absl::string_view text,
                                                                             bool is_name) {
    const bool is_meant = is_name ? names : values;
    return is_meant && absl::StartsWith(text, prefix) ? StrCat(to, text.substr(prefix.size()))
                                                      : std::string(text);
  };
  AddValueStep(
      compiler, *from, step.into(), Rewritten(from->field),
      [rewrite, names](const Value& value, Value* to) { return RewriteAll(value, rewrite, names, to); },
      from->holds_references);
}

void Compile(Compiler& compiler, const v1::RewriteUrls& step) {
  std::vector<std::pair<std::string, std::string>> table;
  if (step.rewrites_size() > kMaxTableEntries) {
    compiler.Wrong("rewrites", StrCat("got ", step.rewrites_size(), ", want at most ", kMaxTableEntries));
    return WriteAnything(compiler, IntoOf(step.field(), step.into()));
  }
  for (int i = 0; i < step.rewrites_size(); ++i) {
    CheckLength(compiler, StrCat("rewrites[", i, "].from"), step.rewrites(i).from());
    CheckLength(compiler, StrCat("rewrites[", i, "].to"), step.rewrites(i).to());
    table.emplace_back(step.rewrites(i).from(), step.rewrites(i).to());
  }
  absl::StatusOr<text::UrlRewriter> rewriter = text::UrlRewriter::Create(std::move(table));
  if (!rewriter.ok()) {
    const absl::string_view message = rewriter.status().message();
    const size_t end = message.find(": ");
    const bool has_path = absl::StartsWith(message, "rewrites") && end != absl::string_view::npos;
    compiler.Wrong(has_path ? message.substr(0, end) : "rewrites",
                   has_path ? message.substr(end + 2) : message);
  }
  const std::optional<KnownField> from = compiler.Read("field", step.field(), kWithTexts, kWant);
  if (!from.has_value() || !rewriter.ok()) return WriteAnything(compiler, IntoOf(step.field(), step.into()));
  const auto rewrite = [rewriter = *std::move(rewriter)](absl::string_view text, bool is_name) {
    return is_name ? std::string(text) : rewriter.Rewrite(text);
  };
  AddValueStep(
      compiler, *from, step.into(), Rewritten(from->field),
      [rewrite](const Value& value, Value* to) { return RewriteAll(value, rewrite, false, to); },
      from->holds_references);
}

}  // namespace cognate::transform
