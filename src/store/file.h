// A file descriptor that closes itself, and reads and writes all of it.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace bmsd {

class File {
 public:
  // `flags` as for open(2); what it makes belongs to its owner alone.
  File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() { close(); }
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    close();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }

  bool is_open() const { return fd_ >= 0; }
  int descriptor() const { return fd_; }

  // All of it, or false with errno.
  bool write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = ::write(fd_, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  // Appends what is there, until there are more than `most` bytes.
  bool read(std::string& text, std::size_t most) const {
    std::array<char, 16384> piece;
    while (text.size() <= most) {
      const ssize_t count = ::read(fd_, piece.data(), piece.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return count == 0;
      text.append(piece.data(), static_cast<std::size_t>(count));
    }
    return true;
  }
  bool sync() const { return ::fsync(fd_) == 0; }

 private:
  void close() {
    if (fd_ >= 0) ::close(fd_);
  }

  int fd_;
};

}  // namespace bmsd
