#include "app/reading_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <type_traits>

namespace bmsd {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr char kAlarms[] = "alarms";
constexpr int kWireDecimals = 3;                       // no wire format here is finer; people are shown fewer
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53: a double holds every integer up to here

std::string key_in_words_of(const Protocol& protocol, std::string_view key) {
  for (const Word& word : protocol.words) {
    if (word.key == key) return std::string(word.sheets_word);
  }
  return std::string(key);
}

OrderedJson plain_number(double value) {
  if (value == std::floor(value) && std::abs(value) < kExactIntegers) return static_cast<std::int64_t>(value);
  return std::isfinite(value) ? OrderedJson(value) : OrderedJson(nullptr);
}

OrderedJson extra_json(const ExtraValue& value) {
  return std::visit(
      [](const auto& content) -> OrderedJson {
        using Content = std::decay_t<decltype(content)>;
        if constexpr (std::is_same_v<Content, std::monostate>) {
          return nullptr;
        } else if constexpr (std::is_same_v<Content, double>) {
          return plain_number(content);
        } else if constexpr (std::is_same_v<Content, std::vector<double>>) {
          OrderedJson list = OrderedJson::array();
          for (const double number : content) list.push_back(plain_number(number));
          return list;
        } else if constexpr (std::is_same_v<Content, std::map<std::string, double>>) {
          OrderedJson object = OrderedJson::object();
          for (const auto& [key, number] : content) object[key] = plain_number(number);
          return object;
        } else if constexpr (std::is_same_v<Content, std::vector<ExtraRecord>>) {
          OrderedJson list = OrderedJson::array();
          for (const ExtraRecord& record : content) {
            OrderedJson& object = list.emplace_back(OrderedJson::object());
            for (const auto& [key, item] : record.values) object[key] = extra_json(item);
          }
          return list;
        } else {
          return content;
        }
      },
      value);
}

OrderedJson list_json(const std::vector<double>& list, int decimals) {
  OrderedJson numbers = OrderedJson::array();
  for (const double number : list) numbers.push_back(number_json(number, decimals));
  return numbers;
}

std::vector<int> numbers_of(const CellSet& cells) {
  std::vector<int> numbers;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells.test(i)) numbers.push_back(static_cast<int>(i) + 1);
  }
  return numbers;
}

OrderedJson field_json(Field field, const Reading& reading) {
  const auto value = reading.get(field);
  if (!value) return nullptr;
  if (info(field).quantity == Quantity::flag) return *value != 0;
  const int decimals = info(field).decimals;
  return number_json(*value, decimals == 0 ? 0 : std::max(decimals, kWireDecimals));
}

void add_alarms(const Alarms& alarms, OrderedJson& values) {
  std::vector<std::string> names;
  if (values.contains(kAlarms)) names = values[kAlarms].get<std::vector<std::string>>();
  names.insert(names.end(), alarms.names.begin(), alarms.names.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  values[kAlarms] = names;
}

void add_row(std::string& table, std::string_view label, std::string_view content, std::string_view unit = {}) {
  table += fmt::format("{:<36}{}{}{}\n", label, content, unit.empty() ? "" : " ", unit);
}

std::string list_text(const std::vector<double>& list, int decimals) {
  std::string text;
  for (const double number : list) text += fmt::format("{}{:.{}f}", text.empty() ? "" : " ", number, decimals);
  return text.empty() ? "none" : text;
}

std::string item_text(const OrderedJson& json) {
  if (json.is_null()) return "not set";
  if (json.is_boolean()) return json.get<bool>() ? "yes" : "no";
  if (json.is_string()) return json.get_ref<const std::string&>().empty() ? "empty" : json.get<std::string>();
  return json.dump();
}

std::string extra_text(const ExtraValue& value) {
  const OrderedJson json = extra_json(value);
  if (!json.is_array()) return item_text(json);
  std::string text;
  for (const OrderedJson& item : json) text += (text.empty() ? "" : " ") + item_text(item);
  return text.empty() ? "none" : text;
}

}  // namespace

OrderedJson number_json(double value, int decimals) {
  if (!std::isfinite(value)) return nullptr;
  const double scale = std::pow(10.0, decimals);
  const double rounded = std::round(value * scale) / scale;
  if (decimals == 0 && std::abs(rounded) < kExactIntegers) return static_cast<std::int64_t>(rounded);
  return rounded == 0 ? 0.0 : rounded;  // no -0.0
}

void add_reading(const Protocol& protocol, const Reading& reading, OrderedJson& values) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const Field field = field_at(i);
    if (reading.says(field) != Says::nothing)
      values[key_in_words_of(protocol, info(field).key)] = field_json(field, reading);
  }
  const auto add_list = [&](const FieldInfo& field, const std::optional<std::vector<double>>& list) {
    if (list) values[key_in_words_of(protocol, field.key)] = list_json(*list, field.decimals);
  };
  add_list(kCellVoltages, reading.cell_voltages);
  add_list(kCellTemperatures, reading.cell_temperatures);
  if (reading.balancing_cells)
    values[key_in_words_of(protocol, kBalancingCells)] = numbers_of(*reading.balancing_cells);
  if (reading.alarms) add_alarms(*reading.alarms, values);
  for (const auto& [text, content] : reading.texts) values[key_in_words_of(protocol, info(text).key)] = content;
  for (const auto& [key, value] : reading.extras) values[key] = extra_json(value);
}

std::string reading_table(const Reading& reading) {
  std::string table;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const FieldInfo& field = info(field_at(i));
    if (reading.says(field_at(i)) == Says::nothing) continue;
    const auto value = reading.get(field_at(i));
    if (!value) {
      add_row(table, field.label, "unknown");
    } else if (field.quantity == Quantity::flag) {
      add_row(table, field.label, *value != 0 ? "on" : "off");
    } else {
      add_row(table, field.label, fmt::format("{:.{}f}", *value, field.decimals), unit_of(field.quantity));
    }
  }
  const auto add_list = [&](const FieldInfo& field, const std::optional<std::vector<double>>& list) {
    if (list)
      add_row(table, field.label, list_text(*list, field.decimals), list->empty() ? "" : unit_of(field.quantity));
  };
  add_list(kCellVoltages, reading.cell_voltages);
  add_list(kCellTemperatures, reading.cell_temperatures);
  if (reading.balancing_cells) {
    const auto cells = numbers_of(*reading.balancing_cells);
    add_row(table, "Balancing cells", cells.empty() ? "none" : fmt::format("{}", fmt::join(cells, " ")));
  }
  if (reading.alarms) {
    const auto& names = reading.alarms->names;
    add_row(table, "Alarms", names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
  }
  for (const auto& [text, content] : reading.texts) add_row(table, info(text).label, content);
  for (const auto& [key, value] : reading.extras) add_row(table, key, extra_text(value));
  return table;
}

}  // namespace bmsd
