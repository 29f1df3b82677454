#include "app/commands.h"

#include <fmt/core.h>

#include <cstdio>

namespace bmsd {

int complain(std::string_view command, std::string_view text, int status) {
  fmt::print(stderr, "bmsd {}: {}\n", command, text);
  return status;
}

int wrong_usage(std::string_view command, std::string_view text) { return complain(command, text, kWrongUsage); }

}  // namespace bmsd
