#include "common/backup/backup_reader.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/backup/backup_errors.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/text/excerpt.h"

namespace cognate::backup {
namespace {

using nlohmann::json;

constexpr size_t kMostColumns = 500;
constexpr size_t kLongestName = 200;
constexpr int kWindowLog = 27;  // What unpacking may ask of the memory: 128 MiB.

// The object in `["word",{…}]`.
absl::StatusOr<json> ContentOf(absl::string_view line) {
  const json parsed = json::parse(line.begin(), line.end(), nullptr, false);
  if (!parsed.is_array() || parsed.size() != 2 || !parsed[0].is_string() || !parsed[1].is_object())
    return Damaged("a line of it cannot be read");
  return parsed[1];
}

std::string TextOf(const json& content, const char* key) {
  const auto found = content.find(key);
  return found != content.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int64_t NumberOf(const json& content, const char* key) {
  const auto found = content.find(key);
  return found != content.end() && found->is_number_integer() ? found->get<int64_t>() : -1;
}

}  // namespace

struct BackupReader::Stream {
  Stream() : context(ZSTD_createDCtx()), in(ZSTD_DStreamInSize(), '\0'), out(ZSTD_DStreamOutSize(), '\0') {
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, kWindowLog);
  }
  ~Stream() { ZSTD_freeDCtx(context); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  ZSTD_DCtx* const context;
  std::string in, out;
  ZSTD_inBuffer input{nullptr, 0, 0};
  size_t out_size = 0, out_at = 0;  // of what is unpacked
  bool frame_ended = false;
};

BackupReader::BackupReader(Source source) : source_(std::move(source)), stream_(std::make_unique<Stream>()) {}

BackupReader::~BackupReader() = default;

// Unpacks more; false at the end of the file.
absl::StatusOr<bool> BackupReader::Fill() {
  Stream& stream = *stream_;
  while (true) {
    if (stream.input.pos == stream.input.size) {
      ASSIGN_OR_RETURN(const size_t size, source_(stream.in.data(), stream.in.size()));
      if (size == 0) {
        if (!stream.frame_ended) return read_bytes_ == 0 ? NoBackup() : Damaged("its end is missing");
        return false;
      }
      read_bytes_ += static_cast<int64_t>(size);
      stream.input = {stream.in.data(), size, 0};
    }
    ZSTD_outBuffer output{stream.out.data(), stream.out.size(), 0};
    const size_t left = ZSTD_decompressStream(stream.context, &output, &stream.input);
    if (ZSTD_isError(left) != 0) {
      if (ZSTD_getErrorCode(left) == ZSTD_error_prefix_unknown && unpacked_bytes_ == 0) return NoBackup();
      return Damaged(absl::StrCat("it cannot be unpacked from about byte ", read_bytes_, " on"));
    }
    stream.frame_ended = left == 0;
    if (output.pos == 0) continue;
    unpacked_bytes_ += static_cast<int64_t>(output.pos);
    stream.out_size = output.pos;
    stream.out_at = 0;
    return true;
  }
}

// Into line_; false at the end of the file.
absl::StatusOr<bool> BackupReader::ReadLine() {
  Stream& stream = *stream_;
  line_.clear();
  while (true) {
    if (stream.out_at == stream.out_size) {
      ASSIGN_OR_RETURN(const bool more, Fill());
      if (!more && line_.empty()) return false;
      if (!more) return Damaged("its last line has no end");
    }
    const char* const begin = stream.out.data() + stream.out_at;
    const size_t size = stream.out_size - stream.out_at;
    const void* const end = std::memchr(begin, '\n', size);
    const size_t taken = end == nullptr ? size : static_cast<size_t>(static_cast<const char*>(end) - begin);
    line_.append(begin, taken);
    if (line_.size() > (line_[0] == '{' ? kLongestLine : kLongestControlLine))
      return Damaged("a line of it is longer than any can be");
    stream.out_at += taken + (end == nullptr ? 0 : 1);
    if (end != nullptr) return true;
  }
}

absl::StatusOr<Header> BackupReader::ReadHeader() {
  ASSIGN_OR_RETURN(const bool any, ReadLine());
  if (!any) return NoBackup();
  ASSIGN_OR_RETURN(Header header, ParseHeader(line_));
  control_digest_.Add(line_);
  control_digest_.Add("\n");
  return header;
}

absl::StatusOr<BackupReader::Kind> BackupReader::Next() {
  ASSIGN_OR_RETURN(const bool any, ReadLine());
  if (!any) return Damaged(done_ ? "nothing is behind its end" : "its end is missing");
  if (absl::StartsWith(line_, "{")) return TakeRow();
  if (absl::StartsWith(line_, "[\"part\",")) return TakePart();
  if (absl::StartsWith(line_, "[\"end\",")) return TakeEnd();
  if (absl::StartsWith(line_, "[\"done\",")) return TakeDone();
  return Damaged("a line of it is neither a row nor a word about it");
}

absl::StatusOr<BackupReader::Kind> BackupReader::TakeRow() {
  if (!in_part_) return Damaged("a row stands outside of any part");
  if (!json::accept(line_.begin(), line_.end()))
    return Damaged(absl::StrCat("row ", part_rows_ + 1, " of ", part_.name, " cannot be read"));
  part_digest_.Add(line_);
  part_digest_.Add("\n");
  ++part_rows_;
  ++totals_.rows;
  return Kind::kRow;
}

absl::StatusOr<BackupReader::Kind> BackupReader::TakePart() {
  if (in_part_) return Damaged(absl::StrCat(part_.name, " has no end"));
  ASSIGN_OR_RETURN(const json content, ContentOf(line_));
  part_ = {text::Excerpt(TextOf(content, "name"), kLongestName), {}};
  if (!seen_.insert(part_.name).second) return Damaged(absl::StrCat(part_.name, " is there twice"));
  const auto columns = content.find("columns");
  if (columns == content.end() || !columns->is_array() || columns->empty() || columns->size() > kMostColumns)
    return Damaged(absl::StrCat(part_.name, " does not say its columns"));
  for (const json& column : *columns) {
    if (!column.is_string()) return Damaged(absl::StrCat(part_.name, " does not say its columns"));
    part_.columns.push_back(column.get<std::string>());
  }
  control_digest_.Add(line_);
  control_digest_.Add("\n");
  in_part_ = true;
  part_rows_ = 0;
  return Kind::kPart;
}

absl::StatusOr<BackupReader::Kind> BackupReader::TakeEnd() {
  ASSIGN_OR_RETURN(const json content, ContentOf(line_));
  if (!in_part_ || TextOf(content, "name") != part_.name) return Damaged("a part ends that did not begin");
  if (NumberOf(content, "rows") != part_rows_)
    return Damaged(absl::StrCat(part_.name, " has ", part_rows_, " rows and not what its end says"));
  if (TextOf(content, "sha256") != absl::BytesToHexString(part_digest_.Finish()))
    return Damaged(absl::StrCat(part_.name, " is not what its checksum says"));
  control_digest_.Add(line_);
  control_digest_.Add("\n");
  in_part_ = false;
  ++totals_.parts;
  return Kind::kEnd;
}

absl::StatusOr<BackupReader::Kind> BackupReader::TakeDone() {
  ASSIGN_OR_RETURN(const json content, ContentOf(line_));
  if (in_part_) return Damaged(absl::StrCat(part_.name, " has no end"));
  totals_.sha256 = absl::BytesToHexString(control_digest_.Finish());
  if (NumberOf(content, "parts") != totals_.parts || NumberOf(content, "rows") != totals_.rows ||
      TextOf(content, "sha256") != totals_.sha256)
    return Damaged("it is not what its last line says");
  ASSIGN_OR_RETURN(const bool more, ReadLine());
  if (more) return Damaged("it goes on behind its end");
  done_ = true;
  return Kind::kDone;
}

absl::StatusOr<BackupReader::Source> OpenBackup(const std::string& path) {
  const auto failed = [path](int error) -> absl::Status {
    return Error(absl::StatusCode::kFailedPrecondition, "BACKUP_UNREADABLE",
                 absl::StrCat("cannot read ", path, ": ",
                              std::strerror(error)));  // NOLINT(concurrency-mt-unsafe): one thread.
  };
  const int opened = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened < 0) return failed(errno);
  const std::shared_ptr<const int> file(new int(opened), [](const int* descriptor) {
    close(*descriptor);
    delete descriptor;
  });
  return BackupReader::Source([file, failed](char* buffer, size_t size) -> absl::StatusOr<size_t> {
    while (true) {
      const ssize_t got = read(*file, buffer, size);
      if (got >= 0) return static_cast<size_t>(got);
      if (errno != EINTR) return failed(errno);
    }
  });
}

}  // namespace cognate::backup
