#include "app/held_port.h"

#include <fmt/format.h>

#include <sstream>
#include <string_view>

#include "io/holder.h"

namespace bmsd {
namespace {

// The argument of --socket in a command line, or nothing.
std::string socket_option(const std::string& command) {
  std::istringstream words(command);
  for (std::string word; words >> word;) {
    if (word == "--socket" && words >> word) return " --socket " + word;
    if (word.rfind("--socket=", 0) == 0) return " --socket " + word.substr(9);
  }
  return {};
}

}  // namespace

std::string describe_port_error(const Error& error, const std::string& port) {
  const std::string text = describe(error);
  if (std::string_view(error.what) != "held") return text;
  const bool bare = port.find('/') == std::string::npos;
  const auto holder = find_holder(bare ? "/dev/" + port : port);
  if (!holder || holder->name != "bmsd" || holder->command.find(" run ") == std::string::npos) return text;
  return fmt::format("{} is read by the running bmsd (process {}); ask that one: bmsd show{}", port, holder->pid,
                     socket_option(holder->command));
}

}  // namespace bmsd
