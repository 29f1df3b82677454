#include "venus/battery_paths.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "venus/json_data.h"

namespace bmsd {
namespace {

// /Mode is a switch in Victron's contract, but nothing here can switch a pack.
void refuse(const BusValue&, const std::function<void(SetResult)>& done) { done(SetResult::refused); }

bool per_cell(const PathRow& row) { return std::string_view(row.path).find('#') != std::string_view::npos; }

}  // namespace

BatteryPaths::BatteryPaths(ItemTree& tree, Handlers handlers, const Display& display)
    : tree_(tree),
      handlers_(std::move(handlers)),
      cell_format_(display.cell_format),
      changes_(display.changes),
      config_(tree),
      times_(tree) {
  for (const PathRow& row : path_table()) {
    if (row.when >= PathRow::once_known) {
      absent_.push_back(&row);
    } else if (!per_cell(row) && wanted(row)) {
      add(row);
    }
  }
}

void BatteryPaths::add(const PathRow& row) {
  const bool is_command = row.trait == PathRow::command;
  SetHandler handler;
  if (is_command || row.trait == PathRow::writable) {
    if (handlers_) handler = handlers_(row.path);
    if (!handler) handler = refuse;
  }
  bound_.push_back({&row, tree_.add(row.path, row.type, row.format, std::move(handler), is_command), 0});
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
    case PathRow::with_charge_fet:
      return offers(Changeable::charge_fet);
    case PathRow::with_discharge_fet:
      return offers(Changeable::discharge_fet);
    default:
      return false;
  }
}

bool BatteryPaths::wanted_now(const PathRow& row, const PathInput& in) const {
  const ControlConfig& control = in.view.control;
  const bool sets_soc = offers(Changeable::soc) || control.soc.counted;
  const bool resets_soc = control.stages.soc_reset_after_days.has_value();
  switch (row.when) {
    case PathRow::once_known:
      return valid(std::get<FromView>(row.value)(in));
    case PathRow::once_soc_can_be_set:
      return sets_soc;
    case PathRow::once_soc_is_reset:
      return resets_soc;
    default:
      return !changes_.empty() || sets_soc || resets_soc;
  }
}

void BatteryPaths::add_what_came(const PathInput& in, Publisher& publisher) {
  std::erase_if(absent_, [&](const PathRow* row) {
    if (!wanted_now(*row, in)) return false;
    add(*row);
    const auto* value = std::get_if<FromIdentity>(&row->value);
    if (value != nullptr && who_) publisher.offer(bound_.back().item, (*value)(*who_));
    return true;
  });
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
  who_.emplace(who);
  for (const Bound& bound : bound_) {
    if (const auto* value = std::get_if<FromIdentity>(&bound.row->value)) publisher.offer(bound.item, (*value)(who));
  }
}

PathInput BatteryPaths::input(const BatteryView& view, Instant now) const {
  PathInput in{view};
  in.cells = cell_range(view.battery, view.limits.max_cell_voltage);
  in.internal_errors = internal_errors_.many();
  in.temperatures = temperatures_of(view.battery, view.control.sensors);
  if (view.display.explains) in.explanation = explain(view.control, view.limits, now);
  return in;
}

void BatteryPaths::update(const BatteryView& view, Publisher& publisher, Instant now) {
  internal_errors_.count(internal_errors(view.health), now);
  if (const auto& cells = view.battery.cell_voltages()) add_cells(cells->size());
  show_json(view.display.as_json, publisher);
  config_.update(view.display.config_values, publisher);
  times_.update(view.outputs.times, view.control.times.shown, publisher);

  PathInput in = input(view, now);
  add_what_came(in, publisher);
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
