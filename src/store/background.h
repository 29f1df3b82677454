// Work that may block, on a thread of its own: a slow or full disk never delays a line.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace bmsd {

class Background {
 public:
  static constexpr std::size_t kMostWaiting = std::size_t{8} * 1024 * 1024;  // bytes

  Background() = default;
  ~Background();  // when everything is done
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // Runs `job` soon, in the order of the calls, on the other thread. `bytes`: the memory that it holds meanwhile. False: too
  // much is waiting already, and it will not be run.
  bool post(std::size_t bytes, std::function<void()> job);

  // Waits until everything is done.
  void drain();

 private:
  struct Job {
    std::size_t bytes;
    std::function<void()> run;
  };
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::size_t waiting_ = 0;  // bytes, of the job under way too
  bool busy_ = false;
  bool ends_ = false;
  std::thread thread_;  // begins with the first job
};

}  // namespace bmsd
