#include "app/port_owner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace bmsd {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

// A system with what Venus OS keeps of its ports. /dev/null is a character device that is everywhere.
class PortOwnerTest : public testing::Test {
 protected:
  PortOwnerTest() {
    fs::create_directories(root_ / "var/lock/serial-starter");
    fs::create_directories(root_ / "run/udev/data");
  }
  ~PortOwnerTest() override { fs::remove_all(root_); }
  PortOwner look() const { return owner_of("/dev/null", root_); }

  fs::path root_ = fs::temp_directory_path() / ("bmsd-port-owner-" + std::to_string(::getpid()));
};

TEST_F(PortOwnerTest, KnowsForWhomSerialStarterHasLockedThePort) {
  EXPECT_FALSE(look().starter);
  fs::create_symlink(std::to_string(::getpid()), root_ / "var/lock/serial-starter/null");
  const PortOwner owner = look();
  ASSERT_TRUE(owner.starter);
  EXPECT_EQ(owner.starter->pid, ::getpid());
  EXPECT_THAT(owner.starter->name, HasSubstr("app_test"));
  EXPECT_EQ(owner.tty, "null");
  EXPECT_TRUE(owner.known());
  EXPECT_THAT(describe(owner), HasSubstr("serial-starter"));
}

TEST_F(PortOwnerTest, TakesALockThatNamesNobodyForNone) {
  for (const char* target : {"", "nobody", "/proc/self/x", "-4"}) {
    const fs::path lock = root_ / "var/lock/serial-starter/null";
    fs::remove(lock);
    if (*target != '\0') fs::create_symlink(target, lock);
    EXPECT_FALSE(look().starter) << target;
  }
}

TEST_F(PortOwnerTest, KnowsToWhichDriversUdevHandsThePort) {
  EXPECT_EQ(look().service, "");
  std::ofstream(root_ / "run/udev/data/c1:3")
      << "S:serial/by-id/x\nE:ID_MODEL=FT232R\nE:VE_SERVICE=vedirect:sbattery\n";
  EXPECT_EQ(look().service, "vedirect:sbattery");
  EXPECT_THAT(describe(look()), HasSubstr("(VE_SERVICE vedirect:sbattery)"));
}

TEST(PortOwner, IsSaidInWords) {
  PortOwner owner;
  owner.holder = Holder{708, "picocom", "picocom -b 9600 /dev/ttyUSB0"};
  EXPECT_EQ(describe(owner), "process 708 (picocom -b 9600 /dev/ttyUSB0)");
  owner.starter = Holder{708, "picocom", ""};
  EXPECT_THAT(describe(owner), HasSubstr("to which serial-starter has given it"));
  owner.starter = Holder{9, "run", "/service/vedirect.ttyUSB0/run"};
  EXPECT_THAT(describe(owner), HasSubstr("serial-starter has locked it for process 9"));
  owner.holder.reset();
  EXPECT_THAT(describe(owner), HasSubstr("process 9"));
  EXPECT_THAT(describe(PortOwner{}), HasSubstr("cannot be seen"));
}

TEST(PortOwner, OfAPortThatIsNoDeviceIsNobody) {
  EXPECT_FALSE(owner_of("tcp://127.0.0.1:1").known());
  EXPECT_FALSE(owner_of("/no/such/port").known());
}

}  // namespace
}  // namespace bmsd
