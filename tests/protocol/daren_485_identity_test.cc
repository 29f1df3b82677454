#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "daren_485_replies.h"
#include "vectors.h"

namespace bmsd::daren_485_identity_test {
namespace {

using namespace test;             // NOLINT: a test of these replies
using namespace test::daren_485;  // NOLINT
using testing::ElementsAre;
using testing::IsEmpty;

// --- Serial number and identities ---

TEST(Daren485Identity, TheSerialNumberComesFirstThenWhatTheOldDriverTook) {
  const auto vectors = test::load_vectors("daren-485.json");
  auto session = open(1);
  const auto reading =
      hear(*session, "B0/3", with_cr(test::vector_named(vectors, "seed service B0 module 3 manufacturing").response));
  EXPECT_EQ(text_of(*reading, Text::serial_number), "DJM2205180061");
  EXPECT_THAT(reading->identities, ElementsAre("DJM2205180061", "JD2M02150860 1 "));
  EXPECT_THAT(hear(*session, "47", parameters("OTHER"))->identities, IsEmpty()) << "the bar code does not replace it";
}

TEST(Daren485Identity, AnEmptySerialNumberLeavesTheBarCode) {
  auto first = open(1);
  EXPECT_THAT(hear(*first, "B0/3", module3(""))->identities, IsEmpty());
  const auto reading = hear(*first, "47", parameters("DJM2205180061"));
  EXPECT_EQ(text_of(*reading, Text::serial_number), "DJM2205180061");
  EXPECT_THAT(reading->identities, ElementsAre("DJM2205180061"));

  auto second = open(1);
  EXPECT_THAT(hear(*second, "47", parameters("DJM2205180061"))->identities, IsEmpty()) << "B0/3 has not had its turn";
  EXPECT_THAT(hear(*second, "B0/3", module3(""))->identities, ElementsAre("DJM2205180061"));
}

TEST(Daren485Identity, APackWithoutB0HasItsBarCodeButALostReplyIsNoReason) {
  auto refusing = open(1), silent = open(1);
  refusing->failed(index_of("B0/3"), {Errc::refused, "rtn_04", 4, {}});
  EXPECT_THAT(hear(*refusing, "47", parameters("CODE1"))->identities, ElementsAre("CODE1"));

  silent->failed(index_of("B0/3"), {Errc::timeout, "", 0, {}});
  EXPECT_THAT(hear(*silent, "47", parameters("CODE1"))->identities, IsEmpty());
  silent->failed(index_of("B0/3"), {Errc::timeout, "", 0, {}});
  silent->failed(index_of("B0/3"), {Errc::timeout, "", 0, {}});
  EXPECT_THAT(hear(*silent, "47", parameters("CODE1"))->identities, ElementsAre("CODE1"));
}

TEST(Daren485Identity, BytesThatAreNoTextAreReplaced) {
  auto session = open(1);
  const auto reading = hear(*session, "B0/3",
                            module3("A\x80"
                                    "B",
                                    '\0'));
  EXPECT_EQ(text_of(*reading, Text::serial_number), "A?B");
  EXPECT_EQ(reading->identities.at(1), "A?B????????????");
}

// --- Alarms ---

TEST(Daren485Alarms, StatesAndSettingsAreNone) {
  const Alarms alarms = alarms_of({0x8000, 0x0003, 0, 0x0060, 0x1833});
  EXPECT_THAT(alarms.names, IsEmpty());
  EXPECT_EQ(alarms.blocks, 0);
}

TEST(Daren485Alarms, EveryClassOfTheTableIsSupportedAndNoOther) {
  const Alarms alarms = alarms_of({0, 0, 0, 0, 3});
  for (std::size_t i = 0; i < kAlarmCount; ++i) {
    const auto alarm = static_cast<Alarm>(i);
    const bool absent = alarm == Alarm::state_of_health || alarm == Alarm::bms_cable;
    EXPECT_EQ(alarms.of(alarm), absent ? Severity::unsupported : Severity::ok) << key_of(alarm);
  }
}

TEST(Daren485Alarms, AProtectionIsAnAlarmAndAnAlarmIsAWarning) {
  EXPECT_EQ(alarms_of({1 << 4, 0, 0, 0, 3}).of(Alarm::high_cell_voltage), Severity::warning);
  EXPECT_EQ(alarms_of({1 << 4 | 1, 0, 0, 0, 3}).of(Alarm::high_cell_voltage), Severity::alarm);
  EXPECT_EQ(alarms_of({0, 0, 0, 0, 0x8003}).of(Alarm::low_soc), Severity::alarm);
  EXPECT_EQ(alarms_of({1 << 13, 0, 0, 0, 3}).of(Alarm::fuse_blown), Severity::alarm);
}

TEST(Daren485Alarms, ProtectionsBlockTheirDirectionWhateverTheFetBitsSay) {
  std::set<std::string> charge, discharge;
  for (int word = 0; word < 5; ++word) {
    for (int bit = 0; bit < 16; ++bit) {
      std::vector<int> words(5, 0);
      words[static_cast<std::size_t>(word)] = 1 << bit;
      const Alarms alarms = alarms_of(words);
      if (alarms.blocks_charge()) charge.insert(alarms.names.front());
      if (alarms.blocks_discharge()) discharge.insert(alarms.names.front());
    }
  }
  EXPECT_THAT(charge, ElementsAre("cell_overvoltage_protection", "charge_overcurrent_protection",
                                  "charge_overtemperature_protection", "charge_undertemperature_protection",
                                  "overvoltage_lockout", "pack_overvoltage_protection"));
  EXPECT_THAT(discharge, ElementsAre("cell_undervoltage_protection", "discharge_overcurrent_1_protection",
                                     "discharge_overcurrent_2_protection", "discharge_overtemperature_protection",
                                     "discharge_undertemperature_protection", "pack_undervoltage_protection",
                                     "short_circuit_protection", "undervoltage_lockout"));
}

}  // namespace
}  // namespace bmsd::daren_485_identity_test
