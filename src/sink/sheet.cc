#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "battery/alarms.h"
#include "battery/fields.h"
#include "control/times_to_go.h"
#include "sink/table.h"
#include "sink/text.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLabel = 38;  // columns

// Collects lines, none longer than the style allows.
class Sheet {
 public:
  explicit Sheet(const TextStyle& style) : style_(style) {}

  void heading(const std::string& text) {
    text_ += painted(cut(text, style_.width), Color::bold, style_.color) + "\n";
    text_ += painted(rule(std::min<std::size_t>(style_.width, 100)), Color::dim, style_.color) + "\n";
  }
  void section(const std::string& title) {
    text_ += "\n" + painted(cut(title, style_.width), Color::bold, style_.color) + "\n";
  }
  void line(const std::string& label, const std::string& value, Color color = Color::none) {
    const std::string wide = columns(label) < kLabel ? padded_right(label, kLabel) : label + "  ";
    const std::string start = cut(value.empty() ? "  " + label : "  " + wide, style_.width);
    text_ += start + painted(cut(value, style_.width - columns(start)), color, style_.color) + "\n";
  }
  // As many lines as it takes.
  void paragraph(const std::string& text) {
    const std::string first = "  ", later = "    ";
    std::string line = first;
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(' ', begin), text.size());
      const std::string word = text.substr(begin, end - begin);
      const bool is_first = line == first || line == later;
      if (!is_first && columns(line) + 1 + columns(word) > style_.width) {
        text_ += painted(cut(line, style_.width), Color::dim, style_.color) + "\n";
        line = later + word;
      } else {
        line += (is_first ? "" : " ") + word;
      }
      begin = end + 1;
    }
    text_ += painted(cut(line, style_.width), Color::dim, style_.color) + "\n";
  }
  // Cells of a table that has as many columns as fit.
  void grid(const std::vector<std::string>& items) {
    std::size_t widest = 1;
    for (const std::string& item : items) widest = std::max(widest, columns(item));
    const std::size_t fit = std::max<std::size_t>(1, style_.width / (widest + 3));
    const std::size_t per_line = fit >= 8 ? 8 : fit >= 4 ? 4 : fit;
    std::string row;
    for (std::size_t i = 0; i < items.size(); ++i) {
      row += "   " + padded_right(items[i], widest);
      if ((i + 1) % per_line == 0 || i + 1 == items.size()) {
        row.erase(row.find_last_not_of(' ') + 1);
        text_ += cut(row, style_.width) + "\n";
        row.clear();
      }
    }
  }
  std::string take() { return std::move(text_); }

 private:
  TextStyle style_;
  std::string text_;
};

std::string with_unit(std::string value, std::string_view unit) {
  if (!unit.empty() && value != "-") value.append(" ").append(unit);
  return value;
}

std::string field_text(const Json& battery, const FieldInfo& field) {
  if (field.quantity == Quantity::flag) {
    const auto found = battery.find(field.key);
    return found == battery.end() || !found->is_boolean() ? "-" : found->get<bool>() ? "on" : "off";
  }
  return with_unit(fixed(number_at(battery, field.key), field.decimals), unit_of(field.quantity));
}

// "3d 4h", of a number of seconds.
std::string time_text(double seconds) {
  return std::abs(seconds) < 1e15 ? duration_text(static_cast<std::int64_t>(seconds)) : "-";
}

// Where the state of charge is not the one of the BMS.
std::string source_text(const Json& battery) {
  const std::string source = text_at(battery, "soc_source");
  if (source != "counted" && source != "sensor") return {};
  const auto said = number_at(battery, "soc_bms_percent");
  return std::string(source == "counted" ? "   (counted" : "   (of the external sensor") +
         (said ? "; the BMS says " + fixed(said, 2) + " %)" : ")");
}

void add_charge(const Json& battery, Sheet& sheet) {
  const auto optional = [&](const char* label, const char* key, int decimals, const char* unit) {
    if (const auto value = number_at(battery, key)) sheet.line(label, with_unit(fixed(value, decimals), unit));
  };
  optional("Current as the BMS says it", "current_bms_a", 2, "A");
  optional("Mean current of 5 minutes", "mean_current_a", 2, "A");
  optional("Consumed", "consumed_ah", 2, "Ah");
  if (const auto seconds = number_at(battery, "time_to_go_s")) sheet.line("Time to go", time_text(*seconds));
  const auto points = battery.find("times_to_soc");
  if (points == battery.end() || !points->is_array()) return;
  for (const Json& point : *points) {
    const auto seconds = number_at(point, "time_s");
    sheet.line("Time to " + with_unit(fixed(number_at(point, "soc_percent"), 0), "%"),
               seconds ? time_text(*seconds) : "-");
  }
}

