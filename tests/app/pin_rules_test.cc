#include "app/pin_rules.h"

#include <gtest/gtest.h>

namespace bmsd {
namespace {

// As udevadm prints them for an FTDI adapter on a Raspberry Pi.
constexpr std::string_view kProperties =
    "DEVPATH=/devices/platform/soc/3f980000.usb/usb1/1-1/1-1.2/1-1.2:1.0/ttyUSB0/tty/ttyUSB0\n"
    "DEVNAME=/dev/ttyUSB0\n"
    "ID_BUS=usb\n"
    "ID_MODEL=FT232R_USB_UART\n"
    "ID_SERIAL=FTDI_FT232R_USB_UART_A50285BI\n"
    "ID_SERIAL_SHORT=A50285BI\n"
    "ID_PATH=platform-3f980000.usb-usb-0:1.2:1.0\n"
    "ID_PATH_TAG=platform-3f980000_usb-usb-0_1_2_1_0\n";

Result<Pin> pin_of(std::string name, std::string_view properties = kProperties) {
  return make_pin(std::move(name), udev_properties(properties), kHandsOff);
}

TEST(PinRules, AnAdapterIsKnownByItsSerialNumberWhereThatTellsItFromOthers) {
  const auto pin = pin_of("usb:A50285BI");
  ASSERT_TRUE(pin);
  EXPECT_EQ(pin->key, "ID_SERIAL_SHORT");
  EXPECT_EQ(pin->value, "A50285BI");
}

TEST(PinRules, OthersAreKnownByTheSocketThatTheyAreIn) {
  const auto same_serial_twice = pin_of("path:1-1.2");
  ASSERT_TRUE(same_serial_twice);
  EXPECT_EQ(same_serial_twice->key, "ID_PATH");
  EXPECT_EQ(same_serial_twice->value, "platform-3f980000.usb-usb-0:1.2:1.0");
  EXPECT_EQ(pin_of("usb:A50285BI", "ID_PATH=platform-usb-0:1\n")->key, "ID_PATH");
}

TEST(PinRules, APortThatUdevKnowsNothingOfIsRefused) {
  for (const std::string_view properties : {"", "DEVNAME=/dev/pts/3\n", "ID_SERIAL_SHORT=\nID_PATH=\n"}) {
    const auto pin = pin_of("/dev/ttyS1", properties);
    ASSERT_FALSE(pin) << properties;
    EXPECT_EQ(pin.error().code, Errc::config);
  }
}

TEST(PinRules, WhatWouldMatchMoreThanThePortCannotStandInARule) {
  for (const char* value : {"*", "A?B", "[ab]", "A|B", "A\"B", "A\\B", "A B", "$kernel", "\xff"})
    EXPECT_FALSE(pin_of("usb:x", "ID_SERIAL_SHORT=" + std::string(value) + "\n")) << value;
}

TEST(PinRules, OnVenusTheRuleSaysWhatSerialStarterDoes) {
  const std::string text = pin_rules({*pin_of("usb:A50285BI")});
  EXPECT_NE(text.find("\nACTION!=\"remove\", SUBSYSTEM==\"tty\", ENV{ID_SERIAL_SHORT}==\"A50285BI\", "
                      "ENV{VE_SERVICE}=\"ignore\"\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("ID_MM"), std::string::npos);
}

TEST(PinRules, ElsewhereTheRuleKeepsModemManagerAway) {
  const std::string text = pin_rules({*make_pin("usb:A50285BI", udev_properties(kProperties), "")});
  EXPECT_NE(text.find("ENV{ID_MM_DEVICE_IGNORE}=\"1\""), std::string::npos) << text;
  EXPECT_EQ(text.find("VE_SERVICE"), std::string::npos);
}

TEST(PinRules, WhatWasWrittenIsRead) {
  const std::vector<Pin> pins = {{"usb:A50285BI", "ID_SERIAL_SHORT", "A50285BI", "ignore"},
                                 {"path:1-1.3", "ID_PATH", "platform-usb-0:1.3:1.0", "bmsd"},
                                 {"/dev/ttyS1", "ID_PATH", "platform-20201000.serial", ""}};
  const std::vector<Pin> read = read_pin_rules(pin_rules(pins));
  ASSERT_EQ(read.size(), pins.size());
  for (std::size_t i = 0; i < pins.size(); ++i) {
    EXPECT_EQ(read[i].name, pins[i].name);
    EXPECT_EQ(read[i].key, pins[i].key);
    EXPECT_EQ(read[i].value, pins[i].value);
    EXPECT_EQ(read[i].service, pins[i].service);
  }
}

TEST(PinRules, LinesOfOthersAndHalfAFileAreNoPins) {
  EXPECT_TRUE(read_pin_rules("").empty());
  EXPECT_TRUE(read_pin_rules("ENV{ID_SERIAL_SHORT}==\"A\", ENV{VE_SERVICE}=\"ignore\"\n").empty());
  EXPECT_TRUE(read_pin_rules("# pin usb:A").empty());
  EXPECT_TRUE(read_pin_rules("# pin usb:A\n").empty());
  EXPECT_TRUE(read_pin_rules("# pin usb:A\nACTION!=\"remove\", ENV{ID_SERIAL_SHORT}==\"A").empty());
  EXPECT_TRUE(read_pin_rules("# pin usb:A\nENV{ID_PATH}==\"ENV{VE_SERVICE}=\"ignore\"\n").empty())
      << "no value that we would write";
}

}  // namespace
}  // namespace bmsd
