// What registers of a Renogy BMS mean: any range of them to a reading.
#pragma once

#include <array>
#include <bitset>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "battery/reading.h"
#include "wire/numbers.h"

namespace bmsd::renogy {

inline constexpr int kMostCells = 16;

// A range of registers as a reply carries it.
struct Registers {
  int first = 0;
  Bytes data = {};

  bool has(int number, int count = 1) const {
    return number >= first && number + count <= first + static_cast<int>(data.size() / 2);
  }
  Bytes bytes(int number, int count) const { return data.subspan(at(number), 2 * static_cast<std::size_t>(count)); }
  unsigned u16(int number) const { return be_u16(data, at(number)); }
  int s16(int number) const { return be_s16(data, at(number)); }
  std::uint32_t u32(int number) const { return be_u32(data, at(number)); }

 private:
  std::size_t at(int number) const { return 2 * static_cast<std::size_t>(number - first); }
};

// Registers 5100 to 5109, as they were read last.
struct StatusWords {
  static constexpr int kFirst = 5100, kCount = 10;
  std::array<std::uint16_t, kCount> words{};  // 0 until it was read
  std::bitset<kCount> known;

  unsigned of(int number) const { return words[static_cast<std::size_t>(number - kFirst)]; }
  bool knows(int number) const { return known.test(static_cast<std::size_t>(number - kFirst)); }
};

// What one reply leaves for the understanding of the next.
struct Memory {
  bool extras = false;             // collect Reading::extras
  std::optional<int> cells;        // of register 5000
  std::optional<double> unit;      // A, of register 5042, where it was configured
  std::string model, maker;        // registers 5122 and 5132; empty: not read
  bool has_heater_sensor = false;  // of register 5039
  StatusWords status;
};

// Every value that the range holds completely. Errors: command unknown_register (no register of these is known),
// implausible (a count that no battery has, no capacity). After an error the memory is as before.
Result<Reading> decode_registers(const Registers& in, Memory& memory);

}  // namespace bmsd::renogy
