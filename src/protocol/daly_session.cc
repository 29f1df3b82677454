#include "protocol/daly_session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "protocol/daly_exchanges.h"

namespace bmsd::daly {

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

namespace {

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }

constexpr int kRoundsBetweenCounts = 60;
constexpr int kTries = 3;
constexpr int kMissesToGiveUp = 2 * kTries;  // two rounds have failed for it

void apply(const Param& param, Memory& memory) {
  const double number = number_of(param.value).value_or(0);
  if (param.key == "BATTERY_CAPACITY") memory.configured = number > 0 && number <= 50000 ? number : 0;
  if (param.key == "INVERT_CURRENT_MEASUREMENT" && number < 0) memory.sign.force(Polarity::above_is_charge, true);
  if (param.key == "current_polarity") {
    if (param.value == "above_bias_is_charge") memory.sign.force(Polarity::above_is_charge, false);
    if (param.value == "above_bias_is_discharge") memory.sign.force(Polarity::above_is_discharge, false);
  }
  if (param.key == "cell_count" && number >= 1 && number <= kMostCells) memory.cells = static_cast<int>(number);
  if (param.key == "sensor_count" && number >= 0 && number <= kMostSensors) memory.sensors = static_cast<int>(number);
}

// A switch repeats what it was told; 21 is accepted with 1.
std::optional<Error> refusal(const DalyFrame& asked, const DalyFrame& reply) {
  const bool is_switched = asked.command == kChargeSwitch || asked.command == kDischargeSwitch;
  if (!is_switched && asked.command != kSetSoc) return std::nullopt;
  if (reply.data[0] == (is_switched ? asked.data[0] : 1)) return std::nullopt;
  return Error{Errc::refused, "not_accepted", reply.data[0], {}};
}

// A board sends the parts of a reply in their order. After a reply that stayed incomplete the rest of it may still be
// coming: what stands before a number that is not higher than the one before it belongs to that one.
std::span<const Bytes> newest_run(std::span<const Bytes> parts) {
  std::size_t first = 0;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i][0] <= parts[i - 1][0]) first = i;
  }
  return parts.subspan(first);
}

// Zeros stop the board's clock, which is what there is to send when the time is not known.
ByteVector clock_of(const std::optional<CivilTime>& time) {
  if (!time || time->year < 2000 || time->year > 2099) return ByteVector(6, 0);
  ByteVector clock;
  for (const int part : {time->year - 2000, time->month, time->day, time->hour, time->minute, time->second})
    clock.push_back(static_cast<std::uint8_t>(part));
  return clock;
}

}  // namespace

ByteVector with_soc(ByteVector clock, double soc) {
  const auto tenths = static_cast<unsigned>(std::lround(soc * 10));
  clock.push_back(static_cast<std::uint8_t>(tenths >> 8));
  clock.push_back(static_cast<std::uint8_t>(tenths & 0xFF));
  return clock;
}

DalySession::DalySession(const Dialect& dialect, const OpenOptions& options)
    : dialect_(dialect),
      address_(options.address < 0 ? dialect.default_address : static_cast<std::uint8_t>(options.address)),
      misses_(kExchangeCount, 0),
      answered_(kExchangeCount, false) {
  memory_.extras = options.extras;
  memory_.hardware = dialect.hardware;
  memory_.named_by_date = dialect.named_by_date;
  for (const Param& param : options.params) apply(param, memory_);
}

Request DalySession::ask(std::uint8_t command, Bytes data) const {
  Request request;
  request.exchange = static_cast<std::uint8_t>(exchange_of(command));
  request.bytes = dialect_.encode(address_, command, data);
  return request;
}

std::optional<Request> DalySession::request(std::uint8_t exchange) {
  if (exchange >= kExchangeCount || given_up(exchange)) return std::nullopt;
  if (kAsked[exchange].cadence == Cadence::write) return std::nullopt;
  if (exchange == k90) ++rounds_since_counts_;
  const Command command = kAsked[exchange].command;
  if (command == kCounts && !counts_are_due()) return std::nullopt;
  if (command == kCells && memory_.cells == 0) return std::nullopt;
  if (command == kTemperatures && memory_.sensors <= 0) return std::nullopt;
  return ask(command, {});
}

Result<Request> DalySession::change(const Change& change) {
  if (!dialect_.writes) return Session::change(change);
  ByteVector data;
  Command command = change.what == Changeable::charge_fet ? kChargeSwitch : kDischargeSwitch;
  if (is_switch(change.what)) {
    data.push_back(change.value != 0 ? 1 : 0);
  } else {
    command = kSetSoc;
    data = with_soc(clock_of(change.local_time), change.value);
  }
  return ask(command, data);
}

