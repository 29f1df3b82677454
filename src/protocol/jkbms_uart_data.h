// What an answer of a JK BMS carries: a chain of register numbers, each followed by its value, to a reading. Frames are
// not this file's.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "battery/reading.h"

namespace bmsd::jkuart {

inline constexpr std::size_t kMostCells = 32;

// Errors, in the order in which the chain gives rise to them, then those of what the values say:
//   command unknown_register      a number that has no known width, or one that came before: nothing behind it can be read
//   length bad_length             a value that runs over the end
//   implausible absurd_cell_count no cells, more than 32, half a cell, cells that are not numbered 1 to n, or another
//                                 number of cells in register 8A
//   implausible out_of_range_value  a state of charge above 100 %
// Behind the version of the protocol (C0) nothing is read.
Result<Reading> decode_registers(Bytes data, bool extras);

// Whether it is everything that polling needs, and not what the BMS said of one register.
bool is_whole(const Reading& reading);

}  // namespace bmsd::jkuart
