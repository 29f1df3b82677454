// Where the configuration is looked for.
#pragma once

#include <filesystem>
#include <string>

namespace bmsd {

// The file that is meant where nobody names one: on Venus OS (where /etc/venus exists) /data/apps/bmsd/config.ini, which
// survives its updates, else /etc/bmsd/config.ini. It need not exist. `root`: for tests.
std::string config_search_path(const std::filesystem::path& root = "/");

// `named`, or where that is empty the one above.
std::string config_path(const std::string& named);

}  // namespace bmsd
