#include "app/held_port.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string_view>
#include <vector>

#include "app/port_plan.h"
#include "io/holder.h"

namespace bmsd {
namespace {

// The words of a process's command line, all of them; nothing where we may not look.
std::vector<std::string> arguments_of(int pid) {
  std::ifstream file(fmt::format("/proc/{}/cmdline", pid), std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

// The argument of --socket; empty: it has none.
std::string socket_argument(const std::vector<std::string>& words) {
  constexpr std::string_view kOption = "--socket", kWithValue = "--socket=";
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == kOption && i + 1 < words.size()) return words[i + 1];
    if (words[i].starts_with(kWithValue)) return words[i].substr(kWithValue.size());
  }
  return {};
}

}  // namespace

std::optional<HoldingDaemon> daemon_that_holds(const std::string& port) {
  const auto device = device_of(port);
  const auto holder = device ? find_holder(*device) : std::nullopt;
  if (!holder || holder->name != "bmsd") return std::nullopt;
  const std::vector<std::string> words = arguments_of(holder->pid);
  if (std::find(words.begin(), words.end(), "run") == words.end()) return std::nullopt;
  return HoldingDaemon{holder->pid, socket_argument(words)};
}

std::string describe_port_error(const Error& error, const std::string& port) {
  const std::string text = describe(error);
  if (std::string_view(error.what) != "held") return text;
  const auto daemon = daemon_that_holds(port);
  if (!daemon) return text;
  return fmt::format("{} is read by the running bmsd (process {}); ask that one: bmsd show{}", port, daemon->pid,
                     daemon->socket.empty() ? "" : " --socket " + daemon->socket);
}

}  // namespace bmsd
