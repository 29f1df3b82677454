// Answers as a JK PB on RS485. An encoder of its own: it fills the blocks by the byte addresses of the vendor's register map
// (0x1000 settings, 0x1200 status, 0x1400 about; the block begins six bytes before), and shares no tables and offsets with the
// decoder. Where packs and adapters differ, `PackOptions::variant` says which it is:
//
//   pads          none | front | behind | both   a byte 00 in front of the acknowledgement, behind it
//   echo          0 ... 11        how many of the request's last bytes the adapter gives back in front of the answer
//   acknowledged  yes | no        whether the acknowledgement follows the block
//   about         always | sometimes | never     whether it answers "about"; sometimes: every second request
//   exception     0 ... 255       answers everything with this Modbus exception; 0: with none
//   counter       0 ... 255       frame counter
//   model, hardware, software     texts, up to 16, 8 and 8 characters
//   name          a text          user-changeable name; the serial number unless set
//   serial        printed | none  whether it has a serial number beside the name
//   date          "240914"        of manufacturing
//   heater        off | on
//   balancer      on | off        whether balancing is enabled
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "protocol/jkbms_pb.h"
#include "protocol/variant.h"
#include "wire/modbus.h"
#include "wire/numbers.h"

namespace bmsd {
namespace {

// --- What a pack can be ---

struct Variant {
  std::string pads = "none", about = "always";
  int echo = 0, exception = 0, counter = 0;
  bool acknowledged = true, heater = false, balancer = true, has_serial = true;
  std::string model = "JK_PB2A16S20P", hardware = "15A", software = "15.41", name, date = "240914";
};

bool text_of(std::string_view text, std::size_t longest, std::string& to) {
  to = text;
  return !text.empty() && text.size() <= longest;
}

bool on_or_off(std::string_view text, bool& to) {
  to = text == "on";
  return to || text == "off";
}

// False: a key or value that this protocol does not have.
bool apply(std::string_view key, std::string_view value, Variant& to) {
  std::string word;
  if (key == "pads") return variant::one_of(value, {"none", "front", "behind", "both"}, to.pads);
  if (key == "echo") return variant::whole(value, 0, 11, to.echo);
  if (key == "acknowledged") return variant::yes_or_no(value, to.acknowledged);
  if (key == "about") return variant::one_of(value, {"always", "sometimes", "never"}, to.about);
  if (key == "exception") return variant::whole(value, 0, 255, to.exception);
  if (key == "counter") return variant::whole(value, 0, 255, to.counter);
  if (key == "model") return text_of(value, 16, to.model);
  if (key == "hardware") return text_of(value, 8, to.hardware);
  if (key == "software") return text_of(value, 8, to.software);
  if (key == "name") return text_of(value, 16, to.name);
  if (key == "serial") return to.has_serial = value == "printed", variant::one_of(value, {"printed", "none"}, word);
  if (key == "date") return text_of(value, 8, to.date);
  if (key == "heater") return on_or_off(value, to.heater);
  if (key == "balancer") return on_or_off(value, to.balancer);
  return false;
}

// --- Alarms, bit 0 first ---

constexpr std::string_view kAlarmNames[] = {
    "wire_resistance",
    "mos_overtemp",
    "cell_count_mismatch",
    "current_sensor_fault",
    "cell_overvoltage",
    "pack_overvoltage",
    "charge_overcurrent",
    "charge_short_circuit",
    "charge_overtemp",
    "charge_undertemp",
    "internal_comm_fault",
    "cell_undervoltage",
    "pack_undervoltage",
    "discharge_overcurrent",
    "discharge_short_circuit",
    "discharge_overtemp",
    "charge_mos_fault",
    "discharge_mos_fault",
    "gps_disconnected",
    "change_password",
    "discharge_on_failed",
    "battery_overtemp",
    "temp_sensor_fault",
    "parallel_module_fault",
    "short_circuit_release_failed",
    "discharge_overcurrent_2",
    "discharge_overcurrent_3",
    "discharge_undertemp",
    "gps_remote_lock",
};

double alarm_bits(const PackState& state) {
  double bits = 0, bit = 1;
  for (const std::string_view name : kAlarmNames) {
    if (state.alarms.contains(name)) bits += bit;
    bit *= 2;
  }
  return bits;
}

// --- A block ---

// Writes at byte addresses of a register map's block; the frame begins six bytes before, with header, type and counter.
class Block {
 public:
  Block(int type, int counter) : bytes_(300, 0x00) {
    const ByteVector head = {
        0x55, 0xAA, 0xEB, 0x90, static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(counter)};
    std::copy(head.begin(), head.end(), bytes_.begin());
  }

