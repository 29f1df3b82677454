// What one decoded reply says. Each field says nothing (not in this reply), unknown (the BMS says that it does not
// know), or a value.
#pragma once

#include <array>
#include <bitset>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "battery/alarms.h"
#include "battery/fields.h"

namespace bmsd {

enum class Says : std::uint8_t { nothing, unknown, value };

// Evidence for a field that the sheet is not sure of; shown by `bmsd show`.
enum class Evidence : std::uint8_t { documented, observed, inferred };

// A value that only one protocol knows. monostate: null, the BMS has the field and leaves it unset. Records: the same
// keys for each of several packs in one reply.
struct ExtraRecord;
using ExtraValue = std::variant<std::monostate, bool, double, std::string, std::vector<double>, std::vector<bool>,
                                std::vector<std::string>, std::map<std::string, double>, std::vector<ExtraRecord>>;
struct ExtraRecord {
  std::vector<std::pair<const char*, ExtraValue>> values;
};

using CellSet = std::bitset<kMaxCells>;  // bit 0 = cell 1

enum class Chemistry : std::uint8_t { lfp, nmc, lto };  // as JK and Daly number them

class Reading {
 public:
  void set(Field field, double value) {
    values_[index(field)] = value;
    says_[index(field)] = Says::value;
  }
  void set_unknown(Field field) { says_[index(field)] = Says::unknown; }
  Says says(Field field) const { return says_[index(field)]; }
  std::optional<double> get(Field field) const {
    if (says(field) != Says::value) return std::nullopt;
    return values_[index(field)];
  }

  // Extras and the sheet's own words cost time, so they are collected only where asked for (decode, show).
  void extra(const char* key, ExtraValue value);

  // Takes over what a later reading of the same pack says. Alarms are united.
  void take(Reading later);

  std::optional<std::vector<double>> cell_voltages;      // V, cell 1 first; the whole list or nothing
  std::optional<std::vector<double>> cell_temperatures;  // degrees Celsius, sensor 1 first; may be empty
  bool forgets_cells = false;  // the BMS has stopped listing them: the list is no longer believed
  std::optional<CellSet> balancing_cells;
  std::optional<Chemistry> chemistry;  // what the BMS is set to
  std::optional<Alarms> alarms;        // of this exchange; the battery unites them by source
  std::vector<std::pair<Text, std::string>> texts;
  std::vector<std::string> identities;  // best first, then what the old driver used
  std::vector<std::pair<const char*, ExtraValue>> extras;

 private:
  static constexpr std::size_t index(Field field) { return static_cast<std::size_t>(field); }
  std::array<double, kFieldCount> values_{};
  std::array<Says, kFieldCount> says_{};
};

}  // namespace bmsd
