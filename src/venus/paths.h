// The one table of what a battery shows on D-Bus: path, type, text, decimals, and how it is computed. The paths are
// Victron's contract (com.victronenergy.battery, as the system calculator, the GUI, Modbus-TCP and MQTT read them), so
// this table stands on its own beside battery/fields.h.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "bank/view.h"
#include "control/cells.h"
#include "control/explain.h"
#include "control/sensors.h"
#include "venus/item_tree.h"
#include "venus/publisher.h"

namespace bmsd {

// What a battery's service knows beside the view.
struct ServiceFacts {
  std::string process_name, process_version;
  std::string identity;     // the one in use, safe_identity()
  std::string custom_name;  // empty: none
  std::int32_t instance = 0;
  std::int32_t soc_target = 100;  // percent, of /Settings/ResetSocTo
};

// What a row is computed from: who the battery is, or what it says now.
struct Who {
  const Identity& identity;
  const ServiceFacts& facts;
};
struct PathInput {
  const BatteryView& view;
  std::optional<CellRange> cells = {};          // absent without a cell that can be believed
  Temperatures temperatures = {};               // corrected
  bool internal_errors = false;                 // too many (internal_errors.h)
  std::size_t cell = 0;                         // of a row that repeats; from 0
  std::optional<Explanation> explanation = {};  // where it is wanted
};
using FromIdentity = BusValue (*)(Who);
using FromView = BusValue (*)(const PathInput&);

struct PathRow {
  const char* path;  // "/Voltages/Cell#": one item per cell, # counts from 1
  ItemType type;
  const char* format;  // of the text, printf's; null: none
  int decimals;        // published of a real value
  std::variant<FromView, FromIdentity> value;
  Urgent urgent = Urgent::never;
  enum Trait : unsigned char {
    plain,
    writable,
    command,    // writable, and what it shows is what the BMS says (Item::is_command)
    keeps_last  // never invalid again once it was valid
  } trait = plain;
  // What BATTERY_CELL_DATA_FORMAT has to be, or what may be changed (bank/display.h), when the service is made. Then what
  // makes an item come also later; it never goes again.
  enum When : unsigned char {
    always,
    with_voltages,    // 1
    with_cell_volts,  // 2, 3
    with_balances,    // 1, 3
    with_charge_fet,
    with_discharge_fet,
    once_known,           // it has a value
    once_soc_can_be_set,  // in the BMS, or because it is counted here
    once_soc_is_reset,    // SOC_RESET_AFTER_DAYS
    once_anything_is_set  // any of these
  } when = always;
};
std::span<const PathRow> path_table();

// Where a field is shown; null: not on D-Bus.
const char* path_of(Field field);

}  // namespace bmsd
