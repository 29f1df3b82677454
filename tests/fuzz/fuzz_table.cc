// The tables of config.ini, as the user writes them in two lists: the first byte says which two keys and what holds between
// points, then two lines. Whatever they hold: the share of the current that follows is never more than the table allows
// anywhere, and never less.
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "config/config.h"
#include "control/table.h"
#include "fuzz_input.h"

namespace {

using namespace bmsd;

struct Pair {
  const char *inputs, *fractions;
  Table CurrentTables::*table;
  bool charge;
};

constexpr std::array<Pair, 8> kPairs = {{
    {"CELL_VOLTAGES_WHILE_CHARGING", "MAX_CHARGE_CURRENT_CV_FRACTION", &CurrentTables::cell_voltage, true},
    {"CELL_VOLTAGES_WHILE_DISCHARGING", "MAX_DISCHARGE_CURRENT_CV_FRACTION", &CurrentTables::cell_voltage, false},
    {"TEMPERATURES_WHILE_CHARGING", "MAX_CHARGE_CURRENT_T_FRACTION", &CurrentTables::temperature, true},
    {"TEMPERATURES_WHILE_DISCHARGING", "MAX_DISCHARGE_CURRENT_T_FRACTION", &CurrentTables::temperature, false},
    {"MOSFET_TEMPERATURES_WHILE_CHARGING", "MAX_CHARGE_CURRENT_T_MOSFET_FRACTION", &CurrentTables::mos_temperature,
     true},
    {"MOSFET_TEMPERATURES_WHILE_DISCHARGING", "MAX_DISCHARGE_CURRENT_T_MOSFET_FRACTION",
     &CurrentTables::mos_temperature, false},
    {"SOC_WHILE_CHARGING", "MAX_CHARGE_CURRENT_SOC_FRACTION", &CurrentTables::soc, true},
    {"SOC_WHILE_DISCHARGING", "MAX_DISCHARGE_CURRENT_SOC_FRACTION", &CurrentTables::soc, false},
}};

void check_table(const Table& table, Between between) {
  demand(!table.inputs.empty() && table.inputs.size() == table.fractions.size());
  double lowest = 1, highest = 0;
  for (std::size_t i = 0; i < table.inputs.size(); ++i) {
    demand(std::isfinite(table.inputs[i]) && table.fractions[i] >= 0 && table.fractions[i] <= 1);
    lowest = std::min(lowest, table.fractions[i]);
    highest = std::max(highest, table.fractions[i]);
  }
  const auto check_at = [&](double x) {
    const double fraction = fraction_at(table, x, between);
    demand(fraction >= lowest && fraction <= highest);
  };
  for (const double input : table.inputs) {
    for (const double x : {input, std::nextafter(input, -1e300), std::nextafter(input, 1e300), input / 2, input + 1})
      check_at(x);
  }
  for (const double x : {-std::numeric_limits<double>::infinity(), -1e300, 0.0, 1e300}) check_at(x);
  demand(fraction_at(table, std::nan(""), between) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::uint8_t head = input.byte();
  const Pair& pair = kPairs[head % kPairs.size()];
  const auto between = static_cast<Between>(head / kPairs.size() % 3);
  std::string file = "[DEFAULT]\n";
  file.append(pair.inputs).append(" = ").append(input.line()).append("\n");
  file.append(pair.fractions).append(" = ").append(input.line()).append("\n");
  const BatteryName nobody;
  const auto batteries = Config::parse(file).batteries({&nobody, 1});
  const ControlConfig& control = batteries.front().control;
  check_table((pair.charge ? control.charge : control.discharge).*pair.table, between);
  return 0;
}
