#include "app/plan_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sink/json.h"

namespace bmsd {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::string hours_text(double hours) {
  const long minutes = std::lround(hours * 60);
  if (minutes < 1) return fmt::format("{:.0f} s", std::max(1.0, hours * 3600));
  if (minutes < 60) return fmt::format("{} min", minutes);
  return minutes % 60 == 0 ? fmt::format("{} h", minutes / 60) : fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

std::string clock_text(double hour) {
  const long minutes = std::lround(hour * 60);
  const std::string text = fmt::format("{:02}:{:02}", minutes / 60 % 24, minutes % 60);
  return minutes < 1440 ? text : fmt::format("{} of day {}", text, minutes / 1440 + 1);
}

bool was_in(const PlanDay& day, const std::string& stage) {
  return std::any_of(day.modes.begin(), day.modes.end(), [&](const PlanShare& share) { return share.what == stage; });
}

// Why absorption was never completed: the first thing that was missing.
std::string why_not_full(const PlanDay& day, const BatteryConfig& config, const PlanDayOptions& options) {
  const ControlConfig& control = config.control;
  if (!control.stages.enabled) return "there are no stages with CVCM_ENABLE = False, so nothing says when it is full";
  const double maximum = control.max_cell_voltage * options.plant.battery.cells;
  if (day.at_maximum_hours == 0) {
    const bool empty_sky = day.sun_kwh <= day.load_kwh;
    return fmt::format(
        "the battery came to {:.2f} V; full is {:.2f} V ({} x MAX_CELL_VOLTAGE){}", day.highest_sum, maximum,
        options.plant.battery.cells,
        empty_sky ? fmt::format("; the sun gave {:.1f} kWh and the house took {:.1f} kWh", day.sun_kwh, day.load_kwh)
                  : "");
  }
  if (day.least_difference_there > control.stages.float_difference) {
    return fmt::format(
        "at {:.2f} V the cells were {:.0f} mV apart at best; absorption begins at {:.0f} mV "
        "(SWITCH_TO_FLOAT_CELL_VOLTAGE_DIFF). The balancer needs more time up there",
        maximum, day.least_difference_there * 1000, control.stages.float_difference * 1000);
  }
  return fmt::format(
      "it was at {:.2f} V for {} in all, but not long enough at a time for absorption to last {} "
      "(SWITCH_TO_FLOAT_WAIT_FOR_SEC) with cells that close together",
      maximum, hours_text(day.at_maximum_hours), hours_text(control.stages.float_wait_s / 3600));
}

std::string shares_text(const std::vector<PlanShare>& shares, const char* name, double configured, const char* lost) {
  if (shares.empty()) return fmt::format("{} was never below {:g} A.\n", name, configured);
  std::string text = fmt::format("{} below {:g} A because of:\n", name, configured);
  for (const PlanShare& share : shares) {
    text += fmt::format("  {:<40} {:>11}  down to {:.1f} A", share.what, hours_text(share.hours), share.lowest);
    if (share.kwh >= 0.05) text += fmt::format(", {} {:.1f} kWh", lost, share.kwh);
    text += "\n";
  }
  return text;
}

OrderedJson shares_json(const std::vector<PlanShare>& shares) {
  OrderedJson list = OrderedJson::array();
  for (const PlanShare& share : shares) {
    list.push_back({{"reason", share.what},
                    {"hours", rounded(share.hours, 4)},
                    {"lowest_a", share.lowest},
                    {"kwh", rounded(share.kwh, 3)}});
  }
  return list;
}

}  // namespace

std::string plan_heading(const PlanDayOptions& options) {
  const BatteryModelOptions& battery = options.plant.battery;
  return fmt::format("{} cells, {:g} Ah, {:g} % at {}, {:g} W of sun at its best, {:g} W of load, {:g} °C",
                     battery.cells, battery.capacity_ah, battery.soc_percent, clock_text(options.plant.start_hour),
                     options.plant.house.pv_peak_w, options.plant.house.load_w, options.plant.house.room_c);
}

std::string plan_summary(const PlanDay& day, const BatteryConfig& config, const PlanDayOptions& options) {
  std::string text = fmt::format("{} simulated: {}.\n", hours_text(options.hours), plan_heading(options));
  if (day.full_charges.empty()) {
    text += fmt::format("Not charged fully: {}.\n", why_not_full(day, config, options));
  } else {
    std::string times;
    for (const double hour : day.full_charges) times += (times.empty() ? "" : ", ") + clock_text(hour);
    text += fmt::format("Charged fully at {}.\n", times);
  }
  if (!was_in(day, "Absorption") && was_in(day, "Float")) text += "It was in float all the time that it was full.\n";
  text += "Stages:\n";
  for (const PlanShare& share : day.modes)
    text += fmt::format("  {:<40} {:>11}\n", share.what, hours_text(share.hours));
  text += shares_text(day.charge, "CCL", config.control.max_battery_charge_current, "kept out of the battery");
  text += shares_text(day.discharge, "DCL", config.control.max_battery_discharge_current, "not given to the house");
  const PlanSample& end = day.samples.back();
  text += fmt::format("Charged {:.0f} Ah, discharged {:.0f} Ah; {:.0f} % at the end ({:.0f} % in the cells).\n",
                      day.charged_ah, day.discharged_ah, end.soc, end.true_soc);
  return text;
}

OrderedJson plan_json(const PlanDay& day, const BatteryConfig& config, const PlanDayOptions& options) {
  OrderedJson stages = OrderedJson::array(), full = OrderedJson::array(), samples = OrderedJson::array();
  for (const PlanShare& share : day.modes) {
    stages.push_back({{"stage", share.what}, {"hours", rounded(share.hours, 4)}});
  }
  for (const double hour : day.full_charges) full.push_back(rounded(hour, 4));
  for (const PlanSample& s : day.samples) {
    samples.push_back({{"hour", rounded(s.hour, 5)},
                       {"cvl_v", rounded(s.cvl, 2)},
                       {"ccl_a", rounded(s.ccl, 3)},
                       {"dcl_a", rounded(s.dcl, 3)},
                       {"voltage_v", rounded(s.voltage, 3)},
                       {"current_a", rounded(s.current, 2)},
                       {"cell_min_v", rounded(s.lowest_cell, 4)},
                       {"cell_max_v", rounded(s.highest_cell, 4)},
                       {"soc_percent", rounded(s.soc, 2)},
                       {"temperature_c", rounded(s.temperature, 1)},
                       {"pv_w", rounded(s.flow.pv, 0)},
                       {"load_w", rounded(s.flow.load, 0)},
                       {"mode_text", s.mode},
                       {"charge_limit_reason", s.charge_reason},
                       {"discharge_limit_reason", s.discharge_reason}});
  }
  OrderedJson json = {{"heading", plan_heading(options)},
                      {"stages", std::move(stages)},
                      {"full_charges_hours", std::move(full)},
                      {"charge_limited_by", shares_json(day.charge)},
                      {"discharge_limited_by", shares_json(day.discharge)},
                      {"charged_ah", rounded(day.charged_ah, 2)},
                      {"discharged_ah", rounded(day.discharged_ah, 2)},
                      {"sun_kwh", rounded(day.sun_kwh, 3)},
                      {"load_kwh", rounded(day.load_kwh, 3)}};
  if (day.full_charges.empty()) json["not_full_because"] = why_not_full(day, config, options);
  json["samples"] = std::move(samples);
  return json;
}

}  // namespace bmsd
