#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <utility>

#include "io/open_port.h"
#include "io/tcp.h"

namespace bmsd {
namespace {

TEST(PortName, IsTheLastPartMadeSafeForABusName) {
  const std::pair<const char*, const char*> kNames[] = {
      {"/dev/ttyUSB0", "ttyUSB0"},
      {"ttyUSB0", "ttyUSB0"},
      {"/dev/ttyS4", "ttyS4"},
      {"tcp://192.168.1.5:8899", "tcp_192_168_1_5_8899"},
      {"tcp://gateway.lan:23", "tcp_gateway_lan_23"},
      {"tcp://[::1]:23", "tcp____1__23"},
      {"/dev/pts/3", "pts_3"},
      {"pts/12", "pts_12"},
      {"/tmp/x/ttySIM0", "ttySIM0"},
      {"./ttySIM0", "ttySIM0"},
      {"/tmp/dev/pts/3", "port_3"},
      {"/dev/pts/x/3", "port_3"},
      {"/tmp/485", "port_485"},
      {"/dev/serial/by-id/usb-FTDI_FT232R-if00-port0", "usb_FTDI_FT232R_if00_port0"},
      {"usb:A50285BI", "usb_A50285BI"},
      {"usb:5A/1 x", "usb_5A_1_x"},
      {"path:1-1.2", "path_1_1_2"},
      {"path:1-1.2:1.0", "path_1_1_2_1_0"},
      {"/tmp/b\xC3\xBCs", "b__s"},
      {"/dev/", "port_"},
      {"", "port_"},
  };
  for (const auto& [name, expected] : kNames) EXPECT_EQ(port_name(name), expected) << name;
}

TEST(MakePort, TakesPathsBareNamesAndGateways) {
  boost::asio::io_context io;
  for (const char* name : {"/dev/ttyUSB0", "ttyUSB0", "./ttySIM0", "serial/by-id/usb-1", "tcp://10.0.0.1:8899"}) {
    const auto port = make_port(io, name);
    ASSERT_TRUE(port.ok()) << name;
    EXPECT_NE(port.value(), nullptr);
  }
  EXPECT_EQ(make_port(io, "tcp://10.0.0.1:8899").value()->speed(), 0) << "a gateway has no speed of its own";
  EXPECT_GT(make_port(io, "ttyUSB0").value()->speed(), 0);
}

TEST(MakePort, LooksForABareNameInDev) {
  boost::asio::io_context io;
  auto port = make_port(io, "no-such-tty");
  ASSERT_TRUE(port.ok());
  std::string failure;
  (*port)->open({.opened = [&](Status status) { failure = status ? "" : describe(status.error()); },
                 .bytes = [](Bytes) {},
                 .closed = [](const Error&) {}});
  EXPECT_EQ(failure,
            "/dev/no-such-tty: no such device; plug the adapter in or name another port: ls /dev/serial/by-id");
}

TEST(MakePort, RefusesNonsense) {
  boost::asio::io_context io;
  for (const char* name : {"",
                           " ",
                           "/",
                           "/dev/",
                           ".",
                           "..",
                           "tty USB0",
                           "/dev/tty\nUSB0",
                           "--help",
                           "usb:",
                           "path:",
                           "usb:A B",
                           "udp://10.0.0.1:1",
                           "http://x",
                           "tcp://",
                           "tcp://10.0.0.1",
                           "tcp://10.0.0.1:",
                           "tcp://10.0.0.1:0",
                           "tcp://10.0.0.1:65536",
                           "tcp://10.0.0.1:x",
                           "tcp://10.0.0.1:1x",
                           "tcp://:1",
                           "tcp://[]:1",
                           "tcp://::1:23",
                           "tcp://a/b:1",
                           "tcp://[::1:23"}) {
    const auto port = make_port(io, name);
    ASSERT_FALSE(port.ok()) << name;
    EXPECT_EQ(port.error().code, Errc::config) << name;
    EXPECT_NE(describe(port.error()).find("named"), std::string::npos) << "says what to write instead: " << name;
  }
}

TEST(TcpAddress, IsAHostAndAPort) {
  const std::tuple<const char*, const char*, int> kNames[] = {{"tcp://192.168.1.5:8899", "192.168.1.5", 8899},
                                                              {"tcp://gateway:65535", "gateway", 65535},
                                                              {"tcp://[fe80::1%eth0]:23", "fe80::1%eth0", 23},
                                                              {"tcp://[::1]:1", "::1", 1}};
  for (const auto& [name, host, port] : kNames) {
    const auto address = parse_tcp(name);
    ASSERT_TRUE(address.ok()) << name;
    EXPECT_EQ(address->host, host);
    EXPECT_EQ(address->port, port);
  }
}

}  // namespace
}  // namespace bmsd
