// The cells as control and publishing see them: without what no cell can have.
#pragma once

#include <cstddef>
#include <optional>

namespace bmsd {

class Battery;

// Over the plausible cells. A cell is plausible up to twice MAX_CELL_VOLTAGE. Of a BMS that tells only its lowest and
// highest cell: these, and the pack voltage for the sum.
struct CellRange {
  double lowest = 0, highest = 0;                 // V
  std::size_t lowest_cell = 0, highest_cell = 0;  // numbered from 1; of equal voltages the first; 0: not told
  double sum = 0;                                 // V
  std::size_t implausible = 0;                    // how many were left out
};

bool plausible_cell(double voltage, double max_cell_voltage);

// Nothing if the BMS has told neither its cells nor the extremes, or none of them is plausible.
std::optional<CellRange> cell_range(const Battery& battery, double max_cell_voltage);

// Cells in series, at least 1: the smaller of what the BMS says and of how many cells it lists. Nothing if it said
// neither.
std::optional<double> number_of_cells(const Battery& battery);

// V per cell: the lower of what the BMS allows a cell and of its limit for the pack, shared by `count` cells.
std::optional<double> cell_limit_of_bms(const Battery& battery, std::optional<double> count);

}  // namespace bmsd