void add_fields(const Json& battery, Sheet& sheet) {
  sheet.section("Battery");
  const Json quality = object_at(battery, "quality");
  for (const FieldInfo& field : kFields) {
    const std::string doubt = text_at(quality, field.key);
    if (!battery.contains(field.key) && doubt.empty()) continue;
    std::string value = field_text(battery, field);
    if (doubt == "rejected") value += "   (the last one was implausible and rejected)";
    if (doubt == "held") value += "   (the last one jumps, and waits to be confirmed)";
    if (doubt == "unknown") value += "   (unknown to the BMS)";
    if (std::string_view(field.key) == info(Field::soc).key) value += source_text(battery);
    sheet.line(field.label, value, doubt.empty() ? Color::none : Color::yellow);
    if (std::string_view(field.key) == info(Field::current).key && battery.contains("power_w")) {
      sheet.line("Power", with_unit(fixed(number_at(battery, "power_w"), 1), "W"));
    }
  }
  if (battery.contains("temperature_c")) {
    sheet.line("Temperature", with_unit(fixed(number_at(battery, "temperature_c"), 1), unit_of(Quantity::celsius)));
  }
  add_charge(battery, sheet);
  for (const TextInfo& text : kTexts) {
    if (const std::string value = text_at(battery, text.key); !value.empty()) sheet.line(text.label, value);
  }
}

void add_history(const Json& battery, Sheet& sheet) {
  const Json history = object_at(battery, "history");
  if (history.empty()) return;
  sheet.section("History");
  const auto value = [&](const char* label, const char* key, int decimals, const char* unit) {
    if (const auto number = number_at(history, key)) sheet.line(label, with_unit(fixed(number, decimals), unit));
  };
  const auto range = [&](const char* label, const char* low, const char* high, int decimals, const char* unit) {
    const auto lowest = number_at(history, low), highest = number_at(history, high);
    if (lowest || highest)
      sheet.line(label, with_unit(fixed(lowest, decimals) + " to " + fixed(highest, decimals), unit));
  };
  if (const auto seconds = number_at(history, "time_since_last_full_charge_s"))
    sheet.line("Last full charge", time_text(*seconds) + " ago");
  value("Full charges", "automatic_syncs", 0, "");
  value("Charge cycles", "charge_cycles", 1, "");
  value("Charge drawn", "total_drawn_ah", 1, "Ah");
  value("Energy charged", "charged_energy_kwh", 2, "kWh");
  value("Energy discharged", "discharged_energy_kwh", 2, "kWh");
  value("Deepest discharge", "deepest_discharge_ah", 1, "Ah");
  value("Last discharge", "last_discharge_ah", 1, "Ah");
  value("Mean discharge", "average_discharge_ah", 1, "Ah");
  value("Full discharges", "full_discharges", 0, "");
  range("Voltage", "minimum_voltage_v", "maximum_voltage_v", 2, "V");
  range("Cell voltage", "minimum_cell_voltage_v", "maximum_cell_voltage_v", 3, "V");
  range("Temperature", "minimum_temperature_c", "maximum_temperature_c", 1, "°C");
  value("Alarms of low voltage", "low_voltage_alarms", 0, "");
  value("Alarms of high voltage", "high_voltage_alarms", 0, "");
}

void add_cells(const Json& battery, Sheet& sheet) {
  const auto cells = numbers_at(battery, kCellVoltages.key);
  const auto balancing = numbers_at(battery, kBalancingCells);
  if (!cells.empty()) {
    const auto low = std::min_element(cells.begin(), cells.end()) - cells.begin();
    const auto high = std::max_element(cells.begin(), cells.end()) - cells.begin();
    const auto at = [&](std::ptrdiff_t i) { return cells[static_cast<std::size_t>(i)]; };
    sheet.section(fmt::format("Cells: {} in V, spread {:.0f} mV, lowest C{} {:.3f}, highest C{} {:.3f}", cells.size(),
                              (at(high) - at(low)) * 1000, low + 1, at(low), high + 1, at(high)));
    std::vector<std::string> items;
    for (std::ptrdiff_t i = 0; i < std::ssize(cells); ++i) {
      std::string item = fmt::format("C{:<2} {:.3f}", i + 1, at(i));
      if (low != high && i == low) item += " ↓";
      if (low != high && i == high) item += " ↑";
      if (std::find(balancing.begin(), balancing.end(), static_cast<double>(i + 1)) != balancing.end()) item += " ≈";
      items.push_back(item);
    }
    sheet.grid(items);
  }
  if (!balancing.empty()) {
    std::vector<std::string> names;
    for (const double cell : balancing) names.push_back(fmt::format("C{:.0f}", cell));
    sheet.line("Balancing (≈)", join(names, ", "));
  }
  const auto sensors = numbers_at(battery, kCellTemperatures.key);
  if (!sensors.empty()) {
    sheet.section("Temperature sensors in °C");
    std::vector<std::string> items;
    items.reserve(sensors.size());
    for (std::size_t i = 0; i < sensors.size(); ++i) items.push_back(fmt::format("T{:<2} {:.1f}", i + 1, sensors[i]));
    sheet.grid(items);
  }
}

void add_direction(const Json& limits, const char* label, const char* value, const char* reason, const char* allowed,
                   Sheet& sheet) {
  const bool permitted = limits.contains(allowed) && limits[allowed] == true;
  sheet.line(label,
             fmt::format("{} A   {}   ({})", fixed(number_at(limits, value), 3), permitted ? "allowed" : "not allowed",
                         text_at(limits, reason)),
             permitted ? Color::none : Color::red);
}

