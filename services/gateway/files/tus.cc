#include "services/gateway/files/tus.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/gateway/files/body_digest.h"
#include "services/gateway/files/tus_create.h"
#include "services/gateway/files/tus_patch.h"
#include "services/gateway/files/upload_headers.h"

namespace cognate::gateway {
namespace {

constexpr char kExtensions[] = "creation,creation-with-upload,checksum,expiration,termination,concatenation";

// What the server can, for whoever asks.
void TellOptions(const FileParts& parts, Call& call) {
  call.Answer({204,
               {{"tus-resumable", kTusVersion},
                {"tus-version", kTusVersion},
                {"tus-extension", kExtensions},
                {"tus-max-size", absl::StrCat(parts.max_upload_bytes)},
                {"tus-checksum-algorithm", BodyDigest::Algorithms()}},
               ""});
}

// HEAD: how far an upload is.
class TusHead final : public TusCall {
 public:
  using TusCall::TusCall;

  void Run(const std::string& name) {
    FindPlatform(/*is_needed=*/true, [this, self = self(), name] {
      parts_.active.Settle(call_->exchange().loop(), KeyOf(name), [this, self, name] {
        Look(name, [this, self](const absl::StatusOr<TusUpload>& upload) {
          upload.ok() ? Take(*upload) : Refuse(upload.status());
        });
      });
    });
  }

 private:
  std::shared_ptr<TusHead> self() { return std::static_pointer_cast<TusHead>(shared_from_this()); }

  void Take(const TusUpload& upload) {
    const bool is_complete = upload.offset == upload.size;
    if (!is_complete || upload.has_file() || upload.note.is_partial) return Tell(upload);
    // All bytes are there, and whoever was to make a content of them died.
    Complete(upload, [this, self = self(), upload](absl::StatusOr<v1::WriteResponse> written) {
      // Without a content it must not look like one: a client would take it for done.
      if (!written.ok()) return Refuse(written.status());
      TusUpload complete = upload;
      complete.file = written->file();
      Tell(complete);
    });
  }

  void Tell(const TusUpload& upload) {
    http::Headers headers = {{"upload-length", absl::StrCat(upload.size)}};
    // Of one that is made of others there is no offset before it is whole.
    if (!upload.note.is_final || upload.has_file())
      headers.push_back({"upload-offset", absl::StrCat(upload.offset)});
    if (!upload.note.metadata.empty()) headers.push_back({"upload-metadata", upload.note.metadata});
    if (!upload.note.concat.empty()) headers.push_back({"upload-concat", upload.note.concat});
    if (upload.has_file()) {
      AddHash(headers, upload.file);
    } else {
      AddExpiry(headers, upload.expire_at);
    }
    Answer(200, std::move(headers));
  }
};

// DELETE: an upload that is given up.
class TusDelete final : public TusCall {
 public:
  using TusCall::TusCall;

  void Run(const std::string& name) {
    FindPlatform(/*is_needed=*/true, [this, self = self(), name] {
      Look(name, [this, self](const absl::StatusOr<TusUpload>& upload) {
        if (!upload.ok()) return Refuse(upload.status());
        v1::CancelWriteRequest request;
        request.set_upload(upload->name);
        request.set_platform(platform_);
        Ask<v1::CancelWriteResponse>("FileTransferService/CancelWrite", request,
                                     [this, self](const absl::StatusOr<v1::CancelWriteResponse>& removed) {
                                       removed.ok() ? Answer(204, {}) : Refuse(removed.status());
                                     });
      });
    });
  }

 private:
  std::shared_ptr<TusDelete> self() { return std::static_pointer_cast<TusDelete>(shared_from_this()); }
};

// Whether the client speaks the version that is spoken here; else it is told.
bool SpeaksTus(Call& call) {
  if (http::Find(call.request().headers, "tus-resumable") == kTusVersion) return true;
  const absl::Status status =
      Error(absl::StatusCode::kFailedPrecondition, "TUS_VERSION_UNSUPPORTED",
            absl::StrCat("tus-resumable: want ", kTusVersion, ", the version of the protocol"));
  call.Answer({412, {{"tus-version", kTusVersion}, {"content-type", "text/plain"}}, "want tus 1.0.0\n"},
              status);
  return false;
}

void Collection(const FileParts& parts, const CallPtr& call) {
  call->SetName("files/tus");
  const std::string& method = call->request().method;
  if (method == "OPTIONS") return TellOptions(parts, *call);
  if (method != "POST") return RefuseMethod(*call, "OPTIONS, POST");
  if (SpeaksTus(*call)) std::make_shared<TusCreate>(parts, call)->Run();
}

void One(const FileParts& parts, const CallPtr& call) {
  const std::string& method = call->request().method;
  if (call->request().path == absl::StrCat(kTusPath, "/")) return Collection(parts, call);
  call->SetName("files/tus/{upload}");
  if (method == "OPTIONS") return TellOptions(parts, *call);
  const std::optional<std::string> name = UploadOfPath(call->request().path);
  if (!name) return RefusePath(*call);
  if (method != "HEAD" && method != "PATCH" && method != "DELETE")
    return RefuseMethod(*call, "DELETE, HEAD, OPTIONS, PATCH");
  if (!SpeaksTus(*call)) return;
  if (method == "HEAD") return std::make_shared<TusHead>(parts, call)->Run(*name);
  if (method == "PATCH") return std::make_shared<TusPatch>(parts, call)->Run(*name);
  std::make_shared<TusDelete>(parts, call)->Run(*name);
}

}  // namespace

void AddTusRoutes(Routes& routes, const FileParts& parts) {
  const auto collection = [&parts](const CallPtr& call) { Collection(parts, call); };
  routes.AddPrefix(absl::StrCat(kTusPath, "/"), [&parts](const CallPtr& call) { One(parts, call); });
  routes.Add("OPTIONS,POST", kTusPath, collection);
}

bool IsUpload(const http::Request& request) {
  return (request.method == "PATCH" || request.method == "POST") && absl::StartsWith(request.path, kTusPath);
}

}  // namespace cognate::gateway
