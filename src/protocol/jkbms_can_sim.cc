// Sends as a JK BMS on CAN. An encoder of its own: what it shares with the decoder is the description of the wire, not
// tables or offsets. `PackOptions::variant` says which board it is:
//
//   version       2 | 1                V1: the standard identifiers alone
//   polarity      charge | discharge   which current is above the bias
//   cell_frames   needed | 7           7: all of them, those of absent cells with zeros
//   alarm_level   1 ... 3              of the alarms of 7F4: 1 most serious, 3 general
//   silent        cells,switches ...   what it does not send: cells, extremes, temperatures, capacity, sensors, faults,
//                                      health, switches
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>

#include "protocol/jkbms_can.h"
#include "protocol/variant.h"
#include "wire/numbers.h"

namespace bmsd {
namespace {

constexpr std::array<std::string_view, 15> kItems = {"cell_overvoltage",
                                                     "cell_undervoltage",
                                                     "pack_overvoltage",
                                                     "pack_undervoltage",
                                                     "cell_voltage_difference",
                                                     "discharge_overcurrent",
                                                     "charge_overcurrent",
                                                     "temperature_high",
                                                     "temperature_low",
                                                     "temperature_difference",
                                                     "soc_low",
                                                     "insulation_low",
                                                     "hv_interlock",
                                                     "external_comm_fault",
                                                     "internal_comm_fault"};
constexpr std::array<std::string_view, 18> kFaults = {"wire_resistance",
                                                      "mos_overtemperature",
                                                      "cell_count_mismatch",
                                                      "current_sensor",
                                                      "cell_overvoltage",
                                                      "pack_overvoltage",
                                                      "charge_overcurrent",
                                                      "charge_short_circuit",
                                                      "charge_overtemperature",
                                                      "charge_low_temperature",
                                                      "internal_comm",
                                                      "cell_undervoltage",
                                                      "pack_undervoltage",
                                                      "discharge_overcurrent",
                                                      "discharge_short_circuit",
                                                      "discharge_overtemperature",
                                                      "charge_mos",
                                                      "discharge_mos"};

struct Variant {
  int version = 2, alarm_level = 1;
  bool charge_is_above = true, all_cell_frames = false;
  std::set<std::string, std::less<>> silent;
};

bool apply(std::string_view key, std::string_view value, Variant& to) {
  std::string word;
  if (key == "version") return variant::whole(value, 1, 2, to.version);
  if (key == "alarm_level") return variant::whole(value, 1, 3, to.alarm_level);
  if (key == "polarity")
    return to.charge_is_above = value == "charge", variant::one_of(value, {"charge", "discharge"}, word);
  if (key == "cell_frames") return to.all_cell_frames = value == "7", variant::one_of(value, {"needed", "7"}, word);
  if (key != "silent") return false;
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    if (!variant::one_of(value.substr(0, comma),
                         {"cells", "extremes", "temperatures", "capacity", "sensors", "faults", "health", "switches"},
                         word))
      return false;
    to.silent.insert(word);
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return true;
}

class Little : public NumberWriter {
 public:
  Little() : NumberWriter(Order::little) {}
};

class JkCanPack final : public Responder {
 public:
  JkCanPack(int address, Variant variant)
      : address_(static_cast<std::uint32_t>(address)), variant_(std::move(variant)) {}

  std::optional<ByteVector> answer(Bytes, const PackState&) override { return std::nullopt; }

  std::vector<Duration> pushes() const override {
    std::vector<Duration> periods;
    for (const Push& push : kPushes) periods.push_back(push.period);
    return periods;
  }

  ByteVector push(std::size_t kind, const PackState& state) override {
    const Push& push = kPushes[kind];
    if ((push.is_v2 && variant_.version < 2) || variant_.silent.contains(push.name)) return {};
    return (this->*push.make)(state);
  }

 private:
  struct Push {
    std::string_view name;
    Duration period;
    bool is_v2;
    ByteVector (JkCanPack::*make)(const PackState&) const;
  };
  static const std::array<Push, 10> kPushes;

  // A record: the identifier with the address added, the length, the data filled up to eight bytes.
  ByteVector record(std::uint32_t id, bool extended, NumberWriter content) const {
    content.bytes.resize(8, 0);
    NumberWriter writer;
    writer.u32((extended ? 0x80000000 : 0) + id + address_).u8(8);
    writer.bytes.insert(writer.bytes.end(), content.bytes.begin(), content.bytes.end());
    return std::move(writer.bytes);
  }

  ByteVector status(const PackState& state) const {
    const double above = variant_.charge_is_above ? state.current : -state.current;
    return record(0x2F4, false, Little().u16(state.voltage * 10).u16(4000 + above * 10).u8(state.soc).u8(0));
  }

