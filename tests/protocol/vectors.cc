#include "vectors.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <stdexcept>

namespace bmsd::test {
namespace {

using nlohmann::json;

constexpr double kTolerance = 0.001;

ByteVector bytes_of(const json& vector, const std::string& key) {
  if (const auto text = vector.find(key); text != vector.end() && text->is_string()) {
    const Bytes bytes = as_bytes(text->get_ref<const std::string&>());
    return {bytes.begin(), bytes.end()};
  }
  if (const auto hex = vector.find(key + "_hex"); hex != vector.end() && hex->is_string()) {
    auto bytes = from_hex(hex->get_ref<const std::string&>());
    if (!bytes) throw std::runtime_error("bad hex in " + vector.value("name", std::string()));
    return *bytes;
  }
  return {};
}

json json_of(const ExtraValue& value) {
  return std::visit(
      [](const auto& content) -> json {
        using Content = std::decay_t<decltype(content)>;
        if constexpr (std::is_same_v<Content, std::monostate>) {
          return nullptr;
        } else if constexpr (std::is_same_v<Content, std::vector<ExtraRecord>>) {
          json list = json::array();
          for (const ExtraRecord& record : content) {
            json& object = list.emplace_back(json::object());
            for (const auto& [key, item] : record.values) object[key] = json_of(item);
          }
          return list;
        } else if constexpr (std::is_same_v<Content, std::vector<double>>) {
          json list = json::array();
          for (const double number : content) list.push_back(std::isfinite(number) ? json(number) : json(nullptr));
          return list;
        } else {
          return content;
        }
      },
      value);
}

json list_of(const std::optional<std::vector<double>>& list) { return list ? json(*list) : json(nullptr); }

json cells_of(const std::optional<CellSet>& cells) {
  if (!cells) return nullptr;
  json list = json::array();
  for (std::size_t i = 0; i < cells->size(); ++i) {
    if (cells->test(i)) list.push_back(i + 1);
  }
  return list;
}

json names_of(const std::optional<Alarms>& alarms) {
  if (!alarms) return nullptr;
  json list = json::array();
  for (const char* name : alarms->names) list.push_back(name);
  return list;
}

// What the reading says under the sheet's word `key`; null when nothing.
json said(const Protocol& protocol, const Reading& reading, std::string key) {
  for (const auto& [name, value] : reading.extras) {
    if (key == name) return json_of(value);
  }
  for (const Word& word : protocol.words) {
    if (key == word.sheets_word) key = word.key;
  }
  if (key == kCellVoltages.key) return list_of(reading.cell_voltages);
  if (key == kCellTemperatures.key) return list_of(reading.cell_temperatures);
  if (key == kBalancingCells) return cells_of(reading.balancing_cells);
  if (key == "alarms") return names_of(reading.alarms);
  if (const auto field = field_of(key)) {
    const auto value = reading.get(*field);
    if (!value) return nullptr;
    return info(*field).quantity == Quantity::flag ? json(*value != 0) : json(*value);
  }
  for (const auto& [text, content] : reading.texts) {
    if (key == info(text).key) return content;
  }
  return nullptr;
}

json sorted(json list) {
  std::sort(list.begin(), list.end());
  return list;
}

// Of an object, what `got` has beyond the wanted keys does not matter.
bool equal(const json& wanted, const json& got) {
  if (wanted.is_number() && got.is_number()) return std::abs(wanted.get<double>() - got.get<double>()) <= kTolerance;
  if (wanted.is_object() && got.is_object()) {
    return std::all_of(wanted.items().begin(), wanted.items().end(), [&got](const auto& item) {
      return got.contains(item.key()) && equal(item.value(), got[item.key()]);
    });
  }
  if (!wanted.is_array() || !got.is_array()) return wanted == got;
  return std::equal(wanted.begin(), wanted.end(), got.begin(), got.end(), equal);
}

}  // namespace

std::vector<Vector> load_vectors(const std::string& file) {
  std::ifstream stream(std::string(BMSD_TESTS_DIR) + "/vectors/" + file);
  if (!stream) throw std::runtime_error("no vectors: " + file);
  std::vector<Vector> vectors;
  for (const json& object : json::parse(stream)) {
    if (object.contains("kind") || object.contains("exchanges") || object.contains("frames")) continue;
    Vector vector;
    vector.name = object.at("name").get<std::string>();
    vector.request = bytes_of(object, "request");
    vector.response = bytes_of(object, "response");
    const json params = object.value("params", json::object());
    for (const auto& [key, value] : params.items()) {
      vector.params.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
    }
    vector.expect = object.value("expect", json());
    vector.expect_absent = object.value("expect_absent", std::vector<std::string>());
    vector.expect_error = object.value("expect_error", std::string());
    vector.must_hold = !object.value("optional", false) && object.value("class", std::string()) != "informative";
    if (vector.expect.is_null() == vector.expect_error.empty())
      throw std::runtime_error("no expectation: " + vector.name);
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

Errc code_of(const std::string& word) {
  const std::map<std::string, Errc> codes = {{"bad_chksum", Errc::checksum},
                                             {"bad_lchksum", Errc::checksum},
                                             {"bad_checksum", Errc::checksum},
                                             {"bad_crc", Errc::checksum},
                                             {"truncated", Errc::incomplete},
                                             {"missing_frame", Errc::incomplete},
                                             {"no_reply", Errc::timeout},
                                             {"no_answer", Errc::timeout},
                                             {"odd_length", Errc::length},
                                             {"length_mismatch", Errc::length},
                                             {"bad_length", Errc::length},
                                             {"wrong_length", Errc::length},
                                             {"info_too_short", Errc::length},
                                             {"count_overrun", Errc::length},
                                             {"wrong_adr", Errc::address},
                                             {"wrong_address", Errc::address},
                                             {"wrong_cid1", Errc::command},
                                             {"wrong_ver", Errc::command},
                                             {"wrong_type", Errc::command},
                                             {"wrong_command", Errc::command},
                                             {"wrong_function", Errc::command},
                                             {"header_mismatch", Errc::command},
                                             {"unknown_register", Errc::command},
                                             {"unknown_id", Errc::command},
                                             {"echo", Errc::command},
                                             {"not_this_bms", Errc::command},
                                             {"bad_soi", Errc::noise},
                                             {"non_hex", Errc::noise},
                                             {"bad_header", Errc::noise},
                                             {"bad_trailer", Errc::noise},
                                             {"bad_end_byte", Errc::noise},
                                             {"modbus_exception", Errc::refused},
                                             {"status_error", Errc::refused},
                                             {"implausible", Errc::implausible},
                                             {"absurd_cell_count", Errc::implausible},
                                             {"out_of_range_value", Errc::implausible}};
  if (word.starts_with("rtn_")) return Errc::refused;
  const auto found = codes.find(word);
  if (found == codes.end()) throw std::runtime_error("a word without a code: " + word);
  return found->second;
}

std::vector<std::string> differences(const Protocol& protocol, const Vector& vector, const Result<Reading>& result) {
  if (!vector.expect_error.empty()) {
    if (result) return {"accepted, but should be refused: " + vector.expect_error};
    const Error& error = result.error();
    if (error.code == code_of(vector.expect_error) && error.what == vector.expect_error) return {};
    return {"refused as " + describe(error) + ", should be " + vector.expect_error};
  }
  if (!result) return {"refused: " + describe(result.error())};

  std::vector<std::string> found;
  for (const auto& [key, wanted] : vector.expect.items()) {
    const json got = said(protocol, *result, key);
    // Some sheets list alarms by bit, others by name.
    if (!(key == "alarms" ? equal(sorted(wanted), sorted(got)) : equal(wanted, got)))
      found.push_back(key + " is " + got.dump() + ", should be " + wanted.dump());
  }
  for (const std::string& key : vector.expect_absent) {
    const json got = said(protocol, *result, key);
    if (!got.is_null()) found.push_back(key + " is " + got.dump() + ", should be absent");
  }
  return found;
}

const Vector& vector_named(const std::vector<Vector>& vectors, std::string_view name) {
  const auto found = std::find_if(vectors.begin(), vectors.end(), [&](const Vector& v) { return v.name == name; });
  if (found == vectors.end()) throw std::runtime_error("no vector called " + std::string(name));
  return *found;
}

}  // namespace bmsd::test
