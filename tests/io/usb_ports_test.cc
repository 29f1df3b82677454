#include "io/usb_ports.h"

#include <gtest/gtest.h>

#include <fstream>

#include "io/open_port.h"
#include "loop.h"

namespace bmsd {
namespace {

namespace fs = std::filesystem;

// sysfs as the kernel makes it, in a folder of the test's own.
class Sysfs {
 public:
  Sysfs() { fs::create_directories(root() + "/class/tty"); }

  std::string root() const { return folder_.file("sys"); }

  // An adapter at "1-1.2", as the hub's socket is called.
  void plug(const std::string& hub_path, const std::string& serial) {
    fs::create_directories(device(hub_path));
    std::ofstream(device(hub_path) + "/idVendor") << "0403\n";
    if (!serial.empty()) std::ofstream(device(hub_path) + "/serial") << serial << "\n";
  }
  // A port of it: adapters' drivers put a folder below the interface, modems do not.
  void add_tty(const std::string& hub_path, const std::string& tty, const std::string& interface = "1.0",
               bool own_folder = true) {
    const std::string below = device(hub_path) + "/" + hub_path + ":" + interface + (own_folder ? "/" + tty : "");
    fs::create_directories(below + "/tty/" + tty);
    fs::create_symlink(below, below + "/tty/" + tty + "/device");
    fs::create_symlink(below + "/tty/" + tty, root() + "/class/tty/" + tty);
  }
  // Neither a console nor the UART of a chip is a USB adapter.
  void add_others() {
    fs::create_directories(root() + "/devices/virtual/tty/tty0");
    fs::create_symlink(root() + "/devices/virtual/tty/tty0", root() + "/class/tty/tty0");
    const std::string uart = root() + "/devices/platform/serial8250";
    fs::create_directories(uart + "/tty/ttyS0");
    fs::create_symlink(uart, uart + "/tty/ttyS0/device");
    fs::create_symlink(uart + "/tty/ttyS0", root() + "/class/tty/ttyS0");
  }
  void unplug(const std::string& hub_path, const std::string& tty) {
    fs::remove(root() + "/class/tty/" + tty);
    fs::remove_all(device(hub_path));
  }

