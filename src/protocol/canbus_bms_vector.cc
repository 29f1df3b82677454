#include "protocol/canbus_bms_vector.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <string>
#include <utility>

#include "wire/canbus_encode.h"

namespace bmsd::canbus {
namespace {

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }

// --- Sets of frames ---

// What a set of frames comes to. The limits go first: they show what the voltage is counted in.
class Set {
 public:
  explicit Set(std::span<const Param> params) {
    memory_.extras = memory_.is_vector = true;
    for (const Param& param : params) {
      apply(param, memory_);
      if (param.key == "partial") partial_ = param.value == "true";
    }
  }

  Result<Reading> of(Bytes frames) {
    for (const bool limits : {true, false}) pass(frames, limits);
    if (!any_known_) return error(Errc::command, "unknown_id");
    if (!any_whole_) return error(Errc::incomplete, "truncated");
    const bool whole = came_[kLimits] && came_[kSoc] && came_[kMeasurements];
    if (!partial_ && !whole) return error(Errc::incomplete, "missing_frame");
    if (why_) return *why_;
    if (!partial_) all_.extra("dialect", std::string(dialect_of(memory_)));
    return std::move(all_);
  }

 private:
  void pass(Bytes frames, bool limits) {
    for (std::size_t size = 0; !frames.empty(); frames = frames.subspan(size)) {
      size = can_framer(frames, true).size;
      const CanFrame frame = can_frame(frames.first(size));
      const Id* id = find(frame);
      if (id == nullptr || (id->kind == kLimits) != limits) continue;
      any_known_ = true;
      auto reading = decode_frame(*id, frame.data, memory_);
      if (!reading && reading.error().code == Errc::incomplete && frame.data.size() < id->least) continue;
      any_whole_ = true;
      came_.set(id->kind);
      if (reading) all_.take(std::move(*reading));
      if (!reading && reading.error().code == Errc::implausible && !why_) why_ = reading.error();
    }
  }

  Memory memory_;
  Reading all_;
  std::bitset<kKinds> came_;
  std::optional<Error> why_;
  bool partial_ = false, any_known_ = false, any_whole_ = false;
};

// --- Descriptions ---

class Input {
 public:
  explicit Input(std::span<const Param> params) : params_(params) {}

  std::string_view text(std::string_view key) const {
    const auto found = std::find_if(params_.begin(), params_.end(), [key](const Param& one) { return one.key == key; });
    return found == params_.end() || found->value == "null" ? std::string_view() : found->value;
  }
  std::optional<double> number(std::string_view key) const { return number_in(text(key)); }
  double number(std::string_view key, double otherwise) const { return number(key).value_or(otherwise); }
  int whole(std::string_view key, int otherwise) const { return static_cast<int>(number(key, otherwise)); }
  bool truth(std::string_view key, bool otherwise) const { return text(key).empty() ? otherwise : text(key) == "true"; }

  // The items that a list of names has, as JSON writes it; nothing for one that has another word.
  std::optional<Items> items(std::string_view key) const {
    Items items;
    std::string_view list = text(key);
    for (auto quote = list.find('"'); quote != std::string_view::npos; quote = list.find('"')) {
      list.remove_prefix(quote + 1);
      const auto end = std::min(list.find('"'), list.size());
      const auto item = item_called(list.substr(0, end));
      if (!item) return std::nullopt;
      items.set(*item);
      list.remove_prefix(std::min(end + 1, list.size()));
    }
    return items;
  }

  // "[16,4]"
  std::optional<std::pair<int, int>> pair(std::string_view key) const {
    const std::string_view list = text(key);
    const auto comma = list.find(',');
    if (comma == std::string_view::npos || list.size() < 2) return std::nullopt;
    const auto first = number_in(list.substr(1, comma - 1)),
               second = number_in(list.substr(comma + 1, list.size() - comma - 2));
    if (!first || !second) return std::nullopt;
    return std::pair(static_cast<int>(*first), static_cast<int>(*second));
  }

 private:
  static std::optional<double> number_in(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    double value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return std::clamp(value, -1e9, 1e9);
  }

  std::span<const Param> params_;
};

}  // namespace

Result<Reading> decode_vector(Bytes, Bytes frames, std::span<const Param> params) { return Set(params).of(frames); }

Result<ByteVector> encode_vector(std::span<const Param> params) {
  const Input input(params);
  const auto alarms = input.items("alarms"), warnings = input.items("warnings");
  if (!alarms || !warnings) return Error{Errc::config, "", 0, "alarms and warnings are lists of names of 0x35A"};
  Told told;
  told.voltage = input.number("voltage_v");
  told.current = input.number("current_a");
  told.soc = input.number("soc_percent");
  told.charge_voltage_limit = input.number("charge_voltage_limit_v");
  told.charge_current_limit = input.number("charge_current_limit_a");
  told.discharge_current_limit = input.number("discharge_current_limit_a");
  told.discharge_voltage_limit = input.number("discharge_voltage_limit_v");
  told.soh = input.number("soh_percent", told.soh);
  told.temperature = input.number("temperature_c", told.temperature);
  told.charge_allowed = input.truth("charge_allowed", true);
  told.discharge_allowed = input.truth("discharge_allowed", true);
  told.alarms = *alarms;
  told.warnings = *warnings;
  told.force_charge = input.whole("force_charge", 0);
  told.full_charge_requested = input.truth("request_full_charge", false);
  told.balancing = input.truth("balancing", false);
  told.module_count = input.whole("module_count", told.module_count);
  told.modules_online = input.whole("modules_online", told.modules_online);
  told.modules_blocking_charge = input.whole("modules_blocking_charge", 0);
  told.modules_blocking_discharge = input.whole("modules_blocking_discharge", 0);
  told.modules_offline = input.whole("modules_offline", 0);
  told.manufacturer = input.text("manufacturer");
  told.name = input.text("name");
  told.serial_number = input.text("serial_number");
  told.battery_family = input.text("battery_family");
  told.product_id = input.whole("product_id", 0);
  if (const auto firmware = input.pair("firmware_version")) {
    told.firmware_high = static_cast<std::uint8_t>(firmware->first);
    told.firmware_low = static_cast<std::uint8_t>(firmware->second);
  }
  told.capacity_remaining = input.number("capacity_remaining_ah");
  told.capacity_full = input.number("full_capacity_ah");
  told.cell_voltage_min = input.number("cell_voltage_min_v");
  told.cell_voltage_max = input.number("cell_voltage_max_v");
  told.temperature_min = input.number("temperature_min_c");
  told.temperature_max = input.number("temperature_max_c");
  told.cell_voltage_min_id = input.text("cell_voltage_min_id");
  told.cell_voltage_max_id = input.text("cell_voltage_max_id");
  told.temperature_min_id = input.text("temperature_min_id");
  told.temperature_max_id = input.text("temperature_max_id");
  told.cell_voltage_min_number = input.whole("cell_voltage_min_number", 0);
  told.cell_voltage_max_number = input.whole("cell_voltage_max_number", 0);
  told.energy_charged = input.number("energy_charged_kwh");
  told.energy_discharged = input.number("energy_discharged_kwh");
  told.cell_count = input.whole("cell_count", 0);
  told.cycles = input.whole("cycles", 0);
  return encode(input.text("profile"), told);
}

}  // namespace bmsd::canbus
