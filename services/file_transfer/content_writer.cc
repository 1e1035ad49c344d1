#include "services/file_transfer/content_writer.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "common/files/digest.h"
#include "common/status/status_macros.h"

namespace cognate::file_transfer {
namespace {

constexpr int64_t kInFlight = 8 << 20;
constexpr int64_t kSyncEvery = 16 << 20;
// An upload that is slow must not expire while it goes on.
constexpr absl::Duration kSyncAfter = absl::Seconds(10);
constexpr size_t kReadBytes = 256 << 10;
// What a piece costs beside its bytes, or many tiny ones would take much more than they say.
constexpr int64_t kPieceCost = 1 << 10;
// How far a hash is, is noted after so many bytes; of the notes that wait for a sync the newest are kept.
constexpr int64_t kNoteEvery = 256 << 10;
constexpr size_t kNotes = 64;

}  // namespace

// Some bytes, or a part of a stored content, or only the wish for a sync.
struct ContentWriter::Piece {
  explicit Piece(ContentWriter& its_writer) : writer(its_writer) {}
  ~Piece() {
    if (taken > 0) {
      writer.own_budget_.Give(taken);
      writer.budget_.Give(taken);
    }
  }
  Piece(const Piece&) = delete;
  Piece& operator=(const Piece&) = delete;

  ContentWriter& writer;
  std::string bytes;
  int64_t taken = 0;
  std::shared_ptr<BlobReader> from;
  int64_t offset = 0;
  int64_t length = 0;
  bool is_sync = false;
};

struct ContentWriter::State {
  files::Digest digest;  // The hashing thread's.
  int64_t noted = 0;     // The same.
  Mutex mutex;
  absl::Status failure ABSL_GUARDED_BY(mutex);
  std::function<bool()> is_over ABSL_GUARDED_BY(mutex);
  // How the hash was behind so many bytes.
  std::map<int64_t, std::string> notes ABSL_GUARDED_BY(mutex);

  void Note() {
    noted = digest.size();
    std::string saved = digest.Save();
    MutexLock lock(&mutex);
    // The oldest stays: what is synced may be just behind it.
    if (notes.size() >= kNotes) notes.erase(std::next(notes.begin()));
    notes[noted] = std::move(saved);
  }
  // The furthest that is not behind `size`; empty: there is none. Those before it are forgotten.
  std::string NoteWithin(int64_t size) {
    MutexLock lock(&mutex);
    auto behind = notes.upper_bound(size);
    if (behind == notes.begin()) return "";
    notes.erase(notes.begin(), std::prev(behind));
    return notes.begin()->second;
  }

  absl::Status Failure() {
    MutexLock lock(&mutex);
    return failure;
  }
  // The same, in the midst of what takes long.
  absl::Status FailureOrOver() {
    MutexLock lock(&mutex);
    if (failure.ok() && is_over && is_over()) failure = absl::CancelledError("nobody waits for it any more");
    return failure;
  }
  void Fail(const absl::Status& status) {
    MutexLock lock(&mutex);
    if (failure.ok()) failure = status;
  }
};

// A thread that takes pieces in their order.
class ContentWriter::Lane {
 public:
  Lane(const char* name, State& state, std::function<absl::Status(Piece&)> work)
      : state_(state), work_(std::move(work)), worker_(name, [this](StopToken&) { Run(); }) {}

  // What waits is dropped.
  ~Lane() {
    {
      MutexLock lock(&mutex_);
      closed_ = true;
      waiting_.clear();
      changed_.SignalAll();
    }
    worker_.Stop();
  }

  void Push(std::shared_ptr<Piece> piece) {
    MutexLock lock(&mutex_);
    waiting_.push_back(std::move(piece));
    changed_.SignalAll();
  }

  void Drain() {
    MutexLock lock(&mutex_);
    while (!waiting_.empty() || busy_) changed_.Wait(&mutex_);
  }

 private:
  void Run() {
    for (;;) {
      std::shared_ptr<Piece> piece;
      {
        MutexLock lock(&mutex_);
        while (waiting_.empty() && !closed_) changed_.Wait(&mutex_);
        if (waiting_.empty()) return;
        piece = std::move(waiting_.front());
        waiting_.pop_front();
        busy_ = true;
      }
      if (state_.Failure().ok()) {
        const absl::Status status = work_(*piece);
        if (!status.ok()) state_.Fail(status);
      }
      piece.reset();
      MutexLock lock(&mutex_);
      busy_ = false;
      changed_.SignalAll();
    }
  }

