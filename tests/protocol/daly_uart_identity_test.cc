#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "daly_uart_replies.h"
#include "vectors.h"

namespace bmsd::daly_uart_identity_test {
namespace {

using namespace test;             // NOLINT: a test of these replies
using namespace test::daly_uart;  // NOLINT
using testing::ElementsAre;
using testing::IsEmpty;

// --- Serial number and identities ---

const ByteVector kMade2022 = frame(1, 0x53, {1, 0, 22, 8, 10, 255, 255, 10});
const ByteVector kRated280 = frame(1, 0x50, {0, 4, 0x45, 0xC0, 0, 0, 12, 128});
const Error kSilence{Errc::timeout, "no_reply", 0, {}};

void miss(Session& session, std::string_view exchange) {
  for (int i = 0; i < 3; ++i) session.failed(index_of(exchange), kSilence);
}

TEST(DalyUartIdentity, TheBatteryCodeIsTheSerialNumber) {
  auto session = open();
  const auto reading = hear(*session, "57", text(0x57, "DALY  BANK-01", 5));
  ASSERT_TRUE(reading);
  EXPECT_EQ(text_of(*reading, Text::serial_number), "DALY BANK-01");
  EXPECT_THAT(reading->identities, ElementsAre("DALY_BANK-01"));
  EXPECT_THAT(hear(*session, "53", {kMade2022})->identities, ElementsAre("DALY_BANK-01"));
}

TEST(DalyUartIdentity, WithoutACodeItIsTheDateAndTheCapacity) {
  auto session = open(0x40, {}, true);
  const auto code = hear(*session, "57", text(0x57, "", 5));
  EXPECT_THAT(code->identities, IsEmpty());
  EXPECT_EQ(text_of(*code, Text::serial_number), "");
  EXPECT_THAT(hear(*session, "53", {kMade2022})->identities, IsEmpty()) << "the capacity has not had its turn";
  EXPECT_THAT(hear(*session, "50", {kRated280})->identities, ElementsAre("20220810_280"));
}

TEST(DalyUartIdentity, NothingIsSaidBeforeTheCodeHadItsTurn) {
  auto session = open();
  EXPECT_THAT(hear(*session, "53", {kMade2022})->identities, IsEmpty());
  EXPECT_THAT(hear(*session, "50", {kRated280})->identities, IsEmpty());
  session->failed(index_of("57"), kSilence);
  session->failed(index_of("57"), kSilence);
  EXPECT_THAT(hear(*session, "50", {kRated280})->identities, IsEmpty()) << "two lost replies are no reason";
  session->failed(index_of("57"), kSilence);
  EXPECT_THAT(hear(*session, "50", {kRated280})->identities, ElementsAre("20220810_280"));
}

TEST(DalyUartIdentity, APackThatTellsNothingHasNone) {
  auto session = open();
  for (const char* exchange : {"57", "53"}) miss(*session, exchange);
  EXPECT_THAT(hear(*session, "50", {kRated280})->identities, IsEmpty());
  auto unset = open();
  miss(*unset, "57");
  ASSERT_TRUE(hear(*unset, "53", {frame(1, 0x53, {1, 0, 0, 0, 0, 255, 255, 10})}));
  EXPECT_THAT(hear(*unset, "50", {kRated280})->identities, IsEmpty()) << "the date is none";
}

TEST(DalyUartIdentity, BytesThatAreNoTextAreReplacedAndErasedMemoryIsEmpty) {
  auto session = open();
  EXPECT_EQ(text_of(*hear(*session, "57",
                          text(0x57,
                               "A\x80"
                               "B",
                               5)),
                    Text::serial_number),
            "A?B");
  EXPECT_THAT(hear(*open(), "57", text(0x57, std::string(35, '\xFF'), 5))->identities, IsEmpty());
}

// --- Versions ---

TEST(DalyUartVersions, TheIndexAndTheNumberOfCellsStandInForWhatIsNotTold) {
  auto session = open();
  const ByteVector index = frame(1, 0x54, {'2', '0', '2', '2', '0', '8', '1', '0'});
  EXPECT_EQ(text_of(*hear(*session, "94", {counts(16)}), Text::hardware), "Daly 16S");
  EXPECT_EQ(text_of(*hear(*session, "54", {index}), Text::software_version), "20220810");
  EXPECT_EQ(text_of(*hear(*session, "62", text(0x62, "20210222-1.01", 2)), Text::software_version), "20210222-1.01");
  EXPECT_EQ(text_of(*hear(*session, "63", text(0x63, "DL-R16T-V1.2", 2)), Text::hardware), "DL-R16T-V1.2");
  EXPECT_EQ(text_of(*hear(*session, "94", {counts(16)}), Text::hardware), "");
  EXPECT_EQ(text_of(*hear(*session, "54", {index}), Text::software_version), "");
}

// --- Alarms ---

Alarms alarms_of(const std::vector<int>& bytes) { return hear(*open(), "98", {frame(1, 0x98, bytes)})->alarms.value(); }

Alarms alarm_of_bit(std::size_t byte, int bit) {
  std::vector<int> bytes(8, 0);
  bytes[byte] = 1 << bit;
  return alarms_of(bytes);
}

TEST(DalyUartAlarms, EveryClassOfTheTableIsSupportedAndNoOther) {
  const Alarms alarms = alarms_of({});
  for (std::size_t i = 0; i < kAlarmCount; ++i) {
    const auto alarm = static_cast<Alarm>(i);
    const bool absent = alarm == Alarm::state_of_health || alarm == Alarm::fuse_blown;
    EXPECT_EQ(alarms.of(alarm), absent ? Severity::unsupported : Severity::ok) << key_of(alarm);
  }
}

TEST(DalyUartAlarms, TheFirstLevelWarnsAndTheSecondIsAnAlarm) {
  for (std::size_t byte = 0; byte < 4; ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      const Alarms alarms = alarm_of_bit(byte, bit);
      if (alarms.names.empty()) continue;
      const std::string name = alarms.names.front();
      const auto graver = *std::max_element(alarms.level.begin(), alarms.level.end());
      const Severity wanted = name.starts_with("soc_high") ? Severity::ok
                              : name.ends_with("_l1")      ? Severity::warning
                                                           : Severity::alarm;
      EXPECT_EQ(graver, wanted) << name;
    }
  }
}

TEST(DalyUartAlarms, GroupsAreThoseOfTheirBytes) {
  EXPECT_EQ(alarm_of_bit(0, 5).of(Alarm::high_voltage), Severity::alarm);
  EXPECT_EQ(alarm_of_bit(1, 6).of(Alarm::low_temperature), Severity::warning);
  EXPECT_EQ(alarm_of_bit(2, 7).of(Alarm::low_soc), Severity::alarm);
  EXPECT_EQ(alarm_of_bit(3, 1).of(Alarm::cell_imbalance), Severity::alarm);
  EXPECT_EQ(alarm_of_bit(4, 1).of(Alarm::high_internal_temperature), Severity::alarm);
  EXPECT_EQ(alarm_of_bit(4, 2).of(Alarm::internal_failure), Severity::alarm);
  EXPECT_EQ(alarm_of_bit(6, 2).of(Alarm::internal_failure), Severity::alarm);
  const Alarms wire = alarm_of_bit(5, 1);
  EXPECT_EQ(wire.of(Alarm::bms_cable), Severity::alarm);
  EXPECT_EQ(wire.of(Alarm::internal_failure), Severity::alarm);
  EXPECT_THAT(wire.names, ElementsAre(testing::StrEq("cell_sense_wire_lost")));
  EXPECT_EQ(alarm_of_bit(6, 4).of(Alarm::internal_failure), Severity::ok) << "somebody wanted it";
}

TEST(DalyUartAlarms, ProtectionsBlockTheirDirection) {
  std::set<std::string> charge, discharge;
  for (std::size_t byte = 0; byte < 8; ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      const Alarms alarms = alarm_of_bit(byte, bit);
      if (alarms.blocks_charge()) charge.insert(alarms.names.front());
      if (alarms.blocks_discharge()) discharge.insert(alarms.names.front());
    }
  }
  EXPECT_THAT(charge,
              ElementsAre("cell_voltage_high_l2", "charge_mos_open", "charge_overcurrent_l2", "charge_temp_high_l2",
                          "charge_temp_low_l2", "low_voltage_charge_forbidden", "pack_voltage_high_l2"));
  EXPECT_THAT(discharge,
              ElementsAre("cell_voltage_low_l2", "discharge_mos_open", "discharge_overcurrent_l2",
                          "discharge_temp_high_l2", "discharge_temp_low_l2", "pack_voltage_low_l2", "short_circuit"));
}

