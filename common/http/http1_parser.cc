#include "common/http/http1_parser.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace cognate::http {
namespace {

constexpr char kLineEnd[] = "\r\n";
constexpr char kHeadEnd[] = "\r\n\r\n";
constexpr size_t kHeadEndSize = 4;
constexpr size_t kMaxChunkLine = 256;

bool IsTokenChar(unsigned char c) {
  return absl::ascii_isalnum(c) ||
         absl::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != absl::string_view::npos;
}

bool IsToken(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar);
}

absl::string_view TrimBlanks(absl::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool IsFieldValue(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return c == '\t' || (c >= ' ' && c != 0x7f); });
}

size_t Count(const Headers& headers, absl::string_view name) {
  return static_cast<size_t>(std::count_if(headers.begin(), headers.end(),
                                           [&](const Header& header) { return header.name == name; }));
}

bool HasWord(const Headers& headers, absl::string_view name, absl::string_view word) {
  for (const Header& header : headers) {
    if (header.name != name) continue;
    for (const absl::string_view part : absl::StrSplit(header.value, ',')) {
      if (absl::EqualsIgnoreCase(TrimBlanks(part), word)) return true;
    }
  }
  return false;
}

}  // namespace

bool Http1Parser::Fail(int status, absl::string_view fault) {
  state_ = State::kFailed;
  failure_ = status;
  fault_ = fault;
  keeps_alive_ = false;
  return false;
}

size_t Http1Parser::Feed(absl::string_view bytes) {
  size_t taken = 0;
  while (state_ < State::kDone && state_ != State::kHeadRead) {
    const absl::string_view rest = bytes.substr(taken);
    if (rest.empty()) break;
    switch (state_) {
      case State::kHead:
        taken += FeedHead(rest);
        break;
      case State::kBody:
        taken += FeedBody(rest);
        break;
      case State::kChunk:
        taken += FeedChunk(rest);
        break;
      default:
        taken += FeedLine(rest);
        break;
    }
  }
  return taken;
}

size_t Http1Parser::FeedHead(absl::string_view bytes) {
  size_t skipped = 0;
  // Some clients send an empty line after the body before.
  while (!begun_ && skipped < bytes.size() && (bytes[skipped] == '\r' || bytes[skipped] == '\n')) ++skipped;
  if (skipped == bytes.size()) return skipped;
  bytes.remove_prefix(skipped);
  begun_ = true;
  const size_t before = text_.size();
  text_.append(bytes.data(), std::min(bytes.size(), limits_.max_head_bytes + kHeadEndSize - before));
  const size_t end = text_.find(kHeadEnd, looked_at_);
  if (end == std::string::npos) {
    looked_at_ = text_.size() < kHeadEndSize ? 0 : text_.size() - kHeadEndSize + 1;
    if (text_.size() > limits_.max_head_bytes) Fail(431, "the headers are too long");
    return skipped + text_.size() - before;
  }
  const size_t size = end + kHeadEndSize;
  text_.resize(end);
  if (end > limits_.max_head_bytes) {
    Fail(431, "the headers are too long");
  } else {
    ReadHead();
  }
  text_.clear();
  return skipped + size - before;
}

void Http1Parser::ReadHead() {
  bool is_first = true;
  for (const absl::string_view line : absl::StrSplit(text_, kLineEnd)) {
    const bool is_read = is_first ? ReadRequestLine(line) : ReadHeader(line);
    if (!is_read) return;
    is_first = false;
  }
  if (ReadFraming() && !limits_.waits_after_head) AllowBody(limits_.max_body_bytes);
}

bool Http1Parser::ReadRequestLine(absl::string_view line) {
  const std::vector<absl::string_view> parts = absl::StrSplit(line, ' ');
  if (parts.size() != 3 || !IsToken(parts[0])) return Fail(400, "the request line cannot be read");
  if (parts[2] == "HTTP/1.0") {
    is_old_ = true;
  } else if (parts[2] != "HTTP/1.1") {
    return absl::StartsWith(parts[2], "HTTP/") ? Fail(505, "want HTTP/1.1 or HTTP/2")
                                               : Fail(400, "the request line cannot be read");
  }
  request_.method = std::string(parts[0]);
  return ReadTarget(parts[1]);
}

bool Http1Parser::ReadTarget(absl::string_view target) {
  const bool is_text = std::all_of(target.begin(), target.end(),
                                   [](unsigned char c) { return c > ' ' && c < 0x7f && c != '#'; });
  if (!is_text || target.empty()) return Fail(400, "the path cannot be read");
  if (absl::ConsumePrefix(&target, "http://") || absl::ConsumePrefix(&target, "https://")) {
    const size_t path = target.find_first_of("/?");
    target = path == target.npos ? absl::string_view("/") : target.substr(path);
  }
  if (target.front() != '/' && target != "*") return Fail(400, "the path cannot be read");
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(target, absl::MaxSplits('?', 1));
  request_.path = std::string(parts.first);
  request_.query = std::string(parts.second);
  return true;
}