  State& state_;
  const std::function<absl::Status(Piece&)> work_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::shared_ptr<Piece>> waiting_ ABSL_GUARDED_BY(mutex_);
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  Worker worker_;  // Last: it uses the rest.
};

ContentWriter::ContentWriter(Partial& partial, ByteBudget& budget, const Clock& clock,
                             absl::string_view hash_state, Commit commit)
    : partial_(partial),
      budget_(budget),
      clock_(clock),
      commit_(std::move(commit)),
      own_budget_(kInFlight),
      size_(partial.size()),
      synced_(partial.size()),
      synced_at_(clock.Now()),
      state_(std::make_unique<State>()),
      hashing_(std::make_unique<Lane>("hash", *state_, [this](Piece& piece) { return Hash(piece); })),
      writing_(std::make_unique<Lane>("write", *state_, [this](Piece& piece) { return Write(piece); })) {
  if (size_ > 0) PassBytesBefore(hash_state);
}

void ContentWriter::PassBytesBefore(absl::string_view hash_state) {
  files::Digest& digest = state_->digest;
  if (!digest.Restore(hash_state) || digest.size() > size_) digest = files::Digest();
  if (digest.size() > 0) state_->Note();
  auto before = std::make_shared<Piece>(*this);
  // Not owned: the partial outlives this.
  before->from = std::shared_ptr<BlobReader>(std::shared_ptr<void>(), &partial_);
  before->offset = digest.size();
  before->length = size_ - digest.size();
  if (before->length == 0) return;
  has_copies_ = true;
  hashing_->Push(std::move(before));
}

ContentWriter::~ContentWriter() {
  state_->Fail(absl::CancelledError("given up"));
  writing_.reset();
  hashing_.reset();
}

void ContentWriter::EndWhen(std::function<bool()> is_over) {
  MutexLock lock(&state_->mutex);
  state_->is_over = std::move(is_over);
}

absl::Status ContentWriter::Append(std::string* bytes) {
  AwaitCopies();
  auto piece = std::make_shared<Piece>(*this);
  const auto size = static_cast<int64_t>(bytes->size());
  own_budget_.Take(size + kPieceCost);
  budget_.Take(size + kPieceCost);
  piece->taken = size + kPieceCost;
  piece->length = size;
  piece->bytes.swap(*bytes);
  return Pass(std::move(piece));
}

// What is copied, or hashed anew, may take long. Bytes that waited behind it would hold memory that all
// uploads share.
void ContentWriter::AwaitCopies() {
  if (!std::exchange(has_copies_, false)) return;
  hashing_->Drain();
  writing_->Drain();
}

absl::Status ContentWriter::AppendFrom(std::shared_ptr<BlobReader> from, int64_t offset, int64_t length) {
  auto piece = std::make_shared<Piece>(*this);
  piece->from = std::move(from);
  piece->offset = offset;
  piece->length = length;
  has_copies_ = true;
  return Pass(std::move(piece));
}

absl::Status ContentWriter::Pass(std::shared_ptr<Piece> piece) {
  size_ += piece->length;
  hashing_->Push(piece);
  writing_->Push(std::move(piece));
  return state_->Failure();
}

absl::Status ContentWriter::Sync() {
  auto wish = std::make_shared<Piece>(*this);
  wish->is_sync = true;
  writing_->Push(std::move(wish));
  writing_->Drain();
  return state_->Failure();
}

absl::StatusOr<std::string> ContentWriter::Finish() {
  RETURN_IF_ERROR(Sync());
  hashing_->Drain();
  RETURN_IF_ERROR(state_->Failure());
  return state_->digest.Finish();
}

absl::Status ContentWriter::Hash(Piece& piece) {
  if (piece.from == nullptr) {
    AddToHash(piece.bytes);
    return absl::OkStatus();
  }
  std::vector<char> buffer(kReadBytes);
  for (int64_t done = 0; done < piece.length;) {
    const auto wanted =
        static_cast<size_t>(std::min(piece.length - done, static_cast<int64_t>(buffer.size())));
    ASSIGN_OR_RETURN(const size_t got, piece.from->ReadAt(piece.offset + done, buffer.data(), wanted));
    if (got == 0) return absl::DataLossError("what is copied is shorter than it was");
    RETURN_IF_ERROR(state_->FailureOrOver());
    AddToHash(absl::string_view(buffer.data(), got));
    done += static_cast<int64_t>(got);
  }
  return absl::OkStatus();
}

void ContentWriter::AddToHash(absl::string_view bytes) {
  state_->digest.Add(bytes);
  if (state_->digest.size() - state_->noted >= kNoteEvery) state_->Note();
}

absl::Status ContentWriter::Write(Piece& piece) {
  if (piece.is_sync) return SyncPartial();
  if (piece.from == nullptr) {
    RETURN_IF_ERROR(partial_.Append(piece.bytes));
  } else {
    // In parts, so that what a long copy has done is committed meanwhile.
    for (int64_t done = 0; done < piece.length;) {
      const int64_t part = std::min(piece.length - done, kSyncEvery);
      RETURN_IF_ERROR(partial_.AppendFrom(*piece.from, piece.offset + done, part));
      done += part;
      RETURN_IF_ERROR(state_->FailureOrOver());
      if (done < piece.length) RETURN_IF_ERROR(SyncPartial());
    }
  }
  const bool is_due = partial_.size() - synced_ >= kSyncEvery || clock_.Now() - synced_at_ >= kSyncAfter;
  return is_due ? SyncPartial() : absl::OkStatus();
}

absl::Status ContentWriter::SyncPartial() {
  if (partial_.size() == synced_ && synced_ > 0) return absl::OkStatus();
  RETURN_IF_ERROR(partial_.Sync());
  synced_ = partial_.size();
  synced_at_ = clock_.Now();
  return commit_(synced_, state_->NoteWithin(synced_));
}

}  // namespace cognate::file_transfer
