#include "services/platform_registry/name_words.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace cognate::platform_registry {
namespace {

// One line for each meaning, which its first word names. A word stands in one line only.
constexpr absl::string_view kMeanings[] = {
    "title name label subject headline caption heading",
    "slug permalink alias",
    "content body text html",
    "summary excerpt abstract teaser intro synopsis",
    "description detail info about bio biography",
    "created creation inserted added registered registration",
    "updated modified changed edited modification",
    "deleted removed trashed",
    "published released publication",
    "type kind category",
    "email mail",
    "phone telephone tel mobile",
    "url link uri website homepage href",
    "image picture photo avatar thumbnail img",
    "file attachment document upload",
    "user author owner creator writer",
    "customer client buyer",
    "status state",
    "price cost",
    "amount total sum",
    "quantity qty count",
    "country nation",
    "region subdivision province",
    "language tongue lang",
    "currency money mony",
    "city town",
    "postcode zip postal plz",
    "code iso alpha",
    "number num nr no",
    "first given",
    "last family",
    "long official full formal",
    "short abbreviation abbr brief",
    "parent within containing superior",
    "position order rank sort sequence",
    "active enabled",
    "visible shown public",
    "password pass passwd pwd",
    "login username nickname nick handle",
    "comment note remark message",
    "tag keyword",
    "birthday dob birthdate born",
    "gender sex",
    "latitude lat",
    "longitude lng lon",
    "size filesize byte",
    "mime mimetype",
    "color colour",
    "company organization organisation firm",
    "product item article goods",
};

// Words that are made of others.
const absl::flat_hash_map<absl::string_view, std::vector<std::string>>& Compounds() {
  static const auto& compounds = *new absl::flat_hash_map<absl::string_view, std::vector<std::string>>{
      {"surname", {"last", "title"}},  {"forename", {"first", "title"}}, {"firstname", {"first", "title"}},
      {"lastname", {"last", "title"}}, {"fullname", {"long", "title"}},  {"zipcode", {"postcode"}},
      {"nicename", {"slug"}},          {"filename", {"file", "title"}},
  };
  return compounds;
}

const absl::flat_hash_map<absl::string_view, absl::string_view>& Meanings() {
  static const auto& meanings = *[] {
    auto* const made = new absl::flat_hash_map<absl::string_view, absl::string_view>();
    for (const absl::string_view line : kMeanings) {
      const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
      for (const absl::string_view word : words) made->emplace(word, words[0]);
    }
    return made;
  }();
  return meanings;
}

std::string Singular(std::string word) {
  const auto ends = [&](absl::string_view end) { return absl::EndsWith(word, end); };
  if (word.size() < 4 || !ends("s") || ends("ss") || ends("us") || ends("is")) return word;
  if (ends("ies")) return word.substr(0, word.size() - 3) + "y";
  if (ends("sses") || ends("xes") || ends("ches") || ends("shes")) return word.substr(0, word.size() - 2);
  word.pop_back();
  return word;
}

// Of a moment, where they say no more than the type does.
bool IsTimeWord(absl::string_view word) {
  return word == "at" || word == "on" || word == "date" || word == "time" || word == "datetime" ||
         word == "timestamp" || word == "gmt" || word == "utc";
}

bool IsEmptyWord(absl::string_view word) {
  return word == "is" || word == "has" || word == "the" || word == "of" || word == "field";
}

}  // namespace

std::vector<std::string> WordsOf(absl::string_view name) {
  std::vector<std::string> words;
  std::string word;
  const auto end = [&] {
    if (!word.empty()) words.push_back(Singular(absl::AsciiStrToLower(word)));
    word.clear();
  };
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool is_word = absl::ascii_isalnum(c) || static_cast<unsigned char>(c) >= 0x80;
    if (!is_word) {
      end();
      continue;
    }
    if (!word.empty()) {
      const char before = word.back();
      const bool next_is_small = i + 1 < name.size() && absl::ascii_islower(name[i + 1]);
      if (absl::ascii_isdigit(c) != absl::ascii_isdigit(before) ||
          (absl::ascii_isupper(c) &&
           (absl::ascii_islower(before) || (absl::ascii_isupper(before) && next_is_small)))) {
        end();
      }
    }
    word.push_back(c);
  }
  end();
  return words;
}

std::vector<std::string> WordsOfModel(absl::string_view model) {
  const size_t before = model.find_last_of(".\\/:");
  return WordsOf(before == absl::string_view::npos ? model : model.substr(before + 1));
}

std::vector<std::string> WordsOfField(absl::string_view field, const std::vector<std::string>& model) {
  std::vector<std::string> words = WordsOf(field);
  // All of the model's words, or its last ones: tables often share a first word.
  for (size_t skipped = 0; skipped < model.size(); ++skipped) {
    const size_t count = model.size() - skipped;
    if (words.size() <= count ||
        !std::equal(model.begin() + static_cast<ptrdiff_t>(skipped), model.end(), words.begin())) {
      continue;
    }
    words.erase(words.begin(), words.begin() + static_cast<ptrdiff_t>(count));
    return words;
  }
  return words;
}

std::string MeaningOf(absl::string_view word) {
  const auto found = Meanings().find(word);
  return std::string(found == Meanings().end() ? word : found->second);
}

std::vector<std::string> MeaningsOf(const std::vector<std::string>& words) {
  std::vector<std::string> meanings;
  bool has_time = false;
  for (const std::string& word : words) {
    if (IsTimeWord(word)) {
      has_time = true;
    } else if (const auto compound = Compounds().find(word); compound != Compounds().end()) {
      meanings.insert(meanings.end(), compound->second.begin(), compound->second.end());
    } else if (!IsEmptyWord(word)) {
      meanings.push_back(MeaningOf(word));
    }
  }
  // A date of nothing else is that of the record.
  if (meanings.empty() && has_time) meanings.push_back("created");
  std::sort(meanings.begin(), meanings.end());
  meanings.erase(std::unique(meanings.begin(), meanings.end()), meanings.end());
  return meanings;
}

bool IsIdWord(absl::string_view word) {
  return word == "id" || word == "no" || word == "key" || word == "ref" || word == "uuid" || word == "fk" ||
         word == "guid";
}

std::vector<std::string> WithoutIdWord(std::vector<std::string> words) {
  if (words.size() > 1 && IsIdWord(words.back())) words.pop_back();
  return words;
}

}  // namespace cognate::platform_registry
