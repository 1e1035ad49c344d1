#include "cli/message_diff.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "cli/yaml_writer.h"

namespace cognate::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Kind = Difference::Kind;

class Differ {
 public:
  std::vector<Difference> Take() { return std::move(found_); }

  void Compare(const Message& before, const Message& after, const std::string& path) {
    std::vector<const FieldDescriptor*> fields, theirs;
    before.GetReflection()->ListFields(before, &fields);
    after.GetReflection()->ListFields(after, &theirs);
    fields.insert(fields.end(), theirs.begin(), theirs.end());
    std::sort(fields.begin(), fields.end(),
              [](const auto* a, const auto* b) { return a->number() < b->number(); });
    fields.erase(std::unique(fields.begin(), fields.end()), fields.end());
    for (const FieldDescriptor* const field : fields) {
      const std::string below = path.empty() ? field->name() : absl::StrCat(path, ".", field->name());
      field->is_repeated() ? CompareList(before, after, *field, below)
                           : CompareOne(before, after, *field, below);
    }
  }

 private:
  void CompareOne(const Message& before, const Message& after, const FieldDescriptor& field,
                  const std::string& path) {
    const bool was = before.GetReflection()->HasField(before, &field);
    const bool is = after.GetReflection()->HasField(after, &field);
    const std::string old_text = was ? ToYamlLine(before, field, 0) : "";
    const std::string new_text = is ? ToYamlLine(after, field, 0) : "";
    if (was != is) {
      found_.push_back({is ? Kind::kAdded : Kind::kRemoved, path, old_text, new_text});
    } else if (old_text != new_text && IsWorthALook(field)) {
      Compare(before.GetReflection()->GetMessage(before, &field),
              after.GetReflection()->GetMessage(after, &field), path);
    } else if (old_text != new_text) {
      found_.push_back({Kind::kChanged, path, old_text, new_text});
    }
  }

  // A value is changed as a whole.
  static bool IsWorthALook(const FieldDescriptor& field) {
    return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
           field.message_type()->full_name() != "cognate.v1.Value" &&
           field.message_type()->full_name() != "google.protobuf.Timestamp" &&
           field.message_type()->full_name() != "google.protobuf.Duration";
  }

  static std::vector<std::string> Lines(const Message& message, const FieldDescriptor& field) {
    std::vector<std::string> lines;
    for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i)
      lines.push_back(ToYamlLine(message, field, i));
    return lines;
  }

  // By the longest common part; what stands between two common elements on both sides has changed.
  void CompareList(const Message& before, const Message& after, const FieldDescriptor& field,
                   const std::string& path) {
    const std::vector<std::string> olds = Lines(before, field), news = Lines(after, field);
    std::vector<std::vector<int>> common(olds.size() + 1, std::vector<int>(news.size() + 1));
    for (size_t i = olds.size(); i-- > 0;) {
      for (size_t j = news.size(); j-- > 0;) {
        common[i][j] =
            olds[i] == news[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
      }
    }
    size_t i = 0, j = 0;
    while (i < olds.size() || j < news.size()) {
      const size_t from_i = i, from_j = j;
      while (i < olds.size() && (j == news.size() || common[i + 1][j] == common[i][j])) ++i;
      while (j < news.size() && (i == olds.size() || common[i][j + 1] == common[i][j])) ++j;
      CompareGap(before, after, field, path, {from_i, i}, {from_j, j}, olds, news);
      while (i < olds.size() && j < news.size() && olds[i] == news[j]) ++i, ++j;
    }
  }

  using Range = std::pair<size_t, size_t>;
  void CompareGap(const Message& before, const Message& after, const FieldDescriptor& field,
                  const std::string& path, Range gone, Range came, const std::vector<std::string>& olds,
                  const std::vector<std::string>& news) {
    size_t i = gone.first, j = came.first;
    for (; i < gone.second && j < came.second; ++i, ++j) {
      const std::string at = absl::StrCat(path, "[", j, "]");
      if (IsWorthALook(field)) {
        Compare(before.GetReflection()->GetRepeatedMessage(before, &field, static_cast<int>(i)),
                after.GetReflection()->GetRepeatedMessage(after, &field, static_cast<int>(j)), at);
      } else {
        found_.push_back({Kind::kChanged, at, olds[i], news[j]});
      }
    }
    for (; i < gone.second; ++i)
      found_.push_back({Kind::kRemoved, absl::StrCat(path, "[", i, "]"), olds[i], ""});
    for (; j < came.second; ++j)
      found_.push_back({Kind::kAdded, absl::StrCat(path, "[", j, "]"), "", news[j]});
  }

  std::vector<Difference> found_;
};

}  // namespace

std::vector<Difference> Differences(const Message& before, const Message& after) {
  Differ differ;
  differ.Compare(before, after, "");
  return differ.Take();
}

std::string FormatDifference(const Difference& difference) {
  switch (difference.kind) {
    case Kind::kAdded:
      return absl::StrCat("    + ", difference.path, ": ", difference.after);
    case Kind::kRemoved:
      return absl::StrCat("    - ", difference.path, ": ", difference.before);
    default:
      return absl::StrCat("    ~ ", difference.path, ": ", difference.before, " → ", difference.after);
  }
}

}  // namespace cognate::cli
