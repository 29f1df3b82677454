// What the frames of a JK BMS on CAN say, and what has to be remembered between them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "battery/reading.h"
#include "protocol/jkbms_can_tables.h"

namespace bmsd::jkcan {

// The frames that hold the cells, until they make a list. A list has only values of one moment: of a frame whose number is
// lower at most 950 ms apart, because the BMS may spread them over its period of a second, of others 500 ms.
class CellFrames {
 public:
  void add(std::size_t part, Bytes data, Instant at);

  // V, cell 1 first, as far as frames came without a hole; nothing where one is missing before the last that came, or a
  // cell that is not there stands in front of one that is.
  std::optional<std::vector<double>> list() const;
  void clear() { parts_ = {}; }

 private:
  struct Part {
    std::vector<double> cells;  // V
    Instant at;
  };
  std::array<std::optional<Part>, kCellFrames> parts_;
};

struct Memory {
  bool extras = false;                 // collect Reading::extras
  bool is_vector = false;              // frames of a vector: no time passes, and what comes is all there is
  bool mirrored = false;               // a current above the bias is discharge
  double configured = 0;               // Ah, BATTERY_CAPACITY; 0: not given
  std::optional<double> pack_voltage;  // V, of 2F4
  CellFrames cell_frames;
  bool lists_cells = false;  // they make lists, whose sum is the voltage
  bool tells_capacity = false;
  bool is_v2 = false;  // frames with cells came
  bool told_version = false;
  std::optional<Instant> first_at;

  // Of a BMS that lists no cells: how many they must be.
  int counted = 0, counted_times = 0;

  std::vector<std::string> alarm_names, fault_names;  // in the order of the frames, for vectors
};

// The content of one frame of this battery. Errors: incomplete truncated, missing_frame; implausible out_of_range_value.
Result<Reading> decode_frame(const Id& id, Bytes data, Instant at, Memory& memory);

// What the silence of a kind of frame says.
std::optional<Reading> silence_of(Kind kind, Memory& memory);

}  // namespace bmsd::jkcan
