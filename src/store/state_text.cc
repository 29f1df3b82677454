#include "store/state_text.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/bytes.h"

namespace bmsd {
namespace {

using nlohmann::json;

constexpr std::string_view kMagic = "bmsd-state ";
constexpr std::string_view kVersion = "1";
constexpr std::string_view kCheck = " crc32 ";

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320U : 0U);
    table[i] = value;
  }
  return table;
}

Error damaged(Errc code, std::string detail) { return {code, "state", 0, std::move(detail)}; }

bool is_utf8(const std::string& text) {
  try {
    (void)json(text).dump();
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

// JSON's texts are UTF-8; a configuration file may be anything.
json to_json(const std::string& text) {
  if (is_utf8(text)) return text;
  return {{"hex", to_hex(as_bytes(text))}};
}

json to_json(const std::string& identity, const Kept& kept) {
  return {{"identity", to_json(identity)},
          {"instance", kept.instance},
          {"custom_name", to_json(kept.custom_name)},
          {"last_seen", kept.last_seen},
          {"allow_max_voltage", kept.allow_max_voltage},
          {"max_voltage_start_time", to_json(kept.max_voltage_start_time)},
          {"soc_calc", to_json(kept.soc_calc)},
          {"soc_reset_last_reached", kept.soc_reset_last_reached},
          {"history_values", to_json(kept.history_values)}};
}

// Reads the fields of one JSON object; remembers whether each was of its type.
class Fields {
 public:
  explicit Fields(const json& object) : object_(object), good_(object.is_object()) {}

  bool good() const { return good_; }

  void text(const char* key, std::string& value) {
    const json* field = find(key);
    if (field == nullptr) return;
    if (field->is_string()) {
      value = field->get<std::string>();
      return;
    }
    const auto hex = field->is_object() ? field->find("hex") : field->end();
    const auto bytes = field->is_object() && hex != field->end() && hex->is_string()
                           ? from_hex(hex->get_ref<const std::string&>())
                           : std::nullopt;
    good_ = good_ && bytes.has_value();
    if (bytes) value = as_text(*bytes);
  }

  template <typename Integer>
  void integer(const char* key, Integer& value) {
    const json* field = find(key);
    if (field == nullptr) return;
    const bool fits = field->is_number_integer() &&
                      !(field->is_number_unsigned() &&
                        field->get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()});
    const std::int64_t number = fits ? field->get<std::int64_t>() : 0;
    good_ =
        good_ && fits && number >= std::numeric_limits<Integer>::min() && number <= std::numeric_limits<Integer>::max();
    if (good_) value = static_cast<Integer>(number);
  }

  const json* find(const char* key) const {
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }

 private:
  const json& object_;
  bool good_;
};

std::optional<std::pair<std::string, Kept>> battery_from(const json& object) {
  std::pair<std::string, Kept> battery;
  Kept& kept = battery.second;
  Fields fields(object);
  fields.text("identity", battery.first);
  fields.integer("instance", kept.instance);
  fields.text("custom_name", kept.custom_name);
  fields.integer("last_seen", kept.last_seen);
  fields.integer("allow_max_voltage", kept.allow_max_voltage);
  fields.text("max_voltage_start_time", kept.max_voltage_start_time);
  fields.text("soc_calc", kept.soc_calc);
  fields.integer("soc_reset_last_reached", kept.soc_reset_last_reached);
  fields.text("history_values", kept.history_values);
  if (!fields.good() || fields.find("identity") == nullptr) return std::nullopt;
  return battery;
}

json to_json(const std::string& adapter, const KeptLine& line) {
  return {{"adapter", to_json(adapter)},
          {"protocol", to_json(line.protocol)},
          {"baud", line.baud},
          {"address", line.address}};
}

std::optional<std::pair<std::string, KeptLine>> line_from(const json& object) {
  std::pair<std::string, KeptLine> line;
  Fields fields(object);
  fields.text("adapter", line.first);
  fields.text("protocol", line.second.protocol);
  fields.integer("baud", line.second.baud);
  fields.integer("address", line.second.address);
  if (!fields.good() || fields.find("adapter") == nullptr) return std::nullopt;
  return line;
}

// The entries of a list, by the first of each pair. False: the list holds what bmsd does not write.
template <typename Read, typename Map>
bool read_list(const Fields& fields, const char* key, Read read, Map& to) {
  const json* list = fields.find(key);
  if (list == nullptr) return true;
  if (!list->is_array()) return false;
  for (const json& one : *list) {
    auto entry = read(one);
    if (!entry) return false;
    to.insert_or_assign(std::move(entry->first), std::move(entry->second));
  }
  return true;
}

Result<State> state_from(const json& object) {
  State state;
  Fields fields(object);
  fields.text("good_config", state.good_config);
  if (!fields.good() || !read_list(fields, "batteries", battery_from, state.batteries) ||
      !read_list(fields, "lines", line_from, state.lines))
    return damaged(Errc::implausible, "its content is none that bmsd writes");
  return state;
}

}  // namespace

std::uint32_t crc32(std::string_view text) {
  static constexpr std::array<std::uint32_t, 256> kTable = crc_table();
  std::uint32_t value = 0xFFFFFFFFU;
  for (const std::uint8_t byte : as_bytes(text)) value = (value >> 8) ^ kTable[(value ^ byte) & 0xFF];
  return value ^ 0xFFFFFFFFU;
}

std::string state_text(const State& state) {
  json batteries = json::array();
  for (const auto& [identity, kept] : state.batteries) batteries.push_back(to_json(identity, kept));
  json lines = json::array();
  for (const auto& [adapter, line] : state.lines) lines.push_back(to_json(adapter, line));
  const json object = {
      {"batteries", std::move(batteries)}, {"good_config", to_json(state.good_config)}, {"lines", std::move(lines)}};
  const std::string content = object.dump(1) + "\n";
  return fmt::format("{}{}{}{:08X}\n{}", kMagic, kVersion, kCheck, crc32(content), content);
}

Result<State> parse_state(std::string_view text) {
  const std::size_t end = text.find('\n');
  std::string_view head = text.substr(0, end);
  if (end == std::string_view::npos || !head.starts_with(kMagic))
    return damaged(Errc::implausible, text.empty() ? "it is empty" : "it does not begin as a state file of bmsd");
  head.remove_prefix(kMagic.size());
  const std::string_view version = head.substr(0, head.find(' '));
  if (version != kVersion)
    return damaged(Errc::implausible,
                   fmt::format("it is of version \"{}\", this bmsd reads {}",
                               is_utf8(std::string(version.substr(0, 20))) ? version.substr(0, 20) : "?", kVersion));
  head.remove_prefix(version.size());
  const std::string_view content = text.substr(end + 1);
  if (!head.starts_with(kCheck) || head.substr(kCheck.size()) != fmt::format("{:08X}", crc32(content)))
    return damaged(Errc::checksum, "its checksum is wrong");
  const json object = json::parse(content, nullptr, false);
  if (object.is_discarded()) return damaged(Errc::implausible, "its content is none that bmsd writes");
  return state_from(object);
}

}  // namespace bmsd
