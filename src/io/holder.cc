#include "io/holder.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace bmsd {
namespace {

namespace fs = std::filesystem;

template <typename Number>
std::optional<Number> number(std::string_view text, int base = 10) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

// Files of /proc have no size; a process may end while we read.
std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool has_open(int pid, dev_t device, ino_t inode) {
  std::error_code error;
  for (fs::directory_iterator entry("/proc/" + std::to_string(pid) + "/fd", error), end; !error && entry != end;
       entry.increment(error)) {
    struct stat file {};
    if (::stat(entry->path().c_str(), &file) == 0 && file.st_dev == device && file.st_ino == inode) return true;
  }
  return false;
}

std::optional<int> first_that_has_open(dev_t device, ino_t inode) {
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const std::optional<int> pid = number<int>(entry->path().filename().native());
    if (pid && *pid != ::getpid() && has_open(*pid, device, inode)) return pid;
  }
  return std::nullopt;
}

}  // namespace

Holder holder_of(int pid) {
  static constexpr std::size_t kLongest = 200;
  const std::string folder = "/proc/" + std::to_string(pid);
  Holder holder{pid, read_all(folder + "/comm"), read_all(folder + "/cmdline")};
  while (!holder.name.empty() && holder.name.back() == '\n') holder.name.pop_back();
  while (!holder.command.empty() && holder.command.back() == '\0') holder.command.pop_back();
  holder.command.resize(std::min(holder.command.size(), kLongest));
  for (char& c : holder.command) {  // arguments are separated by NUL; nothing in them may disturb a terminal
    if (static_cast<unsigned char>(c) < ' ' || c == 127) c = ' ';
  }
  return holder;
}

std::vector<int> lock_owners(std::string_view proc_locks, dev_t device, ino_t inode) {
  std::vector<int> owners;
  for (const std::string_view line : split(proc_locks, "\n")) {
    const std::vector<std::string_view> words = split(line, " \t");
    if (words.size() < 6 || words[1] != "FLOCK") continue;  // a waiting one has "->" there
    const std::vector<std::string_view> file = split(words[5], ":");
    const std::optional<int> pid = number<int>(words[4]);
    if (file.size() != 3 || !pid || *pid <= 0) continue;
    if (number<unsigned>(file[0], 16) == major(device) && number<unsigned>(file[1], 16) == minor(device) &&
        number<ino_t>(file[2]) == inode) {
      owners.push_back(*pid);
    }
  }
  return owners;
}

std::optional<Holder> find_holder(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return std::nullopt;
  const std::vector<int> owners = lock_owners(read_all("/proc/locks"), file.st_dev, file.st_ino);
  if (!owners.empty()) return holder_of(owners.front());
  const std::optional<int> pid = first_that_has_open(file.st_dev, file.st_ino);
  if (!pid) return std::nullopt;
  return holder_of(*pid);
}

std::string describe(const Holder& holder) {
  const std::string& text = holder.command.empty() ? holder.name : holder.command;
  return "process " + std::to_string(holder.pid) + (text.empty() ? "" : " (" + text + ")");
}

}  // namespace bmsd
