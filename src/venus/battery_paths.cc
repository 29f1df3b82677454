#include "venus/battery_paths.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "control/measured_current.h"
#include "venus/json_data.h"

namespace bmsd {
namespace {

// /Mode is a switch in Victron's contract, but nothing here can switch a pack; /History/Clear clears what the driver
// counts, and nothing is counted here yet.
void refuse(const BusValue&, const std::function<void(SetResult)>& done) { done(SetResult::refused); }

bool per_cell(const PathRow& row) { return std::string_view(row.path).find('#') != std::string_view::npos; }

}  // namespace

BatteryPaths::BatteryPaths(ItemTree& tree, const Handlers& handlers, const Display& display)
    : tree_(tree), cell_format_(display.cell_format), changes_(display.changes), config_(tree) {
  for (const PathRow& row : path_table()) {
    if (per_cell(row) || !wanted(row)) continue;
    const bool is_command = row.trait == PathRow::command;
    SetHandler handler;
    if (is_command || row.trait == PathRow::writable) {
      if (handlers) handler = handlers(row.path);
      if (!handler) handler = refuse;
    }
    bound_.push_back({&row, tree_.add(row.path, row.type, row.format, std::move(handler), is_command), 0});
  }
}

bool BatteryPaths::wanted(const PathRow& row) const {
  switch (row.when) {
    case PathRow::always:
      return true;
    case PathRow::with_voltages:
      return cell_format_ == 1;
    case PathRow::with_cell_volts:
      return cell_format_ == 2 || cell_format_ == 3;
    case PathRow::with_balances:
      return cell_format_ == 1 || cell_format_ == 3;
    case PathRow::with_changes:
      return !changes_.empty();
    case PathRow::with_charge_fet:
      return offers(Changeable::charge_fet);
    case PathRow::with_discharge_fet:
      return offers(Changeable::discharge_fet);
    case PathRow::with_soc:
      return offers(Changeable::soc);
  }
  return false;
}

bool BatteryPaths::offers(Changeable what) const {
  return std::find(changes_.begin(), changes_.end(), what) != changes_.end();
}

void BatteryPaths::add_cells(std::size_t count) {
  for (; cells_ < count; ++cells_) {
    for (const PathRow& row : path_table()) {
      if (!per_cell(row) || !wanted(row)) continue;
      std::string path = row.path;
      path.replace(path.find('#'), 1, std::to_string(cells_ + 1));
      bound_.push_back({&row, tree_.add(std::move(path), row.type, row.format), cells_});
    }
  }
}

void BatteryPaths::show_json(bool wanted, Publisher& publisher) {
  if (wanted == as_json_) return;
  as_json_ = wanted;
  const auto found = tree_.find(kJsonDataPath);
  const ItemTree::Index item = found ? *found : tree_.add(kJsonDataPath, ItemType::text);
  publisher.summarize(item, wanted ? json_data : nullptr);
  if (!wanted) publisher.offer(item, {});
}

void BatteryPaths::update(Who who, Publisher& publisher) {
  for (const Bound& bound : bound_) {
    if (const auto* value = std::get_if<FromIdentity>(&bound.row->value)) publisher.offer(bound.item, (*value)(who));
  }
}

PathInput BatteryPaths::input(const BatteryView& view) const {
  PathInput in{view};
  in.mean_current = mean_current_.value();
  in.cells = cell_range(view.battery, view.limits.max_cell_voltage);
  if (view.display.midpoint) in.midpoint = midpoint(view.battery, view.limits.max_cell_voltage);
  in.internal_errors = internal_errors_.many();
  in.temperatures = temperatures_of(view.battery, view.control.sensors);
  return in;
}

void BatteryPaths::update(const BatteryView& view, Publisher& publisher, Instant now) {
  const Value& said = view.battery.value(Field::current);
  const auto current = measured_current(view.control, view.battery, {});
  if (said.quality == Quality::fresh && current) mean_current_.add(*current, said.at);
  internal_errors_.count(internal_errors(view.health), now);
  if (const auto& cells = view.battery.cell_voltages()) add_cells(cells->size());
  show_json(view.display.as_json, publisher);
  config_.update(view.display.config_values, publisher);

  PathInput in = input(view);
  for (const Bound& bound : bound_) {
    const auto* compute = std::get_if<FromView>(&bound.row->value);
    if (!compute) continue;
    in.cell = bound.cell;
    BusValue value = (*compute)(in);
    if (auto* number = std::get_if<double>(&value)) *number = round_to(*number, bound.row->decimals);
    if (bound.row->trait == PathRow::keeps_last && !valid(value)) continue;
    publisher.offer(bound.item, std::move(value), bound.row->urgent);
  }
}

}  // namespace bmsd
