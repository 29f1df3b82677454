// Vectors of the Daly "A5" protocol: one reply with all that came before and between its frames, and the requests that a
// vector describes.
#include "protocol/daly_uart_vector.h"

#include <array>
#include <utility>

#include "protocol/daly_uart_tables.h"

namespace bmsd::daly {
namespace {

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }
Error usage(std::string detail) { return {Errc::config, "", 0, std::move(detail)}; }

// --- Replies ---

// What a receiver takes out of a stream that has ended. `has_start`: there was something that might be a frame.
Taken take_frames(Bytes stream, bool& has_start) {
  Taken taken;
  while (!stream.empty()) {
    has_start = has_start || stream[0] == kStart;
    const Scan scan = scan_frame(stream, true);
    if (scan.kind == Scan::frame) {
      const DalyFrame frame = *parse_frame(stream);
      if (!is_request_address(frame.address)) taken.frames.push_back(frame);
    } else if (scan.why.code != Errc::noise && !taken.damage) {
      taken.damage = scan.why;
      taken.damage_came_first = taken.frames.empty();
    }
    stream = stream.subspan(scan.size);
  }
  return taken;
}

// Where no request is given, the reply tells what was asked.
Result<DalyFrame> asked_by(Bytes request, const Taken& taken) {
  if (request.empty() && taken.frames.empty()) return DalyFrame{kPc, 0, {}};
  if (request.empty()) {
    const DalyFrame& first = taken.frames.front();
    return DalyFrame{static_cast<std::uint8_t>(kPc + first.address - 1), first.command, {}};
  }
  auto asked = parse_frame(request);
  if (!asked) return usage("the request is not a frame of this protocol: " + describe(asked.error()));
  return asked;
}

// --- Requests ---

std::optional<std::uint8_t> address_of(std::span<const Param> input) {
  const std::string_view host = value_of(input, "host_address"), board = value_of(input, "board_number");
  if (!host.empty()) return byte_of(host);
  if (board.empty()) return kPc;
  const auto number = number_of(board);
  if (!number || *number < 1 || *number > kMostBoards) return std::nullopt;
  return static_cast<std::uint8_t>(kPc - 1 + static_cast<int>(*number));
}

// "2022-12-13T21:29:39" as year since 2000, month, day, hour, minute, second; zeros when there is no clock.
std::optional<ByteVector> clock_of(std::string_view text) {
  constexpr std::string_view kForm = "2000-00-00T00:00:00";
  if (text.empty()) return ByteVector(6, 0);
  if (text.size() != kForm.size() || !text.starts_with("20")) return std::nullopt;
  ByteVector clock;
  for (std::size_t at = 2; at < text.size(); at += 3) {
    const char first = text[at], second = text[at + 1];
    if (first < '0' || first > '9' || second < '0' || second > '9') return std::nullopt;
    clock.push_back(static_cast<std::uint8_t>((first - '0') * 10 + (second - '0')));
    if (at > 2 && text[at - 1] != kForm[at - 1]) return std::nullopt;
  }
  return clock;
}

Result<ByteVector> encode_set_soc(std::uint8_t address, std::span<const Param> input) {
  const auto soc = number_of(value_of(input, "soc_percent"));
  auto data = clock_of(value_of(input, "clock"));
  if (!soc || *soc < 0 || *soc > 100) return usage("soc_percent is a number from 0 to 100");
  if (!data) return usage("clock is a time like 2022-12-13T21:29:39");
  return encode_frame(address, kSetSoc, with_soc(std::move(*data), *soc));
}

}  // namespace

Result<Reading> decode_vector(Bytes request, Bytes response, std::span<const Param> params) {
  bool has_start = false;
  const Taken taken = take_frames(response, has_start);
  const auto asked = asked_by(request, taken);
  if (!asked) return asked.error();
  const Error nothing =
      has_start || response.empty() ? error(Errc::timeout, "no_answer") : error(Errc::noise, "bad_header");
  return decode_taken(kUart, *asked, taken, nothing, params);
}

Result<ByteVector> encode_vector(std::span<const Param> input) {
  const std::string_view op = value_of(input, "op");
  const auto address = address_of(input);
  if (!address) return usage("board_number is a number from 1 to 16, host_address a byte like 0x40");
  if (op == "set_soc") return encode_set_soc(*address, input);
  if (op == "set_charge_mos" || op == "set_discharge_mos") {
    const std::string_view on = value_of(input, "on");
    if (on != "true" && on != "false") return usage("on is true or false");
    const std::array<std::uint8_t, 1> data = {static_cast<std::uint8_t>(on == "true" ? 1 : 0)};
    return encode_frame(*address, op == "set_charge_mos" ? kChargeSwitch : kDischargeSwitch, data);
  }
  if (op != "read") return usage("op is read, set_soc, set_charge_mos or set_discharge_mos");
  const auto command = byte_of(value_of(input, "command"));
  const std::string_view fill = value_of(input, "fill");
  const auto filler = fill.empty() ? std::optional<std::uint8_t>(0) : byte_of(fill);
  if (!command || !filler) return usage("command and fill are bytes like 0x90");
  return encode_frame(*address, *command, ByteVector(kDataSize, *filler));
}

}  // namespace bmsd::daly
