// bmsd plan: what would these settings do?
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/config_path.h"
#include "app/config_source.h"
#include "app/plan_day.h"
#include "app/plan_svg.h"
#include "app/plan_text.h"
#include "app/scenario.h"
#include "sink/json.h"

namespace bmsd {
namespace {

PlanDayOptions day_options(const PlanOptions& options) {
  PlanDayOptions day;
  day.hours = options.hours;
  day.plant.start_hour = options.start_hour;
  BatteryModelOptions& battery = day.plant.battery;
  battery.cells = options.cells;
  battery.capacity_ah = options.capacity_ah;
  battery.soc_percent = options.soc_percent;
  battery.spread = options.spread;
  battery.seed = day.plant.house.seed = options.seed;
  battery.temperature_c = day.plant.house.room_c = options.temperature_c;
  day.plant.house.pv_peak_w = options.pv_w;
  day.plant.house.load_w = options.load_w;
  day.plant.house.clouds = options.clouds;
  day.plant.house.day_of_year = 172;  // a summer's day, as long as --pv is read
  return day;
}

Status write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  if (!file) return Error{Errc::io, "", 0, path + ": cannot be written"};
  return Done{};
}

// The configuration as `run` would read it. Error config: the file that was named is not there.
Result<Config> configuration(const PlanOptions& options) {
  const std::string path = config_path(options.config);
  const auto text = read_config(path);
  if (!text) return text.error();
  if (!*text && !options.config.empty()) return Error{Errc::config, "", 0, path + ": there is no such file"};
  Config config = Config::parse(text->value_or(""));
  for (const Finding& finding : config.findings()) {
    if (finding.weight != Finding::note) fmt::print(stderr, "bmsd plan: {}\n", describe(finding, path));
  }
  return config;
}

// An identity, or "ttyUSB0 0x01" as a battery without one is called.
BatteryName name_of(const std::string& battery) {
  BatteryName name;
  name.port_name = battery.substr(0, battery.find(' '));
  name.port = "/dev/" + name.port_name;
  if (!battery.empty()) name.identities = {battery};
  return name;
}

int plan_day(const PlanOptions& options) {
  const auto config = configuration(options);
  if (!config)
    return complain("plan", describe(config.error()), config.error().code == Errc::config ? kWrongUsage : kFailed);
  const BatteryConfig battery = config->batteries(std::vector{name_of(options.battery)}).front();
  PlanDayOptions day = day_options(options);
  if (const auto interval = config->line(name_of(options.battery).port).poll_interval) {
    day.interval_s = std::clamp(*interval, 0.5, 60.0);
  }
  const PlanDay result = simulate_day(battery, day);
  const std::string summary = plan_summary(result, battery, day);
  if (!options.svg.empty()) {
    const std::string svg = plan_svg(result, plan_heading(day), summary);
    if (options.svg == "-") {
      fmt::print("{}", svg);
      return kDone;
    }
    if (const Status written = write_file(options.svg, svg); !written)
      return complain("plan", describe(written.error()));
  }
  if (options.json) {
    fmt::print("{}\n", plan_json(result, battery, day).dump(2));
  } else {
    fmt::print("{}", summary);
  }
  return kDone;
}

// --- Scenarios ---

// What a line of scenarios answers, and whether it could be understood.
struct Answered {
  nlohmann::ordered_json json;
  std::string why_not;  // empty: understood
};

Answered answer_scenario(const std::string& line) {
  const auto scenario = parse_json(line);
  if (!scenario.is_object()) {
    const char* why = scenario.is_discarded() ? "no JSON" : "no JSON object";
    return {{{"name", nullptr}, {"error", why}},
            fmt::format("{}; write one scenario per line, as jq -c '.[]' does", why)};
  }
  Answered answered{run_scenario(scenario), ""};
  if (const auto error = answered.json.find("error"); error != answered.json.end()) {
    answered.why_not = error->is_string() ? error->get<std::string>() : error->dump();
  }
  return answered;
}

// One answer per line that is not empty. Those that cannot be understood are named, and the others answered all the same.
int run_scenarios(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path);
    if (!file) return complain("plan", path + ": cannot be read; - is standard input");
  }
  std::istream& input = path == "-" ? std::cin : file;
  int status = kDone, number = 0;
  for (std::string line; std::getline(input, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Answered answered = answer_scenario(line);
    fmt::print("{}\n", answered.json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    if (!answered.why_not.empty()) status = complain("plan", fmt::format("line {}: {}", number, answered.why_not));
  }
  return status;
}

}  // namespace

int command_plan(const PlanOptions& options) {
  if (options.scenario.empty()) return plan_day(options);
  if (!options.svg.empty())
    return wrong_usage("plan", "--svg draws a simulated day, not a scenario; leave one of the two out");
  return run_scenarios(options.scenario);
}

}  // namespace bmsd
