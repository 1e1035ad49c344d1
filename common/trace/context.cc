#include "common/trace/context.h"

#include "absl/random/random.h"

namespace cognate::trace {
namespace {

constexpr size_t kLength = 55;  // 2 + 1 + 32 + 1 + 16 + 1 + 2
constexpr char kDigits[] = "0123456789abcdef";

int Digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;  // capitals are not allowed
}

// At most 16 digits.
bool ReadHex(absl::string_view text, uint64_t* value) {
  *value = 0;
  for (const char c : text) {
    const int digit = Digit(c);
    if (digit < 0) return false;
    *value = *value << 4 | static_cast<uint64_t>(digit);
  }
  return true;
}

void AppendHex(uint64_t value, int digits, std::string* text) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) text->push_back(kDigits[value >> shift & 0xf]);
}

// Ids are no secrets: they need only be different.
uint64_t Random() {
  thread_local absl::InsecureBitGen generator;
  for (;;) {
    const uint64_t value = absl::Uniform<uint64_t>(generator);
    if (value != 0) return value;
  }
}

}  // namespace

std::optional<SpanContext> ParseTraceparent(absl::string_view text) {
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  SpanContext context;
  uint64_t version = 0;
  uint64_t flags = 0;
  if (!ReadHex(text.substr(0, 2), &version) || !ReadHex(text.substr(3, 16), &context.trace_high) ||
      !ReadHex(text.substr(19, 16), &context.trace_low) || !ReadHex(text.substr(36, 16), &context.span) ||
      !ReadHex(text.substr(53, 2), &flags))
    return std::nullopt;
  if (version == 0xff || !context.valid()) return std::nullopt;
  if (text.size() > kLength && (version == 0 || text[kLength] != '-')) return std::nullopt;
  context.sampled = (flags & 1) != 0;
  return context;
}

std::string FormatTraceparent(const SpanContext& context) {
  std::string text = "00-";
  text.reserve(kLength);
  AppendHex(context.trace_high, 16, &text);
  AppendHex(context.trace_low, 16, &text);
  text.push_back('-');
  AppendHex(context.span, 16, &text);
  text.append(context.sampled ? "-01" : "-00");
  return text;
}

std::string TraceIdText(const SpanContext& context) {
  std::string text;
  AppendHex(context.trace_high, 16, &text);
  AppendHex(context.trace_low, 16, &text);
  return text;
}

std::string SpanIdText(uint64_t span) {
  std::string text;
  AppendHex(span, 16, &text);
  return text;
}

SpanContext NewContext(bool sampled) { return {Random(), Random(), Random(), sampled}; }
uint64_t NewSpanId() { return Random(); }

// By the part of the id that is random in every version of the standard.
bool InRatio(const SpanContext& context, double ratio) {
  if (ratio >= 1) return true;
  if (!(ratio > 0)) return false;
  constexpr uint64_t kMask = (uint64_t{1} << 56) - 1;
  return static_cast<double>(context.trace_low & kMask) < ratio * static_cast<double>(kMask);
}

}  // namespace cognate::trace
