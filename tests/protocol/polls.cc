#include "polls.h"

#include <fstream>
#include <stdexcept>

namespace bmsd::test {
namespace {

using nlohmann::json;

ByteVector bytes_of(const json& object, const char* key) {
  auto bytes = from_hex(object.at(key).get<std::string>());
  if (!bytes) throw std::runtime_error("bad hex in " + object.dump());
  return *bytes;
}

void merge(Reading& to, const Reading& from) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const Field field = field_at(i);
    if (const auto value = from.get(field)) to.set(field, *value);
    if (from.says(field) == Says::unknown) to.set_unknown(field);
  }
  if (from.cell_voltages) to.cell_voltages = from.cell_voltages;
  if (from.cell_temperatures) to.cell_temperatures = from.cell_temperatures;
  if (from.balancing_cells) to.balancing_cells = from.balancing_cells;
  if (from.alarms && to.alarms) to.alarms->unite(*from.alarms);
  if (from.alarms && !to.alarms) to.alarms = from.alarms;
  to.texts.insert(to.texts.begin(), from.texts.begin(), from.texts.end());  // the first one counts
  to.extras.insert(to.extras.begin(), from.extras.begin(), from.extras.end());
}

// The first intact frame, or why there is none.
Result<Frame> frame_in(const Protocol& protocol, Bytes stream) {
  if (stream.empty()) return Error{Errc::timeout, "no_reply", 0, {}};
  std::optional<Error> why;
  while (!stream.empty()) {
    const Scan scan = protocol.framer(stream, true);
    if (scan.kind == Scan::frame) return Frame{stream.first(scan.size)};
    if (!why) why = scan.why;
    stream = stream.subspan(scan.size);
  }
  return *why;
}

}  // namespace

std::vector<Poll> load_polls(const std::string& file) {
  std::ifstream stream(std::string(BMSD_TESTS_DIR) + "/vectors/" + file);
  if (!stream) throw std::runtime_error("no vectors: " + file);
  const json objects = json::parse(stream);
  std::vector<Poll> polls;
  for (const json& object : objects) {
    if (object.contains("kind") || object.contains("frames")) continue;
    if (object.value("optional", false) || object.value("class", std::string()) == "informative") continue;
    Poll poll;
    poll.vector.name = object.at("name").get<std::string>();
    const json params = object.value("params", json::object());
    for (const auto& [key, value] : params.items())
      poll.vector.params.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
    poll.vector.expect = object.value("expect", json());
    poll.vector.expect_absent = object.value("expect_absent", std::vector<std::string>());
    poll.vector.expect_error = object.value("expect_error", std::string());
    const json alone = json::array({object});
    for (const json& pair : object.contains("exchanges") ? object["exchanges"] : alone)
      poll.exchanges.emplace_back(bytes_of(pair, "request_hex"), bytes_of(pair, "response_hex"));
    polls.push_back(std::move(poll));
  }
  return polls;
}

Result<Reading> hear(const Protocol& protocol, const Poll& poll) {
  const auto params = poll.vector.param_views();
  const auto session = protocol.open({.address = protocol.default_address, .params = params, .extras = true});
  Reading all;
  for (const auto& [request, response] : poll.exchanges) {
    const Tag asked = protocol.tag({request});
    if (asked.role != Role::request || asked.exchange < 0) return Error{Errc::config, "no request", 0, {}};
    const auto frame = frame_in(protocol, response);
    if (!frame) return frame.error();
    const Tag said = protocol.tag(*frame);
    if (said.exchange >= 0 && said.exchange != asked.exchange) return Error{Errc::command, "wrong_type", 0, {}};
    const Request ours{static_cast<std::uint8_t>(asked.exchange), request};
    const auto reading = session->decode({&ours, {&*frame, 1}, true});
    if (!reading) return reading.error();
    merge(all, *reading);
  }
  return all;
}

}  // namespace bmsd::test
