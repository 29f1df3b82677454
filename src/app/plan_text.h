// A simulated day in words, and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "app/plan_day.h"

namespace bmsd {

// "16 cells, 280 Ah, 50 % at 00:00, 5000 W of sun, 500 W of load".
std::string plan_heading(const PlanDayOptions& options);

// Several lines, each ended: what was full when or why not, how long each stage and each limit held, what it cost.
std::string plan_summary(const PlanDay& day, const BatteryConfig& config, const PlanDayOptions& options);

// docs/plan.md describes it.
nlohmann::ordered_json plan_json(const PlanDay& day, const BatteryConfig& config, const PlanDayOptions& options);

}  // namespace bmsd
