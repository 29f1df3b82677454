// What the replies of a JBD BMS carry: the data of each register to a reading. Frames and status codes are not this
// file's. Byte k is counted from 0; numbers are big-endian.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "battery/reading.h"
#include "protocol/lltjbd_uart_tables.h"

namespace bmsd::lltjbd {

inline constexpr std::size_t kMostCells = 32;

// The position of the switches, as register 03 tells it.
struct Switches {
  bool charge_on = false, discharge_on = false;
  bool locked = false;  // one or both were turned off by command: protection bit 12
};

// What one reply leaves for the understanding of the next.
struct Memory {
  bool extras = false;                    // collect Reading::extras
  double soc_low_warning = 20;            // percent, SOC_LOW_WARNING
  double soc_low_alarm = 10;              // percent, SOC_LOW_ALARM
  std::optional<std::size_t> cells;       // of register 03
  bool large_units = false;               // of register 03: current and capacities in 0.1 A and 0.1 Ah
  std::optional<Switches> switches;       // of register 03
  std::optional<bool> large_in_2d;        // the same as register 2D has it
  std::vector<std::string> acknowledged;  // registers that were written
};

// Error implausible for all of them: too short, a count that no board has, an odd number of bytes.
Result<Reading> decode_03(Bytes data, Memory& memory);
Result<Reading> decode_04(Bytes data, const Memory& memory);
Result<Reading> decode_05(Bytes data);
Result<Reading> decode_aa(Bytes data, const Memory& memory);
Result<Reading> decode_register(const Register& which, Bytes data, Memory& memory);

// An empty reply to a write.
Result<Reading> decode_acknowledgement(std::uint8_t number, Memory& memory);

}  // namespace bmsd::lltjbd
