// Answers as a Renogy battery on RS485. An encoder of its own: what it shares with the decoder is the description of
// the wire, not tables or offsets. Where batteries differ, `PackOptions::variant` says which one it is:
//
//   model          "RBT50LFP48S" ...    up to 16 characters; of the "Pro" family the current counts in 0.1 A
//   software       "0119", "V104" ...   up to 4 characters
//   status         filled | empty       empty: 5106 to 5109 are always 0, as of one captured battery
//   sensors_counted  all | fewer        fewer: one less than have a value
//   environment    1 | 0 | 2            sensors
//   heater         none | off | on      on: its bit is set and its level stands in register 5103
//   missing        "5048,5108" ...      registers that a read may not touch
//   longest        125 ... 1            registers in one read
//   gaps           refused | answered   a read over the reserved register 5034
//   name           kept | undecodable   the serial number holds bytes that are no text
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "protocol/renogy.h"
#include "protocol/variant.h"
#include "wire/modbus.h"
#include "wire/numbers.h"

namespace bmsd {
namespace {

enum Code : std::uint8_t { kNoFunction = 1, kNoRange = 2, kNoLength = 3, kNotDone = 4 };

// --- What a battery can be ---

struct Variant {
  std::string model = "RBT50LFP48S", software = "0119", status = "filled", counted = "all", heater = "none",
              gaps = "refused", name = "kept";
  std::set<int> missing;
  int environment = 1, longest = 125;
};

// "5048,5108"
bool registers(std::string_view text, std::set<int>& to) {
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    int number = 0;
    if (!variant::whole(text.substr(0, comma), 0, 65535, number)) return false;
    to.insert(number);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return true;
}

// False: a key or value that this protocol does not have.
bool apply(std::string_view key, std::string_view value, Variant& to) {
  if (key == "model") return to.model = value, !value.empty() && value.size() <= 16;
  if (key == "software") return to.software = value, value.size() <= 4;
  if (key == "status") return variant::one_of(value, {"filled", "empty"}, to.status);
  if (key == "sensors_counted") return variant::one_of(value, {"all", "fewer"}, to.counted);
  if (key == "environment") return variant::whole(value, 0, 2, to.environment);
  if (key == "heater") return variant::one_of(value, {"none", "off", "on"}, to.heater);
  if (key == "missing") return registers(value, to.missing);
  if (key == "longest") return variant::whole(value, 1, 125, to.longest);
  if (key == "gaps") return variant::one_of(value, {"refused", "answered"}, to.gaps);
  if (key == "name") return variant::one_of(value, {"kept", "undecodable"}, to.name);
  return false;
}

// --- Alarms ---

struct Condition {
  std::string_view name;
  int number, bit;
  char stops;  // 'c' charging, 'd' discharging, ' ' nothing
};
constexpr Condition kConditions[] = {
    {"module_undervoltage", 5106, 15, 'd'},    {"charge_overtemp", 5106, 14, 'c'},
    {"charge_undertemp", 5106, 13, 'c'},       {"discharge_overtemp", 5106, 12, 'd'},
    {"discharge_undertemp", 5106, 11, 'd'},    {"discharge_overcurrent_1", 5106, 10, 'd'},
    {"charge_overcurrent_1", 5106, 9, 'c'},    {"cell_overvoltage", 5106, 8, 'c'},
    {"cell_undervoltage", 5106, 7, 'd'},       {"module_overvoltage", 5106, 6, 'c'},
    {"discharge_overcurrent_2", 5106, 5, 'd'}, {"charge_overcurrent_2", 5106, 4, 'c'},
    {"short_circuit", 5106, 0, 'd'},           {"cell_low_voltage", 5107, 0, ' '},
    {"cell_high_voltage", 5107, 1, ' '},       {"module_low_voltage", 5107, 2, ' '},
    {"module_high_voltage", 5107, 3, ' '},     {"charge_low_temp", 5107, 4, ' '},
    {"charge_high_temp", 5107, 5, ' '},        {"discharge_low_temp", 5107, 6, ' '},
    {"discharge_high_temp", 5107, 7, ' '},
};

// --- Registers ---

// All that the battery would answer, by number.
class Image {
 public:
  std::map<int, std::uint16_t> words;