 private:
  std::string device(const std::string& hub_path) const {
    return root() + "/devices/platform/soc/usb1/1-1/" + hub_path;
  }
  TemporaryFolder folder_;
};

std::string found(const Sysfs& sysfs, std::string_view name) {
  const auto path = find_usb_port(name, sysfs.root());
  return path ? *path : std::string(path.error().what) + ": " + path.error().detail;
}

TEST(UsbPorts, AreThoseOfUsbAdapters) {
  Sysfs sysfs;
  sysfs.add_others();
  sysfs.plug("1-1.2", "A50285BI");
  sysfs.add_tty("1-1.2", "ttyUSB0");
  sysfs.plug("1-1.3", "");
  sysfs.add_tty("1-1.3", "ttyACM0", "1.2", false);
  const auto ports = usb_ports(sysfs.root());
  ASSERT_EQ(ports.size(), 2U);
  EXPECT_EQ(ports[0].tty, "ttyACM0");
  EXPECT_EQ(ports[0].serial, "");
  EXPECT_EQ(ports[0].hub_path, "1-1.3");
  EXPECT_EQ(ports[0].interface, "1-1.3:1.2");
  EXPECT_EQ(ports[1].tty, "ttyUSB0");
  EXPECT_EQ(ports[1].serial, "A50285BI");
  EXPECT_EQ(ports[1].hub_path, "1-1.2");
  EXPECT_EQ(ports[1].interface, "1-1.2:1.0");
  EXPECT_TRUE(usb_ports("/no/such/folder").empty());
}

TEST(UsbPorts, AreFoundBySerialNumberAndBySocket) {
  Sysfs sysfs;
  sysfs.plug("1-1.2", "A50285BI");
  sysfs.add_tty("1-1.2", "ttyUSB0");
  sysfs.plug("1-1.3", "B 7/x");
  sysfs.add_tty("1-1.3", "ttyUSB1");
  EXPECT_EQ(found(sysfs, "usb:A50285BI"), "/dev/ttyUSB0");
  EXPECT_EQ(found(sysfs, "usb:B_7_x"), "/dev/ttyUSB1") << "as udev writes it";
  EXPECT_EQ(found(sysfs, "path:1-1.3"), "/dev/ttyUSB1");
  EXPECT_EQ(found(sysfs, "path:1-1.3:1.0"), "/dev/ttyUSB1");
}

TEST(UsbPorts, AreFoundAgainUnderAnotherNumber) {
  Sysfs sysfs;
  sysfs.plug("1-1.2", "A50285BI");
  sysfs.add_tty("1-1.2", "ttyUSB0");
  ASSERT_EQ(found(sysfs, "usb:A50285BI"), "/dev/ttyUSB0");
  sysfs.unplug("1-1.2", "ttyUSB0");
  EXPECT_EQ(found(sysfs, "usb:A50285BI"),
            "missing: usb:A50285BI: no USB serial adapter has this serial number; there is none at all");
  sysfs.plug("1-1.4", "A50285BI");
  sysfs.add_tty("1-1.4", "ttyUSB3");
  EXPECT_EQ(found(sysfs, "usb:A50285BI"), "/dev/ttyUSB3");
  EXPECT_EQ(found(sysfs, "path:1-1.2"),
            "missing: path:1-1.2: no USB serial adapter is plugged in there; there is usb:A50285BI (ttyUSB3)");
}

TEST(UsbPorts, ANameForSeveralIsAnErrorThatTellsThemApart) {
  Sysfs sysfs;
  sysfs.plug("1-1.2", "0001");
  sysfs.add_tty("1-1.2", "ttyUSB0");
  sysfs.plug("1-1.3", "0001");
  sysfs.add_tty("1-1.3", "ttyUSB1");
  sysfs.plug("1-1.4", "FT4");
  sysfs.add_tty("1-1.4", "ttyUSB2", "1.0");
  sysfs.add_tty("1-1.4", "ttyUSB3", "1.1");
  EXPECT_EQ(found(sysfs, "usb:0001"),
            "ambiguous: usb:0001: more than one port; name one of path:1-1.2 (ttyUSB0), path:1-1.3 (ttyUSB1)");
  EXPECT_EQ(found(sysfs, "usb:FT4"),
            "ambiguous: usb:FT4: more than one port; name one of path:1-1.4:1.0 (ttyUSB2), path:1-1.4:1.1 (ttyUSB3)");
  EXPECT_EQ(found(sysfs, "path:1-1.4:1.1"), "/dev/ttyUSB3");
}

TEST(UsbPorts, AnAdapterWithoutASerialNumberIsNotFoundByNone) {
  Sysfs sysfs;
  sysfs.plug("1-1.2", "");
  sysfs.add_tty("1-1.2", "ttyUSB0");
  EXPECT_EQ(found(sysfs, "usb:").substr(0, 7), "missing");
  EXPECT_EQ(found(sysfs, "path:1-1.2"), "/dev/ttyUSB0");
}

TEST(StableName, IsTheSerialNumberWhereThatIsEnough) {
  const std::vector<UsbPort> all = {{"ttyUSB0", "A5", "1-1", "1-1:1.0"}, {"ttyUSB1", "", "1-2", "1-2:1.0"},
                                    {"ttyUSB2", "1", "1-3", "1-3:1.0"},  {"ttyUSB3", "1", "1-4", "1-4:1.0"},
                                    {"ttyUSB4", "F", "1-5", "1-5:1.0"},  {"ttyUSB5", "F", "1-5", "1-5:1.1"},
                                    {"ttyUSB6", "", "1-6", "1-6:1.0"},   {"ttyUSB7", "", "1-6", "1-6:1.0"}};
  EXPECT_EQ(stable_name("ttyUSB0", all), "usb:A5");
  EXPECT_EQ(stable_name("ttyUSB1", all), "path:1-2");
  EXPECT_EQ(stable_name("ttyUSB2", all), "path:1-3");
  EXPECT_EQ(stable_name("ttyUSB5", all), "path:1-5:1.1");
  EXPECT_EQ(stable_name("ttyUSB7", all), "/dev/ttyUSB7");
  EXPECT_EQ(stable_name("ttyS0", all), "");
}

TEST(UsbPort, SaysWhatIsMissingEachTimeItIsOpened) {
  Sysfs sysfs;
  boost::asio::io_context io;
  const auto port = make_usb_port(io, "usb:A50285BI", sysfs.root());
  Told told;
  port->open(told.handlers());
  EXPECT_EQ(told.failure(), "usb:A50285BI: no USB serial adapter has this serial number; there is none at all");
  sysfs.plug("1-1.2", "A50285BI");
  sysfs.add_tty("1-1.2", "ttyNOSUCH0");
  port->open(told.handlers());
  EXPECT_NE(told.failure().find("/dev/ttyNOSUCH0: no such device"), std::string::npos)
      << "found in sysfs, and there is no such device here: " << told.failure();
}

TEST(UsbPort, KeepsItsSpeedWhileThereIsNoAdapter) {
  boost::asio::io_context io;
  const auto port = make_port(io, "usb:NO_SUCH_ADAPTER");
  ASSERT_TRUE(port.ok());
  EXPECT_EQ((*port)->speed(), 9600);
  EXPECT_TRUE((*port)->set_speed(19200).ok());
  EXPECT_EQ((*port)->speed(), 19200);
  (*port)->write({});
  (*port)->close();
}

}  // namespace
}  // namespace bmsd