void add_limits(const Json& battery, Sheet& sheet) {
  const Json limits = object_at(battery, "limits");
  if (limits.empty()) return;
  sheet.section("Limits");
  const std::string mode = text_at(limits, "charge_mode");
  sheet.line("Charge voltage (CVL)",
             with_unit(fixed(number_at(limits, "cvl_v"), 2), "V") + (mode.empty() ? "" : "   (" + mode + ")"));
  add_direction(limits, "Charge current (CCL)", "ccl_a", "charge_reason", "allow_to_charge", sheet);
  add_direction(limits, "Discharge current (DCL)", "dcl_a", "discharge_reason", "allow_to_discharge", sheet);
  sheet.line("Low voltage", with_unit(fixed(number_at(limits, "low_voltage_v"), 2), "V"));
  const Json explanation = object_at(limits, "explanation");
  for (const char* key : {"stage", "cvl", "ccl", "dcl"}) {
    if (const std::string text = text_at(object_at(explanation, key), "text"); !text.empty()) sheet.paragraph(text);
  }
}

void add_alarms(const Json& battery, Sheet& sheet) {
  sheet.section("Alarms");
  const auto raised = raised_alarms(battery);
  if (raised.empty()) sheet.line("none", "", Color::green);
  for (const std::string& alarm : raised) {
    const std::size_t colon = alarm.rfind(": ");
    const std::string severity = alarm.substr(colon + 2);
    sheet.line(alarm.substr(0, colon), severity, severity == "alarm" ? Color::red : Color::yellow);
  }
  if (const auto names = texts_at(battery, "alarms"); !names.empty()) {
    sheet.line("As the BMS says it", join(names, ", "));
  }
}

void add_connection(const Json& battery, Sheet& sheet) {
  const Json connection = object_at(battery, "connection");
  if (connection.empty()) return;
  sheet.section("Connection");
  const bool connected = text_at(connection, "state") == "connected";
  sheet.line("State", text_at(connection, "text"), connected ? Color::green : Color::red);
  sheet.line("Rounds", fmt::format("{}, {} failed", fixed(number_at(connection, "rounds"), 0),
                                   fixed(number_at(connection, "failed_rounds"), 0)));
  const auto optional = [&](const char* label, const char* key, int decimals, const char* unit) {
    if (const auto value = number_at(connection, key)) sheet.line(label, with_unit(fixed(value, decimals), unit));
  };
  optional("Update period", "period_s", 2, "s");
  optional("First byte of a reply after", "latency_ms", 1, "ms");
  optional("Age of the values", "age_s", 1, "s");
  std::vector<std::string> errors;
  const Json counts = object_at(connection, "errors");
  for (const auto& [code, count] : counts.items()) {
    if (count.is_number()) errors.push_back(fmt::format("{:.0f} {}", count.get<double>(), printable(code)));
  }
  if (!errors.empty()) sheet.line("Failed exchanges", join(errors, ", "));
  if (const std::string last = text_at(connection, "last_error"); !last.empty()) sheet.line("Last error", last);
  if (number_at(connection, "rejected").value_or(0) > 0) {
    sheet.line("Implausible values refused",
               fmt::format("{}, last rule: {}", fixed(number_at(connection, "rejected"), 0),
                           text_at(connection, "last_rejection")));
  }
  const auto odd_values = connection.find("odd");
  if (odd_values == connection.end() || !odd_values->is_array()) return;
  for (const Json& odd : *odd_values) {
    const auto held = number_at(odd, "held"), last = number_at(odd, "last");
    if (!held) continue;
    sheet.line("Jumps held once",
               fmt::format("{}x {}, {}{}, {} ago", fixed(held, 0), text_at(odd, "field"), text_at(odd, "rule"),
                           last ? fmt::format(" ({:g})", *last) : "", time_text(number_at(odd, "age_s").value_or(0))));
  }
}

void add_extras(const Json& battery, Sheet& sheet) {
  const Json extras = object_at(battery, "extras");
  if (extras.empty()) return;
  sheet.section("Only this BMS tells");
  for (const auto& [key, value] : extras.items()) {
    const std::string text = value.is_string() ? value.get<std::string>()
                             : value.is_null() ? "-"
                                               : value.dump(-1, ' ', false, Json::error_handler_t::replace);
    sheet.line(printable(key), printable(text));
  }
}

}  // namespace

std::string battery_sheet(const Json& battery, const TextStyle& style) {
  if (!battery.is_object()) return "\n";
  Sheet sheet(style);
  std::vector<std::string> title;
  for (const char* key : {"id", "bms_type", "identity", "port"}) {
    if (std::string part = text_at(battery, key); !part.empty()) title.push_back(std::move(part));
  }
  sheet.heading(join(title, "  ·  "));
  add_fields(battery, sheet);
  add_cells(battery, sheet);
  add_limits(battery, sheet);
  add_alarms(battery, sheet);
  add_history(battery, sheet);
  add_connection(battery, sheet);
  add_extras(battery, sheet);
  return sheet.take();
}

}  // namespace bmsd
