#include "protocol/canbus_bms_data.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "wire/numbers.h"

namespace bmsd::canbus {
namespace {

constexpr double kScale = 0.01, kOtherScale = 0.1;  // V of 0x356
constexpr double kSameSoc = 1.0;                    // percent: a fine one is the whole one, only finer
constexpr int kLeastCount = 3, kMostCount = 32, kTimesCounted = 10;
constexpr double kNotWhole = 0.25;  // cells
constexpr std::string_view kNobodysSerial = "JBD87654321";

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }
Error out_of_range() { return error(Errc::implausible, "out_of_range_value"); }
bool bit(unsigned word, unsigned number) { return (word >> number & 1) != 0; }

// Up to the first byte that cannot be printed, without blanks at the ends.
std::string text_of(Bytes data) {
  std::string text;
  for (const std::uint8_t byte : data) {
    if (byte < 0x20 || byte > 0x7E) break;
    text += static_cast<char>(byte);
  }
  return std::string(trimmed(text, " "));
}

bool is_full(Bytes data) {
  return data.size() == kMaxCanData &&
         std::all_of(data.begin(), data.end(), [](std::uint8_t byte) { return byte >= 0x20 && byte <= 0x7E; });
}

void say(Reading& reading, Text which, const std::string& text) {
  if (!text.empty()) reading.texts.emplace_back(which, text);
}

void extra(Reading& reading, const Memory& memory, const char* key, double value) {
  if (memory.extras) reading.extra(key, value);
}

// --- Essential ---

// The magnitude of both currents: some controllers send the one for discharging negative.
Result<Reading> decode_limits(Bytes data, Memory& memory) {
  const double voltage = le_u16(data, 0) / 10.0;
  memory.charge_voltage_limit = voltage;
  Reading reading;
  reading.set(Field::charge_voltage_limit, voltage);
  reading.set(Field::max_charge_current, std::abs(le_s16(data, 2)) / 10.0);
  reading.set(Field::max_discharge_current, std::abs(le_s16(data, 4)) / 10.0);
  if (data.size() == kMaxCanData && le_u16(data, 6) != 0)
    reading.set(Field::discharge_voltage_limit, le_u16(data, 6) / 10.0);
  return reading;
}

Result<Reading> decode_soc(const Id& id, Bytes data, Memory& memory) {
  double soc = le_u16(data, 0);
  const double soh = le_u16(data, 2);
  if (soc > 100 || soh > 200) return out_of_range();
  const bool is_pytes = id.id == 0x404;
  if (!is_pytes && data.size() >= 6) {
    const double fine = le_u16(data, 4) / 100.0;
    if (fine > 0 && fine <= 100 && std::abs(fine - soc) <= kSameSoc) soc = fine;
  }
  if (!memory.is_vector) memory.two.heard(soc);
  Reading reading;
  reading.set(Field::soc, soc);
  reading.set(Field::soh, std::min(soh, 100.0));
  if (is_pytes) reading.set(Field::cycles, le_u16(data, 6));
  return reading;
}

// Some send tenths of a volt; the limit of the charge voltage shows it.
double scale_of(double raw, const Memory& memory) {
  if (memory.voltage_scale > 0) return memory.voltage_scale;
  if (!memory.charge_voltage_limit) return kScale;
  const double limit = *memory.charge_voltage_limit, other = raw * kOtherScale;
  return raw * kScale < 0.4 * limit && other >= 0.5 * limit && other <= 1.3 * limit ? kOtherScale : kScale;
}

Result<Reading> decode_measurements(Bytes data, Memory& memory) {
  if (!memory.charge_voltage_limit && !memory.is_vector && memory.voltage_scale <= 0)
    return error(Errc::incomplete, "missing_frame");
  const int raw = le_s16(data, 0);
  const double voltage = raw * scale_of(raw, memory);
  if (voltage <= 0 || voltage > memory.highest_voltage) return out_of_range();
  memory.voltage = voltage;
  const double current = le_s16(data, 2) / 10.0;
  Reading reading;
  reading.set(Field::voltage, voltage);
  reading.set(Field::current, memory.mirrored ? -current : current);
  reading.set(Field::pack_temperature, le_s16(data, 4) / 10.0);
  if (memory.configured > 0 && !memory.installed) reading.set(Field::capacity_full, memory.configured);
  if (data.size() == kMaxCanData && le_u16(data, 6) != 0) extra(reading, memory, "word_356_6_raw", le_u16(data, 6));
  return reading;
}

// --- Alarms ---

// Of the items that the battery tells. "General" and the contactor are an internal failure only where nothing else says
// what it is.
Alarms alarms_of(const Items& alarms, const Items& warnings, const Items& told) {
  Alarms result;
  Items only;
  only.set(kGeneral).set(kContactor);
  const bool others = ((alarms | warnings) & ~only).any();
  for (const AlarmBit& one : kAlarmBits) {
    if (!told[one.bit]) continue;
    Severity& level = result.level[static_cast<std::size_t>(one.alarm)];
    level = std::max(level, Severity::ok);
    if (!(one.word == 0 ? alarms : warnings)[one.bit]) continue;
    AlarmBit raised = one;
    if (only[one.bit] && others) raised.severity = Severity::ok;
    result.raise(raised);
  }
  return result;
}

void say_alarms(Reading& reading, const Items& told, const Memory& memory) {
  reading.alarms = alarms_of(memory.alarms, memory.warnings, told);
  if (!memory.extras) return;
  const auto names = [](const Items& items) {
    std::vector<std::string> list;
    for (std::size_t i = 0; i < kItems; ++i) {
      if (items[i]) list.emplace_back(kItemNames[i]);
    }
    return list;
  };
  if (memory.is_vector) reading.extra("alarms", names(memory.alarms));
  reading.extra("warnings", names(memory.warnings));
}

Result<Reading> decode_pairs(Bytes data, Memory& memory) {
  memory.has_35a = true;
  Items told;
  const auto active = [&](std::size_t i, std::size_t first) {
    if (first + i / 4 >= data.size()) return false;
    const unsigned value = data[first + i / 4] >> 2 * (i % 4) & 3;
    if (value == kActive || value == kInactive) told.set(i);
    return value == kActive;
  };
  for (std::size_t i = 0; i < kItems; ++i) {
    memory.alarms[i] = active(i, 0);
    memory.warnings[i] = active(i, kBytesOfItems);
  }
  Reading reading;
  say_alarms(reading, told, memory);
  return reading;
}

Result<Reading> decode_pylontech_bits(Bytes data, Memory& memory) {
  memory.has_359 = true;
  Reading reading;
  if (data.size() > 4 && data[4] != 0) extra(reading, memory, "module_count", data[4]);
  if (memory.has_35a) return reading;
  Items told;
  for (const PylontechBit& one : kPylontechBits) {
    told.set(one.item);
    memory.alarms[one.item] = bit(data[one.byte], one.bit);
    memory.warnings[one.item] = bit(data[one.byte + 2U], one.bit);
  }
  say_alarms(reading, told, memory);
  return reading;
}

Result<Reading> decode_pytes_alarms(const Id& id, Bytes data, Memory& memory) {
  if (id.id == 0x406) {
    memory.pytes_alarms[kInternalFailure] = bit(le_u16(data, 0), 15);
  } else {
    const bool internal = memory.pytes_alarms[kInternalFailure];
    memory.pytes_alarms.reset();
    memory.pytes_warnings.reset();
    const std::uint32_t word = le_u32(data, 0) | le_u32(data, 4);
    for (const PytesBit& one : kPytesBits) {
      if (bit(word, one.bit)) (one.is_alarm ? memory.pytes_alarms : memory.pytes_warnings).set(one.item);
    }
    memory.pytes_alarms[kInternalFailure] = internal;
  }
  Reading reading;
  if (memory.has_35a || memory.has_359) return reading;
  Items told;
  for (const PytesBit& one : kPytesBits) told.set(one.item);
  told.set(kInternalFailure);
  memory.alarms = memory.pytes_alarms;
  memory.warnings = memory.pytes_warnings;
  say_alarms(reading, told, memory);
  return reading;
}

Result<Reading> decode_alarms(const Id& id, Bytes data, Memory& memory) {
  if (id.id == 0x35A) return decode_pairs(data, memory);
  if (id.id == 0x359) return decode_pylontech_bits(data, memory);
  return decode_pytes_alarms(id, data, memory);
}

Result<Reading> decode_requests(const Id& id, Bytes data, Memory& memory) {
  Reading reading;
  if (id.id == 0x360) {
    if (data[0] != 0 && data[0] != 0xFF) return reading;
    memory.forced_by_360 = data[0] == 0xFF;
  } else if (id.id == 0x408) {
    reading.set(Field::charge_fet_on, data[0] != 0 ? 1 : 0);
    reading.set(Field::discharge_fet_on, data[1] != 0 ? 1 : 0);
    memory.forced_by_35c = data[2] != 0;
    extra(reading, memory, "blocking_charge_mask_raw", data[5]);
    extra(reading, memory, "blocking_discharge_mask_raw", data[6]);
  } else {
    reading.set(Field::charge_fet_on, bit(data[0], kChargeAllowed) ? 1 : 0);
    reading.set(Field::discharge_fet_on, bit(data[0], kDischargeAllowed) ? 1 : 0);
    memory.forced_by_35c = bit(data[0], kForceCharge1);
    if (memory.extras) reading.extra("force_charge_2", bit(data[0], kForceCharge2));
    if (memory.extras) reading.extra("full_charge_requested", bit(data[0], kFullCharge));
  }
  if (memory.extras) reading.extra("force_charge_1", memory.forced_by_35c || memory.forced_by_360);
  return reading;
}

// --- Cells ---

// As many as between the lowest and the highest make the pack voltage, when that is the same ten times.
void count_cells(Reading& reading, double lowest, double highest, Memory& memory) {
  if (memory.is_vector || !memory.voltage || lowest <= 0 || highest < lowest) return;
  const double cells = *memory.voltage / ((lowest + highest) / 2);
  const int count = static_cast<int>(std::lround(cells));
  if (std::abs(cells - count) > kNotWhole || count < kLeastCount || count > kMostCount) return;
  memory.counted_times = count == memory.counted ? memory.counted_times + 1 : 1;
  memory.counted = count;
  if (memory.counted_times >= kTimesCounted) reading.set(Field::cell_count, count);
}

void say_cells(Reading& reading, unsigned lowest_mv, unsigned highest_mv, Memory& memory) {
  if (highest_mv == 0) return;
  reading.set(Field::cell_voltage_min, lowest_mv / 1000.0);
  reading.set(Field::cell_voltage_max, highest_mv / 1000.0);
  count_cells(reading, lowest_mv / 1000.0, highest_mv / 1000.0, memory);
}

void say_temperatures(Reading& reading, double lowest, double highest) {
  reading.set(Field::temperature_min, lowest);
  reading.set(Field::temperature_max, highest);
}

Result<Reading> decode_extremes(const Id& id, Bytes data, Memory& memory) {
  Reading reading;
  const auto number = [&](Text which, std::size_t k) { say(reading, which, std::to_string(le_u16(data, k))); };
  switch (id.id) {
    case 0x401:
      say_cells(reading, le_u16(data, 2), le_u16(data, 0), memory);
      number(Text::cell_voltage_max_id, 4);
      number(Text::cell_voltage_min_id, 6);
      return reading;
    case 0x402:
      say_temperatures(reading, le_s16(data, 2) / 10.0, le_s16(data, 0) / 10.0);
      number(Text::temperature_max_id, 4);
      number(Text::temperature_min_id, 6);
      return reading;
    default:
      memory.has_373 = true;
      say_cells(reading, le_u16(data, 0), le_u16(data, 2), memory);
      if (le_u16(data, 6) != 0) say_temperatures(reading, le_u16(data, 4) - kKelvin, le_u16(data, 6) - kKelvin);
      return reading;
  }
}

// 0x370 and 0x371 are a name, or in "Pylon CAN V2.0" numbers; where 0x373 comes too, that is believed.
Result<Reading> decode_name(const Id& id, Bytes data, Memory& memory) {
  Reading reading;
  const bool is_text = std::all_of(data.begin(), data.end(),
                                   [](std::uint8_t byte) { return byte == 0 || (byte >= 0x20 && byte <= 0x7E); });
  if (id.id == 0x370) memory.name = is_text && is_full(data) ? std::string(as_text(data)) : std::string();
  if (!is_text) {
    if (id.id == 0x370 && !memory.has_373) {
      say_temperatures(reading, le_s16(data, 2) / 10.0, le_s16(data, 0) / 10.0);
      say_cells(reading, le_u16(data, 6), le_u16(data, 4), memory);
    }
    return reading;
  }
  if (id.id == 0x370) {
    say(reading, Text::device_name,
        text_of(as_bytes(std::string(as_text(data)) + (memory.name.empty() ? "" : memory.more_name))));
  } else {
    memory.more_name = as_text(data);
    if (!memory.name.empty()) say(reading, Text::device_name, text_of(as_bytes(memory.name + memory.more_name)));
  }
  return reading;
}

Result<Reading> decode_id(const Id& id, Bytes data) {
  constexpr std::array<Text, 4> kTexts = {Text::cell_voltage_min_id, Text::cell_voltage_max_id,
                                          Text::temperature_min_id, Text::temperature_max_id};
  Reading reading;
  say(reading, kTexts[id.id - 0x374U], text_of(data));
  return reading;
}

// --- What it is ---

// What is available now is the remaining capacity where it can be.
void say_available(Reading& reading, const Memory& memory) {
  if (memory.available && memory.installed && !memory.remaining && *memory.available <= *memory.installed)
    reading.set(Field::capacity_remaining, *memory.available);
}

Result<Reading> decode_capacity(const Id& id, Bytes data, Memory& memory) {
  Reading reading;
  double full = le_u16(data, 0);
  if (id.id == 0x409) {
    full = le_u32(data, 0) / 1000.0;
    memory.remaining = le_u32(data, 4) / 1000.0;
  } else if (id.id == 0x354) {
    memory.remaining = le_u16(data, 2);
  }
  if (id.id == 0x379) memory.has_379 = true;
  if (full > 0 && (id.id != 0x354 || !memory.has_379)) {
    memory.installed = full;
    reading.set(Field::capacity_full, full);
  }
  if (memory.remaining && id.id != 0x379) reading.set(Field::capacity_remaining, *memory.remaining);
  say_available(reading, memory);
  return reading;
}

// "1.17", "d.05": the digits are hexadecimal.
std::string version_of(std::uint8_t high, std::uint8_t low) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  if (high > 0x0F) text += kDigits[high >> 4];
  text += kDigits[high & 0x0F];
  text += '.';
  text += kDigits[low >> 4];
  text += kDigits[low & 0x0F];
  return text;
}

