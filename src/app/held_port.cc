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

// The argument of --socket as it can be typed, or nothing.
std::string socket_option(const std::vector<std::string>& words) {
  constexpr std::string_view kOption = "--socket", kWithValue = "--socket=";
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == kOption && i + 1 < words.size()) return " --socket " + words[i + 1];
    if (words[i].starts_with(kWithValue)) return " --socket " + words[i].substr(kWithValue.size());
  }
  return {};
}

}  // namespace

std::string describe_port_error(const Error& error, const std::string& port) {
  const std::string text = describe(error);
  if (std::string_view(error.what) != "held") return text;
  const auto device = device_of(port);
  const auto holder = device ? find_holder(*device) : std::nullopt;
  if (!holder || holder->name != "bmsd") return text;
  const std::vector<std::string> words = arguments_of(holder->pid);
  if (std::find(words.begin(), words.end(), "run") == words.end()) return text;
  return fmt::format("{} is read by the running bmsd (process {}); ask that one: bmsd show{}", port, holder->pid,
                     socket_option(words));
}

}  // namespace bmsd
