#include "common/worker/worker.h"

#include <utility>

#include <pthread.h>
#include <signal.h>

namespace cognate {

Worker::Worker(std::string name, std::function<void(StopToken& stop)> run) : name_(std::move(name)) {
  // The mask is inherited: blocked here, a signal has no moment in which it could reach the new thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this, run = std::move(run)] {
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
    run(stop_);
    finished_.store(true, std::memory_order_release);
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Worker::Stop() {
  stop_.Stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace cognate
