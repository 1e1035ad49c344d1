#include "services/gateway/files/download.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/files/digest.h"
#include "services/gateway/connect_error.h"
#include "services/gateway/files/download_errors.h"
#include "services/gateway/files/download_headers.h"

namespace cognate::gateway {
namespace {

constexpr char kPath[] = "/files/";
constexpr char kLastingPath[] = "/files/link/";
constexpr absl::string_view kHashPath = "/files/sha256/";
// As long may the service take to find out what is wrong with a content.
constexpr absl::Duration kVerifyTimeout = absl::Hours(1);
// So long a browser waits for a source of which nothing is known.
constexpr absl::Duration kPatience = absl::Milliseconds(900);
constexpr absl::Duration kLookAtReader = absl::Seconds(5);

class Download final : public FileCall {
 public:
  using FileCall::FileCall;

  void RunHash(const std::string& sha256) {
    FindPlatform(/*is_needed=*/false, [this, self = self(), sha256] {
      v1::GetFileRequest request;
      request.set_sha256(sha256);
      request.set_platform(platform_);
      Ask<v1::GetFileResponse>("FileTransferService/GetFile", request,
                               [this, self](const absl::StatusOr<v1::GetFileResponse>& known) {
                                 if (!known.ok()) return call_->Refuse(known.status());
                                 const std::string name = absl::BytesToHexString(known->file().sha256());
                                 Tell(known->file(), AttachmentOf(name));
                               });
    });
  }

  // Whoever has the link needs no key: it was given the right by one who had.
  void RunLink(const std::string& token) {
    rights_ = Rights::kGateway;
    v1::OpenLinkRequest request;
    request.set_token(token);
    Ask<v1::OpenLinkResponse>(
        "FileTransferService/OpenLink", request,
        [this, self = self()](const absl::StatusOr<v1::OpenLinkResponse>& link) {
          if (!link.ok()) return call_->Refuse(link.status());
          const std::string& name = link->name();
          Tell(link->file(),
               AttachmentOf(name.empty() ? absl::BytesToHexString(link->file().sha256()) : name));
        },
        rights_);
  }

  // To the source while that answers, else what is stored of it.
  void RunLastingLink(const std::string& token) {
    rights_ = Rights::kGateway;
    v1::OpenLastingLinkRequest request;
    request.set_token(token);
    Ask<v1::OpenLastingLinkResponse>(
        "FileTransferService/OpenLastingLink", request,
        [this, self = self()](const absl::StatusOr<v1::OpenLastingLinkResponse>& link) {
          if (!link.ok()) return call_->Refuse(link.status());
          lasting_ = *link;
          if (lasting_.source_address().empty()) return AnswerCopy();
          FindSource();
        },
        rights_);
  }

 private:
  std::shared_ptr<Download> self() { return std::static_pointer_cast<Download>(shared_from_this()); }
  bool is_head() const { return call_->request().method == "HEAD"; }

  void FindSource() {
    const auto take = [this, self = self(), is_over = std::make_shared<bool>(false)](bool answers) {
      if (std::exchange(*is_over, true)) return;
      if (!answers) return AnswerCopy();
      parts_.sources.Count("source");
      call_->Answer(
          {302, {{"location", lasting_.source_address()}, {"cache-control", "public, max-age=10"}}, ""});
    };
    call_->exchange().loop().After(kPatience, [take] { take(false); });
    parts_.sources.Ask(
        lasting_.source_address(), lasting_.allow_private_addresses(),
        [self = self(), take](bool answers) { self->Post([take, answers] { take(answers); }); });
  }

  void AnswerCopy() {
    if (lasting_.has_file()) {
      parts_.sources.Count("copy");
      const v1::File& file = lasting_.file();
      return Tell(file, IsPlainPicture(file.media_type()) ? "inline" : AttachmentOf(lasting_.name()));
    }
    parts_.sources.Count("none");
    call_->Refuse(NoCopy(lasting_.error()));
  }

