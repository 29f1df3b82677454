#include "wire/can_text.h"

#include <gtest/gtest.h>

#include "wire/can_frame.h"

namespace bmsd {
namespace {

TEST(CanText, IsWrittenAsCanUtilsDo) {
  EXPECT_EQ(can_text(can_record(0x44, false, *from_hex("2A366C2BBA"))), "044#2A366C2BBA");
  EXPECT_EQ(can_text(can_record(0x18904001, true, *from_hex("01070000753002BC"))), "18904001#01070000753002BC");
  EXPECT_EQ(can_text(can_record(0x2F4, true, {})), "000002F4#");
}

TEST(CanText, IsReadAsItIsWritten) {
  EXPECT_EQ(can_record_of("044#2A366C2BBA"), can_record(0x44, false, *from_hex("2A366C2BBA")));
  EXPECT_EQ(can_record_of("18904001#01.07"), can_record(0x18904001, true, *from_hex("0107")));
  EXPECT_EQ(can_record_of("000002f4#"), can_record(0x2F4, true, {}));
}

TEST(CanText, IsRefusedWhereItIsNoDataFrame) {
  for (const char* text : {"", "044", "#00", "44#00", "800#00", "20000000#00", "044#R", "044#0",
                           "044#001122334455667788", "044##100", "04G#00", "-44#00", "0x4#00"})
    EXPECT_FALSE(can_record_of(text)) << text;
}

}  // namespace
}  // namespace bmsd
