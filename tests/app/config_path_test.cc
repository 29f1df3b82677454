#include "app/config_path.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace bmsd {
namespace {

TEST(ConfigPath, IsInEtcExceptOnVenusOs) {
  const auto root = std::filesystem::path(testing::TempDir()) / "bmsd_config_path";
  std::filesystem::remove_all(root);
  std::filesystem::create_directories(root / "etc");
  EXPECT_EQ(config_search_path(root), (root / "etc/bmsd/config.ini").string());
  std::filesystem::create_directories(root / "etc/venus");
  EXPECT_EQ(config_search_path(root), (root / "data/apps/bmsd/config.ini").string());
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace bmsd
