// The file that keeps two drivers from serving one instance.
#include "venus/instance_lock.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "other_driver.h"
#include "sink_fixture.h"

namespace bmsd::testing {
namespace {

using ::testing::HasSubstr;
using State = InstanceLock::State;

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

struct Lock : ::testing::Test {
  TempFolder folder;
  const std::string path = folder.path + "/dbus-serialbattery_3.pid";
};

TEST_F(Lock, SaysWhoHoldsIt) {
  const InstanceLock lock(folder.path, 3, "com.victronenergy.battery.ttyUSB0");
  EXPECT_EQ(lock.state(), State::held) << lock.detail();
  EXPECT_EQ(lock.path(), path);
  EXPECT_EQ(content_of(path), "com.victronenergy.battery.ttyUSB0:" + std::to_string(getpid()));
}

TEST_F(Lock, IsHeldOnceAndByInstance) {
  auto first = std::make_unique<InstanceLock>(folder.path, 3, "first");
  const InstanceLock other(folder.path, 4, "other");
  EXPECT_EQ(other.state(), State::held);
  const InstanceLock second(folder.path, 3, "second");
  EXPECT_EQ(second.state(), State::taken);
  EXPECT_EQ(second.detail(), "first:" + std::to_string(getpid()));
  first.reset();
  EXPECT_EQ(InstanceLock(folder.path, 3, "third").state(), State::held);
}

TEST_F(Lock, OfADriverThatUsesFlockIsRespected) {
  OtherDriver driver(path, OtherDriver::with_flock);
  const InstanceLock lock(folder.path, 3, "us");
  EXPECT_EQ(lock.state(), State::taken);
  EXPECT_EQ(lock.detail(), "com.victronenergy.battery.ttyUSB9:4711");
  driver.stop();
  EXPECT_EQ(InstanceLock(folder.path, 3, "us").state(), State::held);
}

TEST_F(Lock, OfADriverThatUsesARecordLockIsRespected) {
  OtherDriver driver(path, OtherDriver::with_fcntl);
  EXPECT_EQ(InstanceLock(folder.path, 3, "us").state(), State::taken);
  driver.stop();
  EXPECT_EQ(InstanceLock(folder.path, 3, "us").state(), State::held);
}

TEST_F(Lock, ExcludesBothKindsOfOthers) {
  const InstanceLock lock(folder.path, 3, "us");
  ASSERT_EQ(lock.state(), State::held);
  EXPECT_FALSE(OtherDriver(path, OtherDriver::with_flock).running());
  EXPECT_FALSE(OtherDriver(path, OtherDriver::with_fcntl).running());
}

TEST_F(Lock, OfSomebodyWhoEndedIsNone) {
  std::ofstream(path)
      << "com.victronenergy.battery.ttyUSB9:4711, and a longer text than ours that must not stay behind";
  const InstanceLock lock(folder.path, 3, "us");
  EXPECT_EQ(lock.state(), State::held);
  EXPECT_EQ(content_of(path), "us:" + std::to_string(getpid()));
}

TEST_F(Lock, TheFileStaysForThoseWhoWait) {
  InstanceLock(folder.path, 3, "us");
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(Lock, WithoutAFolderItIsUnusable) {
  const InstanceLock lock(folder.path + "/none", 3, "us");
  EXPECT_EQ(lock.state(), State::unusable);
  EXPECT_THAT(lock.detail(), HasSubstr("No such file"));
}

TEST_F(Lock, ASymbolicLinkIsNotFollowed) {
  std::filesystem::create_symlink(folder.path + "/elsewhere", path);
  EXPECT_EQ(InstanceLock(folder.path, 3, "us").state(), State::unusable);
  EXPECT_FALSE(std::filesystem::exists(folder.path + "/elsewhere"));
}

}  // namespace
}  // namespace bmsd::testing
