// What the properties of simulated packs share: any state goes through the simulated pack, and the session says the same.
#pragma once

#include <rapidcheck/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "battery/fields.h"

namespace bmsd::test {

// Any of low x step to high x step.
inline double scaled(int low, int high, double step) { return *rc::gen::inRange(low, high + 1) * step; }

// `said`: a Reading or a Battery.
template <class Said>
void same_number(const Said& said, Field field, double wanted, double tolerance = 1e-6) {
  const std::optional<double> value = said.get(field);
  if (value && std::abs(*value - wanted) <= tolerance) return;
  RC_FAIL(std::string(info(field).key) + ": " + (value ? std::to_string(*value) : "nothing") + ", not " +
          std::to_string(wanted));
}

// As far as the protocol resolves it.
template <class Said>
void same_rounded(const Said& said, Field field, double wanted, double resolution) {
  same_number(said, field, wanted, resolution / 2 + 1e-6);
}

inline void same_list(const std::optional<std::vector<double>>& list, const std::vector<double>& wanted) {
  RC_ASSERT(list.has_value());
  RC_ASSERT(list->size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) RC_ASSERT(std::abs((*list)[i] - wanted[i]) < 1e-6);
}

}  // namespace bmsd::test
