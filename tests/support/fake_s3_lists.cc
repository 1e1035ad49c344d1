// The half of FakeS3 that answers in XML: lists, and uploads in parts.
#include <httplib.h>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/s3/encoding.h"
#include "tests/support/fake_s3.h"

namespace cognate::test_support {
namespace {

using absl::StrAppend;
using absl::StrCat;

constexpr char kXml[] = "application/xml";

std::string Rfc3339(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

}  // namespace

void FakeS3::ListObjects(Asked& asked, httplib::Response& response) {
  const std::string& prefix = asked.query["prefix"];
  std::string document =
      "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><EncodingType>url</EncodingType>";
  size_t count = 0;
  std::string last;
  for (auto at = objects_.upper_bound(absl::HexStringToBytes(asked.query["continuation-token"]));
       at != objects_.end(); ++at) {
    if (!absl::StartsWith(at->first, prefix)) continue;
    if (count == page_size_) {
      StrAppend(&document, "<IsTruncated>true</IsTruncated><NextContinuationToken>", s3::ToHex(last),
                "</NextContinuationToken>");
      break;
    }
    ++count;
    last = at->first;
    StrAppend(&document, "<Contents><Key>", s3::Encode(last), "</Key><LastModified>",
              Rfc3339(at->second.modified), "</LastModified><Size>", at->second.content.size(),
              "</Size></Contents>");
  }
  response.set_content(StrCat(document, "</ListBucketResult>"), kXml);
}

void FakeS3::ListUploads(Asked& asked, httplib::Response& response) {
  std::string document = "<ListMultipartUploadsResult><EncodingType>url</EncodingType>";
  size_t count = 0;
  std::string last;
  for (auto at = uploads_.upper_bound(asked.query["upload-id-marker"]); at != uploads_.end(); ++at) {
    if (!absl::StartsWith(at->second.key, asked.query["prefix"])) continue;
    if (count == page_size_) {
      StrAppend(&document, "<IsTruncated>true</IsTruncated><NextKeyMarker>", s3::Encode(uploads_[last].key),
                "</NextKeyMarker><NextUploadIdMarker>", last, "</NextUploadIdMarker>");
      break;
    }
    ++count;
    last = at->first;
    StrAppend(&document, "<Upload><Key>", s3::Encode(at->second.key), "</Key><UploadId>", last,
              "</UploadId><Initiated>", Rfc3339(at->second.begun), "</Initiated></Upload>");
  }
  response.set_content(StrCat(document, "</ListMultipartUploadsResult>"), kXml);
}

void FakeS3::AnswerUpload(const std::string& method, Asked& asked, httplib::Response& response) {
  if (asked.query.contains("uploads")) {
    const std::string id = absl::StrFormat("upload-%06d", ++last_upload_);
    uploads_[id] = {asked.key, absl::Now(), {}};
    return response.set_content(StrCat("<InitiateMultipartUploadResult><UploadId>", id,
                                       "</UploadId></InitiateMultipartUploadResult>"),
                                kXml);
  }
  const auto found = uploads_.find(asked.query["uploadId"]);
  if (found == uploads_.end() || found->second.key != asked.key) return Refuse(response, 404, "NoSuchUpload");
  if (method == "PUT") {
    int number = 0;
    if (!absl::SimpleAtoi(asked.query["partNumber"], &number))
      return Refuse(response, 400, "InvalidArgument");
    response.set_header("ETag", EtagOf(asked.body).c_str());
    found->second.parts[number] = std::move(asked.body);
    return;
  }
  if (method == "POST") {
    std::string content;
    for (const auto& [number, part] : found->second.parts) {
      const std::string entry = StrCat("<ETag>&quot;", EtagOf(part).substr(1, 32),
                                       "&quot;</ETag><PartNumber>", number, "</PartNumber>");
      if (!absl::StrContains(asked.body, entry)) return Refuse(response, 400, "InvalidPart");
      content += part;
    }
    objects_[asked.key] = {std::move(content), absl::Now()};
    response.set_content("<CompleteMultipartUploadResult/>", kXml);
  }
  if (method == "DELETE") response.status = 204;
  uploads_.erase(found);
}

}  // namespace cognate::test_support