  static NumberWriter extremes_of(const std::vector<double>& all, double scale, double bias, bool is_word) {
    Little content;
    if (all.empty()) return content;
    const auto [low, high] = std::minmax_element(all.begin(), all.end());
    for (const auto extreme : {high, low}) {
      const double value = *extreme * scale + bias;
      is_word ? content.u16(value) : content.u8(value);
      content.u8(static_cast<double>(extreme - all.begin() + 1));
    }
    return content;
  }

  ByteVector cell_extremes(const PackState& state) const {
    return record(0x4F4, false, extremes_of(state.cell_voltages, 1000, 0, true));
  }

  ByteVector temperature_extremes(const PackState& state) const {
    const auto& all = state.cell_temperatures;
    if (all.empty()) return {};
    NumberWriter content = extremes_of(all, 1, 50, false);
    content.u8(std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size()) + 50);
    return record(0x5F4, false, std::move(content));
  }

  ByteVector alarms(const PackState& state) const {
    double word = 0;
    for (std::size_t k = 0; k < kItems.size(); ++k) {
      if (state.alarms.contains(kItems[k])) word += variant_.alarm_level * std::pow(4, static_cast<double>(k));
    }
    return word == 0 ? ByteVector() : record(0x7F4, false, Little().u32(word));
  }

  ByteVector capacity(const PackState& state) const {
    const double cycled = std::fmod(state.total_discharge, 6553.6);
    return record(
        0x18F128F4, true,
        Little().u16(state.capacity_remaining * 10).u16(state.capacity_full * 10).u16(cycled * 10).u16(state.cycles));
  }

  // Slot 3 is the MOSFET.
  ByteVector sensors(const PackState& state) const {
    std::array<double, 5> slots = {-1, -1, state.mos_temperature + 50, -1, -1};
    constexpr std::array<std::size_t, 4> kOfCells = {0, 1, 3, 4};
    for (std::size_t i = 0; i < std::min(kOfCells.size(), state.cell_temperatures.size()); ++i)
      slots[kOfCells[i]] = state.cell_temperatures[i] + 50;
    int mask = 0;
    for (std::size_t k = 0; k < slots.size(); ++k) mask += slots[k] < 0 ? 0 : 1 << k;
    Little content;
    content.u8(mask);
    for (const double slot : slots) content.u8(slot < 0 ? 0xFF : slot);
    return record(0x18F228F4, true, content);
  }

  ByteVector faults(const PackState& state) const {
    double bits = 0;
    for (std::size_t k = 0; k < kFaults.size(); ++k) {
      if (state.alarms.contains("fault_" + std::string(kFaults[k]))) bits += std::pow(2, static_cast<double>(k));
    }
    return record(0x18F328F4, true, Little().u32(bits));
  }

  ByteVector health(const PackState& state) const {
    return record(0x18F428F4, true, Little().u32(123456).u16(0).u8(state.soh));
  }

  ByteVector switches(const PackState& state) const {
    const int bits =
        (state.charge_fet ? 1 : 0) + (state.discharge_fet ? 2 : 0) + (state.balancing_cells.empty() ? 0 : 4);
    return record(0x18F528F4, true, Little().u8(bits));
  }

  ByteVector cells(const PackState& state) const {
    const auto& all = state.cell_voltages;
    const std::size_t frames = variant_.all_cell_frames ? 7 : std::min<std::size_t>(7, (all.size() + 3) / 4);
    ByteVector records;
    for (std::size_t n = 0; n < frames; ++n) {
      Little content;
      for (std::size_t cell = 4 * n; cell < std::min<std::size_t>(4 * n + 4, 25); ++cell)
        content.u16(cell < all.size() ? all[cell] * 1000 : 0);
      const ByteVector one = record(0x18E028F4 + static_cast<std::uint32_t>(n) * 0x10000, true, content);
      records.insert(records.end(), one.begin(), one.end());
    }
    return records;
  }

  std::uint32_t address_;
  Variant variant_;
};

const std::array<JkCanPack::Push, 10> JkCanPack::kPushes = {
    {{"status", 20ms, false, &JkCanPack::status},
     {"extremes", 100ms, false, &JkCanPack::cell_extremes},
     {"temperatures", 500ms, false, &JkCanPack::temperature_extremes},
     {"alarms", 100ms, false, &JkCanPack::alarms},
     {"capacity", 100ms, true, &JkCanPack::capacity},
     {"sensors", 500ms, true, &JkCanPack::sensors},
     {"faults", 100ms, true, &JkCanPack::faults},
     {"health", 500ms, true, &JkCanPack::health},
     {"switches", 500ms, true, &JkCanPack::switches},
     {"cells", 1s, true, &JkCanPack::cells}}};

}  // namespace

std::unique_ptr<Responder> respond_as_jkbms_can(const PackOptions& options) {
  if (options.address < 0 || options.address > 11) return nullptr;
  Variant variant;
  for (const auto& [key, value] : options.variant) {
    if (!apply(key, value, variant)) return nullptr;
  }
  return std::make_unique<JkCanPack>(options.address, std::move(variant));
}

}  // namespace bmsd
