// What no battery does between two readings. A value that jumps is held once, and believed when the next reading confirms it.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "battery/reading.h"

namespace bmsd {

class Battery;
struct Value;

// What guards the frames of a BMS. Of frames with an 8-bit sum one in 256 damaged ones passes, so from these currents, alarms
// and FETs have to be confirmed too.
enum class Guard : std::uint8_t { strong, weak };

// Whether values are compared with those before. Of a pack that joins, all that it says is a first value.
enum class Trend : std::uint8_t { compared, none };

// What the rules allow. Glitches that users have reported lie on the one side of these numbers, ordinary loads on the other
// (tests/line/glitch_test.cc).
struct JumpRules {
  static constexpr double kCell = 0.025;                           // V: one cell's change less the median change of all
  static constexpr double kSoc = 2;                                // points beyond what the current explains
  static constexpr double kTemperature = 5;                        // degrees Celsius a minute, and at once
  static constexpr double kVoltageShare = 0.05;                    // beyond what the change of the current makes at
  static constexpr double kResistance = 0.020;                     // ohm, of the pack
  static constexpr double kWeakCurrent = 20;                       // A, behind a weak guard, or
  static constexpr double kWeakCurrentShare = 0.25;                // of the current before
  static constexpr double kFlip = 0.02;                            // as exactly the opposite is a wrong sign,
  static constexpr double kFlipFrom = 1;                           // from so many A on
  static constexpr Duration kYardstick = std::chrono::minutes(5);  // what was said longer ago judges nothing
};

// What was read and is not believed yet. What protects looks at it at once (control/).
class Pending {
 public:
  std::optional<double> get(Field field) const;
  bool is_off(Field flag) const { return get(flag) == 0; }
  const std::optional<std::vector<double>>& cell_voltages() const { return cells_; }
  const std::optional<std::vector<double>>& cell_temperatures() const { return temperatures_; }
  // Of each cell the higher of the two voltages; empty: nothing is pending, or the lists differ in length.
  const std::vector<double>& highest_cells() const { return highest_cells_; }
  bool blocks_charge() const;
  bool blocks_discharge() const;

  // Whether something that exchange `source` has said waits for its next reply.
  bool waits_for(std::uint8_t source) const;

 private:
  friend class Jumps;
  struct Wait {
    int times = 0;  // readings in a row that jumped; 0: nothing waits
    double value = 0;
    std::uint8_t source = 0;
  };
  struct AlarmWait {
    int times = 0;
    Alarms alarms;
  };
  std::array<Wait, kFieldCount> values_{};
  Wait cell_wait_, temperature_wait_;
  std::optional<std::vector<double>> cells_, temperatures_;
  std::vector<double> highest_cells_;
  std::map<std::uint8_t, AlarmWait> alarms_;  // by exchange
};

class Jumps {
 public:
  struct Odd {
    const char* key;  // of the field or list
    // "cell_jump", "unusual_cell", "soc_jump", "temperature_jump", "voltage_jump", "current_jump", "current_flip",
    // "unconfirmed"
    const char* rule;
    std::optional<double> value;
  };
  // What of a reading is held.
  struct Held {
    std::bitset<kFieldCount> fields;
    bool cell_voltages = false, cell_temperatures = false, alarms = false;
    std::vector<Odd> odd;
  };

  // `reading` has passed the absolute checks. A held value is believed when the next one is nearer to it than to what is
  // believed, else the third is, whatever it says: a real step shows within three readings.
  Held judge(const Battery& battery, const Reading& reading, std::uint8_t source, Instant now, Guard guard,
             Trend trend);

  const Pending& pending() const { return pending_; }

  // The pack was away until `now`: what was said before judges nothing.
  void forget(Instant now) {
    pending_ = {};
    since_ = now;
  }

 private:
  struct Case {
    const Battery& battery;
    const Reading& reading;
    std::uint8_t source;
    Instant now;
    Guard guard;
    Trend trend;
  };
  bool judges(Instant said, const Case& one) const {
    return one.trend == Trend::compared && said >= since_ && one.now - said <= JumpRules::kYardstick;
  }
  bool judges(const Value& believed, const Case& one) const;
  void judge_field(const Case& one, Field field, Held& held);
  void judge_told_extremes(const Case& one, Held& held);
  void judge_cells(const Case& one, Held& held);
  void judge_temperatures(const Case& one, Held& held);
  void judge_alarms(const Case& one, Held& held);

  Pending pending_;
  Instant since_ = Instant::min();
};

}  // namespace bmsd
