#include "protocol/pylontech_rs485_info.h"

#include <algorithm>
#include <cstdlib>

#include "protocol/pylontech_rs485_tables.h"
#include "wire/numbers.h"

namespace bmsd::pylontech {
namespace {

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }

std::string version(int major, int minor) { return std::to_string(major) + "." + std::to_string(minor); }

// The lowest voltage that a cell may have by what is known: the charge voltage of 92, or where that is missing the
// module's limit of 47, shared among the cells; and the limit of a cell of 47.
void say_cell_limit(Reading& reading, const Memory& memory) {
  const double module = memory.management_read ? memory.charge_voltage_limit : memory.module_voltage_limit;
  double limit = memory.cell_voltage_limit;
  if (module > 0 && memory.cells) {
    const double share = module / *memory.cells;
    limit = limit > 0 ? std::min(limit, share) : share;
  }
  if (limit > 0) reading.set(Field::cell_voltage_max_limit, limit);
}

// Limits of discharging are sent as negative currents.
double magnitude(Bytes info, std::size_t at) { return std::abs(be_s16(info, at)) / 10.0; }

// A reply that begins with the command byte and has a fixed length.
std::optional<Error> check_named(Bytes info, std::uint8_t command, std::size_t size) {
  if (info.empty()) return error(Errc::length, "info_too_short");
  if (info[0] != command) return error(Errc::command, "header_mismatch");
  if (info.size() < size) return error(Errc::length, "info_too_short");
  return std::nullopt;
}

void say(Reading& reading, Text which, const std::string& content) {
  if (!content.empty()) reading.texts.emplace_back(which, content);
}

}  // namespace

Result<Reading> decode_47(Bytes info, Memory& memory) {
  if (info.size() < kSize47) return error(Errc::length, "info_too_short");
  const auto volts = [info](std::size_t at) { return be_u16(info, at) / 1000.0; };
  memory.cell_voltage_limit = volts(1);
  memory.module_voltage_limit = volts(13);
  const double charge = magnitude(info, 11), discharge = magnitude(info, 23);

  Reading reading;
  say_cell_limit(reading, memory);
  reading.set(Field::cell_voltage_min_limit, volts(5));
  if (!memory.management_read) {
    reading.set(Field::max_charge_current, charge);
    reading.set(Field::max_discharge_current, discharge);
  }
  if (!memory.extras) return reading;
  reading.extra("data_flag", static_cast<double>(info[0]));
  if (memory.management_read) {
    reading.extra("system_max_charge_current_a", charge);
    reading.extra("system_max_discharge_current_a", discharge);
  }
  reading.extra("cell_voltage_high_limit_v", volts(1));
  reading.extra("cell_voltage_low_alarm_v", volts(3));
  reading.extra("charge_temperature_max_c", celsius(be_u16(info, 7)));
  reading.extra("charge_temperature_min_c", celsius(be_u16(info, 9)));
  reading.extra("pack_voltage_max_limit_v", volts(13));
  reading.extra("pack_voltage_low_alarm_v", volts(15));
  reading.extra("pack_voltage_min_limit_v", volts(17));
  reading.extra("discharge_temperature_max_c", celsius(be_u16(info, 19)));
  reading.extra("discharge_temperature_min_c", celsius(be_u16(info, 21)));
  return reading;
}

Result<Reading> decode_4f(std::uint8_t ver, const Memory& memory) {
  Reading reading;
  if (memory.extras) reading.extra("protocol_version", version(ver >> 4, ver & 15));
  return reading;
}

// In linked systems the master battery answers for its slaves, so none of this names the pack.
Result<Reading> decode_51(Bytes info, const Memory& memory) {
  if (info.size() < kSize51) return error(Errc::length, "info_too_short");
  const std::string device = printable_text(info.first(10));
  std::string manufacturer = printable_text(info.subspan(12, 20));
  manufacturer.erase(manufacturer.find_last_not_of("- ") + 1);
  Reading reading;
  say(reading, Text::hardware, device);
  say(reading, Text::device_name, device);
  say(reading, Text::manufacturer, manufacturer);
  if (!memory.own_version_read) say(reading, Text::software_version, version(info[10], info[11]));
  return reading;
}

Result<Reading> decode_92(Bytes info, std::uint8_t command, Memory& memory) {
  if (auto refused = check_named(info, command, kSize92)) return std::move(*refused);
  const double charge = magnitude(info, 5), discharge = magnitude(info, 7);
  const unsigned status = info[9];
  const bool may_charge = (status & kChargeEnable) != 0, may_discharge = (status & kDischargeEnable) != 0;
  memory.management_read = true;
  memory.charge_voltage_limit = be_u16(info, 1) / 1000.0;

  Reading reading;
  say_cell_limit(reading, memory);
  reading.set(Field::max_charge_current, may_charge ? charge : 0);
  reading.set(Field::max_discharge_current, may_discharge ? discharge : 0);
  if (!memory.extras) return reading;
  reading.extra("charge_voltage_limit_v", memory.charge_voltage_limit);
  reading.extra("discharge_voltage_limit_v", be_u16(info, 3) / 1000.0);
  reading.extra("max_charge_current_a", charge);  // as sent, also while its direction is stopped
  reading.extra("max_discharge_current_a", discharge);
  reading.extra("charge_enable", may_charge);
  reading.extra("discharge_enable", may_discharge);
  reading.extra("charge_immediately_1", (status & kChargeImmediately1) != 0);
  reading.extra("charge_immediately_2", (status & kChargeImmediately2) != 0);
  reading.extra("full_charge_request", (status & kFullChargeRequest) != 0);
  return reading;
}

Result<Reading> decode_93(Bytes info, std::uint8_t command, Memory& memory) {
  if (auto refused = check_named(info, command, kSize93)) return std::move(*refused);
  const std::string serial_number = printable_text(info.subspan(1, 16));
  if (serial_number != memory.serial_number) {  // another pack: what is known of limits was the old one's
    const bool extras = memory.extras;
    if (!memory.serial_number.empty()) memory = {};
    memory.extras = extras;
    memory.serial_number = serial_number;
  }
  Reading reading;
  say(reading, Text::serial_number, serial_number);
  if (!serial_number.empty()) reading.identities.push_back(serial_number);
  return reading;
}

Result<Reading> decode_96(Bytes info, std::uint8_t command, Memory& memory) {
  if (auto refused = check_named(info, command, kSize96)) return std::move(*refused);
  const std::string own = version(info[1], info[2]);
  memory.own_version_read = true;
  Reading reading;
  say(reading, Text::software_version, own);
  if (!memory.extras) return reading;
  reading.extra("manufacturer_software_version", own);
  reading.extra("main_line_version", version(info[3], info[4]) + "." + std::to_string(info[5]));
  return reading;
}

}  // namespace bmsd::pylontech
