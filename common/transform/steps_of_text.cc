// Steps that make one text of another.
#include <algorithm>
#include <string>
#include <utility>

#include <openssl/evp.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/text/letter_case.h"
#include "common/text/mask.h"
#include "common/text/slug.h"
#include "common/text/strip_tags.h"
#include "common/text/trim.h"
#include "common/text/truncate.h"
#include "common/transform/makers.h"
#include "common/transform/steps.h"
#include "common/value/canonical_text.h"
#include "common/value/parse.h"
#include "common/value/value.h"

namespace cognate::transform {
namespace {

using absl::StrCat;

// A limit of the step itself, beside that of the field; 0 is none.
LimitFunction AtMost(int limit) {
  return [limit](int of_field) {
    return of_field == 0 || limit == 0 ? std::max(of_field, limit) : std::min(of_field, limit);
  };
}

int Tripled(int limit) { return limit * 3; }  // the most that a letter becomes in another case: ΐ, ﬃ

TextFunction FunctionOf(v1::LetterCase letter_case) {
  switch (letter_case) {
    case v1::LETTER_CASE_LOWER:
      return text::ToLower;
    case v1::LETTER_CASE_UPPER:
      return text::ToUpper;
    case v1::LETTER_CASE_TITLE:
      return text::ToTitle;
    case v1::LETTER_CASE_CAPITALIZE:
      return text::Capitalize;
    default:
      return nullptr;
  }
}

std::string HexDigest(const EVP_MD* algorithm, absl::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, algorithm, nullptr);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

}  // namespace

void Compile(Compiler& compiler, const v1::ChangeCase& step) {
  TextFunction function = FunctionOf(step.letter_case());
  if (!function) {
    compiler.Wrong("letter_case", StrCat("got ", static_cast<int>(step.letter_case()),
                                         ", want one of LETTER_CASE_LOWER, _UPPER, _TITLE and _CAPITALIZE"));
  }
  AddTextStep(compiler, step.field(), step.into(), Tripled, std::move(function));
}

void Compile(Compiler& compiler, const v1::Trim& step) {
  AddTextStep(
      compiler, step.field(), step.into(), SameLimit,
      [characters = step.characters()](absl::string_view text) { return text::Trim(text, characters); });
}

void Compile(Compiler& compiler, const v1::Truncate& step) {
  const int most = step.max_characters();
  if (most < 1) compiler.Wrong("max_characters", StrCat("got ", most, ", want at least 1"));
  AddTextStep(compiler, step.field(), step.into(), AtMost(std::max(most, 1)),
              [most, ellipsis = step.ellipsis(), at_word = step.at_word()](absl::string_view text) {
                return text::Truncate(text, most, ellipsis, at_word);
              });
}

void Compile(Compiler& compiler, const v1::Slug& step) {
  const int most = step.max_characters();
  if (most < 0) compiler.Wrong("max_characters", StrCat("got ", most, ", want at least 0"));
  // One letter may become several of ASCII: only the step's own limit holds.
  AddTextStep(
      compiler, step.field(), step.into(), [most](int) { return std::max(most, 0); },
      [most, separator = step.separator().empty() ? "-" : step.separator()](absl::string_view text) {
        return text::Slug(text, separator, most);
      });
}

void Compile(Compiler& compiler, const v1::Transliterate& step) {
  AddTextStep(compiler, step.field(), step.into(), NoLimit, text::Transliterate);
}

void Compile(Compiler& compiler, const v1::StripTags& step) {
  AddTextStep(compiler, step.field(), step.into(), SameLimit, text::StripTags);
}

void Compile(Compiler& compiler, const v1::Mask& step) {
  if (step.keep_first() < 0)
    compiler.Wrong("keep_first", StrCat("got ", step.keep_first(), ", want at least 0"));
  if (step.keep_last() < 0)
    compiler.Wrong("keep_last", StrCat("got ", step.keep_last(), ", want at least 0"));
  if (!step.character().empty() && value::CharacterCount(step.character()) != 1U) {
    compiler.Wrong("character", GotWant(step.character(), "one character"));
  }
  AddTextStep(compiler, step.field(), step.into(), SameLimit, [step](absl::string_view text) {
    return text::Mask(text, step.keep_first(), step.keep_last(), step.character());
  });
}

void Compile(Compiler& compiler, const v1::Hash& step) {
  const bool is_long = step.algorithm() == v1::HASH_ALGORITHM_SHA512;
  if (!v1::HashAlgorithm_IsValid(step.algorithm())) {
    compiler.Wrong("algorithm", StrCat("got ", static_cast<int>(step.algorithm()),
                                       ", want HASH_ALGORITHM_SHA256 or HASH_ALGORITHM_SHA512"));
  }
  static constexpr char kWant[] = "a single value; encode makes a text of a list or map";
  const std::optional<KnownField> from = compiler.Read("field", step.field(), kScalars, kWant);
  if (!from.has_value()) return WriteAnything(compiler, IntoOf(step.field(), step.into()));
  const EVP_MD* const algorithm = is_long ? EVP_sha512() : EVP_sha256();
  AddValueStep(compiler, *from, step.into(), TextField(is_long ? 128 : 64),
               [algorithm, salt = step.salt()](const v1::Value& value, v1::Value* to) -> Failed {
                 std::string text = salt;
                 if (value.has_reference_value() || !value::AppendCanonicalText(value, &text)) {
                   return WrongType(value, kWant);
                 }
                 to->set_text_value(HexDigest(algorithm, text));
                 return std::nullopt;
               });
}

}  // namespace cognate::transform
