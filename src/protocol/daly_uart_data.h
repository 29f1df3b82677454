// What the replies of a Daly BMS carry: the data of one command, in one or several frames, to a reading. Frames and
// addresses are daly_uart.cc's.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "battery/reading.h"

namespace bmsd::daly {

inline constexpr int kMostCells = 48, kMostSensors = 16;

enum class Polarity : std::uint8_t { above_is_discharge, above_is_charge };

// Which way the current flows. 0x90 counts 0.1 A from 30000, and firmware differs in which direction counts upwards; the
// state that 0x93 tells beside it shows which. What was learned is given up only for three contradictions in a row: the
// current may turn round between the two replies.
class CurrentSign {
 public:
  // Overrides what is learned. `inverted`: because the user says that the sensor is the other way round.
  void force(Polarity polarity, bool inverted);

  double amperes(unsigned raw) const;  // + charges
  // `state` of 0x93: 0 idle, 1 charging, 2 discharging; `raw`: the current in the 0x90 before it.
  void learn(unsigned state, unsigned raw);

  // The board takes charging for discharging in everything, as far as can be seen: the user has inverted the current, and
  // the board's own state does not agree with that.
  bool mirrored() const;

 private:
  Polarity in_force() const { return forced_.value_or(learned_); }
  std::optional<Polarity> forced_;
  bool inverted_ = false;
  Polarity learned_ = Polarity::above_is_discharge;
  bool proven_ = false;
  int contradictions_ = 0;
};

// What the board said that hardly ever changes, and what it said last when that was something else.
struct Lasting {
  ByteVector told, claimed;
};

// What one reply leaves for the understanding of the next.
struct Memory {
  bool extras = false;                  // collect Reading::extras
  std::string_view hardware = "Daly ";  // in front of the number of cells
  bool named_by_date = true;            // without a battery code
  double configured = 0;                // Ah, BATTERY_CAPACITY; 0: not given
  CurrentSign sign;

  int cells = 0;                            // of 0x94; 0: not known yet
  int sensors = -1;                         // of 0x94; -1: not known yet
  std::map<std::uint8_t, Lasting> lasting;  // by command
  std::optional<unsigned> raw_current;      // of 0x90, until the 0x93 that follows it
  std::optional<double> said_current;       // A, what that 0x90 was taken for
  bool voltage_is_wrong = false;            // the last 0x90 had none that can be believed
  std::optional<double> sum_of_cells;       // V
  std::optional<double> soc;                // percent
  double estimate = 0;                      // Ah, of the capacity; 0: none yet

  // Each is there when the command had its turn: empty or 0 when the board does not answer it or has nothing to say.
  std::optional<std::string> code;  // 0x57
  std::optional<std::string> date;  // 0x53, "2022-08-10"
  std::optional<double> rated;      // Ah, 0x50
  bool has_hardware = false;        // 0x63 said something
  bool has_software = false;        // 0x62 said something
};

// `parts`: the data (8 bytes) of the frames that answer this command, in the order of their arrival. Errors: incomplete
// missing_frame; implausible absurd_cell_count, out_of_range_value, unconfirmed; command wrong_command; config when the number of cells
// or sensors has to be known and is not.
Result<Reading> decode_data(std::uint8_t command, std::span<const Bytes> parts, Memory& memory);

}  // namespace bmsd::daly
