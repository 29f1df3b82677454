#include "wire/canbus_encode.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <utility>

#include "wire/can_frame.h"
#include "wire/numbers.h"

namespace bmsd::canbus {
namespace {

constexpr double kNothing = 1e-6;  // a decimal number is not cut to the one below it
constexpr double kStandby = 0.5;   // A, Growatt's state

constexpr std::string_view kNeutralMaker = "bmsd", kPylontechMaker = "PYLON   ";

double down(double value) { return std::floor(value * 10 + kNothing); }
double up(double value) { return std::ceil(value * 10 - kNothing); }

class Words : public NumberWriter {
 public:
  explicit Words(Order order = Order::little) : NumberWriter(order) {}
};

class Cycle {
 public:
  explicit Cycle(std::size_t least = 0) : least_(least) {}

  void add(std::uint32_t id, NumberWriter content) {
    if (content.bytes.size() < least_) content.bytes.resize(least_, 0);
    const ByteVector record = can_record(id, false, content.bytes);
    records.insert(records.end(), record.begin(), record.end());
  }
  void text(std::uint32_t id, std::string_view text, std::uint8_t pad = 0) {
    Words words;
    words.text(text, kMaxCanData, pad);
    add(id, std::move(words));
  }
  // Two frames of one text.
  void long_text(std::uint32_t first, std::uint32_t second, std::string_view content) {
    text(first, content);
    text(second, content.substr(std::min(content.size(), kMaxCanData)));
  }

  ByteVector records;

 private:
  std::size_t least_;  // bytes of a frame
};

// What the limits are on the wire, 0.1 V and 0.1 A.
struct Limits {
  double cvl, ccl, dcl, dvl;
};

Limits limits_of(const Told& told) {
  return {down(*told.charge_voltage_limit), told.charge_allowed ? down(std::max(*told.charge_current_limit, 0.0)) : 0,
          told.discharge_allowed ? down(std::max(*told.discharge_current_limit, 0.0)) : 0,
          up(*told.discharge_voltage_limit)};
}

NumberWriter limits_frame(const Limits& limits) {
  Words words;
  return words.u16(limits.cvl).s16(limits.ccl).s16(limits.dcl).u16(limits.dvl);
}

double whole_soc(const Told& told) { return std::clamp(std::round(*told.soc), 0.0, 100.0); }
double fine_soc(const Told& told) { return std::clamp(*told.soc, 0.0, 100.0) * 100; }

NumberWriter measurements_frame(const Told& told) {
  Words words;
  return words.s16(*told.voltage * 100).s16(*told.current * 10).s16(told.temperature * 10);
}

std::uint8_t requests(const Told& told) {
  unsigned bits = 0;
  const auto set = [&bits](bool on, unsigned bit) { bits |= on ? 1U << bit : 0; };
  set(told.charge_allowed, kChargeAllowed);
  set(told.discharge_allowed, kDischargeAllowed);
  set(told.force_charge == 1, kForceCharge1);
  set(told.force_charge == 2, kForceCharge2);
  set(told.full_charge_requested, kFullCharge);
  return static_cast<std::uint8_t>(bits);
}

// --- Pylontech ---

// The items that this dialect has, with those that it has no bit for under the nearest one.
Items in_pylontech(Items items) {
  const auto also = [&items](Item item, Item as) { items[as] = items[as] || items[item]; };
  also(kHighChargeTemperature, kHighTemperature);
  also(kLowChargeTemperature, kLowTemperature);
  also(kShortCircuit, kHighDischargeCurrent);
  also(kContactor, kInternalFailure);
  return items;
}

void pylontech(Cycle& cycle, const Told& told) {
  std::array<unsigned, 4> bytes{};
  const Items alarms = in_pylontech(told.alarms), warnings = in_pylontech(told.warnings);
  for (const PylontechBit& one : kPylontechBits) {
    if (alarms[one.item]) bytes[one.byte] |= 1U << one.bit;
    if (warnings[one.item]) bytes[one.byte + 2U] |= 1U << one.bit;
  }
  Words protections;
  for (const unsigned byte : bytes) protections.u8(byte);
  cycle.add(0x359, protections.u8(std::max(told.module_count, 1)).text("PN"));
  cycle.add(0x351, limits_frame(limits_of(told)));
  cycle.add(0x355, Words().u16(whole_soc(told)).u16(std::round(told.soh)));
  cycle.add(0x356, measurements_frame(told));
  cycle.add(0x35C, Words().u8(requests(told)).u8(0));
  cycle.text(0x35E, told.manufacturer.empty() ? kPylontechMaker : told.manufacturer, ' ');
}

// --- Victron and SMA ---

void add_items(NumberWriter& to, Items items) {
  std::array<unsigned, kBytesOfItems> bytes{};
  items[kGeneral] = items.any();
  for (std::size_t i = 0; i < kItems; ++i) bytes[i / 4] |= (items[i] ? kActive : kInactive) << 2 * (i % 4);
  for (const unsigned byte : bytes) to.u8(byte);
}

void victron_values(Cycle& cycle, const Told& told, const Limits& limits) {
  cycle.add(0x351, limits_frame(limits));
  cycle.add(0x355, Words().u16(whole_soc(told)).u16(std::round(told.soh)).u16(fine_soc(told)));
  cycle.add(0x356, measurements_frame(told));
  Words items;
  add_items(items, told.alarms);
  add_items(items, told.warnings);
  cycle.add(0x35A, std::move(items));
}

std::string_view maker_of(const Told& told) { return told.manufacturer.empty() ? kNeutralMaker : told.manufacturer; }

void add_extremes(Cycle& cycle, const Told& told) {
  const bool known = told.cell_voltage_min && told.cell_voltage_max && told.temperature_min && told.temperature_max;
  if (known) {
    Words words;
    words.u16(*told.cell_voltage_min * 1000).u16(*told.cell_voltage_max * 1000);
    cycle.add(0x373,
              words.u16(std::round(*told.temperature_min) + kKelvin).u16(std::round(*told.temperature_max) + kKelvin));
  }
  const std::array<std::string_view, 4> ids = {told.cell_voltage_min_id, told.cell_voltage_max_id,
                                               told.temperature_min_id, told.temperature_max_id};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!ids[i].empty()) cycle.text(static_cast<std::uint32_t>(0x374 + i), ids[i]);
  }
}

