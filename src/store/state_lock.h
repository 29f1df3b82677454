// One process per state file: two would overwrite what the other one keeps.
#pragma once

#include <string>

#include "base/result.h"

namespace bmsd {

class StateLock {
 public:
  StateLock() = default;
  ~StateLock();
  StateLock(StateLock&& other) noexcept;
  StateLock& operator=(StateLock&& other) noexcept;

  // Holds "<path>.lock" until this goes or the process ends, however it ends. Makes the folder. Error io; `what` is "held"
  // when another process has it.
  static Result<StateLock> take(const std::string& path);
  // A lock that another process has handed over, as descriptor() of it.
  static StateLock adopt(int descriptor);

  int descriptor() const { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace bmsd
