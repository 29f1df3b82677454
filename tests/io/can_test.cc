// Without a kernel that has CAN: what can be said all the same. tests/system/test_can_kernel.py has the kernel.
#include "io/can.h"

#include <gmock/gmock.h>

#include <fstream>

#include "io/open_port.h"
#include "loop.h"

namespace bmsd {
namespace {

TEST(CanPort, SaysWhatToDoWhereThereIsNoSuchInterface) {
  boost::asio::io_context io;
  CanPort port(io, "can77");
  Told told;
  port.open(told.handlers());
  ASSERT_FALSE(told.is_open());
  EXPECT_THAT(told.failure(), testing::HasSubstr("slcan:/dev/ttyACM0"));
  port.write({});  // nothing to write to
}

TEST(CanPort, FindsTheInterfacesOfASystem) {
  const TemporaryFolder sys;
  for (const auto& [name, type] : {std::pair("vecan0", 280), std::pair("can0", 280), std::pair("eth0", 1)}) {
    std::filesystem::create_directories(sys.file("class/net/" + std::string(name)));
    std::ofstream(sys.file("class/net/" + std::string(name) + "/type")) << type << "\n";
  }
  EXPECT_THAT(can_interfaces(sys.file(".")), testing::ElementsAre("can0", "vecan0"));
}

TEST(CanPort, IsNamedLikeItsInterface) {
  boost::asio::io_context io;
  for (const char* name :
       {"can0", "vecan1", "vcan0", "slcan0", "can:battery", "slcan:/dev/ttyACM0", "slcan:usb:1234"}) {
    EXPECT_TRUE(is_can_port(name)) << name;
    EXPECT_TRUE(make_port(io, name)) << name;
  }
  for (const char* name : {"/dev/can0", "canopy", "can", "ttyUSB0", "usb:can0", "tcp://can0:1", "xcan0"})
    EXPECT_FALSE(is_can_port(name)) << name;
  for (const char* name : {"can:", "slcan:", "can:a/b", "can:averyverylongname", "slcan:can0"})
    EXPECT_FALSE(make_port(io, name)) << name;
  EXPECT_EQ(port_name("can0"), "can0");
  EXPECT_EQ(port_name("can:battery"), "battery");
  EXPECT_EQ(port_name("slcan:/dev/ttyACM0"), "slcan_ttyACM0");
}

}  // namespace
}  // namespace bmsd