Result<Reading> decode_maker(const Id& id, Bytes data, Memory& memory) {
  Reading reading;
  if (id.id != 0x35F) {
    say(reading, id.id == 0x382 ? Text::hardware : Text::manufacturer, text_of(data));
    return reading;
  }
  reading.texts.emplace_back(Text::software_version, version_of(data[2], data[3]));
  extra(reading, memory, "product_raw", le_u16(data, 0));
  if (le_u16(data, 4) == 0) return reading;
  memory.available = le_u16(data, 4);
  extra(reading, memory, "capacity_available_ah", *memory.available);
  say_available(reading, memory);
  return reading;
}

// 0x381 belongs to a 0x380 that is full. That it does not come shows when the next 0x380 is there.
Result<Reading> decode_serial(const Id& id, Bytes data, Memory& memory) {
  const std::string part(as_text(data));
  if (id.id == 0x381) {
    memory.more_serial = part;
    memory.serial_stood_alone = false;
  } else {
    const bool again = memory.serial == part;
    if (!again) memory.more_serial.reset();
    memory.serial_stood_alone = again && !memory.more_serial;
    memory.serial = part;
  }
  if (!memory.serial) return error(Errc::incomplete, "missing_frame");
  const bool needs_more = is_full(as_bytes(*memory.serial));
  if (needs_more && !memory.more_serial && !memory.serial_stood_alone && !memory.is_vector)
    return error(Errc::incomplete, "missing_frame");
  const std::string serial = text_of(as_bytes(*memory.serial + (needs_more ? memory.more_serial.value_or("") : "")));
  Reading reading;
  say(reading, Text::serial_number, serial);
  if (!serial.empty() && serial != kNobodysSerial) reading.identities.push_back(serial);
  return reading;
}

