// Answers as a Tian-Power BMS on RS485. An encoder of its own: what it shares with the decoder is the description of the
// wire, not tables or offsets. Where boards differ, `PackOptions::variant` says which board it is:
//
//   board          eg4 | revov | narada   the start byte it answers (7e, 7c, 7c), its groups (10, 17, 17), its firmware name
//   start          7e | 7c | both         which requests it answers
//   groups         10 | 17                17: with the totals
//   firmware       a text, or none        none: it stays silent to 33
//   hardware       yes | no               no: it stays silent to 42
//   board_sensors  both | mos | none      sensors of transistors and environment behind those of the cells
//   mos_kind       80 | 40                how it marks the transistors' one
//   flags          no | yes               bit 15 of cells that balance, bit 14 of cells at their upper limit
//   more           no | yes               a group 12 that nobody knows behind the others
#include <algorithm>

#include "protocol/eg4_lifepower.h"
#include "protocol/variant.h"
#include "wire/numbers.h"

namespace bmsd {
namespace {

// --- What a board can be ---

struct Variant {
  std::string board = "eg4", start, groups, firmware;  // empty: as the board has it
  std::string board_sensors = "both", mos_kind = "80";
  bool hardware = true, flags = false, more = false;
};

// False: a key or value that this protocol does not have.
bool apply(std::string_view key, std::string_view value, Variant& to) {
  if (key == "board") return variant::one_of(value, {"eg4", "revov", "narada"}, to.board);
  if (key == "start") return variant::one_of(value, {"7e", "7c", "both"}, to.start);
  if (key == "groups") return variant::one_of(value, {"10", "17"}, to.groups);
  if (key == "firmware") return to.firmware = value, !value.empty() && value.size() < 64;
  if (key == "hardware") return variant::yes_or_no(value, to.hardware);
  if (key == "board_sensors") return variant::one_of(value, {"both", "mos", "none"}, to.board_sensors);
  if (key == "mos_kind") return variant::one_of(value, {"80", "40"}, to.mos_kind);
  if (key == "flags") return variant::yes_or_no(value, to.flags);
  if (key == "more") return variant::yes_or_no(value, to.more);
  return false;
}

void fill_in(Variant& to) {
  const bool is_eg4 = to.board == "eg4";
  if (to.start.empty()) to.start = is_eg4 ? "7e" : "7c";
  if (to.groups.empty()) to.groups = is_eg4 ? "10" : "17";
  if (to.firmware.empty()) {
    to.firmware = is_eg4                ? "QT-YS00-16SV100A-V3.40"
                  : to.board == "revov" ? "TP-BD16S48V150-V3.1.29"
                                        : "TP-ND16S48V100-V3.1.20";
  }
}

struct State {
  std::string_view alarm;
  unsigned bit;
};
constexpr State kStates[] = {
    {"short_circuit", 2},        {"overcurrent", 3},           {"overvoltage", 4},
    {"undervoltage", 5},         {"charge_overtemp", 6},       {"charge_undertemp", 7},
    {"environment_low_temp", 8}, {"environment_high_temp", 9}, {"serious_alarm", 10},
};

constexpr double kChargeSeconds = 266700, kDischargeSeconds = 194640;  // as captured

std::uint8_t check_over(Bytes bytes) {
  std::uint8_t parity = 0;
  for (const std::uint8_t byte : bytes) parity = static_cast<std::uint8_t>(parity ^ byte);
  return static_cast<std::uint8_t>(sum8(bytes) ^ parity);
}

class TianPowerPack final : public Responder {
 public:
  TianPowerPack(const PackOptions& options, Variant variant)
      : address_(options.address), variant_(std::move(variant)) {}

  std::optional<ByteVector> answer(Bytes request, const PackState& state) override {
    if (request.size() != 6 || !hears(request[0]) || request[1] != address_ || request[3] != 0) return std::nullopt;
    if (request[4] != check_over(request.first(4)) || request[5] != 0x0D) return std::nullopt;
    const auto payload = payload_for(request[2], state);
    if (!payload) return std::nullopt;
    ByteVector reply = {request[0], request[1], request[2], static_cast<std::uint8_t>(payload->size())};
    reply.insert(reply.end(), payload->begin(), payload->end());
    reply.push_back(check_over(reply));
    reply.push_back(0x0D);
    return reply;
  }

