#include "services/file_transfer/s3/s3_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/ids/uuid.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/disk/squeeze.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/memory_reader.h"
#include "services/file_transfer/s3/s3_errors.h"
#include "services/file_transfer/s3/s3_reader.h"

namespace cognate::file_transfer {
namespace {

// Larger ones go in parts: what is cut is sent again in small pieces only.
constexpr int64_t kMaxWhole = 64 << 20;
constexpr int64_t kPartBytes = 16 << 20;
// Younger packs may be those whose places somebody is about to remember.
constexpr absl::Duration kYoungPack = absl::Hours(1);
// An upload in parts that is older than this is nobody's.
constexpr absl::Duration kOldUpload = absl::Hours(24);
constexpr absl::Duration kProbeTimeout = absl::Seconds(5);
constexpr size_t kPackDigits = 16;
constexpr char kEmptied[] = ".emptied";

int64_t NewPackNumber() {
  int64_t number = 0;
  while (number == 0) {
    RandomBytes(&number, sizeof(number));
    number &= INT64_MAX;
  }
  return number;
}

}  // namespace

S3Store::S3Store(std::unique_ptr<s3::Client> client, std::unique_ptr<s3::Client> probe, Place place,
                 const Uuid& store_id, const Clock& clock)
    : client_(std::move(client)),
      probe_(std::move(probe)),
      prefix_(place.prefix.empty() ? "" : place.prefix + "/"),
      partials_(std::move(place.partials)),
      store_id_(store_id),
      clock_(clock),
      packs_(*client_, clock) {}

S3Store::~S3Store() {
  client_->Stop();
  probe_->Stop();
}

absl::StatusOr<std::unique_ptr<S3Store>> S3Store::Open(Place place, const Uuid& store_id, bool is_new,
                                                       const Clock& clock) {
  ASSIGN_OR_RETURN(std::unique_ptr<s3::Client> client, s3::Client::Create(place.options, clock));
  s3::Options once = place.options;
  once.max_attempts = 1;
  once.transport.connect_timeout = kProbeTimeout;
  once.transport.stall_timeout = kProbeTimeout;
  ASSIGN_OR_RETURN(std::unique_ptr<s3::Client> probe, s3::Client::Create(once, clock));
  std::unique_ptr<S3Store> store(
      new S3Store(std::move(client), std::move(probe), std::move(place), store_id, clock));
  ASSIGN_OR_RETURN(std::string found, store->ReadStoreId(*store->client_));
  const std::string own = store_id.ToString();
  const std::string key = store->prefix_ + "store-id";
  if (found.empty() && !is_new) {
    return StoreMismatch(key,
                         "the database has files, and this is no file store: are bucket and prefix the right "
                         "ones? (--file-store)");
  }
  if (found.empty()) {
    const std::string line = own + "\n";
    RETURN_IF_ERROR(store->client_->Put(key, s3::SourceOf(line)));
    // Of two that begin at the same time the later one has it.
    ASSIGN_OR_RETURN(found, store->ReadStoreId(*store->client_));
  }
  if (found != own) {
    return StoreMismatch(key,
                         "this is the file store of another database: give the one that belongs to it, or "
                         "another prefix (--file-store)");
  }
  return store;
}

absl::StatusOr<std::string> S3Store::ReadStoreId(s3::Client& client) {
  std::string text;
  const absl::Status status = client.Get(prefix_ + "store-id", 0, -1, [&](absl::string_view data) {
    text.append(data.data(), std::min<size_t>(data.size(), 64));
    return text.size() < 64;
  });
  if (IsMissingObject(status)) return "";
  RETURN_IF_ERROR(status);
  return std::string(absl::StripAsciiWhitespace(text));
}

absl::Status S3Store::Check() {
  const absl::StatusOr<std::string> found = ReadStoreId(*probe_);
  RETURN_IF_ERROR(FromS3(found.status()));
  if (*found != store_id_.ToString())
    return StoreUnavailable(
        absl::StrCat("the object ", prefix_, "store-id in its bucket is gone, or another's"));
  return partials_->Check();
}

absl::Status S3Store::Missing(const absl::Status& status) {
  if (absl::IsDataLoss(status)) RETURN_IF_ERROR(Check());
  return status;
}

std::string S3Store::PackKey(int64_t number) const {
  return absl::StrFormat("%spacks/%0*x", prefix_, kPackDigits, number);
}

std::string S3Store::BlobKey(absl::string_view blob) const { return absl::StrCat(prefix_, "blobs/", blob); }

absl::StatusOr<BlobStore::Packed> S3Store::Pack(absl::Span<const absl::string_view> contents) {
  Packed packed;
  const int64_t number = NewPackNumber();
  std::string bytes;
  for (const absl::string_view content : contents) {
    std::string squeezed;
    BlobPlace& place = packed.places.emplace_back();
    place.pack = number;
    place.offset = static_cast<int64_t>(bytes.size());
    place.is_compressed = Squeeze(content, &squeezed);
    absl::StrAppend(&bytes, place.is_compressed ? squeezed : content);
    place.stored_bytes = static_cast<int64_t>(bytes.size()) - place.offset;
  }
  // Its age holds it; see HoldPack.
  RETURN_IF_ERROR(FromS3(client_->Put(PackKey(number), s3::SourceOf(bytes))));
  return packed;
}

absl::StatusOr<std::unique_ptr<Partial>> S3Store::OpenPartial(absl::string_view name,
                                                              int64_t committed_bytes) {
  return partials_->OpenPartial(name, committed_bytes);
}

absl::StatusOr<std::unique_ptr<BlobReader>> S3Store::ReadPartial(absl::string_view name) {
  return partials_->ReadPartial(name);
}

absl::Status S3Store::RemovePartial(absl::string_view name) { return partials_->RemovePartial(name); }

absl::StatusOr<BlobPlace> S3Store::Publish(Partial& partial, absl::string_view /*name*/,
                                           absl::string_view sha256) {
  BlobPlace place;
  place.stored_bytes = partial.size();
  place.blob = absl::StrCat(absl::BytesToHexString(sha256), "-", RandomHex(8));
  const std::string key = BlobKey(place.blob);
  const s3::Source source{partial.size(), [&](int64_t offset, char* buffer, size_t room) {
                            return partial.ReadAt(offset, buffer, room);
                          }};
  // S3 finds what is not that content by its hash, or by those of the parts.
  const absl::Status put = source.size <= kMaxWhole
                               ? client_->Put(key, source, absl::BytesToHexString(sha256))
                               : client_->PutInParts(key, source, kPartBytes);
  RETURN_IF_ERROR(FromS3(put));
  return place;
}

absl::StatusOr<std::unique_ptr<BlobReader>> S3Store::Open(const BlobPlace& place, int64_t size_bytes) {
  if (place.blob.empty()) return OpenPiece(place, size_bytes);
  const std::string key = BlobKey(place.blob);
  const absl::StatusOr<s3::Client::Head> head = client_->GetHead(key);
  RETURN_IF_ERROR(Missing(FromS3Read(head.status())));
  if (head->size != size_bytes)
    return absl::DataLossError(absl::StrCat("its object has ", head->size, " bytes, not ", size_bytes));
  return std::make_unique<S3Reader>(*client_, key, size_bytes);
}

absl::StatusOr<std::unique_ptr<BlobReader>> S3Store::OpenPiece(const BlobPlace& place, int64_t size_bytes) {
  absl::StatusOr<std::string> piece = packs_.Read(PackKey(place.pack), place.offset, place.stored_bytes);
  RETURN_IF_ERROR(Missing(piece.status()));
  if (static_cast<int64_t>(piece->size()) < place.stored_bytes)
    return absl::DataLossError("its pack is shorter than it was");
  if (place.is_compressed) {
    ASSIGN_OR_RETURN(*piece, Unsqueeze(*piece, size_bytes));
  } else if (place.stored_bytes != size_bytes) {
    return absl::DataLossError("its piece of the pack has another size");
  }
  return std::make_unique<MemoryReader>(*std::move(piece));
}

absl::Status S3Store::Remove(const BlobPlace& place) {
  return place.blob.empty() ? absl::OkStatus() : FromS3(client_->Delete(BlobKey(place.blob)));
}

absl::StatusOr<std::vector<BlobStore::PackFile>> S3Store::ListPacks(absl::FunctionRef<bool()> is_over) {
  std::vector<PackFile> packs;
  const std::string prefix = prefix_ + "packs/";
  RETURN_IF_ERROR(FromS3(client_->ForEach(prefix, [&](const s3::Object& object) -> absl::Status {
    if (is_over()) return absl::CancelledError("nobody waits for the packs any more");
    absl::string_view digits = absl::StripPrefix(object.key, prefix);
    const bool is_mark = absl::ConsumeSuffix(&digits, kEmptied);
    PackFile pack;
    if (digits.size() != kPackDigits || !absl::SimpleHexAtoi(digits, &pack.number) || pack.number <= 0)
      return absl::OkStatus();
    pack.size_bytes = object.size;
    // In the order of their keys a mark comes right behind its pack.
    if (!is_mark) {
      packs.push_back(pack);
    } else if (!packs.empty() && packs.back().number == pack.number) {
      packs.back().emptied_at = object.last_modified;
    }
    return absl::OkStatus();
  })));
  return packs;
}

absl::StatusOr<std::shared_ptr<void>> S3Store::HoldPack(int64_t number) {
  const absl::StatusOr<s3::Client::Head> head = client_->GetHead(PackKey(number));
  if (IsMissingObject(head.status())) return nullptr;
  RETURN_IF_ERROR(FromS3(head.status()));
  // Nobody writes to it in any case.
  if (head->last_modified + kYoungPack > clock_.Now()) return nullptr;
  return std::make_shared<int64_t>(number);
}

absl::Status S3Store::SetEmptied(int64_t number) {
  const std::string nothing;
  return FromS3(client_->Put(PackKey(number) + kEmptied, s3::SourceOf(nothing)));
}

absl::Status S3Store::RemovePack(int64_t number) {
  const std::string key = PackKey(number);
  packs_.Forget(key);
  // A pack without its mark is looked at again; a mark without its pack would stay.
  RETURN_IF_ERROR(FromS3(client_->Delete(key + kEmptied)));
  return FromS3(client_->Delete(key));
}

absl::Status S3Store::ForEachBlob(absl::Time before,
                                  absl::FunctionRef<absl::Status(absl::string_view)> visit) {
  const std::string prefix = prefix_ + "blobs/";
  return FromS3(client_->ForEach(prefix, [&](const s3::Object& object) {
    if (object.last_modified >= before) return absl::OkStatus();
    return visit(absl::StripPrefix(object.key, prefix));
  }));
}

absl::Status S3Store::ForEachPartial(absl::Time before,
                                     absl::FunctionRef<absl::Status(absl::string_view)> visit) {
  // What is on its way in S3 has no name of its own there.
  const absl::Time old = std::min(before, clock_.Now() - kOldUpload);
  RETURN_IF_ERROR(FromS3(client_->AbortUploads(prefix_ + "blobs/", old).status()));
  return partials_->ForEachPartial(before, visit);
}

}  // namespace cognate::file_transfer
