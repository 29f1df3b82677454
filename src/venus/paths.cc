#include "venus/paths.h"

#include <string>

#include "venus/path_values.h"

namespace bmsd {

namespace {

namespace v = path_value;
using v::In;

constexpr std::int32_t kProductId = 0xBA77;  // reserved by Victron for this family of drivers

template <std::int32_t value>
BusValue constant(In) {
  return value;
}
template <Field id>
BusValue of(In in) {
  return v::field(in, id);
}
template <Text id>
BusValue of(In in) {
  return v::text(in, id);
}
template <Alarm id>
BusValue of(In in) {
  return v::alarm(in, id);
}
template <Field id>
BusValue is_off(In in) {
  return v::is_off(in, id);
}
template <auto member>
BusValue counted(In in) {
  return v::history(in.view.outputs.history.*member);
}
// Published negative, as a shunt of Victron's counts.
template <auto member>
BusValue drawn(In in) {
  const std::optional<double>& ampere_hours = in.view.outputs.history.*member;
  return ampere_hours ? BusValue(-*ampere_hours) : BusValue();
}
template <std::size_t number>
BusValue sensor(In in) {
  return v::sensor(in, number - 1);
}
template <std::size_t number>
BusValue name_of_sensor(In in) {
  return v::sensor_name(in, number - 1);
}

constexpr auto i = ItemType::integer;
constexpr auto d = ItemType::real;
constexpr auto s = ItemType::text;
constexpr auto kRises = Urgent::when_it_rises;
constexpr auto kFalls = Urgent::when_it_falls;
constexpr auto kChanges = Urgent::when_it_changes;
constexpr auto kNever = Urgent::never;
constexpr auto kPlain = PathRow::plain;
constexpr auto kCommand = PathRow::command;
constexpr auto kWritable = PathRow::writable;
constexpr auto kOnceKnown = PathRow::once_known;
using H = HistoryValues;

// What no protocol tells yet (heating) is invalid, as consumers expect of paths that every battery has; paths that exist
// only with an option are left out.
// clang-format off
constexpr PathRow kTable[] = {
    {"/Mgmt/ProcessName", s, nullptr, 0, [](Who who) -> BusValue { return who.facts.process_name; }},
    {"/Mgmt/ProcessVersion", s, nullptr, 0, [](Who who) -> BusValue { return who.facts.process_version; }},
    {"/Mgmt/Connection", s, nullptr, 0, v::connection},
    {"/DeviceInstance", i, nullptr, 0, [](Who who) -> BusValue { return who.facts.instance; }},
    {"/ProductId", i, "0x%X", 0, constant<kProductId>},
    {"/ProductName", s, nullptr, 0, v::product_name},
    {"/CustomName", s, nullptr, 0, [](Who who) -> BusValue { return who.facts.custom_name; }, kNever, kWritable},
    {"/FirmwareVersion", s, nullptr, 0, [](Who who) -> BusValue { return who.facts.process_version; }},
    {"/HardwareVersion", s, nullptr, 0, of<Text::hardware>},
    {"/Family", s, nullptr, 0, of<Text::hardware>},
    {"/Serial", s, nullptr, 0, [](Who who) -> BusValue { return who.facts.identity; }},
    {"/DeviceName", s, nullptr, 0, of<Text::device_name>},
    {"/Manufacturer", s, nullptr, 0, [](Who who) -> BusValue { return who.identity.bms_type; }},
    {"/Connected", i, nullptr, 0, constant<1>},

    {"/State", i, nullptr, 0, v::state},
    {"/Mode", i, nullptr, 0, v::mode, kNever, kWritable},
    {"/DeviceState", i, nullptr, 0, v::device_state},
    {"/ErrorCode", i, nullptr, 0, v::error_code},
    {"/ConnectionInformation", s, nullptr, 0, v::connection_information},

    {"/Dc/0/Voltage", d, "%.2fV", 2, v::voltage},
    {"/Dc/0/Current", d, "%.2fA", 2, v::current},
    {"/Dc/0/Power", d, "%.0fW", 2, v::power},
    {"/Dc/0/Temperature", d, nullptr, 1, v::temperature},
    {"/Dc/0/MidVoltage", d, "%.2fV", 2, v::mid_voltage},
    {"/Dc/0/MidVoltageDeviation", d, "%.1f%%", 2, v::mid_deviation},
    {"/Soc", d, nullptr, 2, v::soc},
    {"/SocBms", d, nullptr, 2, v::soc_bms, kNever, kPlain, kOnceKnown},
    {"/Soh", d, nullptr, 2, of<Field::soh>},
    {"/Capacity", d, "%.2fAh", 2, v::capacity},
    {"/CapacityBms", d, "%.2fAh", 2, v::capacity_bms, kNever, kPlain, kOnceKnown},
    {"/InstalledCapacity", d, "%.0fAh", 2, of<Field::capacity_full>},
    {"/ConsumedAmphours", d, "%.0fAh", 2, v::consumed},
    {"/ConsumedAmphoursBms", d, "%.0fAh", 2, v::consumed_bms, kNever, kPlain, kOnceKnown},
    {"/CurrentAvg", d, "%.2fA", 2, v::mean_current},
    {"/TimeToGo", i, nullptr, 0, v::time_to_go},

    {"/Info/MaxChargeVoltage", d, "%.2fV", 2, v::charge_voltage, kFalls, PathRow::keeps_last},
    {"/Info/MaxChargeCurrent", d, "%.2fA", 3, v::charge_current, kFalls, PathRow::keeps_last},
    {"/Info/MaxDischargeCurrent", d, "%.2fA", 3, v::discharge_current, kFalls, PathRow::keeps_last},
    {"/Info/BatteryLowVoltage", d, nullptr, 2, v::low_voltage, kNever, PathRow::keeps_last},
    {"/Info/MaxChargeCellVoltage", d, "%.2fV", 3, v::max_cell_voltage},
    {"/Info/ChargeMode", s, nullptr, 0, v::charge_mode},
    {"/Info/ChargeLimitation", s, nullptr, 0, v::charge_limitation},
    {"/Info/DischargeLimitation", s, nullptr, 0, v::discharge_limitation},
    {"/Info/ChargeModeDebug", s, nullptr, 0, v::charge_debug},
    {"/Info/ChargeModeDebugFloat", s, nullptr, 0, v::float_debug},
    {"/Info/ChargeModeDebugBulk", s, nullptr, 0, v::bulk_debug},
    {"/Info/Explanation/Stage", s, nullptr, 0, v::explained_stage},
    {"/Info/Explanation/ChargeVoltage", s, nullptr, 0, v::explained_charge_voltage},
    {"/Info/Explanation/ChargeCurrent", s, nullptr, 0, v::explained_charge_current},
    {"/Info/Explanation/DischargeCurrent", s, nullptr, 0, v::explained_discharge_current},
    {"/Info/HeatingCurrent", d, nullptr, 2, v::invalid},
    {"/Info/HeatingPower", d, nullptr, 2, v::invalid},
    {"/Info/HeatingTemperatureStart", d, nullptr, 1, v::invalid},
    {"/Info/HeatingTemperatureStop", d, nullptr, 1, v::invalid},
    {"/Io/AllowToCharge", i, nullptr, 0, v::charge_allowed, kFalls},
    {"/Io/AllowToDischarge", i, nullptr, 0, v::discharge_allowed, kFalls},
    {"/Io/AllowToBalance", i, nullptr, 0, v::balancing_allowed},
    {"/Io/AllowToHeat", i, nullptr, 0, v::invalid},
    {"/Balancing", i, nullptr, 0, v::balancing},
    {"/Heating", i, nullptr, 0, v::heating},

    {"/Voltages/Cell#", d, "%.3fV", 3, v::cell_voltage, kNever, kPlain, PathRow::with_voltages},
    {"/Voltages/Sum", d, "%.2fV", 2, v::cell_sum, kNever, kPlain, PathRow::with_voltages},
    {"/Voltages/Diff", d, "%.3fV", 3, v::cell_difference, kNever, kPlain, PathRow::with_voltages},
    {"/Cell/#/Volts", d, "%.3fV", 3, v::cell_voltage, kNever, kPlain, PathRow::with_cell_volts},
    {"/Cell/Sum", d, "%.2fV", 2, v::cell_sum, kNever, kPlain, PathRow::with_cell_volts},
    {"/Cell/Diff", d, "%.3fV", 3, v::cell_difference, kNever, kPlain, PathRow::with_cell_volts},
    {"/Balances/Cell#", i, nullptr, 0, v::cell_balances, kNever, kPlain, PathRow::with_balances},
    {"/System/NrOfCellsPerBattery", i, nullptr, 0, v::cell_count},
    {"/System/NrOfModulesOnline", i, nullptr, 0, v::modules_online},
    {"/System/NrOfModulesOffline", i, nullptr, 0, v::modules_offline},
    {"/System/NrOfModulesBlockingCharge", i, nullptr, 0, v::charge_blocked},
    {"/System/NrOfModulesBlockingDischarge", i, nullptr, 0, v::discharge_blocked},
    {"/System/MinCellVoltage", d, "%.3fV", 3, v::lowest_voltage},
    {"/System/MaxCellVoltage", d, "%.3fV", 3, v::highest_voltage},
    {"/System/MinVoltageCellId", s, nullptr, 0, v::lowest_cell},
    {"/System/MaxVoltageCellId", s, nullptr, 0, v::highest_cell},
    {"/System/MinCellTemperature", d, nullptr, 1, v::lowest_temperature},
    {"/System/MaxCellTemperature", d, nullptr, 1, v::highest_temperature},
    {"/System/MinTemperatureCellId", s, nullptr, 0, v::coldest_sensor},
    {"/System/MaxTemperatureCellId", s, nullptr, 0, v::hottest_sensor},
    {"/System/MOSTemperature", d, nullptr, 1, v::mos_temperature},
    {"/System/Temperature1", d, nullptr, 1, sensor<1>},
    {"/System/Temperature2", d, nullptr, 1, sensor<2>},
    {"/System/Temperature3", d, nullptr, 1, sensor<3>},
    {"/System/Temperature4", d, nullptr, 1, sensor<4>},
    {"/System/Temperature1Name", s, nullptr, 0, name_of_sensor<1>},
    {"/System/Temperature2Name", s, nullptr, 0, name_of_sensor<2>},
    {"/System/Temperature3Name", s, nullptr, 0, name_of_sensor<3>},
    {"/System/Temperature4Name", s, nullptr, 0, name_of_sensor<4>},

    {"/Alarms/LowVoltage", i, nullptr, 0, of<Alarm::low_voltage>, kRises},
    {"/Alarms/HighVoltage", i, nullptr, 0, of<Alarm::high_voltage>, kRises},
    {"/Alarms/LowCellVoltage", i, nullptr, 0, of<Alarm::low_cell_voltage>, kRises},
    {"/Alarms/HighCellVoltage", i, nullptr, 0, of<Alarm::high_cell_voltage>, kRises},
    {"/Alarms/LowSoc", i, nullptr, 0, of<Alarm::low_soc>, kRises},
    {"/Alarms/StateOfHealth", i, nullptr, 0, of<Alarm::state_of_health>, kRises},
    {"/Alarms/HighChargeCurrent", i, nullptr, 0, of<Alarm::high_charge_current>, kRises},
    {"/Alarms/HighDischargeCurrent", i, nullptr, 0, of<Alarm::high_discharge_current>, kRises},
    {"/Alarms/CellImbalance", i, nullptr, 0, of<Alarm::cell_imbalance>, kRises},
    {"/Alarms/InternalFailure", i, nullptr, 0, of<Alarm::internal_failure>, kRises},
    {"/Alarms/HighChargeTemperature", i, nullptr, 0, of<Alarm::high_charge_temperature>, kRises},
    {"/Alarms/LowChargeTemperature", i, nullptr, 0, of<Alarm::low_charge_temperature>, kRises},
    {"/Alarms/HighTemperature", i, nullptr, 0, of<Alarm::high_temperature>, kRises},
    {"/Alarms/LowTemperature", i, nullptr, 0, of<Alarm::low_temperature>, kRises},
    {"/Alarms/BmsCable", i, nullptr, 0, of<Alarm::bms_cable>, kRises},
    {"/Alarms/HighInternalTemperature", i, nullptr, 0, of<Alarm::high_internal_temperature>, kRises},
    {"/Alarms/FuseBlown", i, nullptr, 0, of<Alarm::fuse_blown>, kRises},

    {"/History/DeepestDischarge", d, nullptr, 1, drawn<&H::deepest_discharge>},
    {"/History/LastDischarge", d, nullptr, 1, drawn<&H::last_discharge>},
    {"/History/AverageDischarge", d, nullptr, 1, drawn<&H::average_discharge>},
    {"/History/TotalAhDrawn", d, nullptr, 1, drawn<&H::total_ah_drawn>},
    {"/History/ChargeCycles", d, nullptr, 1, counted<&H::charge_cycles>},
    {"/History/FullDischarges", i, nullptr, 0, counted<&H::full_discharges>},
    {"/History/AutomaticSyncs", i, nullptr, 0, counted<&H::automatic_syncs>},
    {"/History/LowVoltageAlarms", i, nullptr, 0, counted<&H::low_voltage_alarms>},
    {"/History/HighVoltageAlarms", i, nullptr, 0, counted<&H::high_voltage_alarms>},
    {"/History/MinimumVoltage", d, nullptr, 2, counted<&H::minimum_voltage>},
    {"/History/MaximumVoltage", d, nullptr, 2, counted<&H::maximum_voltage>},
    {"/History/MinimumCellVoltage", d, nullptr, 3, counted<&H::minimum_cell_voltage>},
    {"/History/MaximumCellVoltage", d, nullptr, 3, counted<&H::maximum_cell_voltage>},
    {"/History/MinimumTemperature", d, nullptr, 1, counted<&H::minimum_temperature>},
    {"/History/MaximumTemperature", d, nullptr, 1, counted<&H::maximum_temperature>},
    {"/History/TimeSinceLastFullCharge", i, nullptr, 0, counted<&H::time_since_last_full_charge>},
    {"/History/DischargedEnergy", d, nullptr, 1, counted<&H::discharged_energy>},
    {"/History/ChargedEnergy", d, nullptr, 1, counted<&H::charged_energy>},
    {"/History/Clear", i, nullptr, 0, constant<0>, kNever, kWritable},
    {"/History/CanBeCleared", i, nullptr, 0, v::history_counts},

    {"/Diagnostics/Held", i, nullptr, 0, v::held},
    {"/Diagnostics/Rejected", i, nullptr, 0, v::rejected},
    {"/Diagnostics/LastOdd", s, nullptr, 0, v::last_odd},
    {"/Diagnostics/FailedRounds", i, nullptr, 0, v::failed_rounds},

    {"/Settings/HasTemperature", i, nullptr, 0, constant<1>},
    {"/Settings/HasSettings", i, nullptr, 0, constant<1>, kNever, kPlain, PathRow::once_anything_is_set},
    {"/Settings/ForceChargingOff", i, nullptr, 0, is_off<Field::charge_fet_on>, kChanges, kCommand, PathRow::with_charge_fet},
    {"/Settings/ForceDischargingOff", i, nullptr, 0, is_off<Field::discharge_fet_on>, kChanges, kCommand, PathRow::with_discharge_fet},
    {"/Settings/ResetSocTo", i, nullptr, 0, [](Who who) -> BusValue { return who.facts.soc_target; }, kNever, kWritable, PathRow::once_soc_can_be_set},
    {"/Settings/ResetSocToApply", i, nullptr, 0, constant<0>, kNever, kCommand, PathRow::once_soc_can_be_set},
    {"/Settings/SocResetLastReached", i, nullptr, 0, v::soc_reset_last_reached, kNever, kWritable, PathRow::once_soc_is_reset},
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
    case Field::cell_voltage_max:
      return "/System/MaxCellVoltage";
    case Field::cell_voltage_min:
      return "/System/MinCellVoltage";
    case Field::temperature_max:
      return "/System/MaxCellTemperature";
    case Field::temperature_min:
      return "/System/MinCellTemperature";
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
    case Field::charge_voltage_limit:
      return "/Info/MaxChargeVoltage";
    case Field::discharge_voltage_limit:
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
