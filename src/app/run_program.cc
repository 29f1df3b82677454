#include "app/run_program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

extern "C" char** environ;

namespace bmsd {

Result<int> run_program(const std::vector<std::string>& words, const std::string& output, const std::string& errors) {
  const auto failed = [](const std::string& what, int number) {
    return Error{Errc::io, "program", number, what + ": " + std::strerror(number)};
  };
  std::vector<std::string> copies = words;
  std::vector<char*> arguments;
  arguments.reserve(copies.size() + 1);
  for (std::string& word : copies) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  constexpr int kMake = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_t files;
  if (const int number = posix_spawn_file_actions_init(&files); number != 0) return failed(words.front(), number);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output.c_str(), kMake, 0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, errors.empty() ? "/dev/null" : errors.c_str(), kMake, 0600);
  pid_t child = 0;
  const int number = posix_spawnp(&child, words.front().c_str(), &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (number != 0) return failed(words.front(), number);

  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return failed(words.front(), errno);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace bmsd
