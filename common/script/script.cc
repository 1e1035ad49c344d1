#include "common/script/script.h"

#include <utility>

#include "common/script/interpreter.h"
#include "common/sync/mutex.h"

namespace cognate::script {
namespace {

constexpr int kMaxInterpreters = 16;

}  // namespace

// The interpreters of one script. One is made where all others are in use, and thrown away after a run that
// broke a limit.
class Script::Pool {
 public:
  Pool(std::unique_ptr<Interpreter> first, const Limits& limits) : dump_(first->Dump()), limits_(limits) {
    idle_.push_back(std::move(first));
  }

  absl::StatusOr<std::unique_ptr<Interpreter>> Take() {
    {
      MutexLock lock(&mutex_);
      while (idle_.empty() && count_ == kMaxInterpreters) returned_.Wait(&mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Interpreter> interpreter = std::move(idle_.back());
        idle_.pop_back();
        return interpreter;
      }
      ++count_;
    }
    auto interpreter = Interpreter::FromDump(dump_, limits_);
    if (!interpreter.ok()) Give(nullptr);
    return interpreter;
  }

  void Give(std::unique_ptr<Interpreter> interpreter) {
    if (interpreter != nullptr && interpreter->is_spent()) interpreter = nullptr;
    MutexLock lock(&mutex_);
    if (interpreter != nullptr) {
      idle_.push_back(std::move(interpreter));
    } else {
      --count_;
    }
    returned_.Signal();
  }

 private:
  const std::string dump_;
  const Limits limits_;
  Mutex mutex_;
  CondVar returned_;
  std::vector<std::unique_ptr<Interpreter>> idle_ ABSL_GUARDED_BY(mutex_);
  int count_ ABSL_GUARDED_BY(mutex_) = 1;
};

Script::Script(std::unique_ptr<Pool> pool) : pool_(std::move(pool)) {}
Script::Script(Script&&) noexcept = default;
Script& Script::operator=(Script&&) noexcept = default;
Script::~Script() = default;

absl::StatusOr<Script> Script::Compile(absl::string_view source, const Limits& limits) {
  absl::StatusOr<std::unique_ptr<Interpreter>> first = Interpreter::FromText(source, limits);
  if (!first.ok()) return first.status();
  return Script(std::make_unique<Pool>(*std::move(first), limits));
}

Ending Script::Run(RecordAccess& record, const SyncFacts& sync) const {
  absl::StatusOr<std::unique_ptr<Interpreter>> interpreter = pool_->Take();
  if (!interpreter.ok()) return {Ending::Kind::kFailed, std::string(interpreter.status().message()), "", 0};
  Ending ending = (*interpreter)->Run(record, sync);
  pool_->Give(*std::move(interpreter));
  return ending;
}

}  // namespace cognate::script
