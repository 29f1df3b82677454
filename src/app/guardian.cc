#include "app/guardian.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

namespace bmsd {
namespace {

constexpr int kServes = SIGUSR1;  // queued to the guardian by the process that serves now, with its pid

sigset_t awaited() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD, kServes}) sigaddset(&set, number);
  return set;
}

class Guardian {
 public:
  explicit Guardian(pid_t child) : child_(child) {}

  int run() {
    const sigset_t set = awaited();
    for (;;) {
      if (const int status = reap(); status >= 0) return status;
      siginfo_t info{};
      const int number = sigwaitinfo(&set, &info);
      if (number == kServes) {
        if (info.si_code != SI_QUEUE || info.si_value.sival_int != info.si_pid) continue;
        child_ = info.si_pid;
        if (ending_ != 0) kill(child_, ending_);
      } else if (number > 0 && number != SIGCHLD) {
        if (number != SIGHUP) ending_ = number;
        kill(child_, number);
      }
    }
  }

 private:
  // The exit status when nobody is left, else -1.
  int reap() {
    for (;;) {
      int status = 0;
      const pid_t gone = waitpid(-1, &status, WNOHANG);
      if (gone == 0) return -1;
      if (gone < 0 && errno == EINTR) continue;
      if (gone < 0) return last_;
      last_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
  }

  pid_t child_;
  int ending_ = 0;  // the signal that asked us to end: one that reached a process that just went is for the next one
  int last_ = 0;
};

}  // namespace

void keep_signals_for_guardian() {
  const sigset_t set = awaited();
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

int give_way(int successor, int guardian) {
  if (guardian > 0) return 0;
  const std::string pid = std::to_string(successor);
  const char* const arguments[] = {"bmsd", kGuardOption, pid.c_str(), nullptr};
  execv("/proc/self/exe", const_cast<char* const*>(arguments));
  std::fprintf(stderr, "bmsd run: cannot become a guardian: %s; staying as I am\n", std::strerror(errno));
  return guard(pid);
}

int guard(std::string_view text) {
  int pid = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || pid <= 0) {
    std::fprintf(stderr, "bmsd --guard: this is for bmsd itself; see: bmsd restart --help\n");
    return 2;
  }
  keep_signals_for_guardian();
  prctl(PR_SET_CHILD_SUBREAPER, 1L);
  return Guardian(pid).run();
}

bool follow_guardian(int guardian) {
  if (getppid() != guardian) return false;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  sigval self{};
  self.sival_int = getpid();
  sigqueue(guardian, kServes, self);
  return true;
}

}  // namespace bmsd