  void Tell(const v1::File& file, const std::string& disposition) {
    sha256_ = file.sha256();
    const http::Headers& asked = call_->request().headers;
    const std::string tag = absl::StrCat("\"", absl::BytesToHexString(sha256_), "\"");
    // Whose content it is may change, and what it is may not.
    headers_ = {{"etag", tag}, {"cache-control", "private, no-cache"}};
    if (NamesTag(http::Find(asked, "if-none-match"), tag)) return call_->Answer({304, headers_, ""});
    const absl::string_view condition = http::Find(asked, "if-range");
    const bool is_ranged = !is_head() && (condition.empty() || condition == tag);
    const ByteRange range = ParseRange(is_ranged ? http::Find(asked, "range") : "", file.size_bytes());
    if (range.kind == ByteRange::Kind::kUnsatisfiable) return RefuseRange(file.size_bytes());
    // A content is somebody else's: no browser shows it as a page of this address.
    headers_.push_back({"accept-ranges", "bytes"});
    headers_.push_back(
        {"content-type", file.media_type().empty() ? "application/octet-stream" : file.media_type()});
    headers_.push_back({"content-disposition", disposition});
    headers_.push_back({"x-content-type-options", "nosniff"});
    headers_.push_back({"content-security-policy", "default-src 'none'; sandbox"});
    headers_.push_back({"content-length", absl::StrCat(range.length)});
    if (range.kind == ByteRange::Kind::kPart) {
      status_ = 206;
      headers_.push_back(
          {"content-range", absl::StrCat("bytes ", range.offset, "-", range.offset + range.length - 1, "/",
                                         file.size_bytes())});
    }
    offset_ = range.offset;
    left_ = range.length;
    is_whole_ = range.length == file.size_bytes();
    call_->exchange().OnGone([self = self()] { self->Gone(); });
    if (!is_head() && left_ > 0) return Enter();
    call_->Begin(headers_, status_);
    call_->End(absl::OkStatus());
  }

  void Enter() {
    if (is_gone_) return;
    auto seat = parts_.downloads.Enter(call_->client_address(), rights_ == Rights::kGateway ? sha256_ : "");
    if (!seat.ok()) return call_->Refuse(seat.status());
    seat_ = *std::move(seat);
    piece_bytes_ = parts_.downloads.NextPiece(0, absl::ZeroDuration());
    WatchReader();
    ReadPiece();
  }

  void RefuseRange(int64_t size_bytes) {
    const absl::Status status = RangeBehindEnd(size_bytes);
    http::Response response = ConnectError(status, 416);
    response.headers.push_back({"content-range", absl::StrCat("bytes */", size_bytes)});
    call_->Answer(std::move(response), status);
  }

  // Asks for one at a time, so that a reader who stands still holds a piece here, and nothing in the service.
  void ReadPiece() {
    v1::ReadRequest request;
    request.set_sha256(sha256_);
    request.set_offset(offset_);
    request.set_limit(std::min(left_, piece_bytes_));
    seat_->Expect(request.limit());
    request.set_platform(platform_);
    UpstreamRequest upstream = RequestTo("FileTransferService/Read", rights_);
    upstream.deadline = call_->clock().Now() + parts_.timeout;
    upstream.message = request.SerializeAsString();
    reading_ = parts_.upstream.Stream(
        std::move(upstream),
        [self = self()](std::string message) {
          self->Post([self, message = std::move(message)] { self->TakeBytes(message); });
        },
        [self = self()](const UpstreamAnswer& answer) {
          self->Post([self, status = answer.status] { self->EndPiece(status); });
        });
  }

  void TakeBytes(const std::string& message) {
    v1::ReadResponse response;
    if (!response.ParseFromString(message) || is_gone_) {
      // It rests now, so that it ends, also where it was cancelled while this was on its way.
      if (reading_ != nullptr) reading_->Cancel();
      return;
    }
    piece_.append(response.data());
    reading_->Next();
  }

  void EndPiece(const absl::Status& status) {
    reading_ = nullptr;
    seat_->Expect(0);
    if (is_gone_) return call_->Gone();
    const auto size = static_cast<int64_t>(piece_.size());
    if (!status.ok() || size != std::min(left_, piece_bytes_)) return Fail(status);
    if (is_whole_) digest_.Add(piece_);
    if (is_whole_ && size == left_ && digest_.Finish() != sha256_) return FailDamaged();
    if (!std::exchange(is_begun_, true)) {
      call_->exchange().CountIn(parts_.downloads.memory());
      call_->Begin(headers_, status_);
    }
    offset_ += size;
    left_ -= size;
    written_ = http::Monotonic();
    untaken_ = size;
    call_->exchange().Write(std::exchange(piece_, std::string()),
                            [this, self = self(), size] { Taken(size); });
  }