  void u16(int number, double value) { put(number, NumberWriter().u16(value)); }
  void s16(int number, double value) { put(number, NumberWriter().s16(value)); }
  void u32(int number, double value) { put(number, NumberWriter().u32(value)); }
  void text(int number, int count, std::string_view text, std::uint8_t pad = 0) {
    put(number, NumberWriter().text(text, 2 * static_cast<std::size_t>(count), pad));
  }
  void add(int number, unsigned bits) { words[number] = static_cast<std::uint16_t>(words[number] | bits); }

 private:
  void put(int number, const NumberWriter& writer) {
    for (std::size_t at = 0; at < writer.bytes.size(); at += 2) words[number++] = be_u16(writer.bytes, at);
  }
};

class RenogyPack final : public Responder {
 public:
  RenogyPack(const PackOptions& options, Variant variant)
      : address_(static_cast<std::uint8_t>(options.address)),
        serial_number_(options.serial_number),
        variant_(std::move(variant)) {
    if (variant_.name == "undecodable") serial_number_ = "PP\x01\xC8" + serial_number_;
    const std::string_view model = variant_.model;
    const bool is_pro = model.starts_with("RNGRBP") || model.starts_with("RNGC") ||
                        (model.starts_with("RBT12") && model.ends_with("LFP-B"));
    per_ampere_ = is_pro ? 10 : 100;
  }

  std::optional<ByteVector> answer(Bytes request, const PackState& state) override {
    if (request.size() < 4 || !modbus_crc_holds(request) || request[0] != address_) return std::nullopt;
    const std::uint8_t function = request[1];
    if (function == 0x06 || function == 0x10) return refuse(function, kNotDone);
    if (function != 0x03) return refuse(function, kNoFunction);
    if (request.size() != 8) return std::nullopt;
    const int first = be_u16(request, 2), count = be_u16(request, 4);
    if (count < 1 || count > variant_.longest) return refuse(function, kNoLength);
    const Image image = image_of(state);
    NumberWriter reply;
    reply.u8(address_).u8(function).u8(2 * count);
    for (int number = first; number < first + count; ++number) {
      const auto word = image.words.find(number);
      if (word == image.words.end() || variant_.missing.contains(number)) return refuse(function, kNoRange);
      reply.u16(word->second);
    }
    return with_modbus_crc(std::move(reply.bytes));
  }

 private:
  ByteVector refuse(std::uint8_t function, Code code) const {
    return with_modbus_crc({address_, static_cast<std::uint8_t>(function | 0x80), code});
  }

  Image image_of(const PackState& state) const {
    Image image;
    for (const auto& [first, last] : {std::pair(5000, 5033), std::pair(5035, 5052), std::pair(5100, 5141)}) {
      for (int number = first; number <= last; ++number) image.u16(number, 0);
    }
    if (variant_.gaps == "answered") image.u16(5034, 0);
    put_cells(image, state);
    put_measurements(image, state);
    if (variant_.status == "filled") put_status(image, state);
    put_texts(image);
    put_settings(image, state);
    return image;
  }

  void put_cells(Image& image, const PackState& state) const {
    const int cells = std::min(static_cast<int>(state.cell_voltages.size()), 16);
    image.u16(5000, cells);
    for (int i = 0; i < cells; ++i) image.u16(5001 + i, state.cell_voltages[static_cast<std::size_t>(i)] * 10);
    const int sensors = std::min(static_cast<int>(state.cell_temperatures.size()), 16);
    image.u16(5017, variant_.counted == "fewer" ? std::max(sensors - 1, 0) : sensors);
    for (int i = 0; i < sensors; ++i) image.s16(5018 + i, state.cell_temperatures[static_cast<std::size_t>(i)] * 10);
  }

