// A simulated pack: cells, temperatures and a current, and what becomes of them with time.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "protocol/responder.h"
#include "sim/charge_plant.h"

namespace bmsd {

struct PackModelOptions {
  int cells = 16;            // 1..32
  int sensors = 4;           // cell temperature sensors, 0..16
  double capacity_ah = 100;  // full charge capacity and design capacity
  double soc_percent = 60;
  double current_a = 0;       // + charges
  double temperature_c = 25;  // of the room
  std::uint64_t seed = 1;     // spread of the cells and sensors, and how they wander
  bool fixed = false;         // nothing drifts: values change only by set()

  // With a charger, an inverter and a house: the current is theirs, and cells, heat and counter follow from it
  // (sim/charge_plant.h). `time_factor` times as fast, > 0.
  bool charged = false;
  double time_factor = 1;
  double start_hour = 9;  // of the day
};

// Values are functions of the options, the seed, what was set, and virtual time; the same sequence of calls gives the
// same values. The open-circuit voltage follows the usual shape of a LiFePO4 cell; no particular cell is meant.
class PackModel {
 public:
  explicit PackModel(const PackModelOptions& options = {});

  // Takes the state as it is, without drift and without a model, until `set("drift", "on")`.
  explicit PackModel(PackState state);

  // Moves the pack on to `now`: the state of charge integrates the current, cells and temperatures wander. Going back
  // does nothing.
  void advance(Instant now);

  const PackState& state() const { return state_; }

  // Changes a value by its key (the vectors' keys, keys() lists them). Lists: "3.31,3.32" or "[3.31, 3.32]". A value
  // that the model would change (a voltage, a temperature, the remaining capacity) then stays as it was set; "auto"
  // gives it back to the model. soc_percent goes on integrating from there. Error config: an unknown key, a value that
  // is none or out of range.
  Status set(std::string_view key, std::string_view value);

  // Raises or clears an alarm by the sheet's name. The name is not checked here: the protocol knows its names.
  void set_alarm(std::string_view name, bool on);

  // What the charger of a pack that has one obeys from now on; nothing: it has lost its battery (sim/charge_plant.h). Until the
  // first call 3.45 V per cell, 50 A and 60 A. set() knows them as "cvl_v", "ccl_a" and "dcl_a".
  void obey(const std::optional<ChargeLimits>& limits);

  // What a master has written. A FET that is turned off so stays off until it is turned on so, whatever set() says of
  // it; one that set() has turned off, as a protection does, stays off too.
  void command(const Change& change);

  static bool knows(std::string_view key);
  // Of packs with a charger only: the sun's and the house's power instead of the model's, and what the charger obeys.
  static constexpr std::string_view kPlantKeys[] = {"pv_w", "load_w", "cvl_v", "ccl_a", "dcl_a"};
  static std::vector<std::string_view> keys();

 private:
  struct Cell {
    double offset = 0;      // V, of its own
    double resistance = 0;  // ohm
    double phase = 0;       // of its wander
  };

  void build(int cells, int sensors);
  void integrate(double hours);
  void refresh();
  void refresh_temperatures();
  bool pinned(std::string_view key) const { return pinned_.find(key) != pinned_.end(); }
  Status set_list(std::string_view key, std::string_view value);
  Status set_switch(std::string_view key, std::string_view value);
  static bool is_plant_key(std::string_view key);
  void build_plant();
  void follow_plant();
  void add_totals(const PackState& said);
  Status set_plant(std::string_view key, double value);

  PackModelOptions options_;
  PackState state_;
  struct Fet {
    bool set = true;        // by set()
    bool commanded = true;  // by command()
  };
  Fet charge_fet_, discharge_fet_;
  std::vector<Cell> cells_;
  std::vector<Cell> sensors_;
  std::set<std::string, std::less<>> pinned_;  // keys that the model leaves alone
  Instant now_{};
  bool started_ = false;
  double wander_seconds_ = 0;  // time that has passed while not fixed
  std::optional<ChargePlant> plant_;
  struct Totals {
    double total_charge = 0, total_discharge = 0, total_charge_energy = 0, total_discharge_energy = 0;
    int cycles = 0;
  };
  Totals counted_;                      // of what the plant has said
  std::optional<ChargeLimits> limits_;  // that its charger obeys
};

}  // namespace bmsd
