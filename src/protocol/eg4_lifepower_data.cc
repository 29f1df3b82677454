#include "protocol/eg4_lifepower_data.h"

#include <algorithm>
#include <bitset>
#include <cstdlib>
#include <string>
#include <utility>

#include "wire/numbers.h"

namespace bmsd::eg4 {
namespace {

constexpr Group kLastNeeded = kSoh;  // from kCells on
constexpr std::uint32_t kZeroCurrent = 30000;

Error implausible(const char* why) { return {Errc::implausible, "implausible", 0, why}; }

std::size_t width_of(std::uint8_t group) { return group >= kTotalCharge && group <= kTotalDischargeEnergy ? 4 : 2; }

std::vector<std::uint16_t> words_of(Bytes items) {
  std::vector<std::uint16_t> words(items.size() / 2);
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = be_u16(items, 2 * i);
  return words;
}

void take_group(std::uint8_t group, Bytes items, GeneralData& data) {
  switch (group) {
    case kCells:
      data.cells = words_of(items);
      break;
    case kTemperatures:
      data.temperatures = words_of(items);
      break;
    case kStatus:
      data.status = words_of(items);
      break;
    default:
      if (items.size() != width_of(group)) break;  // a single number is expected
      data.single[group] = items.size() == 4 ? be_u32(items, 0) : be_u16(items, 0);
  }
}

const char* what_is_missing(const GeneralData& data, const std::bitset<kGroups>& seen) {
  for (std::size_t group = kCells; group <= kLastNeeded; ++group) {
    const bool is_list = group == kCells || group == kTemperatures || group == kStatus;
    if (!seen.test(group) || (!is_list && !data.single[group])) return "one of the groups 01 to 09 is missing";
  }
  return data.status.size() <= kStateWord ? "no state" : nullptr;
}

// In 0.01 V, against the voltage.
bool sum_of_cells_fits(const GeneralData& data) {
  std::int64_t sum = 0;  // mV
  for (const std::uint16_t cell : data.cells) sum += cell & kCellMask;
  const std::int64_t voltage = std::int64_t{*data.single[kVoltage]} * 10;
  return sum == 0 || voltage == 0 || std::abs(sum - voltage) * 20 <= voltage;
}

// --- Readings ---

double centi(std::uint32_t raw) { return raw / 100.0; }
double celsius(std::uint16_t raw) { return (raw & 0xFF) - 50; }

void add_temperatures(const GeneralData& data, Reading& reading) {
  reading.cell_temperatures.emplace();
  for (const std::uint16_t raw : data.temperatures) {
    const auto kind = static_cast<std::uint8_t>(raw >> 8);
    if (kind == kCellSensor) reading.cell_temperatures->push_back(celsius(raw));
    if (kind == kMosSensor || kind == kOtherMosSensor) reading.set(Field::mos_temperature, celsius(raw));
    if (kind == kAmbientSensor) reading.set(Field::ambient_temperature, celsius(raw));
  }
}

Alarms alarms_of(unsigned state, double current) {
  std::array<std::uint16_t, kAlarmWords> words{};
  words[kState] = static_cast<std::uint16_t>(state);
  const bool discharges = (state & kDischarging) != 0 || current < 0;
  if ((state & kOvercurrent) != 0)
    words[kOvercurrentOf] = static_cast<std::uint16_t>(1U << (discharges ? kOfDischarge : kOfCharge));
  return alarms_from(kAlarmBits, words);
}

void add_totals(const GeneralData& data, Reading& reading) {
  const auto set = [&](Group group, Field field, double per_unit) {
    if (data.single[group]) reading.set(field, *data.single[group] / per_unit);
  };
  set(kTotalCharge, Field::total_charge, 1);
  set(kTotalDischarge, Field::total_discharge, 1);
  set(kTotalChargeEnergy, Field::total_charge_energy, 1000);
  set(kTotalDischargeEnergy, Field::total_discharge_energy, 1000);
}

std::vector<bool> flag_of_cells(const GeneralData& data, unsigned flag) {
  std::vector<bool> flags(data.cells.size());
  std::transform(data.cells.begin(), data.cells.end(), flags.begin(),
                 [flag](unsigned cell) { return (cell & flag) != 0; });
  return flags;
}

void add_extras(const GeneralData& data, Reading& reading) {
  const unsigned state = data.status[kStateWord];
  std::vector<double> temperatures(data.temperatures.size());
  std::transform(data.temperatures.begin(), data.temperatures.end(), temperatures.begin(), celsius);
  reading.extra("temperatures_c", std::move(temperatures));
  reading.extra("charging", (state & kCharging) != 0);
  reading.extra("discharging", (state & kDischarging) != 0);
  reading.extra("status_words_raw", std::vector<double>(data.status.begin(), data.status.end()));
  reading.extra("cell_bit15", flag_of_cells(data, kCellBit15));
  reading.extra("cell_bit14", flag_of_cells(data, kCellBit14));
  const auto add = [&](Group group, const char* key) {
    if (data.single[group]) reading.extra(key, static_cast<double>(*data.single[group]));
  };
  add(kChargeTime, "charge_time_s");
  add(kDischargeTime, "discharge_time_s");
  add(kTotalChargeEnergy, "total_charged_wh");
  add(kTotalDischargeEnergy, "total_discharged_wh");
}

}  // namespace

Result<GeneralData> parse_general(Bytes payload) {
  GeneralData data;
  std::bitset<kGroups> seen;
  while (!payload.empty()) {
    if (payload.size() < 2) return implausible("half a group");
    const std::uint8_t group = payload[0];
    const std::size_t size = payload[1] * width_of(group);
    payload = payload.subspan(2);
    if (size > payload.size()) return implausible("a group runs over the end");
    if (group >= kCells && group < kGroups) {
      if (seen.test(group)) return implausible("a group comes twice");
      seen.set(group);
      take_group(group, payload.first(size), data);
    }
    payload = payload.subspan(size);
  }
  if (const char* why = what_is_missing(data, seen)) return implausible(why);
  if (data.cells.empty() || data.cells.size() > kMostCells) return implausible("not 1 to 32 cells");
  if (!sum_of_cells_fits(data)) return implausible("the cells do not add up to the voltage");
  return data;
}

Reading reading_of(const GeneralData& data, bool extras) {
  const double current = (static_cast<double>(kZeroCurrent) - *data.single[kCurrent]) / 100;
  const double soc = centi(*data.single[kSoc]), full = centi(*data.single[kFullCapacity]);
  Reading reading;
  reading.set(Field::voltage, centi(*data.single[kVoltage]));
  reading.set(Field::current, current);
  reading.set(Field::soc, soc);
  reading.set(Field::soh, centi(*data.single[kSoh]));
  reading.set(Field::capacity_full, full);
  reading.set(Field::capacity_remaining, full * soc / 100);
  reading.set(Field::cycles, *data.single[kCycles]);
  reading.set(Field::cell_count, static_cast<double>(data.cells.size()));
  reading.cell_voltages.emplace(data.cells.size());
  std::transform(data.cells.begin(), data.cells.end(), reading.cell_voltages->begin(),
                 [](std::uint16_t cell) { return (cell & kCellMask) / 1000.0; });
  add_temperatures(data, reading);
  add_totals(data, reading);
  reading.alarms = alarms_of(data.status[kStateWord], current);
  if (extras) add_extras(data, reading);
  return reading;
}

Result<Reading> decode_firmware(Bytes payload) {
  std::string name = printable_text(payload);
  if (name.empty() || name.find('?') != std::string::npos) return implausible("no text");
  Reading reading;
  reading.texts.emplace_back(Text::software_version, std::move(name));
  return reading;
}

// Only few of the bytes are characters; nobody knows what the others are.
Reading decode_hardware(Bytes payload, bool extras) {
  Reading reading;
  std::string name;
  std::copy_if(payload.begin(), payload.end(), std::back_inserter(name),
               [](std::uint8_t byte) { return byte > 0x20 && byte <= 0x7E; });
  if (!name.empty()) reading.texts.emplace_back(Text::hardware, std::move(name));
  if (extras) reading.extra("hardware_hex", to_hex(payload));
  return reading;
}

Reading decode_06(Bytes payload, bool extras) {
  Reading reading;
  if (extras) reading.extra("command_06_hex", to_hex(payload));
  return reading;
}

}  // namespace bmsd::eg4
