#include "app/config_path.h"

#include <system_error>

namespace bmsd {

std::string config_search_path(const std::filesystem::path& root) {
  std::error_code ignored;
  const bool venus = std::filesystem::exists(root / "etc/venus", ignored);
  return root / (venus ? "data/apps/bmsd/config.ini" : "etc/bmsd/config.ini");
}

std::string config_path(const std::string& named) { return named.empty() ? config_search_path() : named; }

}  // namespace bmsd
