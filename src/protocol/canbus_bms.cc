// Batteries that talk to inverters on CAN: nearly every 48 V rack battery can send these frames, of Pylontech's kind, of
// Victron's (BYD, newer Pylontech, SMA), or of Pytes' own. 500 kbit/s, some marine systems 250; 11-bit identifiers alone. They
// only send.
//
// Where this is from: wire/canbus_bms.h. Nobody has read a real battery with this program yet; the vectors are recordings of
// twelve makers.
//
// clang-format off
//   351   14 02  74 0E  74 0E  CC 01         53.2 V to charge to, 370 A in, 370 A out, 46.0 V at least
//   355   0E 00  64 00                       14 % state of charge, 100 % of health
//   356   02 13  00 00  4A 01                48.66 V, 0.0 A (+ charges), 33.0 degrees
//   359   00 00 00 00 0A 50 4E               protections, warnings, ten modules, "PN"
//   35A   AA AA AA 02 AA AA AA 02            or Victron's: two bits each, 01 active, 10 not, else not told
//   35C   C0 00                              charging and discharging allowed
// clang-format on
//
// There is no address: one battery, or one chain with its master, per interface. Two that take turns are noticed by their
// states of charge, and nothing of them is believed.
//
// Single cells are not told: the lowest and the highest are, by some, and how many cells there are follows from them and the
// pack voltage. What the battery asks for (351) are limits of the BMS: the currents are upper bounds, the charge voltage is
// shared by its cells; where their number is not known it is taken over as it is (control/charge_voltage.cc).
//
// What proves it: 351, 355 and 356.
#include "protocol/canbus_bms.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "protocol/canbus_bms_data.h"
#include "protocol/canbus_bms_vector.h"

namespace bmsd {
namespace canbus {
namespace {

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }

constexpr Duration kLost = 30s, kSlow = 10min;  // slow ones come every 60 s, and their last value stands
constexpr Exchange push(std::string_view name, std::string_view help) {
  return {name, help, Cadence::pushed, 3s, {}, kSlow, true};
}
constexpr Exchange needed(std::string_view name, std::string_view help) {
  return {name, help, Cadence::pushed, {}, {}, kLost, false};
}
// In the order of Kind; most come every second.
constexpr auto kExchanges = std::to_array<Exchange>({
    needed("351", "limits of voltage and current"),
    needed("355", "states of charge and of health"),
    needed("356", "voltage, current, temperature"),
    push("35A", "alarms and warnings; 359 in Pylontech's dialect"),
    push("35C", "whether charging and discharging are allowed"),
    push("373", "lowest and highest cell and temperature"),
    push("374", "which cells and sensors these are"),
    push("372", "modules"),
    push("379", "capacity"),
    push("378", "energy in its life"),
    push("35E", "maker, product, firmware"),
    push("370", "name"),
    push("380", "serial number"),
});
static_assert(kExchanges.size() == kKinds);

Tag tag(const Frame& frame) {
  if (can_framer(frame.bytes, true).kind != Scan::frame) return {};
  const Id* id = find(can_frame(frame.bytes));
  if (id == nullptr) return {};
  return {Role::reply, -1, id->kind};
}

class CanBusSession final : public Session {
 public:
  explicit CanBusSession(const OpenOptions& options) {
    memory_.extras = options.extras;
    for (const Param& param : options.params) apply(param, memory_);
  }

  std::optional<Request> request(std::uint8_t) override { return std::nullopt; }

  Result<Reading> decode(const Heard& heard) override {
    if (heard.frames.empty()) return error(Errc::incomplete, "missing_frame");
    const Bytes record = heard.frames.back().bytes;
    if (can_framer(record, true).kind != Scan::frame) return error(Errc::noise, "no_can_frame");
    const CanFrame frame = can_frame(record);
    const Id* id = find(frame);
    if (id == nullptr) return error(Errc::command, "unknown_id");
    auto reading = decode_frame(*id, frame.data, memory_);
    if (reading && memory_.extras) reading->extra("dialect", std::string(dialect_of(memory_)));
    return reading;
  }

 private:
  Memory memory_;
};

std::unique_ptr<Session> open(const OpenOptions& options) { return std::make_unique<CanBusSession>(options); }

constexpr std::array<std::string_view, 1> kTypes = {"CanBusBms_Can"};
constexpr std::array<int, 2> kSpeeds = {500000, 250000};
constexpr std::array<int, 1> kAddresses = {0};
constexpr std::array<std::uint8_t, 3> kProof = {kLimits, kSoc, kMeasurements};
constexpr auto kCanIds = std::to_array<CanIds>({{0x340, 0x7C0, false}, {0x380, 0x7F0, false}, {0x400, 0x7E0, false}});
constexpr auto kWords = std::to_array<Word>({{"max_charge_current_a", "charge_current_limit_a"},
                                             {"max_discharge_current_a", "discharge_current_limit_a"},
                                             {"pack_temperature_c", "temperature_c"},
                                             {"capacity_full_ah", "full_capacity_ah"},
                                             {"charge_fet_on", "charge_allowed"},
                                             {"discharge_fet_on", "discharge_allowed"},
                                             {"total_charge_energy_kwh", "energy_charged_kwh"},
                                             {"total_discharge_energy_kwh", "energy_discharged_kwh"},
                                             {"device_name", "model"},
                                             {"software_version", "firmware_version"},
                                             {"hardware", "battery_family"}});

}  // namespace

void apply(const Param& param, Memory& memory) {
  double number = 0;
  const auto [end, failed] = std::from_chars(param.value.data(), param.value.data() + param.value.size(), number);
  if (failed != std::errc() || end != param.value.data() + param.value.size()) return;
  if (param.key == "BATTERY_CAPACITY") memory.configured = number > 0 && number <= 50000 ? number : 0;
  if (param.key == "INVERT_CURRENT_MEASUREMENT") memory.mirrored = number < 0;
  if (param.key == "voltage_scale") memory.voltage_scale = number;
  if (param.key == "max_voltage_v") memory.highest_voltage = number;
}

}  // namespace canbus

constinit const Protocol kCanBusBms = {
    .name = "canbus-bms",
    .label = "CAN-bus BMS",
    .bms_types = canbus::kTypes,
    .brands =
        "batteries with the CAN frames of Pylontech, Victron or SMA: Pylontech, BYD LVS, Pytes, Discover, Eco-Worthy, "
        "Seplos and many more, by the port that an inverter would be connected to",
    .medium = Medium::can,
    .check = Check::medium,
    .speeds = canbus::kSpeeds,
    .can_ids = canbus::kCanIds,
    .addresses = canbus::kAddresses,
    .default_address = 0,
    .lowest_address = 0,
    .highest_address = 0,
    .framer = can_framer,
    .tag = canbus::tag,
    .exchanges = canbus::kExchanges,
    .proof = canbus::kProof,
    .alarm_bits = canbus::kAlarmBits,
    .words = canbus::kWords,
    .reads =
        "voltage, current, SoC, SoH, temperature, limits of voltage and current, alarms; most also the highest and "
        "lowest "
        "cell and temperature, capacity, modules, maker, some the serial number",
    .writes = "",
    .tells_fets = false,
    .open = canbus::open,
    .respond = respond_as_canbus_bms,
    .decode_vector = canbus::decode_vector,
    .encode_vector = canbus::encode_vector,
    .encodes_answers = true,
};

}  // namespace bmsd
