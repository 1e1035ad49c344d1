#include "cli/file_options.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cli/output.h"
#include "cli/sync_options.h"

namespace cognate::cli {

void PlatformFileOptions::Add(CLI::App* command) {
  command->add_option(
      "--files", directory,
      "The directory with its files, where file-transfer reaches it (docs/files.md); '' for none");
  command->add_option("--files-url", url, "The address under which that directory is served: https://…");
  private_option =
      command->add_flag("--files-private,!--no-files-private", allow_private,
                        "That address may be a private one: whether it answers is asked there, too");
  command->add_option("--files-quota", quota_bytes, "Bytes that may be put there in all; 0 for no limit");
}

absl::Status PlatformFileOptions::Set(v1::Platform* platform, std::vector<std::string>* paths) const {
  const bool private_said = private_option != nullptr && private_option->count() > 0;
  if (!directory && !url && !quota_bytes && !private_said) return absl::OkStatus();
  paths->emplace_back("files");
  if (directory && directory->empty()) {
    platform->clear_files();
    return absl::OkStatus();
  }
  if (!directory && !platform->has_files())
    return WrongOption(url           ? "--files-url"
                       : quota_bytes ? "--files-quota"
                                     : "--files-private",
                       "it alone", "--files as well: the platform has no directory yet");
  if (directory) platform->mutable_files()->set_directory(*directory);
  if (url) platform->mutable_files()->set_url(*url);
  if (quota_bytes) platform->mutable_files()->set_quota_bytes(*quota_bytes);
  if (private_said) platform->mutable_files()->set_allow_private_addresses(allow_private);
  return absl::OkStatus();
}

void PrintPlatformFiles(std::ostream& out, const v1::Platform& platform) {
  if (!platform.has_files()) return;
  const v1::FilePlace& place = platform.files();
  out << "Its files are in " << place.directory();
  if (!place.url().empty())
    out << ", served at " << place.url() << (place.allow_private_addresses() ? " (private)" : "");
  if (place.quota_bytes() > 0)
    out << "; at most " << FormatCount(place.quota_bytes()) << " bytes are put there";
  out << ".\n";
}

void SyncFileOptions::Add(CLI::App* command) {
  command
      ->add_option("--file", fields,
                   "source_field[=directory] that leads to a file, or to several: they are copied along; may "
                   "come often")
      ->take_all();
  command->add_option("--file-types", types, "Only these, of all --file: png,jpg")->delimiter(',');
  command->add_option("--file-max-bytes", max_bytes, "Larger ones are refused, of all --file");
  command->add_option("--file-placeholder", placeholder,
                      "What stands in the field until its file is there; default: the record waits");
  command->add_flag("--file-link", link, "The field gets the file's address at the source instead of a copy");
  command->add_flag("--file-link-fallback", link_fallback,
                    "As --file-link, by way of the gateway: while the source does not answer, a stored copy "
                    "does");
}

absl::Status SyncFileOptions::Set(v1::Sync* sync) const {
  for (const std::string& given : fields) {
    const size_t sign = given.find('=');
    const std::string source = given.substr(0, sign);
    v1::FileRule rule;
    if (sign != std::string::npos) rule.set_directory(given.substr(sign + 1));
    for (const std::string& type : types) rule.add_allowed_extensions(type);
    if (max_bytes) rule.set_max_bytes(*max_bytes);
    if (link || link_fallback) rule.set_mode(v1::FILE_MODE_LINK);
    if (link_fallback) rule.set_link_fallback(true);
    if (placeholder) {
      rule.set_absence(v1::FILE_ABSENCE_PLACEHOLDER);
      rule.set_placeholder(*placeholder);
    }
    bool found = false;
    for (v1::FieldMapping& field : *sync->mutable_fields()) {
      if (field.source() != source) continue;
      *field.mutable_file() = rule;
      found = true;
    }
    if (found) continue;
    if (!sync->all_fields() || source.empty())
      return WrongOption("--file", given, "a source field that --map names, too, or --all-fields");
    v1::FieldMapping& field = *sync->add_fields();
    field.set_source(source);
    field.set_target(source);
    *field.mutable_file() = rule;
  }
  return absl::OkStatus();
}

}  // namespace cognate::cli
