// What is believed of a pack.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "battery/jumps.h"
#include "battery/reading.h"

namespace bmsd {

enum class Quality : std::uint8_t {
  never,     // the BMS never said it
  fresh,     // said by the last reply that carries it
  held,      // the last reply said something that jumps: the value is the one before, until the next reply confirms it
  rejected,  // the last reply said something that no battery can have: the value is the one before
  unknown,   // the BMS says that it does not know
};

struct Value {
  double value = 0;
  Instant at{};             // when `value` was said
  std::uint8_t source = 0;  // number of the exchange
  Quality quality = Quality::never;
  const char* rule = "";  // that held or rejected

  // Whether `value` is one: the BMS has said it, and not that it does not know.
  bool known() const { return quality != Quality::never && quality != Quality::unknown; }
};

// What was not believed at once: how often, and what it was the last time.
struct Oddity {
  const char* key;   // of the field or list; "reply": the whole of it
  const char* rule;  // the same one is counted together
  std::uint64_t held = 0, rejected = 0;
  std::optional<double> last;  // of a field
  Instant at{};
};

class Battery {
 public:
  // Takes what a reply of exchange `source` says, after the absolute checks (plausibility.h): a reading that fails as a
  // whole changes nothing and its error comes back; a field that fails alone keeps its last value with
  // Quality::rejected.
  Status merge(const Reading& reading, std::uint8_t source, Instant now);

  // The same of a reply from a wire: what jumps (jumps.h) is held besides, and stands in pending() until it is confirmed.
  Status take(const Reading& reading, std::uint8_t source, Instant now, Guard guard, Trend trend = Trend::compared);
  // The pack was away: its next values are believed as its first ones were.
  void forget_trend(Instant now) { jumps_.forget(now); }

  const Value& value(Field field) const { return values_[static_cast<std::size_t>(field)]; }
  // The believed value, fresh or the last good one; nothing if never said or unknown.
  std::optional<double> get(Field field) const;
  std::optional<bool> flag(Field field) const;

  const std::optional<std::vector<double>>& cell_voltages() const { return cell_voltages_; }          // V
  const std::optional<std::vector<double>>& cell_temperatures() const { return cell_temperatures_; }  // degrees Celsius
  const std::optional<CellSet>& balancing_cells() const { return balancing_cells_; }
  std::optional<Chemistry> chemistry() const { return chemistry_; }
  Instant cell_voltages_at() const { return cell_voltages_at_; }          // when they were said
  Instant cell_temperatures_at() const { return cell_temperatures_at_; }  // likewise
  const Alarms& alarms() const { return alarms_; }
  struct SaidAlarms {
    Alarms alarms;
    Instant at{};
  };
  const SaidAlarms* alarms_of(std::uint8_t source) const;  // what this exchange said of them; null: nothing
  const std::string& text(Text text) const { return texts_[static_cast<std::size_t>(text)]; }  // empty: never said
  const std::vector<std::string>& identities() const { return identities_; }
  const std::map<std::string, ExtraValue, std::less<>>& extras() const { return extras_; }

  // Mean of the cell sensors, else what the BMS calls the pack's temperature. Degrees Celsius.
  std::optional<double> temperature() const;

  // What was read and is not believed yet.
  const Pending& pending() const { return jumps_.pending(); }

  // Readings refused as a whole and fields refused alone, since the start; and values held.
  std::uint64_t rejected() const { return rejected_; }
  std::uint64_t held() const { return held_; }
  const char* last_rule() const { return last_rule_; }  // that refused
  const std::vector<Oddity>& oddities() const { return oddities_; }

 private:
  std::optional<Error> refused(const Reading& reading, Instant now);
  void merge(const Reading& reading, std::uint8_t source, Instant now, const Jumps::Held& held);
  void merge_lists(const Reading& reading, Instant now, const Jumps::Held& held);
  Oddity& oddity(const char* key, const char* rule, std::optional<double> value, Instant now);
  void reject(const char* key, const char* rule, std::optional<double> value, Instant now);

  std::array<Value, kFieldCount> values_{};
  std::optional<std::vector<double>> cell_voltages_;
  std::optional<std::vector<double>> cell_temperatures_;
  std::optional<CellSet> balancing_cells_;
  std::optional<Chemistry> chemistry_;
  Instant cell_voltages_at_{}, cell_temperatures_at_{};
  std::map<std::uint8_t, SaidAlarms> alarms_by_source_;
  Alarms alarms_;
  std::array<std::string, kTextCount> texts_;
  std::vector<std::string> identities_;
  std::map<std::string, ExtraValue, std::less<>> extras_;
  Jumps jumps_;
  std::uint64_t rejected_ = 0, held_ = 0;
  const char* last_rule_ = "";
  std::vector<Oddity> oddities_;
};

}  // namespace bmsd
