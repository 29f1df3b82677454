// What an inverter is told, byte for byte. The layouts are those of Pylontech's V1.2, of Victron's rules, of REC's manual for
// SMA and of the inverters' own sets; the numbers were worked out by hand.
#include "wire/canbus_encode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "wire/can_frame.h"
#include "wire/can_text.h"

namespace bmsd::canbus {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kProfiles =
    std::to_array<std::string_view>({"pylontech", "pylontech_dlc8", "victron", "sma", "growatt_lv", "goodwe_lv"});

Told a_battery() {
  Told told;
  told.voltage = 52.17;
  told.current = -30.1;
  told.soc = 60.2;
  told.temperature = 23.5;
  told.charge_voltage_limit = 57.9;
  told.charge_current_limit = 100;
  told.discharge_current_limit = 195;
  told.discharge_voltage_limit = 46.4;
  return told;
}

std::vector<std::string> frames(std::string_view profile, const Told& told) {
  std::vector<std::string> all;
  const auto records = encode(profile, told);
  EXPECT_TRUE(records) << profile;
  if (!records) return all;
  for (Bytes rest = *records; !rest.empty();) {
    const Scan scan = can_framer(rest, true);
    EXPECT_EQ(scan.kind, Scan::frame);
    all.push_back(can_text(rest.first(scan.size)));
    rest = rest.subspan(scan.size);
  }
  return all;
}

// The data of the frame with this identifier; "none" where it is not sent.
std::string data(std::string_view profile, const Told& told, const std::string& id) {
  for (const std::string& frame : frames(profile, told)) {
    if (frame.starts_with(id + "#")) return frame.substr(id.size() + 1);
  }
  return "none";
}

Told with(void (*change)(Told&)) {
  Told told = a_battery();
  change(told);
  return told;
}

// --- What may not be told ---

TEST(CanBusEncode, NothingIsToldWhereSomethingNeededIsNotKnown) {
  using Needed = std::optional<double> Told::*;
  for (const Needed needed :
       {&Told::voltage, &Told::current, &Told::soc, &Told::charge_voltage_limit, &Told::charge_current_limit,
        &Told::discharge_current_limit, &Told::discharge_voltage_limit}) {
    for (const std::string_view profile : kProfiles) {
      for (const std::optional<double> unknown : {std::optional<double>(), std::optional(std::nan("")),
                                                  std::optional(std::numeric_limits<double>::infinity())}) {
        Told told = a_battery();
        told.*needed = unknown;
        const auto made = encode(profile, told);
        ASSERT_FALSE(made) << profile;
        EXPECT_EQ(made.error().code, Errc::incomplete);
        EXPECT_STREQ(made.error().what, "missing_value");
      }
    }
  }
}

TEST(CanBusEncode, AProfileThatNobodyKnowsIsAnError) {
  for (const char* profile : {"", "Victron", "pylontech_", "sunspec"}) {
    const auto made = encode(profile, a_battery());
    ASSERT_FALSE(made) << profile;
    EXPECT_EQ(made.error().code, Errc::config);
    EXPECT_STREQ(made.error().what, "unknown_profile");
  }
}

// --- Pylontech ---

TEST(CanBusEncode, PylontechsFramesComeInTheirOrder) {
  const Told told = with([](Told& to) { to.soh = 94, to.module_count = 6; });
  EXPECT_THAT(frames("pylontech", told), ElementsAre("359#0000000006504E", "351#4302E8039E07D001", "355#3C005E00",
                                                     "356#6114D3FEEB00", "35C#C000", "35E#50594C4F4E202020"));
  EXPECT_THAT(frames("pylontech_dlc8", told),
              ElementsAre("359#0000000006504E00", "351#4302E8039E07D001", "355#3C005E0000000000",
                          "356#6114D3FEEB000000", "35C#C000000000000000", "35E#50594C4F4E202020"));
}

TEST(CanBusEncode, LimitsAreCutToTheSafeSideAndMeasurementsRounded) {
  Told told = a_battery();
  told.charge_voltage_limit = 55.29;
  told.charge_current_limit = 33.38;
  told.discharge_current_limit = 120.07;
  told.discharge_voltage_limit = 44.81;
  told.voltage = 53.486;
  told.current = 12.34;
  told.temperature = -3.26;
  told.soc = 99.6;
  told.soh = 97.4;
  EXPECT_EQ(data("pylontech", told, "351"), "28024D01B004C101") << "55.2 V, 33.3 A, 120.0 A, 44.9 V";
  EXPECT_EQ(data("pylontech", told, "356"), "E5147B00DFFF") << "53.49 V, 12.3 A, -3.3 degrees";
  EXPECT_EQ(data("pylontech", told, "355"), "64006100");
  told.voltage = 52.125;  // as a binary number, too
  told.current = -0.25;
  told.temperature = 0.25;
  EXPECT_EQ(data("pylontech", told, "356"), "5D14FDFF0300") << "halves away from zero";
}

TEST(CanBusEncode, ALimitOfWholeTenthsIsNotCut) {
  for (int tenths = 1; tenths <= 3000; ++tenths) {
    Told told = a_battery();
    told.charge_voltage_limit = told.charge_current_limit = tenths / 10.0;
    told.discharge_current_limit = told.discharge_voltage_limit = tenths * 0.1;
    const auto low = static_cast<std::uint8_t>(tenths & 0xFF), high = static_cast<std::uint8_t>(tenths >> 8);
    EXPECT_EQ(data("pylontech", told, "351"), to_hex(ByteVector{low, high, low, high, low, high, low, high}));
  }
}

TEST(CanBusEncode, WhatDoesNotFitIsHeldAtTheNearestNumber) {
  Told told = a_battery();
  told.charge_voltage_limit = 7000;
  told.charge_current_limit = told.discharge_current_limit = 4000;
  told.discharge_voltage_limit = -1;
  EXPECT_EQ(data("pylontech", told, "351"), "FFFFFF7FFF7F0000");
  told.charge_voltage_limit = -1;
  told.charge_current_limit = told.discharge_current_limit = -4;
  EXPECT_EQ(data("pylontech", told, "351"), "0000000000000000")
      << "a current to charge with is no current to discharge with";
  told.voltage = 400;
  told.current = 4000;
  told.temperature = 4000;
  EXPECT_EQ(data("pylontech", told, "356"), "FF7FFF7FFF7F");
  told.current = -4000;
  EXPECT_EQ(data("pylontech", told, "356").substr(4, 4), "0080");
  for (const auto& [soc, bytes] : {std::pair(-3.0, "0000"), {100.4, "6400"}, {250.0, "6400"}, {0.49, "0000"}}) {
    told.soc = soc;
    EXPECT_EQ(data("pylontech", told, "355").substr(0, 4), bytes) << soc;
  }
  EXPECT_EQ(data("victron", with([](Told& to) { to.soc = 130; }), "355").substr(8, 4), "1027") << "100.00 %";
  EXPECT_EQ(data("pylontech", with([](Told& to) { to.module_count = 0; }), "359").substr(8, 2), "01");
  EXPECT_EQ(data("pylontech", with([](Told& to) { to.module_count = 300; }), "359").substr(8, 2), "FF");
}

TEST(CanBusEncode, ADirectionThatIsNotAllowedHasNoCurrent) {
  const Told no_charge = with([](Told& to) { to.charge_allowed = false; });
  EXPECT_EQ(data("pylontech", no_charge, "351"), "430200009E07D001");
  EXPECT_EQ(data("pylontech", no_charge, "35C"), "4000");
  EXPECT_EQ(data("victron", no_charge, "351"), "430200009E07D001");
  EXPECT_EQ(data("sma", no_charge, "351"), "430200009E07D001");
  EXPECT_EQ(data("goodwe_lv", no_charge, "456"), "430200009E07D001");
  EXPECT_EQ(data("growatt_lv", no_charge, "311").substr(0, 12), "02430000079E");
  EXPECT_EQ(data("growatt_lv", no_charge, "319").substr(0, 2), "40");
  const Told no_discharge = with([](Told& to) { to.discharge_allowed = false; });
  EXPECT_EQ(data("pylontech", no_discharge, "351"), "4302E8030000D001");
  EXPECT_EQ(data("pylontech", no_discharge, "35C"), "8000");
}

TEST(CanBusEncode, RequestsHaveTheirBits) {
  EXPECT_EQ(data("pylontech", with([](Told& to) { to.force_charge = 1; }), "35C"), "E000");
  EXPECT_EQ(data("pylontech", with([](Told& to) { to.force_charge = 2; }), "35C"), "D000");
  EXPECT_EQ(data("pylontech", with([](Told& to) { to.full_charge_requested = true; }), "35C"), "C800");
}

TEST(CanBusEncode, AMakerHasEightBytes) {
  EXPECT_EQ(data("pylontech", with([](Told& to) { to.manufacturer = "BYD"; }), "35E"), "4259442020202020");
  EXPECT_EQ(data("victron", with([](Told& to) { to.manufacturer = "BYD"; }), "35E"), "4259440000000000");
  EXPECT_EQ(data("victron", with([](Told& to) { to.manufacturer = "ABCDEFGHIJ"; }), "35E"), "4142434445464748");
  EXPECT_EQ(data("victron", a_battery(), "35E"), "626D736400000000") << "bmsd";
}

// --- Alarms: what each item is in each language ---

struct Bits {
  Item item;
  const char *pylontech, *victron, *growatt;  // two bytes, four, two
  const char *goodwe_alarm, *goodwe_warning;  // two
};
constexpr auto kBits = std::to_array<Bits>({
    {kGeneral, "0000", "A9AAAA02", "0000", "0000", "0000"},
    {kHighVoltage, "0200", "A5AAAA02", "0400", "0100", "0100"},
    {kLowVoltage, "0400", "99AAAA02", "0200", "0200", "0200"},
    {kHighTemperature, "0800", "69AAAA02", "0080", "0400", "0400"},
    {kLowTemperature, "1000", "A9A9AA02", "0020", "0800", "0800"},
    {kHighChargeTemperature, "0800", "A9A6AA02", "0040", "0400", "0400"},
    {kLowChargeTemperature, "1000", "A99AAA02", "0010", "0800", "0800"},
    {kHighDischargeCurrent, "8000", "A96AAA02", "8000", "2000", "2000"},
    {kHighChargeCurrent, "0001", "A9AAA902", "4000", "1000", "1000"},
    {kContactor, "0008", "A9AAA602", "0008", "8000", "0000"},
    {kShortCircuit, "8000", "A9AA9A02", "2000", "0001", "0000"},
    {kInternalFailure, "0008", "A9AA6A02", "0008", "8000", "4000"},
    {kCellImbalance, "0000", "A9AAAA01", "0004", "0000", "0001"},
});
static_assert(kBits.size() == kItems);

TEST(CanBusItems, AreFoundByTheirNames) {
  for (std::size_t i = 0; i < kItems; ++i) EXPECT_EQ(item_called(kItemNames[i]), static_cast<Item>(i));
  EXPECT_EQ(item_called("contactor"), kContactor);
  EXPECT_FALSE(item_called("contactor_warning"));
  EXPECT_FALSE(item_called(""));
}

TEST(CanBusEncode, EveryAlarmHasItsBit) {
  for (const Bits& one : kBits) {
    Told told = a_battery();
    told.alarms.set(one.item);
    const std::string name(kItemNames[one.item]);
    EXPECT_EQ(data("pylontech", told, "359"), std::string(one.pylontech) + "0000" + "01504E") << name;
    EXPECT_EQ(data("victron", told, "35A"), std::string(one.victron) + "AAAAAA02") << name;
    EXPECT_EQ(data("sma", told, "35A"), std::string(one.victron) + "AAAAAA02") << name;
    EXPECT_EQ(data("growatt_lv", told, "312"), std::string(one.growatt) + "0000" + "01000000") << name;
    EXPECT_EQ(data("growatt_lv", told, "311").substr(12), "0C07") << name << ": an error";
    EXPECT_EQ(data("goodwe_lv", told, "455"), std::string(one.goodwe_alarm) + "000000000000") << name;
  }
}

TEST(CanBusEncode, EveryWarningHasItsBit) {
  for (const Bits& one : kBits) {
    Told told = a_battery();
    told.warnings.set(one.item);
    const std::string name(kItemNames[one.item]);
    EXPECT_EQ(data("pylontech", told, "359"), "0000" + std::string(one.pylontech) + "01504E") << name;
    EXPECT_EQ(data("victron", told, "35A"), "AAAAAA02" + std::string(one.victron)) << name;
    EXPECT_EQ(data("growatt_lv", told, "312"), "0000" + std::string(one.growatt) + "01000000") << name;
    EXPECT_EQ(data("growatt_lv", told, "311").substr(12), "0C03") << name << ": no error";
    EXPECT_EQ(data("goodwe_lv", told, "455"), "0000" + std::string(one.goodwe_warning) + "00000000") << name;
  }
}

TEST(CanBusEncode, AHealthyBatterySaysOfEachItemThatItIsFine) {
  EXPECT_EQ(data("victron", a_battery(), "35A"), "AAAAAA02AAAAAA02");
}

TEST(CanBusEncode, SeveralAlarmsAreToldTogether) {
  Told told = a_battery();
  told.alarms.set(kLowVoltage).set(kInternalFailure);
  told.warnings.set(kLowVoltage).set(kHighTemperature);
  EXPECT_EQ(data("victron", told, "35A"), "99AA6A0259AAAA02");
  EXPECT_EQ(data("pylontech", told, "359"), "04080C0001504E");
}

// --- Victron ---

TEST(CanBusEncode, VictronIsToldTheLeastWhereNothingMoreIsKnown) {
  EXPECT_THAT(
      frames("victron", a_battery()),
      ElementsAre("351#4302E8039E07D001", "355#3C00640084170000", "356#6114D3FEEB000000", "35A#AAAAAA02AAAAAA02",
                  "35E#626D736400000000", "35F#0000000100000000", "372#0100000000000000"));
}

TEST(CanBusEncode, VictronIsToldAllThatIsKnown) {
  Told told = a_battery();
  told.name = "CAN-SMARTBMS-BAT";
  told.product_id = 0x1234;
  told.firmware_high = 0x10;
  told.firmware_low = 0x04;
  told.capacity_remaining = 168.6;
  told.capacity_full = 840.4;
  told.modules_online = 3;
  told.modules_blocking_charge = 2;
  told.modules_blocking_discharge = 1;
  told.modules_offline = 258;
  told.cell_voltage_min = 3.257;
  told.cell_voltage_max = 3.2664;
  told.temperature_min = -0.5;  // rounded, and only then counted from 273
  told.temperature_max = 22.4;
  told.cell_voltage_min_id = "0206";
  told.cell_voltage_max_id = "Pack-01#";
  told.temperature_min_id = "2";
  told.temperature_max_id = "ID:01.03";
  told.energy_charged = 1234.56;
  told.energy_discharged = 70000.0;
  told.serial_number = "BMSD00012345";
  told.battery_family = "LFP";
  EXPECT_THAT(
      frames("victron", told),
      ElementsAre("351#4302E8039E07D001", "355#3C00640084170000", "356#6114D3FEEB000000", "35A#AAAAAA02AAAAAA02",
                  "35E#626D736400000000", "35F#34121004A9000000", "370#43414E2D534D4152", "371#54424D532D424154",
                  "372#0300020001000201", "373#B90CC20C10012701", "374#3032303600000000", "375#5061636B2D303123",
                  "376#3200000000000000", "377#49443A30312E3033", "378#3A30000060AE0A00", "379#4803000000000000",
                  "380#424D534430303031", "381#3233343500000000", "382#4C46500000000000"));
}

TEST(CanBusEncode, ExtremesAreToldTogetherAndSoIsEnergy) {
  using Extreme = std::optional<double> Told::*;
  Told all = a_battery();
  all.cell_voltage_min = 3.2, all.cell_voltage_max = 3.3, all.temperature_min = 20, all.temperature_max = 25;
  EXPECT_EQ(data("victron", all, "373"), "800CE40C25012A01");
  for (const Extreme one :
       {&Told::cell_voltage_min, &Told::cell_voltage_max, &Told::temperature_min, &Told::temperature_max}) {
    Told told = all;
    told.*one = std::nullopt;
    EXPECT_EQ(data("victron", told, "373"), "none");
  }
  EXPECT_EQ(data("victron", with([](Told& to) { to.energy_charged = 1; }), "378"), "none");
  EXPECT_EQ(data("victron", with([](Told& to) { to.energy_discharged = 1; }), "378"), "none");
}

TEST(CanBusEncode, ALongTextHasTwoFramesAndNoMore) {
  const Told name = with([](Told& to) { to.name = "RACK"; });
  EXPECT_EQ(data("victron", name, "370"), "5241434B00000000");
  EXPECT_EQ(data("victron", name, "371"), "0000000000000000");
  const Told serial = with([](Told& to) { to.serial_number = "0123456789ABCDEFGHI"; });
  EXPECT_EQ(data("victron", serial, "380"), "3031323334353637");
  EXPECT_EQ(data("victron", serial, "381"), "3839414243444546");
}

// --- SMA ---

TEST(CanBusEncode, SmaIsToldTheChemistryAndTheCapacity) {
  const Told told = with([](Told& to) { to.capacity_full = 280, to.firmware_high = 2, to.firmware_low = 7; });
  EXPECT_THAT(frames("sma", told), ElementsAre("351#4302E8039E07D001", "355#3C00640084170000", "356#6114D3FEEB000000",
                                               "35A#AAAAAA02AAAAAA02", "35B#0000000000000000", "35E#626D736400000000",
                                               "35F#0300000118010207"));
}

TEST(CanBusEncode, SmaIsNeverToldALimitThatItCannotHave) {
  Told told = a_battery();
  told.charge_voltage_limit = 64;
  told.discharge_voltage_limit = 50;
  told.charge_current_limit = told.discharge_current_limit = 1500;
  EXPECT_EQ(data("sma", told, "351"), "7602E02EE02EE001") << "63.0 V, 1200 A, 48.0 V";
  told.charge_voltage_limit = told.discharge_voltage_limit = 30;
  EXPECT_EQ(data("sma", told, "351"), "9A01E02EE02E9A01") << "41.0 V";
}

// --- Growatt: the high byte first ---

TEST(CanBusEncode, GrowattsFramesComeInTheirOrder) {
  Told told = a_battery();
  told.soh = 99;
  told.cell_count = 16;
  told.module_count = 2;
  told.capacity_remaining = 168.6;
  told.capacity_full = 700;
  told.cell_voltage_max = 3.266;
  told.cell_voltage_min = 3.257;
  told.cell_voltage_max_number = 3;
  told.cell_voltage_min_number = 11;
  told.cycles = 260;
  told.temperature_max = 25.4;
  EXPECT_THAT(
      frames("growatt_lv", told),
      ElementsAre("311#024303E8079E0C03", "312#0000000002000010", "313#1461FED300FE3C63", "314#41DCFFFF00090104",
                  "319#C00CC20CB9030B00", "320#424D010100000000", "321#0000000000000000"));
  told.temperature_max.reset();
  EXPECT_EQ(data("growatt_lv", told, "313").substr(8, 4), "00EB") << "that of the pack";
}

TEST(CanBusEncode, GrowattIsToldWhatIsGoingOn) {
  for (const auto& [current, state] :
       {std::pair(0.5, "0401"), {-0.5, "0401"}, {0.6, "0802"}, {-0.6, "0C03"}, {0.0, "0401"}}) {
    Told told = a_battery();
    told.current = current;
    EXPECT_EQ(data("growatt_lv", told, "311").substr(12), state) << current;
  }
  EXPECT_EQ(data("growatt_lv", with([](Told& to) { to.balancing = true; }), "311").substr(12), "0C0B");
}

TEST(CanBusEncode, GrowattIsToldNothingOfCellsAndCapacitiesThatAreNotKnown) {
  EXPECT_EQ(data("growatt_lv", a_battery(), "314"), "0000000000000000");
  EXPECT_EQ(data("growatt_lv", a_battery(), "319"), "C000000000000000");
  EXPECT_EQ(data("growatt_lv", with([](Told& to) { to.manufacturer = "x"; }), "320"), "5800010100000000");
}

// --- Goodwe ---

TEST(CanBusEncode, GoodwesFramesComeInTheirOrder) {
  const Told told = with([](Told& to) { to.module_count = 4, to.soh = 98.5; });
  EXPECT_THAT(frames("goodwe_lv", told),
              ElementsAre("453#0400000000000000", "455#0000000000000000", "456#4302E8039E07D001",
                          "457#84177A2600000000", "458#0A02D3FEEB000000"));
}

TEST(CanBusEncode, EveryFrameOfEveryProfileIsAStandardOne) {
  for (const std::string_view profile : kProfiles) {
    const auto all = frames(profile, a_battery());
    EXPECT_THAT(all, testing::Not(IsEmpty()));
    for (const std::string& frame : all) EXPECT_EQ(frame.find('#'), 3U) << profile << ' ' << frame;
  }
}

}  // namespace
}  // namespace bmsd::canbus
