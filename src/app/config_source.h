// Which configuration is in force: what the file says, or, where that cannot be understood, the last one that could.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bank/display.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"

namespace bmsd {

struct ConfigChoice {
  Config config;
  ConfigState state = ConfigState::fine;  // what every battery shows
  std::optional<std::string> good;        // the text of the file, if it is to be the last good one from now on
  std::vector<std::pair<Level, std::string>> report;
};

// The text of a file; no value: there is none. Error io: it is there and cannot be read.
Result<std::optional<std::string>> read_config(const std::string& path);

// `last_good`: the text of the last file without anything unusable; empty: none yet.
ConfigChoice choose_config(const std::string& path, const Result<std::optional<std::string>>& text,
                           const std::string& last_good);

// "config.ini:12: MAX_CELL_VOLTAGE: ...; write 3.45"
std::string describe(const Finding& finding, const std::string& path);

}  // namespace bmsd
