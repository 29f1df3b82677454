// A configuration of any text. Whatever it says: reading it ends, findings are few, in order and can be printed, every key has a
// value that a battery can be run with.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/config.h"
#include "config/ini.h"

namespace {

using namespace bmsd;

constexpr std::size_t kMostFindings = 250;

void demand(bool holds) {
  if (!holds) std::abort();
}

void check_findings(const std::vector<Finding>& findings) {
  demand(findings.size() <= kMostFindings);
  int line = 0;
  for (const Finding& finding : findings) {
    demand(!finding.text.empty() && finding.line >= line);
    line = finding.line;
    for (const std::string& text : {finding.text, finding.advice, finding.section, finding.key}) {
      demand(text.size() < 2000 && text.find_first_of(std::string_view("\0\n\r\x1b", 4)) == std::string::npos);
    }
  }
}

// Limits are numbers and in order.
void check_control(const ControlConfig& control) {
  for (const double value : {control.max_cell_voltage, control.min_cell_voltage, control.max_battery_charge_current,
                             control.max_battery_discharge_current, control.voltage_drop}) {
    demand(std::isfinite(value));
  }
  demand(control.min_cell_voltage < control.max_cell_voltage);
  demand(control.max_battery_charge_current >= 0 && control.max_battery_discharge_current >= 0);
  for (const CurrentTables* tables : {&control.charge, &control.discharge}) {
    for (const Table* table : {&tables->cell_voltage, &tables->temperature, &tables->mos_temperature, &tables->soc}) {
      demand(!table->inputs.empty() && table->inputs.size() == table->fractions.size());
      for (const double fraction : table->fractions) demand(fraction >= 0 && fraction <= 1);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_findings(parse_ini(text).findings);

  const Config config = Config::parse(text);
  check_findings(config.findings());
  (void)config.daemon();
  for (const char* port : {"/dev/ttyUSB0", "ttyUSB1", "usb:A50285BI", ""}) {
    for (const int address : config.line(port).addresses) demand(address >= 0 && address <= 255);
  }

  const std::array<BatteryName, 4> batteries = {{{"/dev/ttyUSB0", "ttyUSB0", 1, {"0123456789AB"}},
                                                 {"/dev/ttyUSB0", "ttyUSB0", 2, {"0123456789CD", "Daren485_2"}},
                                                 {"/dev/ttyUSB1", "ttyUSB1", -1, {}},
                                                 {"tcp://10.0.0.2:8899", "tcp_10_0_0_2_8899", 16, {"x"}}}};
  std::vector<Finding> findings;
  const auto configs = config.batteries(batteries, &findings);
  demand(configs.size() == batteries.size());
  for (const BatteryConfig& battery : configs) check_control(battery.control);

  const Settings settings = config.effective();
  for (const Key& key : all_keys()) (void)to_text(settings[key.name], key);
  for (const std::string& section : config.sections()) (void)config.effective(section);
  return 0;
}
