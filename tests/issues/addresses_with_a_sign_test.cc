// "0x-5" was read as address -5: of a pack that cannot be, and for the simulator's console "0x-1" meant all packs.
#include <gtest/gtest.h>

#include "app/addresses.h"
#include "protocol/daren_485.h"
#include "sim/bus.h"
#include "sim/console.h"

namespace bmsd {
namespace {

TEST(AddressesWithASign, AreRefusedOnTheCommandLine) {
  for (const char* text : {"0x-5", "0X-1", "1,0x-0", "-1", "0x+5"}) EXPECT_FALSE(parse_addresses(text)) << text;
  EXPECT_EQ(*parse_addresses("0x0A,2"), (std::vector<int>{2, 10}));
}

TEST(AddressesWithASign, AreRefusedAtTheSimulatorsConsole) {
  SimBus bus({.protocol = &kDaren485});
  ASSERT_TRUE(bus.add_pack({}, PackModel()));
  Console console(bus, {});
  EXPECT_FALSE(console.execute("silence 0x-1 on"));
  EXPECT_FALSE(bus.silent(1));
  EXPECT_TRUE(console.execute("silence 0x01 on"));
  EXPECT_TRUE(bus.silent(1));
}

}  // namespace
}  // namespace bmsd
