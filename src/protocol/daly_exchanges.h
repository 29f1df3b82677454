// What a Daly BMS is asked, in both of its languages: the commands are the same on UART and on CAN.
#pragma once

#include <algorithm>
#include <array>

#include "protocol/daly_uart_tables.h"
#include "protocol/protocol.h"

namespace bmsd::daly {

struct Asked {
  Command command;
  std::string_view name;
  Cadence cadence;
  bool optional;
  std::string_view help;
};
inline constexpr auto kAsked = std::to_array<Asked>({
    {kMeasurements, "90", Cadence::fast, false, "voltage, current, state of charge"},
    {kState, "93", Cadence::fast, false, "state, FETs, remaining capacity"},
    {kCounts, "94", Cadence::fast, false, "numbers of cells and sensors, cycles; about once a minute"},
    {kAlarms, "98", Cadence::fast, false, "alarms"},
    {kCells, "95", Cadence::fast, false, "cell voltages"},
    {kTemperatures, "96", Cadence::fast, true, "temperatures"},
    {kBalancing, "97", Cadence::fast, true, "balancing"},
    {kBatteryCode, "57", Cadence::once, true, "battery code, which is the serial number"},
    {kMade, "53", Cadence::once, true, "date of production, battery type, sleep time"},
    {kSoftware, "62", Cadence::once, true, "software version"},
    {kHardware, "63", Cadence::once, true, "hardware version"},
    {kFirmware, "54", Cadence::once, true, "firmware index"},
    {kRated, "50", Cadence::slow, true, "rated capacity"},
    {kCellLimits, "59", Cadence::slow, true, "limits of the cell voltage"},
    {kCurrentLimits, "5B", Cadence::slow, true, "limits of the current"},
    {kCellExtremes, "91", Cadence::demand, true, "highest and lowest cell"},
    {kTemperatureExtremes, "92", Cadence::demand, true, "highest and lowest temperature"},
    {kBoards, "51", Cadence::demand, true, "boards and what is connected to each"},
    {kTotals, "52", Cadence::demand, true, "total charge, in a unit that is not certain"},
    {kPackLimits, "5A", Cadence::demand, true, "limits of the pack voltage"},
    {kTemperatureLimits, "5C", Cadence::demand, true, "limits of the temperature"},
    {kSocLimits, "5D", Cadence::demand, true, "limits of the state of charge"},
    {kDifferenceLimits, "5E", Cadence::demand, true, "limits of the differences between cells and sensors"},
    {kBalanceSettings, "5F", Cadence::demand, true, "when it balances"},
    {kShortCircuit, "60", Cadence::demand, true, "short circuit current, shunt"},
    {kClock, "61", Cadence::demand, true, "clock"},
    // Writes, on UART alone.
    {kChargeSwitch, "DA", Cadence::write, true, "turning the charge FET on and off"},
    {kDischargeSwitch, "D9", Cadence::write, true, "turning the discharge FET on and off"},
    {kSetSoc, "21", Cadence::write, true, "setting the state of charge, and with it the clock"},
});
inline constexpr std::size_t kExchangeCount = kAsked.size();
inline constexpr std::size_t kReadCount = kExchangeCount - 3;

constexpr std::array<Exchange, kExchangeCount> exchanges_within(Duration first_byte, Duration gap, Duration whole) {
  std::array<Exchange, kExchangeCount> exchanges{};
  for (std::size_t i = 0; i < kExchangeCount; ++i) {
    const Asked& asked = kAsked[i];
    exchanges[i] = {asked.name, asked.help, asked.cadence, first_byte, gap, whole, asked.optional};
  }
  return exchanges;
}

constexpr std::uint8_t index_of(Command command) {
  std::uint8_t index = 0;
  while (kAsked[index].command != command) ++index;
  return index;
}
inline constexpr std::uint8_t k90 = index_of(kMeasurements), k93 = index_of(kState), k94 = index_of(kCounts);

// The exchange of a command; -1 for one that is never asked here.
constexpr int exchange_of(std::uint8_t command) {
  for (std::size_t i = 0; i < kExchangeCount; ++i) {
    if (kAsked[i].command == command) return static_cast<int>(i);
  }
  return -1;
}

// Parts of a reply; one frame can be all of it.
constexpr bool has_parts(std::uint8_t command) {
  return command == kCells || command == kTemperatures || command == kBatteryCode || command == kSoftware ||
         command == kHardware;
}

}  // namespace bmsd::daly
