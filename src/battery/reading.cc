#include "battery/reading.h"

#include <string_view>

namespace bmsd {

// Not inline: g++ 12 takes a variant that is moved by an inlined call for uninitialised.
void Reading::extra(const char* key, ExtraValue value) { extras.emplace_back(key, std::move(value)); }

void Reading::take(Reading later) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (later.says_[i] == Says::nothing) continue;
    says_[i] = later.says_[i];
    values_[i] = later.values_[i];
  }
  if (later.forgets_cells) cell_voltages.reset();
  forgets_cells = forgets_cells || later.forgets_cells;
  if (later.cell_voltages) cell_voltages = std::move(later.cell_voltages);
  if (later.cell_temperatures) cell_temperatures = std::move(later.cell_temperatures);
  if (later.balancing_cells) balancing_cells = later.balancing_cells;
  if (later.chemistry) chemistry = later.chemistry;
  if (later.alarms && alarms) alarms->unite(*later.alarms);
  if (later.alarms && !alarms) alarms = std::move(later.alarms);
  for (auto& said : later.texts) {
    std::erase_if(texts, [&said](const auto& before) { return before.first == said.first; });
    texts.push_back(std::move(said));
  }
  if (!later.identities.empty()) identities = std::move(later.identities);
  for (auto& said : later.extras) {
    std::erase_if(extras, [&said](const auto& before) { return std::string_view(before.first) == said.first; });
    extras.push_back(std::move(said));
  }
}

}  // namespace bmsd
