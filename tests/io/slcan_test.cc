#include "io/slcan.h"

#include <gtest/gtest.h>

#include "io/pty.h"
#include "io/serial.h"
#include "loop.h"
#include "wire/can_text.h"

namespace bmsd {
namespace {

ByteVector record(const char* text) { return can_record_of(text).value(); }

TEST(Slcan, WritesFramesAsLawicelDoes) {
  EXPECT_EQ(slcan_line(record("123#112233")), "t1233112233");
  EXPECT_EQ(slcan_line(record("18904001#01070000753002BC")), "T18904001801070000753002BC");
  EXPECT_EQ(slcan_line(record("7FF#")), "t7FF0");
}

TEST(Slcan, ReadsFramesWithAndWithoutTimeStamps) {
  EXPECT_EQ(slcan_record("t1233112233"), record("123#112233"));
  EXPECT_EQ(slcan_record("t1233112233ABCD"), record("123#112233"));
  EXPECT_EQ(slcan_record("T18904001801070000753002bc"), record("18904001#01070000753002BC"));
  EXPECT_EQ(slcan_record("t7FF0"), record("7FF#"));
}

TEST(Slcan, TakesNothingElseForAFrame) {
  for (const char* line :
       {"", "t", "z", "Z", "V1013", "N1234", "F00", "t12", "t123", "t1239", "t12331122", "t123311223344", "r1233",
        "R189040018", "t8001FF", "T2000000011", "d12331122", "tXYZ0", "t1233-12233"})
    EXPECT_TRUE(slcan_record(line).empty()) << line;
}

TEST(Slcan, KnowsItsBitrates) {
  ASSERT_TRUE(slcan_code(250000));
  EXPECT_EQ(*slcan_code(250000), 5);
  EXPECT_EQ(*slcan_code(1000000), 8);
  EXPECT_FALSE(slcan_code(83333));
  EXPECT_EQ(slcan_bitrate(6), 500000);
  EXPECT_EQ(slcan_bitrate(9), 0);
}

// A program's port and the adapter that is played, at the two ends of a pseudo-terminal.
struct SlcanBench {
  explicit SlcanBench(int bus_bitrate = 500000) {
    auto made = std::make_unique<Pty>(io);
    pty = made.get();
    EXPECT_TRUE(pty->plug().ok());
    device = std::make_unique<SlcanDevice>(std::move(made), bus_bitrate);
    device->open(bus.handlers());
    port = std::make_unique<SlcanPort>(std::make_unique<SerialPort>(io, pty->slave_path()));
  }
  void open(int bitrate) {
    EXPECT_TRUE(port->set_speed(bitrate));
    port->open(program.handlers());
    EXPECT_TRUE(program.is_open()) << program.failure();
  }
  bool heard_by_bus(std::size_t bytes) {
    return run_until(io, [&] { return bus.bytes.size() >= bytes; });
  }

  boost::asio::io_context io;
  Pty* pty;
  Told bus, program;
  std::unique_ptr<SlcanDevice> device;
  std::unique_ptr<SlcanPort> port;
};

TEST(Slcan, CarriesFramesBothWays) {
  SlcanBench bench;
  bench.open(500000);
  const ByteVector request = record("18900140#0000000000000000"), reply = record("18904001#01070000753002BC");
  bench.port->write(request);
  ASSERT_TRUE(bench.heard_by_bus(request.size()));
  EXPECT_EQ(bench.bus.bytes, request);
  ByteVector two = reply;
  const ByteVector other = record("2F4#1302B20F51000000");
  two.insert(two.end(), other.begin(), other.end());
  bench.device->write(two);
  ASSERT_TRUE(run_until(bench.io, [&] { return bench.program.bytes.size() >= two.size(); }));
  EXPECT_EQ(bench.program.bytes, two) << "and none of the adapter's answers";
}

TEST(Slcan, AtAnotherBitrateNobodyHearsAnybodyUntilItIsSet) {
  SlcanBench bench;
  bench.open(250000);
  EXPECT_EQ(bench.port->speed(), 250000);
  const ByteVector request = record("123#01"), second = record("123#02");
  bench.port->write(request);
  EXPECT_TRUE(bench.port->set_speed(500000));
  bench.port->write(second);
  ASSERT_TRUE(bench.heard_by_bus(second.size()));
  EXPECT_EQ(bench.bus.bytes, second);
  EXPECT_FALSE(bench.port->set_speed(123456));
  EXPECT_EQ(bench.port->speed(), 500000);
}

TEST(Slcan, AnAdapterThatIsPulledIsLost) {
  SlcanBench bench;
  bench.open(500000);
  bench.pty->unplug();
  EXPECT_TRUE(run_until(bench.io, [&] { return !bench.program.closed.empty(); }));
}

// What a CANable says: nothing to commands, frames with whatever in between.
TEST(Slcan, BearsWithAdaptersThatAnswerOtherwise) {
  boost::asio::io_context io;
  Pty pty(io);
  ASSERT_TRUE(pty.plug().ok());
  Told adapter, program;
  pty.open(adapter.handlers());
  SlcanPort port(std::make_unique<SerialPort>(io, pty.slave_path()));
  port.open(program.handlers());
  ASSERT_TRUE(program.is_open());
  const std::string said =
      "\a\aV0005\rt12321122\rz\rgarbage that is far longer than any line of an adapter could ever be, "
      "so it is passed over\rT1890400110\r\at12321122";
  pty.write(as_bytes(said));
  ByteVector wanted = record("123#1122");
  ASSERT_TRUE(run_until(io, [&] { return program.bytes.size() >= wanted.size(); }));
  pty.write(as_bytes("\r"));
  const std::size_t once = wanted.size();
  wanted.insert(wanted.end(), wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(once));
  ASSERT_TRUE(run_until(io, [&] { return program.bytes.size() >= wanted.size(); }));
  EXPECT_EQ(program.bytes, wanted);
}

}  // namespace
}  // namespace bmsd
