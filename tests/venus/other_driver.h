// Another driver that holds the lock of a device instance: a process of its own.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

namespace bmsd::testing {

class OtherDriver {
 public:
  enum Kind { with_flock, with_fcntl };

  // Runs if it got the lock.
  OtherDriver(const std::string& path, Kind kind) {
    int result[2];
    if (pipe(result) != 0) throw std::runtime_error("no pipe");
    pid_ = fork();
    if (pid_ == 0) {
      const char answer = lock(path.c_str(), kind) ? 'y' : 'n';
      if (write(result[1], &answer, 1) == 1 && answer == 'y') pause();
      _exit(0);
    }
    close(result[1]);
    char answer = 'n';
    const bool told = read(result[0], &answer, 1) == 1;
    close(result[0]);
    if (!told || answer != 'y') stop();
  }
  ~OtherDriver() { stop(); }
  OtherDriver(const OtherDriver&) = delete;
  OtherDriver& operator=(const OtherDriver&) = delete;

  bool running() const { return pid_ > 0; }
  void stop() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  static bool lock(const char* path, Kind kind) {
    const int file = open(path, O_RDWR | O_CREAT, 0644);
    if (file < 0) return false;
    if (kind == with_flock) {
      if (flock(file, LOCK_EX | LOCK_NB) != 0) return false;
    } else {
      struct flock record {};
      record.l_type = F_WRLCK;
      if (fcntl(file, F_SETLK, &record) != 0) return false;
    }
    const std::string text = "com.victronenergy.battery.ttyUSB9:4711";
    return write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  }

  pid_t pid_ = -1;
};

}  // namespace bmsd::testing
