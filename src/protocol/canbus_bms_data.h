// What the frames of such a battery say, and what has to be remembered between them.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "battery/reading.h"
#include "protocol/canbus_bms_tables.h"
#include "wire/can_frame.h"

namespace bmsd::canbus {

// Two batteries on one wire cannot be told apart, but two states of charge that take turns are not one battery.
class TwoBatteries {
 public:
  void heard(double soc);
  bool seen() const { return seen_; }

 private:
  std::optional<double> last_;  // percent
  double step_ = 0;             // percent, from the one before to the last
  int turns_ = 0, calm_ = 0;
  bool seen_ = false;
};

struct Memory {
  bool extras = false;     // collect Reading::extras
  bool is_vector = false;  // frames of a vector: what comes is all there is
  // Of the configuration, and of a vector.
  bool mirrored = false;         // the current is counted the other way round
  double configured = 0;         // Ah, BATTERY_CAPACITY; 0: not given
  double voltage_scale = 0;      // V of 0x356; 0: what fits
  double highest_voltage = 100;  // V of a pack

  std::optional<double> charge_voltage_limit, voltage;  // V
  bool has_35a = false, has_359 = false, has_own_set = false, has_373 = false, has_379 = false;
  Items alarms, warnings, pytes_alarms, pytes_warnings;
  bool forced_by_35c = false, forced_by_360 = false;
  std::optional<double> installed, available, remaining;  // Ah; available: in 0x35F
  std::string name, more_name;                            // 0x370, 0x371
  std::optional<std::string> serial, more_serial;         // 0x380, 0x381
  bool serial_stood_alone = false;                        // no 0x381 came after the last 0x380
  int counted = 0, counted_times = 0;                     // cells in series
  TwoBatteries two;
};

// Nothing for a frame that is not of this family.
const Id* find(const CanFrame& frame);

// The content of one frame. Errors: incomplete truncated; incomplete missing_frame, another one is needed to understand it;
// implausible out_of_range_value; config two_batteries.
Result<Reading> decode_frame(const Id& id, Bytes data, Memory& memory);

// "victron", "pylontech", "pytes" or "unknown", by the frames that came.
const char* dialect_of(const Memory& memory);

}  // namespace bmsd::canbus
