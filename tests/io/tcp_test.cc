#include "io/tcp.h"

#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <optional>

#include "io/pump.h"
#include "loop.h"

namespace bmsd {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// A gateway that accepts one connection after the other.
struct Gateway {
  asio::io_context io;
  tcp::acceptor acceptor;
  std::optional<tcp::socket> socket;

  explicit Gateway(const char* address = "127.0.0.1") : acceptor(io, {asio::ip::make_address(address), 0}) { accept(); }

  void accept() {
    acceptor.async_accept([this](const boost::system::error_code& error, tcp::socket accepted) {
      if (error) return;
      socket.emplace(std::move(accepted));
      accept();
    });
  }
  std::uint16_t port() const { return acceptor.local_endpoint().port(); }
};

TEST(TcpPort, CarriesBytesBothWays) {
  Gateway gateway;
  TcpPort port(gateway.io, {"127.0.0.1", gateway.port()});
  Told told;
  port.open(told.handlers());
  EXPECT_TRUE(told.opened.empty()) << "it takes time";
  ASSERT_TRUE(run_until(gateway.io, [&] { return told.is_open() && gateway.socket; })) << told.failure();
  EXPECT_TRUE(port.set_speed(19200).ok());
  EXPECT_EQ(port.speed(), 0);

  port.write(as_bytes("request"));
  std::string heard(7, '\0');
  bool read = false;
  asio::async_read(*gateway.socket, asio::buffer(heard),
                   [&](const boost::system::error_code& error, std::size_t) { read = !error; });
  ASSERT_TRUE(run_until(gateway.io, [&] { return read; }));
  EXPECT_EQ(heard, "request");
  asio::write(*gateway.socket, asio::buffer("reply", 5));
  ASSERT_TRUE(run_until(gateway.io, [&] { return as_text(told.bytes) == "reply"; }));
}

TEST(TcpPort, ConnectsToAnIpv6Address) {
  std::optional<Gateway> gateway;
  try {
    gateway.emplace("::1");
  } catch (const boost::system::system_error&) {
    GTEST_SKIP() << "no IPv6 here";
  }
  TcpPort port(gateway->io, {"::1", gateway->port()});
  Told told;
  port.open(told.handlers());
  ASSERT_TRUE(run_until(gateway->io, [&] { return !told.opened.empty(); }));
  EXPECT_TRUE(told.is_open()) << told.failure();
}

TEST(TcpPort, LooksUpAName) {
  Gateway gateway;
  TcpPort port(gateway.io, {"localhost", gateway.port()});
  Told told;
  port.open(told.handlers());
  ASSERT_TRUE(run_until(gateway.io, [&] { return !told.opened.empty(); }));
  EXPECT_TRUE(told.is_open()) << told.failure();
}

TEST(TcpPort, SaysThatTheGatewayRefused) {
  asio::io_context io;
  std::uint16_t free_port = 0;
  {
    tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    free_port = acceptor.local_endpoint().port();
  }
  TcpPort port(io, {"127.0.0.1", free_port});
  Told told;
  port.open(told.handlers());
  ASSERT_TRUE(run_until(io, [&] { return !told.opened.empty(); }));
  EXPECT_EQ(told.failure(), "tcp://127.0.0.1:" + std::to_string(free_port) +
                                ": connection refused; is the gateway a TCP server, and is this its port?");
  EXPECT_EQ(told.opened.front().error().code, Errc::io);
}

TEST(TcpPort, NoticesThatTheGatewayHungUp) {
  Gateway gateway;
  TcpPort port(gateway.io, {"127.0.0.1", gateway.port()});
  Told told;
  port.open(told.handlers());
  ASSERT_TRUE(run_until(gateway.io, [&] { return told.is_open() && gateway.socket; })) << told.failure();
  asio::write(*gateway.socket, asio::buffer("last", 4));
  gateway.socket->shutdown(tcp::socket::shutdown_send);  // half closed: nothing will ever come again
  ASSERT_TRUE(run_until(gateway.io, [&] { return !told.closed.empty(); }));
  EXPECT_EQ(as_text(told.bytes), "last");
  EXPECT_NE(describe(told.closed.front()).find("the gateway closed the connection"), std::string::npos);
}

TEST(TcpPort, NoticesThatTheConnectionWasReset) {
  Gateway gateway;
  TcpPort port(gateway.io, {"127.0.0.1", gateway.port()});
  Told told;
  port.open(told.handlers());
  ASSERT_TRUE(run_until(gateway.io, [&] { return told.is_open() && gateway.socket; })) << told.failure();
  gateway.socket->set_option(asio::socket_base::linger(true, 0));
  gateway.socket->close();
  port.write(as_bytes("x"));
  port.write(as_bytes("y"));
  ASSERT_TRUE(run_until(gateway.io, [&] { return !told.closed.empty(); }));
  settle(gateway.io);
  EXPECT_EQ(told.closed.size(), 1u);
}

TEST(TcpPort, MayBeDestroyedWhileItConnects) {
  Gateway gateway;
  Told told;
  for (const char* host : {"127.0.0.1", "localhost"}) {
    TcpPort port(gateway.io, {host, gateway.port()});
    port.open(told.handlers());
  }
  gateway.acceptor.close();
  gateway.io.restart();
  gateway.io.run();
  EXPECT_TRUE(told.opened.empty());
  EXPECT_TRUE(told.closed.empty());
}

// Says nothing.
struct Mute : Machine {
  void opened(int, Instant) override { ++times_opened; }
  void closed(Instant) override {}
  void received(Bytes, Instant) override {}
  std::optional<Action> next(Instant) override { return std::nullopt; }
  std::optional<Instant> deadline() const override { return std::nullopt; }
  int times_opened = 0;
};

TEST(Pump, DoesNotFillTheLogOverAGatewayThatAcceptsAndHangsUp) {
  Gateway gateway;
  Mute machine;
  int lines = 0;
  Pump pump(
      gateway.io, std::make_unique<TcpPort>(gateway.io, TcpAddress{"127.0.0.1", gateway.port()}), machine, "gateway",
      [&](Level level, std::string_view) { lines += level < Level::debug ? 1 : 0; }, PumpHooks{},
      PumpOptions{.reopen = true, .reopen_every = 1ms});
  pump.start();
  ASSERT_TRUE(run_until(gateway.io, [&] {
    gateway.socket.reset();
    return machine.times_opened >= 5;
  }));
  EXPECT_EQ(lines, 1);
}

}  // namespace
}  // namespace bmsd
