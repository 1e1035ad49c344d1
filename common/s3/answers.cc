#include "common/s3/answers.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/s3/encoding.h"
#include "common/s3/errors.h"
#include "common/s3/xml.h"
#include "common/status/status_macros.h"

namespace cognate::s3 {
namespace {

// An id or a token goes back to S3 as it is; longer ones than this are none.
constexpr size_t kMaxToken = 4'096;

absl::StatusOr<Element> Document(absl::string_view document, absl::string_view root_name) {
  absl::StatusOr<Element> root = ParseXml(document);
  if (!root.ok()) return Unreadable(root.status().message());
  if (root->name != root_name)
    return Unreadable(absl::StrCat("it answers with another document than ", root_name));
  return root;
}

// Keys are asked for in URL encoding, since XML cannot hold every one; who does not know that answers them as
// they are.
absl::StatusOr<std::string> Text(const Element& parent, const Element& root, absl::string_view name) {
  const std::string& text = parent.TextOf(name);
  if (text.size() > kMaxToken) return Unreadable(absl::StrCat("a ", name, " of ", text.size(), " bytes"));
  if (root.TextOf("EncodingType") != "url") return text;
  std::optional<std::string> decoded = Decode(text);
  if (!decoded.has_value()) return Unreadable(absl::StrCat("a ", name, " that is not URL-encoded"));
  return *std::move(decoded);
}

absl::StatusOr<absl::Time> Time(const Element& parent, absl::string_view name) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, parent.TextOf(name), &time, &error))
    return Unreadable(absl::StrCat("a ", name, " that is no time"));
  return time;
}

// True where there are more pages; those need their next step, or they never end.
absl::StatusOr<bool> IsTruncated(const Element& root, absl::string_view next) {
  const bool is_truncated = root.TextOf("IsTruncated") == "true";
  if (is_truncated && root.TextOf(next).empty())
    return Unreadable(absl::StrCat("a list that has more, without ", next));
  return is_truncated;
}

}  // namespace

absl::StatusOr<ObjectPage> ReadObjectPage(absl::string_view document) {
  ASSIGN_OR_RETURN(const Element root, Document(document, "ListBucketResult"));
  ObjectPage page;
  for (const Element& element : root.children) {
    if (element.name != "Contents") continue;
    Object& object = page.objects.emplace_back();
    ASSIGN_OR_RETURN(object.key, Text(element, root, "Key"));
    ASSIGN_OR_RETURN(object.last_modified, Time(element, "LastModified"));
    if (!absl::SimpleAtoi(element.TextOf("Size"), &object.size) || object.size < 0)
      return Unreadable("a Size that is no number");
  }
  ASSIGN_OR_RETURN(const bool is_truncated, IsTruncated(root, "NextContinuationToken"));
  if (is_truncated) page.next_token = root.TextOf("NextContinuationToken");
  return page;
}

absl::StatusOr<PendingUploadPage> ReadPendingUploadPage(absl::string_view document) {
  ASSIGN_OR_RETURN(const Element root, Document(document, "ListMultipartUploadsResult"));
  PendingUploadPage page;
  for (const Element& element : root.children) {
    if (element.name != "Upload") continue;
    PendingUpload& upload = page.uploads.emplace_back();
    ASSIGN_OR_RETURN(upload.key, Text(element, root, "Key"));
    ASSIGN_OR_RETURN(upload.begun, Time(element, "Initiated"));
    upload.id = element.TextOf("UploadId");
    if (upload.id.empty() || upload.id.size() > kMaxToken) return Unreadable("an upload without an id");
  }
  ASSIGN_OR_RETURN(const bool is_truncated, IsTruncated(root, "NextKeyMarker"));
  page.is_last = !is_truncated;
  ASSIGN_OR_RETURN(page.next_key, Text(root, root, "NextKeyMarker"));
  page.next_id = root.TextOf("NextUploadIdMarker");
  return page;
}

absl::StatusOr<std::string> ReadUploadId(absl::string_view document) {
  ASSIGN_OR_RETURN(const Element root, Document(document, "InitiateMultipartUploadResult"));
  const std::string& id = root.TextOf("UploadId");
  if (id.empty() || id.size() > kMaxToken) return Unreadable("an upload without an id");
  return id;
}

bool IsErrorDocument(absl::string_view document) {
  const absl::StatusOr<Element> root = ParseXml(document);
  return root.ok() && root->name == "Error";
}

std::string CompleteDocument(const std::vector<std::string>& etags) {
  std::string document = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (size_t i = 0; i < etags.size(); ++i) {
    const std::string etag = absl::StrReplaceAll(etags[i], {{"&", "&amp;"}, {"<", "&lt;"}, {"\"", "&quot;"}});
    absl::StrAppend(&document, "<Part><ETag>", etag, "</ETag><PartNumber>", i + 1, "</PartNumber></Part>");
  }
  return absl::StrCat(document, "</CompleteMultipartUpload>");
}

}  // namespace cognate::s3