  void u8(std::size_t at, double value) { put(at, Writer(kLittle).u8(value)); }
  void s8(std::size_t at, double value) { put(at, Writer(kLittle).s8(value)); }
  void u16(std::size_t at, double value) { put(at, Writer(kLittle).u16(value)); }
  void s16(std::size_t at, double value) { put(at, Writer(kLittle).s16(value)); }
  void u32(std::size_t at, double value) { put(at, Writer(kLittle).u32(value)); }
  void s32(std::size_t at, double value) { put(at, Writer(kLittle).s32(value)); }
  void text(std::size_t at, std::string_view text, std::size_t width) { put(at, Writer(kLittle).text(text, width)); }

  ByteVector with_sum() && {
    bytes_.back() = sum8(Bytes(bytes_).first(bytes_.size() - 1));
    return std::move(bytes_);
  }

 private:
  using Writer = NumberWriter;
  static constexpr Writer::Order kLittle = Writer::Order::little;

  void put(std::size_t at, const Writer& writer) {
    std::copy(writer.bytes.begin(), writer.bytes.end(), bytes_.begin() + 6 + static_cast<std::ptrdiff_t>(at));
  }

  ByteVector bytes_;
};

constexpr double kRuntime = 48570884;  // s; these packs have no clock
constexpr double kHeaterCurrent = 2.5, kBalanceCurrent = 1;

class PbPack final : public Responder {
 public:
  PbPack(const PackOptions& options, Variant variant)
      : address_(options.address), serial_(options.serial_number), variant_(std::move(variant)) {
    if (variant_.name.empty()) variant_.name = serial_;
  }

  std::optional<ByteVector> answer(Bytes request, const PackState& state) override {
    // Wrong address or CRC: silence.
    if (request.size() != 11 || request[0] != address_ || request[1] != 0x10) return std::nullopt;
    if (!modbus_crc_holds(request)) return std::nullopt;
    if (variant_.exception > 0) {
      return with_modbus_crc({request[0], 0x90, static_cast<std::uint8_t>(variant_.exception)});
    }
    auto block = block_of(be_u16(request, 2), state);
    if (!block) return std::nullopt;
    return around(std::move(*block), request);
  }

 private:
  std::optional<ByteVector> block_of(int reg, const PackState& state) {
    switch (reg) {
      case 0x1620:
        return status(state);
      case 0x161E:
        return settings(state);
      case 0x161C:
        about_is_silent_ = variant_.about == "never" || (variant_.about == "sometimes" && !about_is_silent_);
        if (about_is_silent_) return std::nullopt;
        return about();
      default:
        return std::nullopt;
    }
  }

  // Echo, pads and acknowledgement.
  ByteVector around(ByteVector block, Bytes request) const {
    const Bytes echo = request.last(static_cast<std::size_t>(variant_.echo));
    ByteVector bytes(echo.begin(), echo.end());
    bytes.insert(bytes.end(), block.begin(), block.end());
    if (!variant_.acknowledged) return bytes;
    if (variant_.pads == "front" || variant_.pads == "both") bytes.push_back(0x00);
    const ByteVector ack = with_modbus_crc({request[0], 0x10, request[2], request[3], 0x00, 0x01});
    bytes.insert(bytes.end(), ack.begin(), ack.end());
    if (variant_.pads == "behind" || variant_.pads == "both") bytes.push_back(0x00);
    return bytes;
  }

  ByteVector status(const PackState& state) const {
    Block block(0x02, variant_.counter);
    add_cells(block, state);
    block.s16(0x8A, state.mos_temperature * 10);
    block.u32(0x90, state.voltage * 1000);
    block.u32(0x94, std::abs(state.voltage * state.current) * 1000);
    block.s32(0x98, state.current * 1000);
    block.u32(0xA0, alarm_bits(state));
    const bool balancing = !state.balancing_cells.empty();
    block.s16(0xA4, balancing ? kBalanceCurrent * 1000 : 0);
    block.u8(0xA6, balancing ? 1 : 0);
    block.u8(0xA7, state.soc);
    block.s32(0xA8, state.capacity_remaining * 1000);
    block.u32(0xAC, state.capacity_full * 1000);
    block.u32(0xB0, state.cycles);
    block.u32(0xB4, state.total_discharge * 1000);
    block.u8(0xB8, state.soh);
    block.u32(0xBC, kRuntime);
    block.u8(0xC0, state.charge_fet ? 1 : 0);
    block.u8(0xC1, state.discharge_fet ? 1 : 0);
    add_sensors(block, state);
    block.u8(0xD1, variant_.heater ? 1 : 0);
    block.u16(0xE4, state.voltage * 100);
    block.s16(0xE6, variant_.heater ? kHeaterCurrent * 1000 : 0);
    block.s16(0xF8, state.mos_temperature * 10);
    block.u32(0x108, 86400);
    return std::move(block).with_sum();
  }

