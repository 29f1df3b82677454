#include "app/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace bmsd {
namespace {

// What is done to the descriptors of a program before it begins.
class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  posix_spawn_file_actions_t* get() { return &actions_; }
  void write_to(int descriptor, const std::string& path) {
    posix_spawn_file_actions_addopen(&actions_, descriptor, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  }

 private:
  posix_spawn_file_actions_t actions_{};
};

Result<pid_t> start(const std::vector<std::string>& command, FileActions& actions) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, arguments.front(), actions.get(), nullptr, arguments.data(), environ);
  if (error == 0) return pid;
  const std::string why = error == ENOENT ? "there is no such program" : std::strerror(error);
  return Error{Errc::io, "missing", error, command.front() + ": " + why};
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
}

// The exit status; -1: it was killed.
int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

Result<std::string> output_of(const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error{Errc::io, "failed", errno, "no pipe: too many open files"};
  FileActions actions;
  posix_spawn_file_actions_adddup2(actions.get(), ends[1], STDOUT_FILENO);
  const Result<pid_t> pid = start(command, actions);
  ::close(ends[1]);
  std::string output = pid ? read_all(ends[0]) : std::string();
  ::close(ends[0]);
  if (!pid) return pid.error();
  if (const int status = wait_for(*pid); status != 0)
    return Error{Errc::io, "failed", status, fmt::format("{} failed", fmt::join(command, " "))};
  return output;
}

Result<int> run_program(const std::vector<std::string>& command, const std::string& output, const std::string& errors) {
  FileActions actions;
  posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  actions.write_to(STDOUT_FILENO, output);
  actions.write_to(STDERR_FILENO, errors);
  const Result<pid_t> pid = start(command, actions);
  if (!pid) return pid.error();
  return wait_for(*pid);
}

}  // namespace bmsd
