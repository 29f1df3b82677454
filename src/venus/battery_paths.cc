#include "venus/battery_paths.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace bmsd {
namespace {

// Index of the extreme; of equal ones the first is the least and the last is the greatest.
std::optional<std::size_t> index_of_least(const std::vector<double>* list) {
  if (!list) return std::nullopt;
  return static_cast<std::size_t>(std::min_element(list->begin(), list->end()) - list->begin());
}
std::optional<std::size_t> index_of_greatest(const std::vector<double>* list) {
  if (!list) return std::nullopt;
  return static_cast<std::size_t>(list->rend() - std::max_element(list->rbegin(), list->rend())) - 1;
}

// What a write to `path` does.
SetHandler handler_of(std::string_view path, const SetHandler& set_custom_name) {
  if (path == "/CustomName") return set_custom_name;
  // /Mode is a switch in Victron's contract, but nothing here can switch a pack; /History/Clear clears what the driver
  // counts, and nothing is counted here yet.
  return [](const BusValue&, const std::function<void(SetResult)>& done) { done(SetResult::refused); };
}

bool per_cell(const PathRow& row) { return std::string_view(row.path).ends_with('#'); }

}  // namespace

BatteryPaths::BatteryPaths(ItemTree& tree, SetHandler set_custom_name) : tree_(tree) {
  for (const PathRow& row : path_table()) {
    if (per_cell(row)) continue;
    SetHandler handler;
    if (row.trait == PathRow::writable) handler = handler_of(row.path, set_custom_name);
    bound_.push_back({&row, tree_.add(row.path, row.type, row.format, std::move(handler)), 0});
  }
}

void BatteryPaths::add_cells(std::size_t count) {
  for (; cells_ < count; ++cells_) {
    for (const PathRow& row : path_table()) {
      if (!per_cell(row)) continue;
      std::string path = row.path;
      path.replace(path.size() - 1, 1, std::to_string(cells_ + 1));
      bound_.push_back({&row, tree_.add(std::move(path), row.type, row.format), cells_});
    }
  }
}

void BatteryPaths::update(Who who, Publisher& publisher) {
  for (const Bound& bound : bound_) {
    if (const auto* value = std::get_if<FromIdentity>(&bound.row->value)) publisher.offer(bound.item, (*value)(who));
  }
}

void BatteryPaths::update(const BatteryView& view, Publisher& publisher) {
  const Value& current = view.battery.value(Field::current);
  if (current.quality == Quality::fresh) mean_current_.add(current.value, current.at);
  PathInput in{view, mean_current_.value(), cell_range(view.battery, view.limits.max_cell_voltage), {}, {}};
  // A BMS that says an empty list has no such sensors.
  const auto filled = [](const std::optional<std::vector<double>>& list) {
    return list && !list->empty() ? &*list : nullptr;
  };
  const std::vector<double>* voltages = filled(view.battery.cell_voltages());
  const std::vector<double>* temperatures = filled(view.battery.cell_temperatures());
  if (voltages) add_cells(voltages->size());
  in.coldest = index_of_least(temperatures);
  in.hottest = index_of_greatest(temperatures);
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
