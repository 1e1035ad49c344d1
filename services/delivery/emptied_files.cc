#include "services/delivery/emptied_files.h"

#include "common/log/log.h"

namespace cognate::delivery {
namespace {

constexpr int kMaxBindings = 2'000;  // in one request
constexpr size_t kMaxRecords = 10'000;
constexpr absl::Duration kTimeout = absl::Seconds(2);
constexpr BackoffPolicy kBackoff = {absl::Milliseconds(500), 2.0, absl::Seconds(10)};

}  // namespace

EmptiedFiles::EmptiedFiles(std::string platform, const Clock& clock, FileBind bind)
    : platform_(std::move(platform)), clock_(clock), bind_(std::move(bind)), backoff_(kBackoff) {}

void EmptiedFiles::Note(size_t index, RoundItem& item) {
  FileQuestion question(platform_);
  std::vector<AskedFile> asked;
  question.Add(&item, &asked);
  if (!asked.empty()) noted_.emplace_back(index, question.request());
}

void EmptiedFiles::Forget(const RoundItem& item) {
  if (!due_.empty()) due_.erase(Key(item.delivery->entity_id(), item.group->model()));
}

void EmptiedFiles::Take(const Round& round) {
  size_t left_out = 0;
  for (auto& [index, request] : noted_) {
    const RoundItem& item = round.items()[index];
    if (!item.taken) continue;
    Key key(item.delivery->entity_id(), item.group->model());
    if (due_.size() < kMaxRecords || due_.contains(key))
      due_.insert_or_assign(std::move(key), std::move(request));
    else
      ++left_out;
  }
  noted_.clear();
  if (left_out > 0) log::Warn("emptied files not let go", {{"platform", platform_}, {"count", left_out}});
}

v1::BindRequest EmptiedFiles::Next(int max_bindings, std::vector<Key>* said) const {
  FileQuestion question(platform_);
  for (const auto& [key, request] : due_) {
    if (!said->empty() && question.request().bindings_size() + request.bindings_size() > max_bindings) break;
    question.Append(request);
    said->push_back(key);
  }
  return question.request();
}

void EmptiedFiles::Say(StopToken& stop) {
  const absl::Time begin = clock_.Now();
  if (begin < not_before_) return;
  int max_bindings = kMaxBindings;
  while (!due_.empty() && !stop.stopping()) {
    const absl::Duration left = begin + kTimeout - clock_.Now();
    if (left <= absl::ZeroDuration()) return;
    std::vector<Key> said;
    const absl::Status status = bind_(Next(max_bindings, &said), left).status();
    const bool is_refused = absl::IsInvalidArgument(status) || absl::IsOutOfRange(status);
    if (is_refused && said.size() > 1) {
      max_bindings = 1;  // one of them is: from here on each goes alone
      continue;
    }
    if (!status.ok())
      log::Warn("emptied files not let go yet", {{"platform", platform_}, {"status", status}});
    if (!status.ok() && !is_refused) {
      not_before_ = clock_.Now() + backoff_.Next();
      return;
    }
    backoff_.Reset();
    for (const Key& key : said) due_.erase(key);
  }
}

}  // namespace cognate::delivery