void victron(Cycle& cycle, const Told& told) {
  victron_values(cycle, told, limits_of(told));
  cycle.text(0x35E, maker_of(told));
  Words product;
  product.u16(told.product_id).u8(told.firmware_high).u8(told.firmware_low).u16(told.capacity_remaining.value_or(0));
  cycle.add(0x35F, std::move(product));
  if (!told.name.empty()) cycle.long_text(0x370, 0x371, told.name);
  Words modules;
  modules.u16(told.modules_online).u16(told.modules_blocking_charge);
  cycle.add(0x372, modules.u16(told.modules_blocking_discharge).u16(told.modules_offline));
  add_extremes(cycle, told);
  if (told.energy_charged && told.energy_discharged)
    cycle.add(0x378, Words().u32(*told.energy_charged * 10).u32(*told.energy_discharged * 10));
  if (told.capacity_full) cycle.add(0x379, Words().u16(*told.capacity_full));
  if (!told.serial_number.empty()) cycle.long_text(0x380, 0x381, told.serial_number);
  if (!told.battery_family.empty()) cycle.text(0x382, told.battery_family);
}

void sma(Cycle& cycle, const Told& told) {
  constexpr double kLowest = 410, kHighestCharge = 630, kHighestDischarge = 480, kMostCurrent = 12000;  // 0.1 V, 0.1 A
  constexpr int kLithiumIronPhosphate = 3;
  Limits limits = limits_of(told);
  limits.cvl = std::clamp(limits.cvl, kLowest, kHighestCharge);
  limits.dvl = std::clamp(limits.dvl, kLowest, kHighestDischarge);
  limits.ccl = std::min(limits.ccl, kMostCurrent);
  limits.dcl = std::min(limits.dcl, kMostCurrent);
  victron_values(cycle, told, limits);
  cycle.add(0x35B, Words());
  cycle.text(0x35E, maker_of(told));
  Words product;
  product.u16(kLithiumIronPhosphate).u8(0).u8(1).u16(told.capacity_full.value_or(0));
  cycle.add(0x35F, product.u8(told.firmware_high).u8(told.firmware_low));
}

// --- Growatt, with the high byte first ---

// The two bytes of a kind of alarm.
std::array<unsigned, 2> growatt_bits(const Items& items) {
  const auto bit = [&items](Item item, unsigned number) { return items[item] ? 1U << number : 0; };
  return {bit(kLowVoltage, 1) | bit(kHighVoltage, 2) | bit(kShortCircuit, 5) | bit(kHighChargeCurrent, 6) |
              bit(kHighDischargeCurrent, 7),
          bit(kCellImbalance, 2) | bit(kInternalFailure, 3) | bit(kContactor, 3) | bit(kLowChargeTemperature, 4) |
              bit(kLowTemperature, 5) | bit(kHighChargeTemperature, 6) | bit(kHighTemperature, 7)};
}