  static void add_cells(Block& block, const PackState& state) {
    const auto& cells = state.cell_voltages;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      block.u16(2 * i, cells[i] * 1000);
      block.u16(0x4A + 2 * i, 50 + static_cast<double>(i));
    }
    block.u32(0x40, std::exp2(static_cast<double>(cells.size())) - 1);
    if (cells.empty()) return;
    const auto [low, high] = std::minmax_element(cells.begin(), cells.end());
    const double sum = std::accumulate(cells.begin(), cells.end(), 0.0);
    block.u16(0x44, sum / static_cast<double>(cells.size()) * 1000);
    block.u16(0x46, (*high - *low) * 1000);
    block.u8(0x48, static_cast<double>(high - cells.begin()));
    block.u8(0x49, static_cast<double>(low - cells.begin()));
  }

  // Four sensors at most. With all of them a pack says that it has six.
  static void add_sensors(Block& block, const PackState& state) {
    struct Place {
      std::size_t at;
      int bit;
    };
    constexpr Place kPlaces[] = {{0x9C, 2}, {0x9E, 4}, {0xFA, 16}, {0xFC, 32}};
    const auto& sensors = state.cell_temperatures;
    int present = 1;  // the board's
    for (std::size_t i = 0; i < std::min<std::size_t>(sensors.size(), std::size(kPlaces)); ++i) {
      block.s16(kPlaces[i].at, sensors[i] * 10);
      present += kPlaces[i].bit;
    }
    block.u8(0xD0, sensors.size() >= std::size(kPlaces) ? 0xFF : present);
  }

  ByteVector settings(const PackState& state) const {
    Block block(0x01, variant_.counter);
    const double high = state.cell_voltage_max_limit * 1000, low = state.cell_voltage_min_limit * 1000;
    const double volts[] = {high - 150, low,       low + 200,  high,       high - 200, 5,
                            high - 200, low + 200, high - 200, high - 300, low - 200};
    for (std::size_t i = 0; i < std::size(volts); ++i) block.u32(4 * i, volts[i]);
    const double currents[] = {
        state.max_charge_current * 1000, 3, 60, state.max_discharge_current * 1000, 300, 60, 5, 2000};
    for (std::size_t i = 0; i < std::size(currents); ++i) block.u32(0x2C + 4 * i, currents[i]);
    const double temperatures[] = {55, 50, 60, 55, -5, 0, 80, 70};
    for (std::size_t i = 0; i < std::size(temperatures); ++i) block.s32(0x4C + 4 * i, temperatures[i] * 10);
    block.u32(0x6C, static_cast<double>(state.cell_voltages.size()));
    block.u32(0x70, 1);
    block.u32(0x74, 1);
    block.u32(0x78, variant_.balancer ? 1 : 0);
    block.u32(0x7C, state.capacity_design * 1000);
    block.u32(0x80, 1500);
    block.u32(0x84, 3440);
    block.u32(0x108, address_);
    block.u16(0x114, (variant_.heater ? 1 : 0) + 16);
    block.s8(0x116, 0);
    block.s8(0x117, 10);
    block.u8(0x118, 24);
    block.s8(0x122, -20);
    block.s8(0x123, -10);
    return std::move(block).with_sum();
  }

  ByteVector about() const {
    Block block(0x03, variant_.counter);
    block.text(0x00, variant_.model, 16);
    block.text(0x10, variant_.hardware, 8);
    block.text(0x18, variant_.software, 8);
    block.u32(0x20, kRuntime);
    block.u32(0x24, 22);
    block.text(0x28, variant_.name, 16);
    block.text(0x38, "1234", 16);
    block.text(0x48, variant_.date, 8);
    block.text(0x50, variant_.has_serial ? serial_ : "", 16);
    block.text(0x60, "JK-BMS", 16);
    block.text(0x70, "136913", 16);
    block.text(0x80, "JK-BMS", 16);
    block.u8(0xB2, 1);
    block.u8(0x104, 10);
    block.u8(0x105, 30);
    return std::move(block).with_sum();
  }

  int address_;
  std::string serial_;
  Variant variant_;
  bool about_is_silent_ = false;  // the last time that it was asked
};

}  // namespace

std::unique_ptr<Responder> respond_as_jkbms_pb(const PackOptions& options) {
  Variant variant;
  for (const auto& [key, value] : options.variant) {
    if (!apply(key, value, variant)) return nullptr;
  }
  return std::make_unique<PbPack>(options, std::move(variant));
}

}  // namespace bmsd
