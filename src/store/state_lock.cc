#include "store/state_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace bmsd {

StateLock::~StateLock() {
  if (fd_ >= 0) ::close(fd_);
}
StateLock::StateLock(StateLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
StateLock& StateLock::operator=(StateLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

StateLock StateLock::adopt(int descriptor) {
  StateLock lock;
  lock.fd_ = descriptor;
  return lock;
}

// The file stays: removing it would let two processes hold two files of one name.
Result<StateLock> StateLock::take(const std::string& path) {
  const std::string name = path + ".lock";
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);  // open() says it better
  StateLock lock;
  lock.fd_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock.fd_ < 0) return Error{Errc::io, "state", errno, name + ": cannot write: " + std::strerror(errno)};
  if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Error{Errc::io, "held", errno, path + " is another bmsd's"};
    return Error{Errc::io, "state", errno, name + ": cannot lock: " + std::strerror(errno)};
  }
  return lock;
}

}  // namespace bmsd