  void put_measurements(Image& image, const PackState& state) const {
    const double cells = static_cast<double>(state.cell_voltages.size());
    image.s16(5035, state.mos_temperature * 10);
    image.u16(5036, variant_.environment);
    for (int i = 0; i < variant_.environment; ++i) image.s16(5037 + i, (state.ambient_temperature + i) * 10);
    if (variant_.heater != "none") {
      image.u16(5039, 1);
      image.s16(5040, (state.ambient_temperature + 5) * 10);
    }
    image.s16(5042, state.current * per_ampere_);
    image.u16(5043, state.voltage * 10);
    image.u32(5044, state.capacity_remaining * 1000);
    image.u32(5046, state.capacity_full * 1000);
    image.u16(5048, state.cycles);
    image.u16(5049, state.cell_voltage_max_limit * cells * 10);
    image.u16(5050, state.cell_voltage_min_limit * cells * 10);
    image.u16(5051, state.max_charge_current * 100);
    image.s16(5052, -state.max_discharge_current * 100);
  }

  void put_status(Image& image, const PackState& state) const {
    const auto is_on = [&](std::string_view name) { return state.alarms.contains(name); };
    bool may_charge = true, may_discharge = true;
    for (const Condition& one : kConditions) {
      if (!is_on(one.name)) continue;
      image.add(one.number, 1U << one.bit);
      may_charge = may_charge && one.stops != 'c';
      may_discharge = may_discharge && one.stops != 'd';
    }
    image.add(5106, 0x0008U | (state.charge_fet ? 0x0002U : 0U) | (state.discharge_fet ? 0x0004U : 0U));
    if (state.soc >= 100) image.add(5107, 0x0800);
    if (state.current < 0) image.add(5107, 0x4000);
    if (state.current > 0) image.add(5107, 0x8000);
    if (variant_.heater == "on") {
      image.add(5107, 0x2000);
      image.u16(5103, 0x00AA);  // a level, which reads as four cells that are too warm
    }
    image.add(5109, (may_charge ? 0x0080U : 0U) | (may_discharge ? 0x0040U : 0U));
    // Cell 1 stands for the one with the trouble.
    if (is_on("cell_undervoltage")) image.add(5101, 1);
    if (is_on("cell_overvoltage")) image.add(5101, 2);
    if (is_on("charge_overcurrent_1") || is_on("charge_overcurrent_2")) image.add(5104, 2U << 4);
    if (is_on("discharge_overcurrent_1") || is_on("discharge_overcurrent_2")) image.add(5104, 1U << 2);
  }

  void put_texts(Image& image) const {
    image.text(5110, 8, serial_number_);
    image.text(5118, 1, "01");
    image.text(5119, 2, "0100");
    image.text(5121, 1, "17");
    image.text(5122, 8, variant_.model, ' ');
    image.text(5130, 2, variant_.software);
    image.text(5132, 10, "RENOGY");
  }

  void put_settings(Image& image, const PackState& state) const {
    const double high = state.cell_voltage_max_limit * 10, low = state.cell_voltage_min_limit * 10;
    const double cells = static_cast<double>(state.cell_voltages.size());
    const double charge = state.max_charge_current * 100, discharge = -state.max_discharge_current * 100;
    const std::array<double, 22> settings = {high,
                                             high - 1,
                                             low + 2,
                                             low,
                                             550,
                                             500,
                                             50,
                                             0,
                                             charge * 1.2,
                                             charge * 1.1,
                                             charge,
                                             high * cells,
                                             (high - 1) * cells,
                                             (low + 2) * cells,
                                             low * cells,
                                             600,
                                             550,
                                             -150,
                                             -200,
                                             discharge * 1.2,
                                             discharge * 1.1,
                                             discharge};
    for (std::size_t i = 0; i < settings.size(); ++i) {
      const int number = 5200 + static_cast<int>(i);
      settings[i] < 0 ? image.s16(number, settings[i]) : image.u16(number, settings[i]);
    }
    image.u16(5222, 0);
    image.u16(5223, address_);
    image.u16(5224, 0);
    image.u16(5225, 0);
    image.u32(5226, 0x10000 + address_);
    image.u16(5228, 100);
    image.u16(5229, 100);
  }

  std::uint8_t address_;
  std::string serial_number_;
  Variant variant_;
  double per_ampere_ = 100;
};

}  // namespace

std::unique_ptr<Responder> respond_as_renogy(const PackOptions& options) {
  if (options.address < 1 || options.address > 247) return nullptr;
  Variant variant;
  for (const auto& [key, value] : options.variant) {
    if (!apply(key, value, variant)) return nullptr;
  }
  return std::make_unique<RenogyPack>(options, std::move(variant));
}

}  // namespace bmsd