  void Taken(int64_t size) {
    if (std::exchange(untaken_, 0) == 0 || is_gone_) return;
    if (left_ == 0) return call_->End(absl::OkStatus());
    piece_bytes_ = parts_.downloads.NextPiece(size, http::Monotonic() - written_);
    ReadPiece();
  }

  // Who takes a byte now and then holds what others need, and reads nothing.
  void WatchReader() {
    call_->exchange().loop().After(kLookAtReader, [weak = std::weak_ptr<Download>(self())] {
      const std::shared_ptr<Download> one = weak.lock();
      if (one == nullptr || one->is_gone_) return;
      const bool waits = one->untaken_ > 0;
      if (!waits || http::Monotonic() - one->written_ <= Downloads::PatienceFor(one->untaken_))
        return one->WatchReader();
      one->Fail(ReaderTooSlow());
      one->is_gone_ = true;
    });
  }

  void Fail(const absl::Status& status) {
    const absl::Status fault = status.ok() ? ContentTooShort() : status;
    if (!is_begun_) return call_->Refuse(fault);
    call_->exchange().Abort();
    call_->End(fault);
  }

  // The service compares with the hash what it gives as a whole, and this was asked for in pieces: the last
  // of them is kept back, and the service looks for itself.
  void FailDamaged() {
    Fail(ContentDamaged(sha256_));
    v1::ReadRequest request;
    request.set_sha256(sha256_);
    request.set_platform(platform_);
    UpstreamRequest upstream = RequestTo("FileTransferService/Read", rights_);
    upstream.deadline = call_->clock().Now() + kVerifyTimeout;
    upstream.message = request.SerializeAsString();
    const auto verifying = std::make_shared<std::shared_ptr<UpstreamCall>>();
    *verifying = parts_.upstream.Stream(
        std::move(upstream),
        [self = self(), verifying](const std::string&) { self->Post([verifying] { (*verifying)->Next(); }); },
        [self = self(), verifying](const UpstreamAnswer&) {
          self->Post([verifying] { verifying->reset(); });
        });
  }

  void Gone() {
    is_gone_ = true;
    if (reading_ != nullptr) return reading_->Cancel();
    call_->Gone();
  }

  Rights rights_ = Rights::kCaller;
  v1::OpenLastingLinkResponse lasting_;
  std::string sha256_;
  http::Headers headers_;
  int status_ = 200;
  int64_t offset_ = 0;
  int64_t left_ = 0;
  std::string piece_;
  std::unique_ptr<Downloads::Seat> seat_;
  int64_t piece_bytes_ = 0;
  absl::Duration written_;  // When the last piece was given to the connection.
  int64_t untaken_ = 0;     // Of it.
  bool is_whole_ = false;   // All of the content is asked for.
  files::Digest digest_;    // Then of what was read.
  std::shared_ptr<UpstreamCall> reading_;
  bool is_begun_ = false;
  bool is_gone_ = false;
};

void Get(const FileParts& parts, const CallPtr& call) {
  absl::string_view path = call->request().path;
  const bool is_by_hash = absl::ConsumePrefix(&path, kHashPath);
  const bool lasts = absl::ConsumePrefix(&path, kLastingPath);
  call->SetName(is_by_hash ? "files/sha256/{hex}" : lasts ? "files/link/{link}" : "files/{link}");
  const std::string& method = call->request().method;
  if (method != "GET" && method != "HEAD") return RefuseMethod(*call, "GET, HEAD");
  if (is_by_hash) {
    const std::string sha256 = files::ParseSha256(path);
    if (sha256.empty()) return RefusePath(*call);
    return std::make_shared<Download>(parts, call)->RunHash(sha256);
  }
  if (!lasts) path.remove_prefix(sizeof(kPath) - 1);
  if (path.empty() || absl::StrContains(path, '/')) return RefusePath(*call);
  const auto download = std::make_shared<Download>(parts, call);
  if (lasts) return download->RunLastingLink(std::string(path));
  download->RunLink(std::string(path));
}

}  // namespace

void AddDownloadRoutes(Routes& routes, const FileParts& parts) {
  routes.AddPrefix(kPath, [&parts](const CallPtr& call) { Get(parts, call); });
}

}  // namespace cognate::gateway