Result<Reading> decode_modules(const Id& id, Bytes data, Memory& memory) {
  Reading reading;
  if (id.id == 0x40B) {
    extra(reading, memory, "modules_online", data[6]);
    extra(reading, memory, "modules_offline", data[7]);
    return reading;
  }
  constexpr std::array<const char*, 4> kKeys = {"modules_online", "modules_blocking_charge",
                                                "modules_blocking_discharge", "modules_offline"};
  for (std::size_t i = 0; i < kKeys.size(); ++i) extra(reading, memory, kKeys[i], le_u16(data, 2 * i));
  return reading;
}

Result<Reading> decode_energy(Bytes data) {
  Reading reading;
  reading.set(Field::total_charge_energy, le_u32(data, 0) / 10.0);
  reading.set(Field::total_discharge_energy, le_u32(data, 4) / 10.0);
  return reading;
}

Result<Reading> decode(const Id& id, Bytes data, Memory& memory) {
  switch (id.kind) {
    case kLimits:
      return decode_limits(data, memory);
    case kSoc:
      return decode_soc(id, data, memory);
    case kMeasurements:
      return decode_measurements(data, memory);
    case kAlarms:
      return decode_alarms(id, data, memory);
    case kRequests:
      return decode_requests(id, data, memory);
    case kExtremes:
      return decode_extremes(id, data, memory);
    case kIds:
      return decode_id(id, data);
    case kModules:
      return decode_modules(id, data, memory);
    case kCapacity:
      return decode_capacity(id, data, memory);
    case kEnergy:
      return decode_energy(data);
    case kMaker:
      return decode_maker(id, data, memory);
    case kName:
      return decode_name(id, data, memory);
    case kSerial:
      return decode_serial(id, data, memory);
    case kKinds:
      break;
  }
  return error(Errc::command, "unknown_id");
}

}  // namespace