void growatt(Cycle& cycle, const Told& told) {
  const auto big = [] { return Words(NumberWriter::Order::big); };
  const Limits limits = limits_of(told);
  const unsigned state = *told.current > kStandby ? 2 : *told.current < -kStandby ? 3 : 1;
  const unsigned low = state | (told.alarms.any() ? 4U : 0) | (told.balancing ? 8U : 0);
  cycle.add(0x311, big().u16(limits.cvl).u16(limits.ccl).u16(limits.dcl).u8(state << 2).u8(low));
  Words alarms = big();
  for (const Items& items : {told.alarms, told.warnings}) {
    for (const unsigned byte : growatt_bits(items)) alarms.u8(byte);
  }
  cycle.add(0x312, alarms.u8(told.module_count).u16(0).u8(told.cell_count));
  Words values = big();
  values.u16(*told.voltage * 100).s16(*told.current * 10).s16(told.temperature_max.value_or(told.temperature) * 10);
  cycle.add(0x313, values.u8(whole_soc(told)).u8(std::round(told.soh)));
  const double highest = told.cell_voltage_max.value_or(0) * 1000, lowest = told.cell_voltage_min.value_or(0) * 1000;
  Words capacity = big();
  capacity.u16(told.capacity_remaining.value_or(0) * 100).u16(told.capacity_full.value_or(0) * 100);
  cycle.add(0x314, capacity.u16(std::round(highest) - std::round(lowest)).u16(told.cycles));
  Words cells = big();
  cells.u8(requests(told)).u16(highest).u16(lowest).u8(told.cell_voltage_max_number).u8(told.cell_voltage_min_number);
  cycle.add(0x319, cells.u8(0));
  std::string letters(maker_of(told).substr(0, 2));
  for (char& letter : letters) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  Words maker = big();
  cycle.add(0x320, maker.text(letters, 2).u8(1).u8(1).u32(0));
  cycle.add(0x321, big());
}

// --- Goodwe ---

unsigned goodwe_bits(const Items& items) {
  const auto bit = [&items](Item item, unsigned number) { return items[item] ? 1U << number : 0; };
  return bit(kHighVoltage, 0) | bit(kLowVoltage, 1) | bit(kHighTemperature, 2) | bit(kHighChargeTemperature, 2) |
         bit(kLowTemperature, 3) | bit(kLowChargeTemperature, 3) | bit(kHighChargeCurrent, 4) |
         bit(kHighDischargeCurrent, 5);
}

void goodwe(Cycle& cycle, const Told& told) {
  const auto bit = [](const Items& items, Item item, unsigned number) { return items[item] ? 1U << number : 0; };
  const unsigned alarms = goodwe_bits(told.alarms) | bit(told.alarms, kInternalFailure, 7) |
                          bit(told.alarms, kContactor, 7) | bit(told.alarms, kShortCircuit, 8);
  const unsigned warnings =
      goodwe_bits(told.warnings) | bit(told.warnings, kInternalFailure, 6) | bit(told.warnings, kCellImbalance, 8);
  cycle.add(0x453, Words().u16(told.module_count));
  cycle.add(0x455, Words().u16(alarms).u16(warnings));
  cycle.add(0x456, limits_frame(limits_of(told)));
  cycle.add(0x457, Words().u16(fine_soc(told)).u16(told.soh * 100));
  cycle.add(0x458, Words().u16(*told.voltage * 10).s16(*told.current * 10).s16(told.temperature * 10));
}

struct Profile {
  std::string_view name;
  std::size_t least;  // bytes of a frame
  void (*add)(Cycle&, const Told&);
};
constexpr auto kProfiles = std::to_array<Profile>({{"pylontech", 0, pylontech},
                                                   {"pylontech_dlc8", kMaxCanData, pylontech},
                                                   {"victron", kMaxCanData, victron},
                                                   {"sma", kMaxCanData, sma},
                                                   {"growatt_lv", kMaxCanData, growatt},
                                                   {"goodwe_lv", kMaxCanData, goodwe}});

}  // namespace

Result<ByteVector> encode(std::string_view profile, const Told& told) {
  const auto found =
      std::find_if(kProfiles.begin(), kProfiles.end(), [profile](const Profile& one) { return one.name == profile; });
  if (found == kProfiles.end()) return Error{Errc::config, "unknown_profile", 0, "no such profile"};
  for (const auto& needed : {told.voltage, told.current, told.soc, told.charge_voltage_limit, told.charge_current_limit,
                             told.discharge_current_limit, told.discharge_voltage_limit}) {
    if (!needed || !std::isfinite(*needed)) return Error{Errc::incomplete, "missing_value", 0, {}};
  }
  Cycle cycle(found->least);
  found->add(cycle, told);
  return std::move(cycle.records);
}

}  // namespace bmsd::canbus