 private:
  bool hears(std::uint8_t start) const {
    return (start == 0x7E && variant_.start != "7c") || (start == 0x7C && variant_.start != "7e");
  }

  std::optional<ByteVector> payload_for(std::uint8_t command, const PackState& state) const {
    switch (command) {
      case 0x01:
        return general_data(state);
      case 0x33:
        if (variant_.firmware == "none") return std::nullopt;
        return NumberWriter().text(variant_.firmware).bytes;
      case 0x42:
        if (!variant_.hardware) return std::nullopt;
        return ByteVector{0x00, 0x10, 'B', 0x01, 0x00, 0x80, 0x05, 0x00, 0x00, 0x01, 0x1E, 0x00, 0x02, 0x00, 0x00};
      case 0x06:
        return ByteVector{0x00, 0x01, 0x00, 0x02};
      default:
        return std::nullopt;
    }
  }

  ByteVector general_data(const PackState& state) const {
    NumberWriter out;
    const auto word = [&out](int group, double value) { out.u8(group).u8(1).u16(value); };
    const auto total = [&out](int group, double value) { out.u8(group).u8(1).u32(value); };
    add_cells(out, state);
    word(0x02, 30000 - state.current * 100);
    word(0x03, state.soc * 100);
    word(0x04, state.capacity_full * 100);
    add_temperatures(out, state);
    out.u8(0x06).u8(5).u16(0).u16(state_word(state)).u16(0).u16(0).u16(0);
    word(0x07, state.cycles);
    word(0x08, state.voltage * 100);
    word(0x09, state.soh * 100);
    word(0x0A, 0);
    if (variant_.groups == "17") {
      total(0x0B, state.total_charge);
      total(0x0C, state.total_discharge);
      total(0x0D, kChargeSeconds);
      total(0x0E, kDischargeSeconds);
      total(0x0F, state.total_charge_energy * 1000);
      total(0x10, state.total_discharge_energy * 1000);
      word(0x11, 0);
    }
    if (variant_.more) out.u8(0x12).u8(2).u16(1).u16(2);
    return out.bytes;
  }

  void add_cells(NumberWriter& out, const PackState& state) const {
    out.u8(0x01).u8(static_cast<double>(state.cell_voltages.size()));
    int number = 0;
    for (const double volts : state.cell_voltages) {
      ++number;
      double raw = std::min(std::round(volts * 1000), 16383.0);
      if (variant_.flags && state.balancing_cells.count(number) != 0) raw += 0x8000;
      if (variant_.flags && volts >= state.cell_voltage_max_limit) raw += 0x4000;
      out.u16(raw);
    }
  }

  // Whole degrees, from -50 to 205.
  void add_temperatures(NumberWriter& out, const PackState& state) const {
    const bool has_mos = variant_.board_sensors != "none", has_environment = variant_.board_sensors == "both";
    out.u8(0x05).u8(static_cast<double>(state.cell_temperatures.size()) + (has_mos ? 1 : 0) +
                    (has_environment ? 1 : 0));
    for (const double celsius : state.cell_temperatures) out.u8(0).u8(celsius + 50);
    if (has_mos) out.u8(variant_.mos_kind == "80" ? 0x80 : 0x40).u8(state.mos_temperature + 50);
    if (has_environment) out.u8(0x20).u8(state.ambient_temperature + 50);
  }

  static unsigned state_word(const PackState& state) {
    unsigned word = state.current > 0 ? 1U : state.current < 0 ? 2U : 0U;
    for (const State& one : kStates) {
      if (state.alarms.find(one.alarm) != state.alarms.end()) word |= 1U << one.bit;
    }
    return word;
  }

  int address_;
  Variant variant_;
};

}  // namespace

std::unique_ptr<Responder> respond_as_eg4_lifepower(const PackOptions& options) {
  Variant variant;
  for (const auto& [key, value] : options.variant) {
    if (!apply(key, value, variant)) return nullptr;
  }
  fill_in(variant);
  return std::make_unique<TianPowerPack>(options, std::move(variant));
}

}  // namespace bmsd
