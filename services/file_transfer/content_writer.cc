#include "services/file_transfer/content_writer.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "common/files/digest.h"
#include "common/status/status_macros.h"

namespace cognate::file_transfer {
namespace {

constexpr int64_t kInFlight = 8 << 20;
constexpr int64_t kSyncEvery = 16 << 20;
constexpr size_t kReadBytes = 256 << 10;
constexpr size_t kSpareBuffers = 4;

}  // namespace

// Some bytes, or a part of a stored content, or only the wish for a sync.
struct ContentWriter::Piece {
  explicit Piece(ContentWriter& its_writer) : writer(its_writer) {}
  ~Piece() {
    if (taken > 0) {
      writer.own_budget_.Give(taken);
      writer.budget_.Give(taken);
    }
    if (!bytes.empty()) writer.Recycle(std::move(bytes));
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
  Mutex mutex;
  absl::Status failure ABSL_GUARDED_BY(mutex);
  std::vector<std::string> spares ABSL_GUARDED_BY(mutex);

  absl::Status Failure() {
    MutexLock lock(&mutex);
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

ContentWriter::ContentWriter(Partial& partial, ByteBudget& budget, Commit commit)
    : partial_(partial),
      budget_(budget),
      commit_(std::move(commit)),
      own_budget_(kInFlight),
      size_(partial.size()),
      synced_(partial.size()),
      state_(std::make_unique<State>()),
      hashing_(std::make_unique<Lane>("hash", *state_, [this](Piece& piece) { return Hash(piece); })),
      writing_(std::make_unique<Lane>("write", *state_, [this](Piece& piece) { return Write(piece); })) {
  if (size_ == 0) return;
  auto before = std::make_shared<Piece>(*this);
  // Not owned: the partial outlives this.
  before->from = std::shared_ptr<BlobReader>(std::shared_ptr<void>(), &partial_);
  before->length = size_;
  hashing_->Push(std::move(before));
}

ContentWriter::~ContentWriter() {
  state_->Fail(absl::CancelledError("given up"));
  writing_.reset();
  hashing_.reset();
}

absl::Status ContentWriter::Append(std::string* bytes) {
  auto piece = std::make_shared<Piece>(*this);
  const auto size = static_cast<int64_t>(bytes->size());
  own_budget_.Take(size);
  budget_.Take(size);
  piece->taken = size;
  piece->length = size;
  piece->bytes.swap(*bytes);
  {
    MutexLock lock(&state_->mutex);
    if (!state_->spares.empty()) {
      bytes->swap(state_->spares.back());
      state_->spares.pop_back();
    }
  }
  return Pass(std::move(piece));
}

absl::Status ContentWriter::AppendFrom(std::shared_ptr<BlobReader> from, int64_t offset, int64_t length) {
  auto piece = std::make_shared<Piece>(*this);
  piece->from = std::move(from);
  piece->offset = offset;
  piece->length = length;
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
    state_->digest.Add(piece.bytes);
    return absl::OkStatus();
  }
  std::vector<char> buffer(kReadBytes);
  for (int64_t done = 0; done < piece.length;) {
    const auto wanted =
        static_cast<size_t>(std::min(piece.length - done, static_cast<int64_t>(buffer.size())));
    ASSIGN_OR_RETURN(const size_t got, piece.from->ReadAt(piece.offset + done, buffer.data(), wanted));
    if (got == 0) return absl::DataLossError("what is copied is shorter than it was");
    RETURN_IF_ERROR(state_->Failure());
    state_->digest.Add(absl::string_view(buffer.data(), got));
    done += static_cast<int64_t>(got);
  }
  return absl::OkStatus();
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
      RETURN_IF_ERROR(state_->Failure());
      if (done < piece.length) RETURN_IF_ERROR(SyncPartial());
    }
  }
  return partial_.size() - synced_ < kSyncEvery ? absl::OkStatus() : SyncPartial();
}

absl::Status ContentWriter::SyncPartial() {
  if (partial_.size() == synced_ && synced_ > 0) return absl::OkStatus();
  RETURN_IF_ERROR(partial_.Sync());
  synced_ = partial_.size();
  return commit_(synced_);
}

void ContentWriter::Recycle(std::string bytes) {
  MutexLock lock(&state_->mutex);
  if (state_->spares.size() < kSpareBuffers) state_->spares.push_back(std::move(bytes));
}

}  // namespace cognate::file_transfer