void TwoBatteries::heard(double soc) {
  constexpr double kApart = 3;  // percent between neighbours
  constexpr int kTurns = 4, kCalm = 60;
  if (const auto before = std::exchange(last_, soc)) {
    const double step = soc - *before;
    const bool turns = std::abs(step) > kApart && std::abs(step_) > kApart && (step > 0) != (step_ > 0);
    step_ = step;
    turns_ = turns ? turns_ + 1 : 0;
    calm_ = turns ? 0 : calm_ + 1;
  }
  if (turns_ >= kTurns) seen_ = true;
  if (calm_ >= kCalm) seen_ = false;
}

const Id* find(const CanFrame& frame) {
  const auto found =
      std::find_if(kFrameIds.begin(), kFrameIds.end(), [&](const Id& id) { return frame.is_standard(id.id); });
  return found == kFrameIds.end() ? nullptr : &*found;
}

Result<Reading> decode_frame(const Id& id, Bytes data, Memory& memory) {
  if (data.size() < id.least) return error(Errc::incomplete, "truncated");
  if (id.id >= 0x400) memory.has_own_set = true;
  auto reading = decode(id, data, memory);
  if (memory.two.seen())
    return Error{Errc::config, "two_batteries", 0,
                 "two batteries send on this bus; each needs an interface of its own"};
  return reading;
}

const char* dialect_of(const Memory& memory) {
  if (memory.has_35a) return "victron";
  if (memory.has_359) return "pylontech";
  return memory.has_own_set ? "pytes" : "unknown";
}

}  // namespace bmsd::canbus
