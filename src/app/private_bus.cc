#include "app/private_bus.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>

extern char** environ;

namespace bmsd {
namespace {

constexpr int kStartLimitMs = 10'000;

Error failure(std::string detail) { return {Errc::io, "dbus", 0, std::move(detail)}; }

bool write_configuration(const std::string& path, const std::string& socket) {
  std::ofstream file(path);
  file << "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
          " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
          "<busconfig><type>session</type><listen>unix:path="
       << socket
       << "</listen><policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>"
          "<allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>\n";
  return file.good();
}

// The daemon prints its address once it listens; nothing within the limit or the pipe's end: it did not come up.
std::string first_line(int fd) {
  std::string line;
  std::array<char, 256> piece{};
  pollfd waiting{fd, POLLIN, 0};
  while (line.find('\n') == std::string::npos && ::poll(&waiting, 1, kStartLimitMs) == 1) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got <= 0) break;
    line.append(piece.data(), static_cast<std::size_t>(got));
  }
  return line.substr(0, line.find_first_of("\n,"));
}

std::string first_words(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  return std::getline(file, line) ? line : "it said nothing";
}

}  // namespace

Result<std::unique_ptr<PrivateBus>> PrivateBus::start(const std::string& folder) {
  const std::string configuration = folder + "/bus.conf";
  if (!write_configuration(configuration, folder + "/bus")) return failure("cannot write " + configuration);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure("no pipe: too many open files");

  const std::string messages =
      folder + "/bus.log";  // it grumbles about limits that only root of a whole machine may set
  const std::string file_option = "--config-file=" + configuration;
  std::array<char*, 5> arguments = {const_cast<char*>("dbus-daemon"), const_cast<char*>(file_option.c_str()),
                                    const_cast<char*>("--nofork"), const_cast<char*>("--print-address=1"), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, messages.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // Ctrl-C is for us: the bus ends after us
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, "dbus-daemon", &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  ::close(ends[1]);
  if (error != 0) {
    ::close(ends[0]);
    return failure("dbus-daemon is not there; install it: apt-get install dbus");
  }
  std::string address = first_line(ends[0]);
  ::close(ends[0]);
  std::unique_ptr<PrivateBus> bus(new PrivateBus(pid, std::move(address)));
  if (bus->address().empty()) return failure("dbus-daemon did not come up: " + first_words(messages));
  return bus;
}

PrivateBus::~PrivateBus() {
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace bmsd
