#include "app/decode_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <istream>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "app/reading_json.h"
#include "sink/json.h"
#include "wire/can_frame.h"

namespace bmsd {
namespace {

using OrderedJson = nlohmann::ordered_json;

Error bad_input(std::string message) { return {Errc::config, "", 0, std::move(message)}; }

// The bytes under `key` (text as it is) or `key`_hex; empty where both are absent or null.
Result<ByteVector> bytes_of(const OrderedJson& object, const std::string& key) {
  if (const auto text = object.find(key); text != object.end() && !text->is_null()) {
    if (!text->is_string()) return bad_input("\"" + key + "\" is no text");
    const Bytes bytes = as_bytes(text->get_ref<const std::string&>());
    return ByteVector(bytes.begin(), bytes.end());
  }
  if (const auto hex = object.find(key + "_hex"); hex != object.end() && !hex->is_null()) {
    if (hex->is_string()) {
      if (auto bytes = from_hex(hex->get_ref<const std::string&>())) return std::move(*bytes);
    }
    return bad_input("\"" + key + "_hex\" is no hexadecimal text");
  }
  return ByteVector();
}

std::string lower_hex(Bytes bytes) {
  std::string hex = to_hex(bytes);
  std::transform(hex.begin(), hex.end(), hex.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return hex;
}

std::optional<std::uint32_t> can_id_of(const OrderedJson& frame) {
  const auto digits = frame.find("id_hex");
  if (digits == frame.end() || !digits->is_string()) return std::nullopt;
  const auto bytes = from_hex(fmt::format("{:0>8}", digits->get_ref<const std::string&>()));
  if (!bytes || bytes->size() != 4) return std::nullopt;
  std::uint32_t id = 0;
  for (const std::uint8_t byte : *bytes) id = id << 8 | byte;
  return id;
}

// The CAN frames under `key`, one behind the other as records; empty where there are none.
Result<ByteVector> records_of(const OrderedJson& object, const char* key) {
  ByteVector records;
  const OrderedJson items = object.value(key, OrderedJson::array());
  if (!items.is_array()) return bad_input(fmt::format("\"{}\" is no list", key));
  for (const OrderedJson& item : items) {
    if (!item.is_object()) return bad_input(fmt::format("\"{}\" holds something that is no object", key));
    const auto id = can_id_of(item);
    const auto data = bytes_of(item, "data");
    if (!id) return bad_input("\"id_hex\" is no CAN identifier");
    if (!data) return data.error();
    const OrderedJson extended = item.value("extended", OrderedJson(false));
    const ByteVector record = can_record(*id, extended.is_boolean() && extended.get<bool>(), *data);
    if (data->size() > kMaxCanData || can_framer(record, true).kind != Scan::frame)
      return bad_input("a CAN frame has an identifier of 11 bits, or of 29 where it is extended, and at most 8 bytes");
    records.insert(records.end(), record.begin(), record.end());
  }
  return records;
}

// What was asked, and what came back: bytes, or CAN frames as records.
struct Pair {
  ByteVector request, response;
};

Result<Pair> pair_of(const Protocol& protocol, const OrderedJson& object) {
  const bool can = protocol.medium == Medium::can;
  auto request = can ? records_of(object, "request_frames") : bytes_of(object, "request");
  if (!request) return request.error();
  auto response = can ? records_of(object, "frames") : bytes_of(object, "response");
  if (!response) return response.error();
  return Pair{std::move(*request), std::move(*response)};
}

// Of several CAN frames the first one tells what is asked.
Bytes first_request(const Protocol& protocol, Bytes request) {
  return protocol.medium == Medium::can ? request.first(can_framer(request, true).size) : request;
}

OrderedJson frames_json(Bytes records) {
  OrderedJson frames = OrderedJson::array();
  while (!records.empty()) {
    const Scan scan = can_framer(records, true);
    const CanFrame frame = can_frame(records.first(scan.size));
    frames.push_back(OrderedJson{{"id_hex", fmt::format("{:0{}X}", frame.id, frame.extended ? 8 : 3)},
                                 {"data_hex", lower_hex(frame.data)},
                                 {"extended", frame.extended}});
    records = records.subspan(scan.size);
  }
  return frames;
}

struct Params {
  std::vector<std::pair<std::string, std::string>> texts;
  std::vector<Param> views;
};

Result<Params> params_of(const OrderedJson& object, const char* under = "params") {
  Params params;
  const OrderedJson given = object.value(under, OrderedJson::object());
  if (!given.is_object()) return bad_input(fmt::format("\"{}\" is no object", under));
  for (const auto& [key, value] : given.items()) {
    params.texts.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  for (const auto& [key, value] : params.texts) params.views.push_back({key, value});
  return params;
}

std::optional<int> address_of(const OrderedJson& object) {
  const OrderedJson params = object.value("params", OrderedJson::object());
  if (!params.is_object() || !params.contains("address") || !params["address"].is_number_integer()) return std::nullopt;
  return params["address"].get<int>();
}

std::unique_ptr<Session> open(const Protocol& protocol, int address, const Params& params) {
  return protocol.open({.address = address, .params = params.views, .extras = true});
}

// The frames that the framer finds in one whole reply; the reason of what is none. Noise in front of the first one (stale
// bytes, half an echo) is passed over.
Result<std::vector<Frame>> frames_in(const Protocol& protocol, Bytes stream) {
  std::vector<Frame> frames;
  std::optional<Error> noise;
  while (!stream.empty()) {
    const Scan scan = protocol.framer(stream, true);
    const bool is_frame = scan.kind == Scan::frame;
    if (is_frame) {
      frames.push_back({stream.first(scan.size)});
    } else if (!frames.empty() || scan.why.code != Errc::noise) {
      return scan.why;
    } else if (!noise) {
      noise = scan.why;
    }
    stream = stream.subspan(scan.size);
  }
  if (frames.empty() && noise) return std::move(*noise);
  return frames;
}

// Several pairs that make one poll: one session hears them in turn.
Result<OrderedJson> decode_exchanges(const Protocol& protocol, const OrderedJson& object, const Params& params) {
  OrderedJson values = OrderedJson::object();
  std::unique_ptr<Session> session;
  for (const OrderedJson& pair : object["exchanges"]) {
    if (!pair.is_object()) return bad_input("\"exchanges\" holds something that is no object");
    auto told = pair_of(protocol, pair);
    if (!told) return told.error();
    if (protocol.text) {  // vectors leave the CR out
      told->request.push_back('\r');
      told->response.push_back('\r');
    }
    const Tag asked = told->request.empty() ? Tag() : protocol.tag({first_request(protocol, told->request)});
    if (asked.role != Role::request || asked.exchange < 0)
      return bad_input("a request that this protocol does not know");
    if (!session) session = open(protocol, address_of(object).value_or(asked.address), params);
    const auto frames = frames_in(protocol, told->response);
    if (!frames) return frames.error();
    const Request heard{static_cast<std::uint8_t>(asked.exchange), std::move(told->request)};
    const auto reading = session->decode({&heard, *frames, true});
    if (!reading) return reading.error();
    add_reading(protocol, *reading, values);
  }
  return values;
}

Result<OrderedJson> decode_pair(const Protocol& protocol, const OrderedJson& object, const Params& params) {
  const auto told = pair_of(protocol, object);
  if (!told) return told.error();
  const bool can = protocol.medium == Medium::can;
  if (can && !object.contains("frames")) return bad_input("no \"frames\"");
  if (!can && !object.contains("response") && !object.contains("response_hex")) return bad_input("no \"response\"");
  const auto reading = protocol.decode_vector(told->request, told->response, params.views);
  if (!reading) return reading.error();
  OrderedJson values = OrderedJson::object();
  add_reading(protocol, *reading, values);
  return values;
}

// A request that is described instead of given.
Result<OrderedJson> encode_request(const Protocol& protocol, const OrderedJson& object) {
  if (protocol.encode_vector == nullptr) {
    return Error{Errc::refused, "not_supported", 0,
                 std::string(protocol.name) + " builds no requests from a description"};
  }
  const auto input = params_of(object, "input");
  if (!input) return input.error();
  const auto bytes = protocol.encode_vector(input->views);
  if (!bytes) return bytes.error();
  if (protocol.medium == Medium::can)
    return OrderedJson{{protocol.encodes_answers ? "frames" : "request_frames", frames_json(*bytes)}};
  return OrderedJson{{"request_hex", lower_hex(*bytes)}};
}

Result<OrderedJson> values_of(const Protocol& protocol, const OrderedJson& object) {
  const auto params = params_of(object);
  if (!params) return params.error();
  const OrderedJson kind = object.value("kind", OrderedJson());
  if (kind == "encode" || kind == "request_builder") return encode_request(protocol, object);
  if (object.contains("exchanges") && object["exchanges"].is_array())
    return decode_exchanges(protocol, object, *params);
  return decode_pair(protocol, object, *params);
}

OrderedJson answer(const OrderedJson& name, const Result<OrderedJson>& values) {
  OrderedJson line = OrderedJson::object();
  if (!name.is_null()) line["name"] = name;
  if (values) {
    line["ok"] = true;
    line["values"] = *values;
  } else {
    line.update(error_json(values.error()));
  }
  return line;
}

}  // namespace

OrderedJson error_json(const Error& error) {
  OrderedJson json = {{"ok", false}, {"error", to_string(error.code)}, {"what", error.what}};
  if (error.number != 0) json["number"] = error.number;
  json["message"] = describe(error);
  return json;
}

OrderedJson decode_line(const Protocol& protocol, std::string_view line) {
  if (nested_too_deep(line))
    return answer({}, bad_input("malformed JSON: too many lists or objects inside of one another"));
  const OrderedJson object = OrderedJson::parse(line, nullptr, false);
  if (object.is_discarded()) return answer({}, bad_input("malformed JSON"));
  if (!object.is_object()) return answer({}, bad_input("not a JSON object"));
  return answer(object.value("name", OrderedJson()), values_of(protocol, object));
}

bool decode_lines(const Protocol& protocol, std::istream& in, std::ostream& out) {
  bool all_good = true;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    OrderedJson decoded = decode_line(protocol, line);
    if (!decoded["ok"].get<bool>()) {
      all_good = false;
      if (decoded["error"] == "config")
        decoded["message"] = fmt::format("line {}: {}", number, decoded["message"].get<std::string>());
    }
    out << decoded.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) << '\n' << std::flush;
  }
  return all_good;
}

}  // namespace bmsd
