// What only several keys together can get wrong: values that contradict each other, tables that do not fit.
#pragma once

#include <vector>

#include "config/finding.h"
#include "config/layer.h"
#include "config/settings.h"

namespace bmsd {

// Corrects `settings`, in the order in which later checks build on earlier ones. Findings stand at the line of that key
// which made the trouble: of those that take part the one in the narrowest section. `wider`: what holds outside of the
// narrowest section, checked already; tables that cannot be used fall back to it.
void cross_check(Settings& settings, const Settings& wider, const Places& places, std::vector<Finding>& findings);

}  // namespace bmsd
