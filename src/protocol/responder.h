// The other end of the wire: answers as the BMS. Used by the simulator; shares no offsets with the decoders.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "battery/change.h"

namespace bmsd {

// The state of a simulated pack in physical terms.
struct PackState {
  std::vector<double> cell_voltages;      // V
  std::vector<double> cell_temperatures;  // degrees Celsius
  std::set<int> balancing_cells;          // from 1
  double voltage = 0;  // V, as the BMS measures it (the sum of the cells unless a test says otherwise)
  double current = 0;  // A, + charges
  double soc = 0;      // percent
  double soh = 100;    // percent
  double capacity_full = 0, capacity_remaining = 0, capacity_design = 0;  // Ah
  double mos_temperature = 25, ambient_temperature = 25, pack_temperature = 25;
  double max_charge_current = 0, max_discharge_current = 0;  // A
  double cell_voltage_max_limit = 3.65, cell_voltage_min_limit = 2.5;
  double total_charge = 0, total_discharge = 0;                // Ah
  double total_charge_energy = 0, total_discharge_energy = 0;  // kWh
  int cycles = 0;
  bool charge_fet = true, discharge_fet = true;
  std::set<std::string, std::less<>> alarms;  // the sheet's names, all active ones
};

// What does not change while a pack runs.
struct PackOptions {
  int address = 1;
  std::string serial_number = "SIM000000001";
  std::map<std::string, std::string, std::less<>>
      variant;  // firmware variants that the protocol documents: {"form", "short"}
};

class Responder {
 public:
  virtual ~Responder() = default;

  // The reply to `request` (a whole frame as the framer gives it); nothing when the BMS would stay silent. Over CAN both
  // are records, of the reply one or more.
  virtual std::optional<ByteVector> answer(Bytes request, const PackState& state) = 0;

  // What the BMS sends by itself (CAN): how often each kind comes, by number, and its records now; none while this kind is silent.
  virtual std::vector<Duration> pushes() const { return {}; }
  virtual ByteVector push(std::size_t /*kind*/, const PackState& /*state*/) { return {}; }

  // What the last request has changed in the pack. Whoever owns its state makes it so.
  virtual std::vector<Change> take_changes() { return {}; }
};

}  // namespace bmsd
