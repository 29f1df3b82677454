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

namespace bmsd {
namespace {

using Json = nlohmann::ordered_json;

Error bad_input(std::string message) { return {Errc::config, "", 0, std::move(message)}; }

// The bytes under `key` (text as it is) or `key`_hex; empty where both are absent or null.
Result<ByteVector> bytes_of(const Json& object, const std::string& key) {
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

struct Params {
  std::vector<std::pair<std::string, std::string>> texts;
  std::vector<Param> views;
};

Result<Params> params_of(const Json& object, const char* under = "params") {
  Params params;
  const Json given = object.value(under, Json::object());
  if (!given.is_object()) return bad_input(fmt::format("\"{}\" is no object", under));
  for (const auto& [key, value] : given.items()) {
    params.texts.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  for (const auto& [key, value] : params.texts) params.views.push_back({key, value});
  return params;
}

std::optional<int> address_of(const Json& object) {
  const Json params = object.value("params", Json::object());
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
Result<Json> decode_exchanges(const Protocol& protocol, const Json& object, const Params& params) {
  Json values = Json::object();
  std::unique_ptr<Session> session;
  for (const Json& pair : object["exchanges"]) {
    if (!pair.is_object()) return bad_input("\"exchanges\" holds something that is no object");
    auto request = bytes_of(pair, "request");
    auto response = bytes_of(pair, "response");
    if (!request) return request.error();
    if (!response) return response.error();
    if (protocol.text) {  // vectors leave the CR out
      request->push_back('\r');
      response->push_back('\r');
    }
    const Tag asked = protocol.tag({*request});
    if (asked.role != Role::request || asked.exchange < 0)
      return bad_input("a request that this protocol does not know");
    if (!session) session = open(protocol, address_of(object).value_or(asked.address), params);
    const auto frames = frames_in(protocol, *response);
    if (!frames) return frames.error();
    const Request heard{static_cast<std::uint8_t>(asked.exchange), 0, *request};
    const auto reading = session->decode({&heard, *frames, true});
    if (!reading) return reading.error();
    add_reading(protocol, *reading, values);
  }
  return values;
}

std::optional<std::uint32_t> can_id_of(const Json& frame) {
  const auto digits = frame.find("id_hex");
  if (digits == frame.end() || !digits->is_string()) return std::nullopt;
  const auto bytes = from_hex(fmt::format("{:0>8}", digits->get_ref<const std::string&>()));
  if (!bytes || bytes->size() != 4) return std::nullopt;
  std::uint32_t id = 0;
  for (const std::uint8_t byte : *bytes) id = id << 8 | byte;
  return id;
}

// CAN frames that nobody asked for, in the order of their arrival. A frame that needs more to make sense says
// incomplete.
Result<Json> decode_frames(const Protocol& protocol, const Json& object, const Params& params) {
  Json values = Json::object();
  const auto session = open(protocol, address_of(object).value_or(protocol.default_address), params);
  Error last{Errc::incomplete, "missing_frame", 0, {}};
  for (const Json& item : object["frames"]) {
    if (!item.is_object()) return bad_input("\"frames\" holds something that is no object");
    const auto id = can_id_of(item);
    const auto data = bytes_of(item, "data");
    if (!id) return bad_input("\"id_hex\" is no CAN identifier");
    if (!data) return data.error();
    const Frame frame{*data, *id};
    const auto reading = session->decode({nullptr, {&frame, 1}, true});
    if (reading) add_reading(protocol, *reading, values);
    if (!reading) last = reading.error();
    if (!reading && last.code != Errc::incomplete) return last;
  }
  if (values.empty()) return last;
  return values;
}

Result<Json> decode_pair(const Protocol& protocol, const Json& object, const Params& params) {
  const auto request = bytes_of(object, "request");
  const auto response = bytes_of(object, "response");
  if (!request) return request.error();
  if (!response) return response.error();
  if (!object.contains("response") && !object.contains("response_hex")) return bad_input("no \"response\"");
  const auto reading = protocol.decode_vector(*request, *response, params.views);
  if (!reading) return reading.error();
  Json values = Json::object();
  add_reading(protocol, *reading, values);
  return values;
}

// A request that is described instead of given.
Result<Json> encode_request(const Protocol& protocol, const Json& object) {
  if (protocol.encode_vector == nullptr) {
    return Error{Errc::refused, "not_supported", 0,
                 std::string(protocol.name) + " builds no requests from a description"};
  }
  const auto input = params_of(object, "input");
  if (!input) return input.error();
  const auto bytes = protocol.encode_vector(input->views);
  if (!bytes) return bytes.error();
  std::string hex = to_hex(*bytes);
  std::transform(hex.begin(), hex.end(), hex.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return Json{{"request_hex", hex}};
}

Result<Json> values_of(const Protocol& protocol, const Json& object) {
  const auto params = params_of(object);
  if (!params) return params.error();
  const Json kind = object.value("kind", Json());
  if (kind == "encode" || kind == "request_builder") return encode_request(protocol, object);
  if (object.contains("exchanges") && object["exchanges"].is_array())
    return decode_exchanges(protocol, object, *params);
  if (object.contains("frames") && object["frames"].is_array()) return decode_frames(protocol, object, *params);
  return decode_pair(protocol, object, *params);
}

Json answer(const Json& name, const Result<Json>& values) {
  Json line = Json::object();
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

Json error_json(const Error& error) {
  Json json = {{"ok", false}, {"error", to_string(error.code)}, {"what", error.what}};
  if (error.number != 0) json["number"] = error.number;
  json["message"] = describe(error);
  return json;
}

Json decode_line(const Protocol& protocol, std::string_view line) {
  const Json object = Json::parse(line, nullptr, false);
  if (object.is_discarded()) return answer({}, bad_input("malformed JSON"));
  if (!object.is_object()) return answer({}, bad_input("not a JSON object"));
  return answer(object.value("name", Json()), values_of(protocol, object));
}

bool decode_lines(const Protocol& protocol, std::istream& in, std::ostream& out) {
  bool all_good = true;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    Json decoded = decode_line(protocol, line);
    if (!decoded["ok"].get<bool>()) {
      all_good = false;
      if (decoded["error"] == "config")
        decoded["message"] = fmt::format("line {}: {}", number, decoded["message"].get<std::string>());
    }
    out << decoded.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
  }
  return all_good;
}

}  // namespace bmsd
