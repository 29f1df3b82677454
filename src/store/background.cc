#include "store/background.h"

#include <csignal>
#include <utility>

namespace bmsd {
namespace {

// Signals belong to the thread of the loop: what is begun while this lives does not get any.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

Background::~Background() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Background::post(std::size_t bytes, std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_ + bytes > kMostWaiting) return false;
    waiting_ += bytes;
    jobs_.push_back({bytes, std::move(job)});
  }
  if (!thread_.joinable()) {
    const NoSignals quiet;
    thread_ = std::thread([this] { work(); });
  }
  changed_.notify_all();
  return true;
}

void Background::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return jobs_.empty() && !busy_; });
}

void Background::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ends_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    busy_ = true;
    lock.unlock();
    job.run();
    lock.lock();
    busy_ = false;
    waiting_ -= job.bytes;
    changed_.notify_all();
  }
}

}  // namespace bmsd
