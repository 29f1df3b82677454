#include "wire/can_frame.h"

#include <gtest/gtest.h>

namespace bmsd {
namespace {

const ByteVector kData = {1, 2, 3};

TEST(CanFrame, ComesOutOfARecordAsItWentIn) {
  const ByteVector record = can_record(0x18904001, true, kData);
  EXPECT_EQ(record, *from_hex("98 90 40 01 03 01 02 03"));
  const CanFrame frame = can_frame(record);
  EXPECT_TRUE(frame.is_extended(0x18904001));
  EXPECT_FALSE(frame.is_standard(0x18904001));
  EXPECT_TRUE(same(frame.data, kData));
}

TEST(CanFrame, TellsAStandardIdentifierFromAnExtendedOne) {
  EXPECT_TRUE(can_frame(can_record(0x356, false, kData)).is_standard(0x356));
  EXPECT_FALSE(can_frame(can_record(0x356, true, kData)).is_standard(0x356));
}

TEST(CanFrame, IsCutBehindEightBytes) {
  EXPECT_EQ(can_record(0x351, false, ByteVector(9, 0xEE)), *from_hex("00 00 03 51 08 EE EE EE EE EE EE EE EE"));
}

TEST(CanFrame, TakesItsTimeOnTheWire) {
  const ByteVector eight(8, 0);
  EXPECT_EQ(can_time(can_record(0x351, false, eight), 500000), 244us) << "111 bits and 11 that are stuffed";
  EXPECT_EQ(can_time(can_record(0x351, true, eight), 500000), 288us) << "131 and 13";
  EXPECT_EQ(can_time(can_record(0x351, false, {}), 250000), 204us) << "47 and 4";
  EXPECT_EQ(can_time(can_record(0x351, false, eight), 0), 0us) << "a bus without a bitrate";
}

TEST(CanFramer, FindsOneRecordAfterTheOther) {
  ByteVector stream = can_record(0x351, false, kData);
  const std::size_t first = stream.size();
  const ByteVector second = can_record(0x355, false, {});
  stream.insert(stream.end(), second.begin(), second.end());
  EXPECT_EQ(can_framer(stream, false).kind, Scan::frame);
  EXPECT_EQ(can_framer(stream, false).size, first);
  EXPECT_EQ(can_framer(Bytes(stream).subspan(first), false).size, second.size());
}

TEST(CanFramer, WaitsForTheRest) {
  const ByteVector record = can_record(0x351, false, kData);
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_EQ(can_framer(Bytes(record).first(size), false).kind, Scan::more) << size;
    if (size == 0) continue;
    EXPECT_EQ(can_framer(Bytes(record).first(size), true).kind, Scan::junk) << size;
  }
}

TEST(CanFramer, PassesOverWhatIsNoRecord) {
  for (const char* hex : {"00 00 08 00 00", "A0 00 00 00 00", "00 00 03 51 09 00"}) {
    EXPECT_EQ(can_framer(*from_hex(hex), false).kind, Scan::junk) << hex;
  }
}

}  // namespace
}  // namespace bmsd