Result<Reading> DalySession::decode(const Heard& heard) {
  if (heard.asked == nullptr) return error(Errc::command, "unasked");
  const auto asked = dialect_.parse(heard.asked->bytes);
  if (!asked) return error(Errc::command, "unasked");
  std::vector<DalyFrame> frames;
  frames.reserve(heard.frames.size());
  for (const Frame& frame : heard.frames) {
    const auto parsed = dialect_.parse(frame.bytes);
    if (!parsed && dialect_.skips_foreign) continue;
    if (!parsed) return parsed.error();
    frames.push_back(*parsed);
  }
  auto reading = decode_reply(*asked, frames);
  if (reading) {
    if (auto no = refusal(*asked, frames.back())) return std::move(*no);
  }
  if (reading || reading.error().code != Errc::incomplete || frames.empty()) return reading;
  // Still waiting; the last frame may be none of this reply.
  if (auto why = dialect_.misfit(*asked, frames.back())) return std::move(*why);
  return reading;
}

Result<Reading> DalySession::decode_reply(const DalyFrame& asked, std::span<const DalyFrame> frames) {
  std::vector<Bytes> parts;
  std::optional<Error> why;
  for (const DalyFrame& frame : frames) {
    auto unfit = dialect_.misfit(asked, frame);
    if (!unfit) parts.push_back(frame.data);
    if (unfit && !why) why = std::move(unfit);
  }
  if (parts.empty() && why) return std::move(*why);
  const int exchange = exchange_of(asked.command);
  const bool missed = exchange >= 0 && misses_[static_cast<std::size_t>(exchange)] > 0;
  auto reading = decode_data(asked.command, missed && has_parts(asked.command) ? newest_run(parts) : parts, memory_);
  if (reading && exchange >= 0) {
    answered_[static_cast<std::size_t>(exchange)] = true;
    misses_[static_cast<std::size_t>(exchange)] = 0;
    if (exchange == k94) {
      rounds_since_counts_ = 0;
      counts_doubtful_ = false;
    }
  }
  return reading;
}

void DalySession::failed(std::uint8_t exchange, const Error& error) {
  if (exchange >= kExchangeCount) return;
  if (error.code == Errc::timeout) counts_doubtful_ = counts_doubtful_ || answered_[exchange];
  if (++misses_[exchange] % kTries != 0) return;
  settle(kAsked[exchange].command);
  if (has_parts(kAsked[exchange].command)) counts_doubtful_ = true;  // perhaps it has fewer cells than it said
}

// The counts are asked for when they are not known, then about once a minute, and when the pack was silent.
bool DalySession::counts_are_due() {
  return memory_.cells == 0 || memory_.sensors < 0 || counts_doubtful_ || rounds_since_counts_ >= kRoundsBetweenCounts;
}

// What a board does not answer has had its turn: the next best is taken instead.
void DalySession::settle(std::uint8_t command) {
  if (command == kBatteryCode && !memory_.code) memory_.code.emplace();
  if (command == kMade && !memory_.date) memory_.date.emplace();
  if (command == kRated && !memory_.rated) memory_.rated = 0;
}

// A board that does without balancers or sensors need not fail for it.
bool DalySession::given_up(std::uint8_t exchange) const {
  const Asked& asked = kAsked[exchange];
  return asked.cadence == Cadence::fast && asked.optional && !answered_[exchange] &&
         misses_[exchange] >= kMissesToGiveUp;
}

// --- Vectors ---

namespace {

// The names in the order of their bits, as vectors have them. The reading sorts them by name.
std::vector<std::string> in_order_of_bits(const Alarms& alarms) {
  std::vector<std::string> names;
  for (const AlarmBit& bit : kAlarmBits) {
    const bool raised = std::any_of(alarms.names.begin(), alarms.names.end(),
                                    [&bit](const char* name) { return std::string_view(name) == bit.name; });
    if (raised && (names.empty() || names.back() != bit.name)) names.emplace_back(bit.name);
  }
  return names;
}

}  // namespace

Result<Reading> decode_taken(const Dialect& dialect, const DalyFrame& asked, const Taken& taken, const Error& nothing,
                             std::span<const Param> params) {
  if (taken.frames.empty()) return taken.damage.value_or(nothing);
  DalySession session(dialect, {.address = asked.address, .params = params, .extras = true});
  auto reading = session.decode_reply(asked, taken.frames);
  if (!reading && taken.damage) {
    // Of frames that answer something else and damage the first one counts; a missing part was probably the damaged one.
    const Errc code = reading.error().code;
    const bool nothing_fits = code == Errc::address || code == Errc::command;
    if (code == Errc::incomplete || (nothing_fits && taken.damage_came_first)) return *taken.damage;
  }
  if (reading && reading->alarms) reading->extra("alarms", in_order_of_bits(*reading->alarms));
  return reading;
}

std::string_view value_of(std::span<const Param> input, std::string_view key) {
  const auto found = std::find_if(input.begin(), input.end(), [key](const Param& param) { return param.key == key; });
  return found == input.end() || found->value == "null" ? std::string_view() : found->value;
}

std::optional<std::uint8_t> byte_of(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != 1) return std::nullopt;
  return bytes->front();
}

}  // namespace bmsd::daly
