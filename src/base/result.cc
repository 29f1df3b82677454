#include "base/result.h"

#include <array>

namespace bmsd {

std::string_view to_string(Errc code) {
  static constexpr std::array<std::string_view, static_cast<std::size_t>(Errc::count_)> kNames = {
      "incomplete", "timeout", "noise",       "checksum", "length", "address",
      "command",    "refused", "implausible", "io",       "config"};
  return kNames.at(static_cast<std::size_t>(code));
}

std::string describe(const Error& error) {
  if ((error.code == Errc::io || error.code == Errc::config) && !error.detail.empty()) return error.detail;
  std::string text(to_string(error.code));
  if (*error.what != '\0') text.append(": ").append(error.what);
  if (!error.detail.empty()) text.append(": ").append(error.detail);
  return text;
}

}  // namespace bmsd
