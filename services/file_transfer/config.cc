#include "services/file_transfer/config.h"

#include "absl/strings/match.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/links.h"

namespace cognate::file_transfer {
namespace {

absl::Status Validate(const Config& config) {
  if (IsS3(config.file_store)) RETURN_IF_ERROR(config.s3.Validate(config.file_store));
  for (const std::string& root : config.file_roots) {
    if (!absl::StartsWith(root, "/") || root.find('\0') != std::string::npos)
      return config::Wrong("file-roots", root, "absolute directories, such as /srv/www/storage");
  }
  return LinkKeys(config.link_key).status();
}

}  // namespace

void Config::Register(config::Settings& settings) {
  postgres.Register(settings);
  peers.RegisterRegistry(settings);
  peers.RegisterFeedback(settings);
  config::AddPublicUrl(settings, &public_url);
  RegisterOwn(settings);
  settings.AddValidation([this]() -> absl::Status {
    if (file_store.empty())
      return config::Wrong("file-store", "", "the directory that keeps the files, or s3://bucket/prefix");
    return IsS3(file_store) ? s3.ValidateStaging() : absl::OkStatus();
  });
}

void Config::RegisterOwn(config::Settings& settings) {
  settings.Add("file-store", &file_store,
               "What keeps the contents of files: a directory, or s3://bucket/prefix");
  s3.Register(settings);
  settings.Add("file-roots", &file_roots,
               "Directories in which platforms may have their files, several with commas; empty: none");
  settings.Add("file-max-bytes", &file_max_bytes, "The largest content that a platform's key may send",
               {1 << 20, int64_t{1} << 50});
  settings.Add("file-unbound-bytes", &file_unbound_bytes,
               "How much a platform's key may send before records lead to it, in bytes",
               {1 << 20, int64_t{1} << 60});
  settings.AddSecret(
      "link-key", &link_key,
      "What links to files are signed with, at least 32 characters, one a line: the first signs, "
      "all open; empty: no links");
  settings.AddValidation([this] { return Validate(*this); });
}

}  // namespace cognate::file_transfer