// --- What is only shown ---

TEST(DalyUartExtras, AreCollectedOnlyWhenAskedFor) {
  const auto vectors = test::load_vectors("daly-uart.json");
  for (const Vector& vector : vectors) {
    const int exchange = daly.tag({vector.request}).exchange;
    const bool plain = vector.expect_error.empty() && vector.request[1] == 0x40 && vector.response.size() == 13;
    if (!plain || exchange < 0) continue;
    const Exchange& asked = daly.exchanges[static_cast<std::size_t>(exchange)];
    if (asked.cadence == Cadence::write) continue;
    const auto reading = hear(*open(), asked.name, {vector.response});
    if (reading.ok() == (exchange == index_of("95") || exchange == index_of("96")))
      ADD_FAILURE() << vector.name;  // how many there are is not known
    if (reading) {
      EXPECT_THAT(reading->extras, IsEmpty()) << vector.name;
    }
  }
}

TEST(DalyUartExtras, TheClockIsShownUnlessItIsUnset) {
  auto session = open(0x40, {}, true);
  const auto clock_of = [&](const std::vector<int>& data) {
    std::map<std::string, ExtraValue> extras;
    const auto reading = hear(*session, "61", {frame(1, 0x61, data)});
    for (const auto& [key, value] : reading->extras) extras[key] = value;
    return extras;
  };
  const auto set = clock_of({22, 12, 13, 21, 29, 39, 1, 44});
  EXPECT_EQ(std::get<std::string>(set.at("clock")), "2022-12-13T21:29:39");
  EXPECT_EQ(std::get<double>(set.at("soc_beside_clock_percent")), 30);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(clock_of({}).at("clock")));
}

}  // namespace
}  // namespace bmsd::daly_uart_identity_test
