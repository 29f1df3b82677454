// What is believed of a pack.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "battery/reading.h"

namespace bmsd {

enum class Quality : std::uint8_t {
  never,     // the BMS never said it
  fresh,     // said by the last reply that carries it
  rejected,  // the last reply said something that no battery can have: the value is the one before
  unknown,   // the BMS says that it does not know
};

struct Value {
  double value = 0;
  Instant at{};             // when `value` was said
  std::uint8_t source = 0;  // number of the exchange
  Quality quality = Quality::never;
  const char* rule = "";  // that rejected
};

class Battery {
 public:
  // Takes what a reply of exchange `source` says, after the absolute checks (plausibility.h): a reading that fails as a
  // whole changes nothing and its error comes back; a field that fails alone keeps its last value with
  // Quality::rejected.
  Status merge(const Reading& reading, std::uint8_t source, Instant now);

  const Value& value(Field field) const { return values_[static_cast<std::size_t>(field)]; }
  // The believed value, fresh or the last good one; nothing if never said or unknown.
  std::optional<double> get(Field field) const;
  std::optional<bool> flag(Field field) const;

  const std::optional<std::vector<double>>& cell_voltages() const { return cell_voltages_; }          // V
  const std::optional<std::vector<double>>& cell_temperatures() const { return cell_temperatures_; }  // degrees Celsius
  const std::optional<CellSet>& balancing_cells() const { return balancing_cells_; }
  const Alarms& alarms() const { return alarms_; }
  const std::string& text(Text text) const { return texts_[static_cast<std::size_t>(text)]; }  // empty: never said
  const std::vector<std::string>& identities() const { return identities_; }
  const std::map<std::string, ExtraValue, std::less<>>& extras() const { return extras_; }

  // Mean of the cell sensors, else what the BMS calls the pack's temperature. Degrees Celsius.
  std::optional<double> temperature() const;

  // Readings refused as a whole and fields refused alone, since the start.
  std::uint64_t rejected() const { return rejected_; }
  const char* last_rule() const { return last_rule_; }

 private:
  std::array<Value, kFieldCount> values_{};
  std::optional<std::vector<double>> cell_voltages_;
  std::optional<std::vector<double>> cell_temperatures_;
  std::optional<CellSet> balancing_cells_;
  std::map<std::uint8_t, Alarms> alarms_by_source_;
  Alarms alarms_;
  std::array<std::string, kTextCount> texts_;
  std::vector<std::string> identities_;
  std::map<std::string, ExtraValue, std::less<>> extras_;
  std::uint64_t rejected_ = 0;
  const char* last_rule_ = "";
};

}  // namespace bmsd