bool Http1Parser::ReadHeader(absl::string_view line) {
  if (request_.headers.size() >= limits_.max_headers) return Fail(431, "there are too many headers");
  const size_t colon = line.find(':');
  if (colon == line.npos || !IsToken(line.substr(0, colon))) return Fail(400, "a header cannot be read");
  const absl::string_view value = TrimBlanks(line.substr(colon + 1));
  if (!IsFieldValue(value)) return Fail(400, "a header has control characters in it");
  request_.headers.push_back({absl::AsciiStrToLower(line.substr(0, colon)), std::string(value)});
  return true;
}

bool Http1Parser::ReadFraming() {
  const Headers& headers = request_.headers;
  const size_t hosts = Count(headers, "host");
  if (hosts > 1 || (hosts == 0 && !is_old_)) return Fail(400, "want one Host header");
  request_.authority = std::string(Find(headers, "host"));
  keeps_alive_ =
      is_old_ ? HasWord(headers, "connection", "keep-alive") : !HasWord(headers, "connection", "close");
  expects_continue_ = !is_old_ && HasWord(headers, "expect", "100-continue");
  const size_t lengths = Count(headers, "content-length");
  const size_t codings = Count(headers, "transfer-encoding");
  if (codings > 0) {
    if (lengths > 0 || is_old_) return Fail(400, "the length of the body is said in two ways");
    if (codings > 1 || !absl::EqualsIgnoreCase(Find(headers, "transfer-encoding"), "chunked"))
      return Fail(501, "the only transfer-encoding known is chunked");
    is_chunked_ = true;
    state_ = State::kHeadRead;
    return true;
  }
  if (lengths > 1) return Fail(400, "the length of the body is said in two ways");
  const absl::string_view length = Find(headers, "content-length");
  const bool is_number = std::all_of(length.begin(), length.end(), absl::ascii_isdigit);
  if (lengths == 1 && (!is_number || !absl::SimpleAtoi(length, &left_)))
    return Fail(400, "content-length is no number");
  state_ = State::kHeadRead;
  return true;
}

void Http1Parser::AllowBody(uint64_t max_bytes) {
  max_body_bytes_ = max_bytes;
  if (is_chunked_) {
    state_ = State::kChunkSize;
  } else if (left_ > max_body_bytes_) {
    Fail(413, "the body is too large");
  } else {
    state_ = left_ == 0 ? State::kDone : State::kBody;
  }
}

size_t Http1Parser::FeedBody(absl::string_view bytes) {
  const size_t size = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
  request_.body.append(bytes.data(), size);
  left_ -= size;
  if (left_ == 0) state_ = State::kDone;
  return size;
}

size_t Http1Parser::FeedChunk(absl::string_view bytes) {
  const size_t size = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
  request_.body.append(bytes.data(), size);
  left_ -= size;
  if (left_ == 0) state_ = State::kChunkEnd;
  return size;
}

// A line of the framing: the size of a chunk, the end of one, or a trailer.
size_t Http1Parser::FeedLine(absl::string_view bytes) {
  const size_t end = bytes.find('\n');
  const size_t size = end == bytes.npos ? bytes.size() : end + 1;
  const bool is_trailer = state_ == State::kTrailers;
  if (is_trailer) trailer_bytes_ += size;
  if (trailer_bytes_ > limits_.max_head_bytes) {
    Fail(431, "the trailers are too long");
  } else if (!is_trailer && text_.size() + size > kMaxChunkLine) {
    Fail(400, "a chunk cannot be read");
  } else {
    text_.append(bytes.data(), size);
    if (end != bytes.npos) ReadLine();
  }
  return size;
}

void Http1Parser::ReadLine() {
  if (!absl::EndsWith(text_, kLineEnd)) {
    Fail(400, "a line ends without a carriage return");
    return;
  }
  text_.resize(text_.size() - 2);
  if (state_ == State::kChunkSize) {
    ReadChunkSize();
  } else if (state_ == State::kTrailers) {
    if (text_.empty()) state_ = State::kDone;  // What trailers say is not looked at.
  } else if (text_.empty()) {
    state_ = State::kChunkSize;
  } else {
    Fail(400, "a chunk is longer than it says");
  }
  text_.clear();
}

void Http1Parser::ReadChunkSize() {
  const absl::string_view digits = TrimBlanks(absl::string_view(text_).substr(0, text_.find(';')));
  if (digits.empty() || digits.size() > 8 ||
      !std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit)) {
    Fail(400, "the size of a chunk cannot be read");
    return;
  }
  left_ = std::stoull(std::string(digits), nullptr, 16);
  chunked_bytes_ += left_;
  if (chunked_bytes_ > max_body_bytes_) {
    Fail(413, "the body is too large");
  } else {
    state_ = left_ == 0 ? State::kTrailers : State::kChunk;
  }
}

}  // namespace cognate::http
