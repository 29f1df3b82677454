#include "sink/table.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "sink/text.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

struct Entry {
  std::string text;
  Color color = Color::none;
};

enum Column : std::size_t {
  name,
  state,
  volt,
  ampere,
  watt,
  soc,
  celsius,
  lowest,
  highest,
  spread,
  cvl,
  ccl,
  dcl,
  column_count
};

constexpr std::array<const char*, column_count> kHeads = {"Battery",  "State",    "V",  "A",     "W",     "SoC %", "°C",
                                                          "Min cell", "Max cell", "mV", "CVL V", "CCL A", "DCL A"};
// Least widths, so that a live view does not move with every digit: "-120.5" A, "-12345" W, "C16 3.345".
constexpr std::array<std::size_t, column_count> kLeast = {7, 8, 5, 6, 6, 5, 4, 9, 9, 3, 5, 5, 5};
// What a narrow terminal can do without, first what is missed least.
constexpr std::array kDispensable = {watt, celsius, spread, highest, lowest, cvl, dcl, ccl, ampere, volt, soc};

using Row = std::array<Entry, column_count>;

Entry state_entry(const Json& connection) {
  const std::string said = text_at(connection, "state");
  if (said.empty() || said == "connected") return {"ok", Color::green};
  const std::string since = short_duration(number_at(connection, "lost_for_s").value_or(0));
  return {said + " " + since, said == "lost" ? Color::yellow : Color::red};
}

Entry limit_entry(const Json& limits, const char* value, const char* allowed) {
  const auto permission = limits.find(allowed);
  const bool forbidden = permission != limits.end() && *permission == false;
  return {fixed(number_at(limits, value), 1), forbidden ? Color::red : Color::none};
}

void add_cells(const Json& battery, Row& row) {
  row[lowest].text = row[highest].text = row[spread].text = "-";
  const auto cells = numbers_at(battery, "cell_voltages_v");
  if (cells.empty()) return;
  const auto low = std::min_element(cells.begin(), cells.end());
  const auto high = std::max_element(cells.begin(), cells.end());
  row[lowest].text = "C" + std::to_string(low - cells.begin() + 1) + " " + fixed(*low, 3);
  row[highest].text = "C" + std::to_string(high - cells.begin() + 1) + " " + fixed(*high, 3);
  row[spread].text = fixed((*high - *low) * 1000, 0);
}

Row row_of(const Json& battery) {
  const Json limits = object_at(battery, "limits");
  Row row;
  row[name].text = text_at(battery, "id");
  row[state] = state_entry(object_at(battery, "connection"));
  row[volt].text = fixed(number_at(battery, "voltage_v"), 2);
  row[ampere].text = fixed(number_at(battery, "current_a"), 1);
  row[watt].text = fixed(number_at(battery, "power_w"), 0);
  row[soc].text = fixed(number_at(battery, "soc_percent"), 1);
  row[celsius].text = fixed(number_at(battery, "temperature_c"), 1);
  add_cells(battery, row);
  row[cvl].text = fixed(number_at(limits, "cvl_v"), 2);
  row[ccl] = limit_entry(limits, "ccl_a", "allow_to_charge");
  row[dcl] = limit_entry(limits, "dcl_a", "allow_to_discharge");
  return row;
}

// The columns that are shown, their widths, and the blanks between them.
struct Layout {
  std::array<std::size_t, column_count> widths{};  // 0: left out
  std::size_t gap = 2;

  std::size_t total() const {
    const auto shown =
        static_cast<std::size_t>(std::count_if(widths.begin(), widths.end(), [](auto w) { return w > 0; }));
    return std::accumulate(widths.begin(), widths.end(), std::size_t{0}) + gap * (shown - 1);
  }
};

Layout layout_of(const std::vector<Row>& rows, std::size_t width) {
  Layout layout;
  for (std::size_t i = 0; i < column_count; ++i) {
    layout.widths[i] = std::max(kLeast[i], columns(kHeads[i]));
    for (const Row& row : rows) layout.widths[i] = std::max(layout.widths[i], columns(row[i].text));
  }
  if (layout.total() > width) layout.gap = 1;
  for (const Column column : kDispensable) {
    if (layout.total() <= width) break;
    layout.widths[column] = 0;
  }
  return layout;
}

std::string line_of(const Row& row, const Layout& layout, const TextStyle& style) {
  std::string line;
  std::size_t left = style.width;
  for (std::size_t i = 0; i < column_count; ++i) {
    if (layout.widths[i] == 0) continue;
    const std::size_t gap = std::min(line.empty() ? 0 : layout.gap, left);
    line.append(gap, ' ');
    left -= gap;
    const std::string text = cut(
        i <= state ? padded_right(row[i].text, layout.widths[i]) : padded_left(row[i].text, layout.widths[i]), left);
    left -= columns(text);
    line += painted(text, row[i].color, style.color);
  }
  return line + "\n";
}

// What a glance must not miss: alarms, a lost connection, what holds the current back.
std::string remarks_of(const Json& battery, const TextStyle& style) {
  std::string lines;
  const auto remark = [&](const std::string& text, Color color) {
    lines += painted(cut("  " + text, style.width), color, style.color) + "\n";
  };
  const auto raised = raised_alarms(battery);
  if (!raised.empty()) {
    const bool alarm = raised.front().ends_with(": alarm");
    remark("! " + join(raised, ", "), alarm ? Color::red : Color::yellow);
  }
  const Json connection = object_at(battery, "connection");
  if (const std::string said = text_at(connection, "state"); said == "lost" || said == "blocked") {
    remark(text_at(connection, "text"), Color::yellow);
  }
  const Json limits = object_at(battery, "limits");
  std::vector<std::string> causes;
  const std::string charge = text_at(limits, "charge_reason"), discharge = text_at(limits, "discharge_reason");
  if (!charge.empty() && charge != "Max Battery Charge Current") causes.push_back("charge limited by: " + charge);
  if (!discharge.empty() && discharge != "Max Battery Discharge Current") {
    causes.push_back("discharge limited by: " + discharge);
  }
  if (!causes.empty()) remark(join(causes, "   "), Color::dim);
  return lines;
}

}  // namespace

std::string battery_table(const Json& batteries, const TextStyle& style) {
  if (!batteries.is_array() || batteries.empty()) return cut("No battery has answered yet.", style.width) + "\n";
  std::vector<Row> rows;
  for (const Json& battery : batteries) rows.push_back(row_of(battery));
  const Layout layout = layout_of(rows, style.width);

  Row head;
  for (std::size_t i = 0; i < column_count; ++i) head[i] = {kHeads[i], Color::bold};
  std::string table = line_of(head, layout, style);
  table += painted(rule(std::min(layout.total(), style.width)), Color::dim, style.color) + "\n";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    table += line_of(rows[i], layout, style) + remarks_of(batteries[i], style);
  }
  return table;
}

}  // namespace bmsd
