#include "venus/paths.h"

#include <algorithm>
#include <utility>

#include "venus/names.h"

namespace bmsd {

namespace {

using In = const PathInput&;

constexpr std::int32_t kProductId = 0xBA77;  // reserved by Victron for this family of drivers

BusValue real(std::optional<double> value) { return value ? BusValue(*value) : BusValue(); }
BusValue integer(std::int32_t value) { return value; }
BusValue yes_no(std::optional<bool> value) { return value ? BusValue(*value ? 1 : 0) : BusValue(); }
BusValue text(std::string value) { return value; }
BusValue text_or_invalid(const std::string& value) { return value.empty() ? BusValue() : BusValue(value); }
BusValue invalid(In) { return {}; }
BusValue empty_text(In) { return std::string(); }
template <std::int32_t value>
BusValue constant(In) {
  return value;
}
template <Field field>
BusValue of(In in) {
  return real(in.view.battery.get(field));
}
template <Text id>
BusValue of(In in) {
  return text_or_invalid(in.view.battery.text(id));
}

// --- Measurements. From 10 s without data voltage, current and power are unknown; everything else keeps its last
// value.

std::optional<double> live(In in, Field field) {
  return in.view.presence.measurements_valid ? in.view.battery.get(field) : std::nullopt;
}
BusValue voltage(In in) { return real(live(in, Field::voltage)); }
BusValue current(In in) { return real(live(in, Field::current)); }
BusValue power(In in) {
  const auto volt = live(in, Field::voltage), ampere = live(in, Field::current);
  return volt && ampere ? BusValue(*volt * *ampere) : BusValue();
}
BusValue mean_current(In in) { return in.view.presence.measurements_valid ? real(in.mean_current) : BusValue(); }
BusValue temperature(In in) { return real(in.view.battery.temperature()); }

std::optional<double> remaining(In in) {
  if (const auto said = in.view.battery.get(Field::capacity_remaining)) return said;
  const auto full = in.view.battery.get(Field::capacity_full), soc = in.view.battery.get(Field::soc);
  if (!full || !soc) return std::nullopt;
  return *full * *soc / 100;
}
BusValue capacity(In in) { return real(remaining(in)); }
BusValue consumed(In in) {
  const auto full = in.view.battery.get(Field::capacity_full), left = remaining(in);
  if (!full || !left) return {};
  return std::min(0.0, *left - *full);  // a pack can hold more than it says is full
}

// --- State

bool both_blocked(In in) { return !in.view.limits.charge.allowed && !in.view.limits.discharge.allowed; }

constexpr std::int32_t kInitialising = 0, kRunning = 9, kError = 10, kStandby = 14;

std::int32_t state_of(In in) {
  if (in.view.presence.given_up) return kError;
  if (!in.view.limits.cvl) return kInitialising;
  return both_blocked(in) ? kStandby : kRunning;
}

BusValue state(In in) { return state_of(in); }

BusValue mode(In in) {
  constexpr std::int32_t kModeOn = 3, kModeOff = 4, kModeStandby = 0xFC;
  if (state_of(in) == kStandby) return kModeOff;
  return both_blocked(in) ? kModeStandby : kModeOn;
}

// The first that applies.
BusValue device_state(In in) {
  constexpr std::int32_t kConnected = 0x100, kOverTemperature = 0x101, kTemperatureWarning = 0x102, kFault = 0x103,
                         kBlocked = 0x104, kUnderVoltage = 0x105;
  const Alarms& alarms = in.view.battery.alarms();
  const Severity heat = std::max(alarms.of(Alarm::high_temperature), alarms.of(Alarm::high_charge_temperature));
  if (alarms.of(Alarm::internal_failure) == Severity::alarm) return kFault;
  if (heat == Severity::alarm) return kOverTemperature;
  if (heat == Severity::warning) return kTemperatureWarning;
  if (alarms.of(Alarm::low_voltage) == Severity::alarm) return kUnderVoltage;
  return both_blocked(in) ? kBlocked : kConnected;
}

template <Alarm alarm>
BusValue alarm_level(In in) {
  const Severity level = alarm == Alarm::bms_cable ? in.view.presence.cable_alarm : in.view.battery.alarms().of(alarm);
  return level == Severity::unsupported ? BusValue() : BusValue(static_cast<std::int32_t>(level));
}

// --- Identity

std::string connection(const Identity& identity) {
  const bool is_serial = identity.port.find("://") == std::string::npos;
  return (is_serial ? "Serial " : "") + identity.port + address_suffix(identity);
}
BusValue product_name(Who who) {
  const Identity& identity = who.identity;
  return "SerialBattery " + who.facts.identity + " @ " + identity.port_name + " (" + identity.bms_type + ")";
}

// --- Limits

BusValue charge_voltage(In in) { return real(in.view.limits.cvl); }
BusValue charge_current(In in) { return in.view.limits.charge.value; }
BusValue discharge_current(In in) { return in.view.limits.discharge.value; }
BusValue low_voltage(In in) { return real(in.view.limits.low_voltage); }
BusValue max_cell_voltage(In in) { return real(in.view.limits.max_charge_cell_voltage); }
BusValue charge_allowed(In in) { return yes_no(in.view.limits.charge.allowed); }
BusValue discharge_allowed(In in) { return yes_no(in.view.limits.discharge.allowed); }
BusValue charge_blocked(In in) { return yes_no(!in.view.limits.charge.allowed); }
BusValue discharge_blocked(In in) { return yes_no(!in.view.limits.discharge.allowed); }

// --- Cells and sensors. A cell above twice MAX_CELL_VOLTAGE is a broken wire, not a voltage: it counts nowhere.

const std::vector<double>* cells(In in) {
  const auto& list = in.view.battery.cell_voltages();
  return list && !list->empty() ? &*list : nullptr;
}
const std::vector<double>* sensors(In in) {
  const auto& list = in.view.battery.cell_temperatures();
  return list && !list->empty() ? &*list : nullptr;
}
BusValue element(const std::vector<double>* list, std::optional<std::size_t> index) {
  return list && index && *index < list->size() ? BusValue((*list)[*index]) : BusValue();
}

BusValue cell_voltage(In in) {
  const auto* list = cells(in);
  if (!list || in.cell >= list->size()) return {};
  const double voltage = (*list)[in.cell];
  return plausible_cell(voltage, in.view.limits.max_cell_voltage) ? BusValue(voltage) : BusValue();
}
BusValue cell_balances(In in) {
  const auto& balancing = in.view.battery.balancing_cells();
  if (!balancing || in.cell >= balancing->size()) return {};
  return yes_no(balancing->test(in.cell));
}
BusValue balancing(In in) {
  const auto& set = in.view.battery.balancing_cells();
  return set ? yes_no(set->any()) : BusValue();
}
BusValue cell_sum(In in) { return in.cells ? BusValue(in.cells->sum) : BusValue(); }
BusValue lowest_voltage(In in) { return in.cells ? BusValue(in.cells->lowest) : BusValue(); }
BusValue highest_voltage(In in) { return in.cells ? BusValue(in.cells->highest) : BusValue(); }
BusValue cell_difference(In in) { return in.cells ? BusValue(in.cells->highest - in.cells->lowest) : BusValue(); }
BusValue cell_name(std::size_t number) { return "C" + std::to_string(number); }
BusValue lowest_cell(In in) { return in.cells ? cell_name(in.cells->lowest_cell) : BusValue(); }
BusValue highest_cell(In in) { return in.cells ? cell_name(in.cells->highest_cell) : BusValue(); }
BusValue cell_count(In in) {
  if (const auto* list = cells(in)) return static_cast<std::int32_t>(list->size());
  const auto said = in.view.battery.get(Field::cell_count);
  return said ? BusValue(static_cast<std::int32_t>(*said)) : BusValue();
}

BusValue sensor_name(std::optional<std::size_t> index) {
  return index ? BusValue("Temp " + std::to_string(*index + 1)) : BusValue();
}
// A BMS without cell sensors has one temperature, which is then the lowest and the highest.
BusValue lowest_temperature(In in) { return sensors(in) ? element(sensors(in), in.coldest) : temperature(in); }
BusValue highest_temperature(In in) { return sensors(in) ? element(sensors(in), in.hottest) : temperature(in); }
BusValue coldest_sensor(In in) { return sensor_name(in.coldest); }
BusValue hottest_sensor(In in) { return sensor_name(in.hottest); }
template <std::size_t n>
BusValue sensor(In in) {
  return element(sensors(in), n - 1);
}
template <std::size_t n>
BusValue name_of_sensor(In in) {
  return valid(sensor<n>(in)) ? sensor_name(n - 1) : BusValue();
}

BusValue modules_online(In in) { return yes_no(in.view.presence.measurements_valid); }
BusValue modules_offline(In in) { return yes_no(!in.view.presence.measurements_valid); }

// --- History, as far as the BMS itself counts

BusValue drawn(In in) {
  const auto total = in.view.battery.get(Field::total_discharge);
  return total ? BusValue(-*total) : BusValue();
}
BusValue charge_cycles(In in) {
  if (const auto said = in.view.battery.get(Field::cycles)) return *said;
  const auto total = in.view.battery.get(Field::total_discharge), full = in.view.battery.get(Field::capacity_full);
  return total && full && *full > 0 ? BusValue(*total / *full) : BusValue();
}

constexpr auto i = ItemType::integer;
constexpr auto d = ItemType::real;
constexpr auto s = ItemType::text;
constexpr auto kRises = Urgent::when_it_rises;
constexpr auto kFalls = Urgent::when_it_falls;

// What this version cannot know yet (time to go, its own history, the debug texts) is invalid or empty, as consumers
// expect of paths that every battery has; paths that exist only with an option are left out.
// clang-format off
constexpr PathRow kTable[] = {
    {"/Mgmt/ProcessName", s, nullptr, 0, [](Who who) { return text(who.facts.process_name); }},
    {"/Mgmt/ProcessVersion", s, nullptr, 0, [](Who who) { return text(who.facts.process_version); }},
    {"/Mgmt/Connection", s, nullptr, 0, [](Who who) { return text(connection(who.identity)); }},
    {"/DeviceInstance", i, nullptr, 0, [](Who who) { return integer(who.facts.instance); }},
    {"/ProductId", i, "0x%X", 0, constant<kProductId>},
    {"/ProductName", s, nullptr, 0, product_name},
    {"/CustomName", s, nullptr, 0, [](Who who) { return text(who.facts.custom_name); }, Urgent::never, PathRow::writable},
    {"/FirmwareVersion", s, nullptr, 0, [](Who who) { return text(who.facts.process_version); }},
    {"/HardwareVersion", s, nullptr, 0, of<Text::hardware>},
    {"/Family", s, nullptr, 0, of<Text::hardware>},
    {"/Serial", s, nullptr, 0, [](Who who) { return text(who.facts.identity); }},
    {"/DeviceName", s, nullptr, 0, of<Text::device_name>},
    {"/Manufacturer", s, nullptr, 0, [](Who who) { return text(who.identity.bms_type); }},
    {"/Connected", i, nullptr, 0, constant<1>},

    {"/State", i, nullptr, 0, state},
    {"/Mode", i, nullptr, 0, mode, Urgent::never, PathRow::writable},
    {"/DeviceState", i, nullptr, 0, device_state},
    {"/ErrorCode", i, nullptr, 0, invalid},
    {"/ConnectionInformation", s, nullptr, 0, [](In in) { return text(in.view.presence.text); }},

    {"/Dc/0/Voltage", d, "%.2fV", 2, voltage},
    {"/Dc/0/Current", d, "%.2fA", 2, current},
    {"/Dc/0/Power", d, "%.0fW", 2, power},
    {"/Dc/0/Temperature", d, nullptr, 1, temperature},
    {"/Dc/0/MidVoltage", d, "%.2fV", 2, invalid},
    {"/Dc/0/MidVoltageDeviation", d, "%.1f%%", 1, invalid},
    {"/Soc", d, nullptr, 2, of<Field::soc>},
    {"/Soh", d, nullptr, 2, of<Field::soh>},
    {"/Capacity", d, "%.2fAh", 2, capacity},
    {"/InstalledCapacity", d, "%.0fAh", 2, of<Field::capacity_full>},
    {"/ConsumedAmphours", d, "%.0fAh", 2, consumed},
    {"/CurrentAvg", d, "%.2fA", 2, mean_current},
    {"/TimeToGo", i, nullptr, 0, invalid},

    {"/Info/MaxChargeVoltage", d, "%.2fV", 2, charge_voltage, kFalls, PathRow::keeps_last},
    {"/Info/MaxChargeCurrent", d, "%.2fA", 3, charge_current, kFalls, PathRow::keeps_last},
    {"/Info/MaxDischargeCurrent", d, "%.2fA", 3, discharge_current, kFalls, PathRow::keeps_last},
    {"/Info/BatteryLowVoltage", d, nullptr, 2, low_voltage, Urgent::never, PathRow::keeps_last},
    {"/Info/MaxChargeCellVoltage", d, "%.2fV", 3, max_cell_voltage},
    {"/Info/ChargeMode", s, nullptr, 0, [](In in) { return text(in.view.limits.charge_mode); }},
    {"/Info/ChargeLimitation", s, nullptr, 0, [](In in) { return text(in.view.limits.charge.reason); }},
    {"/Info/DischargeLimitation", s, nullptr, 0, [](In in) { return text(in.view.limits.discharge.reason); }},
    {"/Info/ChargeModeDebug", s, nullptr, 0, empty_text},
    {"/Info/ChargeModeDebugFloat", s, nullptr, 0, empty_text},
    {"/Info/ChargeModeDebugBulk", s, nullptr, 0, empty_text},
    {"/Info/HeatingCurrent", d, nullptr, 2, invalid},
    {"/Info/HeatingPower", d, nullptr, 2, invalid},
    {"/Info/HeatingTemperatureStart", d, nullptr, 1, invalid},
    {"/Info/HeatingTemperatureStop", d, nullptr, 1, invalid},
    {"/Io/AllowToCharge", i, nullptr, 0, charge_allowed, kFalls},
    {"/Io/AllowToDischarge", i, nullptr, 0, discharge_allowed, kFalls},
    {"/Io/AllowToBalance", i, nullptr, 0, invalid},
    {"/Io/AllowToHeat", i, nullptr, 0, invalid},
    {"/Balancing", i, nullptr, 0, balancing},
    {"/Heating", i, nullptr, 0, invalid},

    {"/Voltages/Cell#", d, "%.3fV", 3, cell_voltage},
    {"/Voltages/Sum", d, "%.2fV", 2, cell_sum},
    {"/Voltages/Diff", d, "%.3fV", 3, cell_difference},
    {"/Balances/Cell#", i, nullptr, 0, cell_balances},
    {"/System/NrOfCellsPerBattery", i, nullptr, 0, cell_count},
    {"/System/NrOfModulesOnline", i, nullptr, 0, modules_online},
    {"/System/NrOfModulesOffline", i, nullptr, 0, modules_offline},
    {"/System/NrOfModulesBlockingCharge", i, nullptr, 0, charge_blocked},
    {"/System/NrOfModulesBlockingDischarge", i, nullptr, 0, discharge_blocked},
    {"/System/MinCellVoltage", d, "%.3fV", 3, lowest_voltage},
    {"/System/MaxCellVoltage", d, "%.3fV", 3, highest_voltage},
    {"/System/MinVoltageCellId", s, nullptr, 0, lowest_cell},
    {"/System/MaxVoltageCellId", s, nullptr, 0, highest_cell},
    {"/System/MinCellTemperature", d, nullptr, 1, lowest_temperature},
    {"/System/MaxCellTemperature", d, nullptr, 1, highest_temperature},
    {"/System/MinTemperatureCellId", s, nullptr, 0, coldest_sensor},
    {"/System/MaxTemperatureCellId", s, nullptr, 0, hottest_sensor},
    {"/System/MOSTemperature", d, nullptr, 1, of<Field::mos_temperature>},
    {"/System/Temperature1", d, nullptr, 1, sensor<1>},
    {"/System/Temperature2", d, nullptr, 1, sensor<2>},
    {"/System/Temperature3", d, nullptr, 1, sensor<3>},
    {"/System/Temperature4", d, nullptr, 1, sensor<4>},
    {"/System/Temperature1Name", s, nullptr, 0, name_of_sensor<1>},
    {"/System/Temperature2Name", s, nullptr, 0, name_of_sensor<2>},
    {"/System/Temperature3Name", s, nullptr, 0, name_of_sensor<3>},
    {"/System/Temperature4Name", s, nullptr, 0, name_of_sensor<4>},

    {"/Alarms/LowVoltage", i, nullptr, 0, alarm_level<Alarm::low_voltage>, kRises},
    {"/Alarms/HighVoltage", i, nullptr, 0, alarm_level<Alarm::high_voltage>, kRises},
    {"/Alarms/LowCellVoltage", i, nullptr, 0, alarm_level<Alarm::low_cell_voltage>, kRises},
    {"/Alarms/HighCellVoltage", i, nullptr, 0, alarm_level<Alarm::high_cell_voltage>, kRises},
    {"/Alarms/LowSoc", i, nullptr, 0, alarm_level<Alarm::low_soc>, kRises},
    {"/Alarms/StateOfHealth", i, nullptr, 0, alarm_level<Alarm::state_of_health>, kRises},
    {"/Alarms/HighChargeCurrent", i, nullptr, 0, alarm_level<Alarm::high_charge_current>, kRises},
    {"/Alarms/HighDischargeCurrent", i, nullptr, 0, alarm_level<Alarm::high_discharge_current>, kRises},
    {"/Alarms/CellImbalance", i, nullptr, 0, alarm_level<Alarm::cell_imbalance>, kRises},
    {"/Alarms/InternalFailure", i, nullptr, 0, alarm_level<Alarm::internal_failure>, kRises},
    {"/Alarms/HighChargeTemperature", i, nullptr, 0, alarm_level<Alarm::high_charge_temperature>, kRises},
    {"/Alarms/LowChargeTemperature", i, nullptr, 0, alarm_level<Alarm::low_charge_temperature>, kRises},
    {"/Alarms/HighTemperature", i, nullptr, 0, alarm_level<Alarm::high_temperature>, kRises},
    {"/Alarms/LowTemperature", i, nullptr, 0, alarm_level<Alarm::low_temperature>, kRises},
    {"/Alarms/BmsCable", i, nullptr, 0, alarm_level<Alarm::bms_cable>, kRises},
    {"/Alarms/HighInternalTemperature", i, nullptr, 0, alarm_level<Alarm::high_internal_temperature>, kRises},
    {"/Alarms/FuseBlown", i, nullptr, 0, alarm_level<Alarm::fuse_blown>, kRises},

    {"/History/DeepestDischarge", d, nullptr, 1, invalid},
    {"/History/LastDischarge", d, nullptr, 1, invalid},
    {"/History/AverageDischarge", d, nullptr, 1, invalid},
    {"/History/TotalAhDrawn", d, nullptr, 1, drawn},
    {"/History/ChargeCycles", d, nullptr, 1, charge_cycles},
    {"/History/FullDischarges", i, nullptr, 0, invalid},
    {"/History/AutomaticSyncs", i, nullptr, 0, invalid},
    {"/History/LowVoltageAlarms", i, nullptr, 0, invalid},
    {"/History/HighVoltageAlarms", i, nullptr, 0, invalid},
    {"/History/MinimumVoltage", d, nullptr, 2, invalid},
    {"/History/MaximumVoltage", d, nullptr, 2, invalid},
    {"/History/MinimumCellVoltage", d, nullptr, 3, invalid},
    {"/History/MaximumCellVoltage", d, nullptr, 3, invalid},
    {"/History/MinimumTemperature", d, nullptr, 1, invalid},
    {"/History/MaximumTemperature", d, nullptr, 1, invalid},
    {"/History/TimeSinceLastFullCharge", i, nullptr, 0, invalid},
    {"/History/DischargedEnergy", d, nullptr, 1, of<Field::total_discharge_energy>},
    {"/History/ChargedEnergy", d, nullptr, 1, of<Field::total_charge_energy>},
    {"/History/Clear", i, nullptr, 0, constant<0>, Urgent::never, PathRow::writable},
    {"/History/CanBeCleared", i, nullptr, 0, constant<0>},

    {"/Settings/HasTemperature", i, nullptr, 0, constant<1>},
};
// clang-format on

}  // namespace

std::span<const PathRow> path_table() { return kTable; }

const char* path_of(Field field) {
  constexpr const char* kNotOnDbus = nullptr;
  switch (field) {
    case Field::voltage:
      return "/Dc/0/Voltage";
    case Field::current:
      return "/Dc/0/Current";
    case Field::soc:
      return "/Soc";
    case Field::soh:
      return "/Soh";
    case Field::capacity_full:
      return "/InstalledCapacity";
    case Field::capacity_remaining:
      return "/Capacity";
    case Field::capacity_design:
      return kNotOnDbus;
    case Field::cycles:
      return "/History/ChargeCycles";
    case Field::cell_count:
      return "/System/NrOfCellsPerBattery";
    case Field::pack_temperature:
      return "/Dc/0/Temperature";
    case Field::mos_temperature:
      return "/System/MOSTemperature";
    case Field::ambient_temperature:
      return kNotOnDbus;
    case Field::charge_fet_on:
      return "/Io/AllowToCharge";
    case Field::discharge_fet_on:
      return "/Io/AllowToDischarge";
    case Field::max_charge_current:
      return "/Info/MaxChargeCurrent";
    case Field::max_discharge_current:
      return "/Info/MaxDischargeCurrent";
    case Field::cell_voltage_max_limit:
      return kNotOnDbus;
    case Field::cell_voltage_min_limit:
      return kNotOnDbus;
    case Field::total_charge:
      return kNotOnDbus;
    case Field::total_discharge:
      return "/History/TotalAhDrawn";
    case Field::total_charge_energy:
      return "/History/ChargedEnergy";
    case Field::total_discharge_energy:
      return "/History/DischargedEnergy";
    case Field::count_:
      break;
  }
  return kNotOnDbus;
}

}  // namespace bmsd
