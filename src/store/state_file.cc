#include "store/state_file.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "store/file.h"
#include "store/state_text.h"

namespace bmsd {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNew = ".new";  // "state.1234.new": written by process 1234, not in force yet
constexpr int kDamagedKept = 3;
constexpr std::size_t kMost = 16 << 20;  // bytes; no state is that big

Error io_error(const std::string& path, const char* doing, int number) {
  return {Errc::io, "state", number, path + ": cannot " + doing + ": " + std::strerror(number)};
}

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

// What processes left that were ended while they wrote.
void remove_stale(const std::string& path) {
  const std::string prefix = fs::path(path).filename().string() + ".";
  std::error_code error;
  for (fs::directory_iterator entry(folder_of(path), error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (!name.starts_with(prefix) || !name.ends_with(kNew) || name.size() <= prefix.size() + kNew.size()) continue;
    const std::string_view number =
        std::string_view(name).substr(prefix.size(), name.size() - prefix.size() - kNew.size());
    int pid = 0;
    const auto [rest, bad] = std::from_chars(number.data(), number.data() + number.size(), pid);
    if (bad != std::errc() || rest != number.data() + number.size() || pid <= 0) continue;
    if (pid != ::getpid() && (::kill(pid, 0) == 0 || errno != ESRCH)) continue;  // it may be writing
    std::error_code ignored;
    fs::remove(entry->path(), ignored);
  }
}

// "state.damaged"; earlier ones become "state.damaged.2", "state.damaged.3".
std::string set_aside(const std::string& path) {
  const auto name = [&path](int number) {
    return path + ".damaged" + (number == 1 ? "" : "." + std::to_string(number));
  };
  for (int number = kDamagedKept; number > 1; --number) {
    (void)::rename(name(number - 1).c_str(), name(number).c_str());  // mostly there is none
  }
  if (::rename(path.c_str(), name(1).c_str()) != 0)
    return std::string("it cannot be set aside: ") + std::strerror(errno);
  return "it is kept as " + name(1);
}

}  // namespace

LoadedState load_state(const std::string& path) {
  LoadedState loaded;
  remove_stale(path);
  std::string text;
  {
    const File file(path, O_RDONLY | O_NONBLOCK);  // somebody may have made a pipe of that name
    if (!file.is_open() && (errno == ENOENT || errno == ENOTDIR)) return loaded;
    if (!file.is_open() || !file.read(text, kMost)) {
      loaded.report = io_error(path, "read", errno).detail + "; going on without what was kept";
      return loaded;
    }
  }
  auto state = parse_state(text);
  if (state) {
    loaded.state = std::move(*state);
  } else {
    loaded.report = path + " is not used: " + state.error().detail + "; " + set_aside(path);
  }
  return loaded;
}

Status save_state(const std::string& path, const State& state) {
  const std::string folder = folder_of(path);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return io_error(folder, "make the folder", error.value());

  const std::string fresh = path + "." + std::to_string(::getpid()) + std::string(kNew);
  const auto failed = [&](const char* doing) {
    Error why = io_error(fresh, doing, errno);
    (void)::unlink(fresh.c_str());
    return why;
  };
  {
    const File file(fresh, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.is_open()) return io_error(fresh, "write", errno);
    if (!file.write(state_text(state)) || !file.sync()) return failed("write");
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed("rename");
  // Without this the old file may be back after a power failure; it would be a whole one.
  const File above(folder, O_RDONLY | O_DIRECTORY);
  if (!above.is_open() || !above.sync()) return io_error(folder, "write", errno);
  return Done{};
}

std::string usual_state_path() {
  std::error_code ignored;
  if (fs::exists("/etc/venus", ignored)) return "/data/apps/bmsd/state";
  if (::geteuid() == 0) return "/var/lib/bmsd/state";
  const auto absolute = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr && value[0] == '/' ? value : "");
  };
  if (const std::string state = absolute("XDG_STATE_HOME"); !state.empty()) return state + "/bmsd/state";
  if (const std::string home = absolute("HOME"); !home.empty()) return home + "/.local/state/bmsd/state";
  return {};
}

}  // namespace bmsd
