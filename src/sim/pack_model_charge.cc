// A pack with a charger: what the model of a battery says, as the pack's state.
#include <algorithm>
#include <string>

#include "sim/pack_model.h"

namespace bmsd {
namespace {

constexpr ChargeLimits kOwnLimits = {3.45, 50, 60};  // V per cell, A: what bmsd allows by default

}  // namespace

bool PackModel::is_plant_key(std::string_view key) {
  return std::find(std::begin(kPlantKeys), std::end(kPlantKeys), key) != std::end(kPlantKeys);
}

void PackModel::build_plant() {
  ChargePlantOptions plant;
  plant.battery.cells = static_cast<int>(cells_.size());
  plant.battery.sensors = static_cast<int>(sensors_.size());
  plant.battery.capacity_ah = std::max(state_.capacity_full, 1.0);
  plant.battery.soc_percent = state_.soc;
  plant.battery.temperature_c = plant.house.room_c = options_.temperature_c;
  plant.battery.seed = plant.house.seed = options_.seed;
  plant.start_hour = plant_ ? plant_->time_of_house() / 3600 : options_.start_hour;
  plant_.emplace(plant);
  counted_ = {};
  if (!limits_) limits_ = ChargeLimits{kOwnLimits.cvl * plant.battery.cells, kOwnLimits.ccl, kOwnLimits.dcl};
  plant_->obey(limits_);
  follow_plant();
}

void PackModel::follow_plant() {
  plant_->battery().set_switches(charge_fet_.set && charge_fet_.commanded,
                                 discharge_fet_.set && discharge_fet_.commanded);
  PackState said = plant_->battery().state();
  // Its life before, and what was set, stay.
  const auto take = [this](std::string_view key, auto& own, auto& its) {
    if (!pinned(key)) own = std::move(its);
  };
  take("cell_voltages_v", state_.cell_voltages, said.cell_voltages);
  take("cell_temperatures_c", state_.cell_temperatures, said.cell_temperatures);
  take("balancing_cells", state_.balancing_cells, said.balancing_cells);
  take("voltage_v", state_.voltage, said.voltage);
  take("capacity_remaining_ah", state_.capacity_remaining, said.capacity_remaining);
  take("mos_temperature_c", state_.mos_temperature, said.mos_temperature);
  take("ambient_temperature_c", state_.ambient_temperature, said.ambient_temperature);
  take("pack_temperature_c", state_.pack_temperature, said.pack_temperature);
  state_.current = said.current;
  state_.soc = said.soc;
  state_.charge_fet = said.charge_fet;
  state_.discharge_fet = said.discharge_fet;
  add_totals(said);
}

// The battery counts from 0; the pack has a life before it.
void PackModel::add_totals(const PackState& said) {
  state_.total_charge += said.total_charge - counted_.total_charge;
  state_.total_discharge += said.total_discharge - counted_.total_discharge;
  state_.total_charge_energy += said.total_charge_energy - counted_.total_charge_energy;
  state_.total_discharge_energy += said.total_discharge_energy - counted_.total_discharge_energy;
  state_.cycles += said.cycles - counted_.cycles;
  counted_ = {said.total_charge, said.total_discharge, said.total_charge_energy, said.total_discharge_energy,
              said.cycles};
}

void PackModel::obey(const std::optional<ChargeLimits>& limits) {
  limits_ = limits;
  if (plant_) plant_->obey(limits_);
}

Status PackModel::set_plant(std::string_view key, double value) {
  if (!plant_) return Error{Errc::config, "", 0, std::string(key) + ": this pack has no charger (--model charge)"};
  if (key == "pv_w") {
    plant_->fix_pv(value);
  } else if (key == "load_w") {
    plant_->fix_load(value);
  } else {
    ChargeLimits limits = limits_.value_or(ChargeLimits());
    (key == "cvl_v" ? limits.cvl : key == "ccl_a" ? limits.ccl : limits.dcl) = value;
    obey(limits);
  }
  return Done{};
}

}  // namespace bmsd
