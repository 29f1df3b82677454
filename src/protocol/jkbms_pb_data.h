// What the blocks of a JK PB carry, each to a reading. Who sent a block and whether it answers is jkbms_pb.cc's.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "battery/reading.h"

namespace bmsd::jkpb {

// What one block leaves for the understanding of the next.
struct Memory {
  bool extras = false;             // collect Reading::extras
  bool cells_were_good = false;    // the last status had no cell that reads 0
  bool cells_are_counted = false;  // by a status
  double capacity_design = 0;      // Ah, of the settings; 0: not known
};

// `block`: 300 bytes whose sum holds. Error implausible: a count of cells that no pack has, no capacity.
Result<Reading> decode_status(Bytes block, Memory& memory);
Result<Reading> decode_settings(Bytes block, Memory& memory);
Result<Reading> decode_about(Bytes block, const Memory& memory);

}  // namespace bmsd::jkpb
