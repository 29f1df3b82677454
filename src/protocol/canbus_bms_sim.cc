// Sends as a battery that talks to inverters, with the encoder of wire/canbus_encode.h. `PackOptions::variant`:
//
//   dialect    victron | pylontech | sma
//   slow       1 ... 60       s: how often all but the limits, the state of charge and the measurements come
//   serial     kept | none    whether it tells its serial number (victron)
//   cells      told | untold  whether it tells its lowest and highest cell (victron)
//   silent     35A,35C ...    identifiers that it does not send
#include <algorithm>
#include <set>
#include <utility>

#include "protocol/canbus_bms.h"
#include "protocol/variant.h"
#include "wire/can_frame.h"
#include "wire/canbus_encode.h"

namespace bmsd {
namespace {

struct Variant {
  std::string dialect = "victron";
  int slow = 1;
  bool tells_serial = true, tells_cells = true;
  std::set<std::uint32_t> silent;
};

bool identifiers(std::string_view text, std::set<std::uint32_t>& to) {
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const auto bytes = from_hex("0" + std::string(text.substr(0, comma)));
    if (!bytes || bytes->size() != 2) return false;
    to.insert(static_cast<std::uint32_t>(bytes->front() << 8 | bytes->back()));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return true;
}

bool apply(std::string_view key, std::string_view value, Variant& to) {
  std::string word;
  if (key == "dialect") return variant::one_of(value, {"victron", "pylontech", "sma"}, to.dialect);
  if (key == "slow") return variant::whole(value, 1, 60, to.slow);
  if (key == "serial") return to.tells_serial = value == "kept", variant::one_of(value, {"kept", "none"}, word);
  if (key == "cells") return to.tells_cells = value == "told", variant::one_of(value, {"told", "untold"}, word);
  if (key == "silent") return identifiers(value, to.silent);
  return false;
}

bool is_essential(std::uint32_t id) { return id == 0x351 || id == 0x355 || id == 0x356; }

class CanBusPack final : public Responder {
 public:
  CanBusPack(const PackOptions& options, Variant variant)
      : serial_(options.serial_number), variant_(std::move(variant)) {}

  std::optional<ByteVector> answer(Bytes, const PackState&) override { return std::nullopt; }

  std::vector<Duration> pushes() const override { return {1s, std::chrono::seconds(variant_.slow)}; }

  ByteVector push(std::size_t kind, const PackState& state) override {
    const auto all = canbus::encode(variant_.dialect, told_of(state));
    if (!all) return {};
    ByteVector records;
    for (Bytes rest = *all; !rest.empty();) {
      const Bytes record = rest.first(can_framer(rest, true).size);
      const std::uint32_t id = can_frame(record).id;
      if (is_essential(id) == (kind == 0) && !variant_.silent.contains(id))
        records.insert(records.end(), record.begin(), record.end());
      rest = rest.subspan(record.size());
    }
    return records;
  }

 private:
  canbus::Told told_of(const PackState& state) const {
    const auto cells = static_cast<double>(state.cell_voltages.size());
    canbus::Told told;
    told.voltage = state.voltage;
    told.current = state.current;
    told.soc = state.soc;
    told.soh = state.soh;
    told.temperature = state.pack_temperature;
    told.charge_voltage_limit = cells * state.cell_voltage_max_limit;
    told.discharge_voltage_limit = cells * state.cell_voltage_min_limit;
    told.charge_current_limit = state.max_charge_current;
    told.discharge_current_limit = state.max_discharge_current;
    told.charge_allowed = state.charge_fet;
    told.discharge_allowed = state.discharge_fet;
    for (std::size_t i = 0; i < canbus::kItems; ++i) {
      told.alarms[i] = state.alarms.contains(canbus::kItemNames[i]);
      told.warnings[i] = state.alarms.contains(std::string(canbus::kItemNames[i]) + "_warning");
    }
    told.name = "SIMULATED RACK";
    if (variant_.tells_serial) told.serial_number = serial_;
    told.capacity_remaining = state.capacity_remaining;
    told.capacity_full = state.capacity_full;
    told.energy_charged = state.total_charge_energy;
    told.energy_discharged = state.total_discharge_energy;
    if (variant_.tells_cells && !state.cell_voltages.empty() && !state.cell_temperatures.empty())
      tell_cells(state, told);
    return told;
  }

  static void tell_cells(const PackState& state, canbus::Told& told) {
    const auto [low, high] = std::minmax_element(state.cell_voltages.begin(), state.cell_voltages.end());
    const auto [cold, hot] = std::minmax_element(state.cell_temperatures.begin(), state.cell_temperatures.end());
    const auto number = [](auto at, auto first) { return std::to_string(at - first + 1); };
    told.cell_voltage_min = *low;
    told.cell_voltage_max = *high;
    told.temperature_min = *cold;
    told.temperature_max = *hot;
    told.cell_voltage_min_id = "P1C" + number(low, state.cell_voltages.begin());
    told.cell_voltage_max_id = "P1C" + number(high, state.cell_voltages.begin());
    told.temperature_min_id = "P1T" + number(cold, state.cell_temperatures.begin());
    told.temperature_max_id = "P1T" + number(hot, state.cell_temperatures.begin());
  }

  std::string serial_;
  Variant variant_;
};

}  // namespace

std::unique_ptr<Responder> respond_as_canbus_bms(const PackOptions& options) {
  if (options.address != 0) return nullptr;
  Variant variant;
  for (const auto& [key, value] : options.variant) {
    if (!apply(key, value, variant)) return nullptr;
  }
  return std::make_unique<CanBusPack>(options, std::move(variant));
}

}  // namespace bmsd
