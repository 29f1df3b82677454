#include "config/cross_checks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <string>

namespace bmsd {
namespace {

using Keys = std::initializer_list<std::string_view>;

struct Check {
  Settings& settings;
  const Settings& wider;
  const Places& places;
  std::vector<Finding>& findings;

  double real(std::string_view key) const { return settings.real(key); }
  bool flag(std::string_view key) const { return settings.flag(key); }
  bool is_set(std::string_view key) const { return !std::holds_alternative<std::monostate>(settings[key]); }
  std::string text(std::string_view key) const {
    return std::string(key) + " " + to_text(settings[key], *find_key(key));
  }

  // `involved`: of those that are equally narrow the first counts. Where none of them is written, there is no line.
  void say(Finding::Weight weight, Keys involved, std::string text, std::string advice = "") const {
    Finding finding;
    finding.weight = weight;
    finding.key = *involved.begin();
    int depth = 0;
    for (const std::string_view key : involved) {
      const auto place = places.find(key);
      if (place == places.end() || place->second.depth <= depth) continue;
      finding.key = key;
      finding.section = place->second.section;
      finding.line = place->second.line;
      depth = place->second.depth;
    }
    finding.text = std::move(text);
    finding.advice = std::move(advice);
    findings.push_back(std::move(finding));
  }

  // `key` becomes the value of `bound`, because it lies beyond that.
  void bind(std::string_view key, std::string_view bound, const char* beyond, std::string_view switched_on = {}) const {
    say(Finding::corrected, {key, bound, switched_on.empty() ? key : switched_on},
        text(key) + " is " + beyond + " " + text(bound) + "; " + to_text(real(bound)) + " is used");
    settings.set(key, real(bound));
  }
};

// --- Lists that belong together ---

struct Pair {
  std::string_view inputs, values;
};

constexpr std::array<Pair, 8> kTables = {{
    {"CELL_VOLTAGES_WHILE_CHARGING", "MAX_CHARGE_CURRENT_CV_FRACTION"},
    {"CELL_VOLTAGES_WHILE_DISCHARGING", "MAX_DISCHARGE_CURRENT_CV_FRACTION"},
    {"TEMPERATURES_WHILE_CHARGING", "MAX_CHARGE_CURRENT_T_FRACTION"},
    {"TEMPERATURES_WHILE_DISCHARGING", "MAX_DISCHARGE_CURRENT_T_FRACTION"},
    {"MOSFET_TEMPERATURES_WHILE_CHARGING", "MAX_CHARGE_CURRENT_T_MOSFET_FRACTION"},
    {"MOSFET_TEMPERATURES_WHILE_DISCHARGING", "MAX_DISCHARGE_CURRENT_T_MOSFET_FRACTION"},
    {"SOC_WHILE_CHARGING", "MAX_CHARGE_CURRENT_SOC_FRACTION"},
    {"SOC_WHILE_DISCHARGING", "MAX_DISCHARGE_CURRENT_SOC_FRACTION"},
}};
constexpr Pair kCurrentMap = {"CURRENT_REPORTED_BY_BMS", "CURRENT_MEASURED_BY_USER"};

std::string items(std::size_t count) { return std::to_string(count) + (count == 1 ? " item" : " items"); }

void fall_back(const Check& check, const Pair& pair, std::string what, std::string advice) {
  for (const std::string_view key : {pair.inputs, pair.values}) check.settings.set(key, check.wider[key]);
  const bool standard =
      check.wider[pair.inputs] == Settings()[pair.inputs] && check.wider[pair.values] == Settings()[pair.values];
  check.say(Finding::unusable, {pair.inputs, pair.values},
            std::move(what) + (standard ? "; the default lists are used" : "; the lists of the wider section are used"),
            std::move(advice));
}

bool usable(const Check& check, std::string_view key) {
  const auto place = check.places.find(key);
  return place == check.places.end() || place->second.usable;
}

// Half of a table must not be joined with half of another one. The half that cannot be used was told already.
bool both_usable(const Check& check, const Pair& pair) {
  const bool inputs = usable(check, pair.inputs), values = usable(check, pair.values);
  if (inputs && values) return true;
  const std::string_view good = inputs ? pair.inputs : pair.values, bad = inputs ? pair.values : pair.inputs;
  for (const std::string_view key : {good, bad}) check.settings.set(key, check.wider[key]);
  if ((inputs || values) && check.places.count(good) != 0) {
    check.say(Finding::unusable, {good},
              std::string(bad) + " cannot be used, so this list, which belongs to it, is not used either");
  }
  return false;
}

bool same_length(const Check& check, const Pair& pair) {
  const std::size_t inputs = check.settings.reals(pair.inputs).size(),
                    values = check.settings.reals(pair.values).size();
  if (inputs == values) return true;
  fall_back(
      check, pair,
      std::string(pair.inputs) + " has " + items(inputs) + " and " + std::string(pair.values) + " has " + items(values),
      "both lists need as many items");
  return false;
}

void tables_fit(const Check& check) {
  for (const Pair& pair : kTables) {
    if (!both_usable(check, pair) || !same_length(check, pair)) continue;
    const auto& inputs = check.settings.reals(pair.inputs);
    if (std::is_sorted(inputs.begin(), inputs.end()) ||
        std::is_sorted(inputs.begin(), inputs.end(), std::greater<>())) {
      continue;
    }
    fall_back(check, pair, check.text(pair.inputs) + " neither rises nor falls all the way", "sort both lists");
  }
}

void current_map_fits(const Check& check) {
  if (!both_usable(check, kCurrentMap) || !same_length(check, kCurrentMap)) return;
  const auto& inputs = check.settings.reals(kCurrentMap.inputs);
  if (std::adjacent_find(inputs.begin(), inputs.end(), std::greater_equal<>()) == inputs.end()) return;
  fall_back(check, kCurrentMap, check.text(kCurrentMap.inputs) + " does not rise from item to item", "sort both lists");
}

// --- Cell voltages ---

// The charge voltage is believed first: raising it could overcharge.
void minimum_below_maximum(const Check& check) {
  if (check.real("MIN_CELL_VOLTAGE") < check.real("MAX_CELL_VOLTAGE")) return;
  std::string what = check.text("MIN_CELL_VOLTAGE") + " is not below " + check.text("MAX_CELL_VOLTAGE");
  const double maximum = std::min(check.real("MAX_CELL_VOLTAGE"), check.wider.real("MAX_CELL_VOLTAGE"));
  double minimum = std::min(check.real("MIN_CELL_VOLTAGE"), check.wider.real("MIN_CELL_VOLTAGE"));
  if (minimum >= maximum) minimum = std::round((maximum - 0.1) * 1000) / 1000;
  check.settings.set("MAX_CELL_VOLTAGE", maximum);
  check.settings.set("MIN_CELL_VOLTAGE", minimum);
  check.say(Finding::unusable, {"MIN_CELL_VOLTAGE", "MAX_CELL_VOLTAGE"},
            std::move(what) + "; " + to_text(minimum) + " and " + to_text(maximum) + " are used");
}

void float_within_range(const Check& check) {  // C1, C2
  if (check.real("FLOAT_CELL_VOLTAGE") > check.real("MAX_CELL_VOLTAGE")) {
    check.bind("FLOAT_CELL_VOLTAGE", "MAX_CELL_VOLTAGE", "above");
  }
  if (check.real("FLOAT_CELL_VOLTAGE") < check.real("MIN_CELL_VOLTAGE")) {
    check.bind("FLOAT_CELL_VOLTAGE", "MIN_CELL_VOLTAGE", "below");
  }
}

// A charge to the raised voltage ends with the step to float, which only the charge stages make.
void soc_reset_needs_stages(const Check& check) {
  if (!check.is_set("SOC_RESET_AFTER_DAYS") || check.flag("CVCM_ENABLE")) return;
  check.settings.set("SOC_RESET_AFTER_DAYS", Setting());
  check.say(Finding::corrected, {"SOC_RESET_AFTER_DAYS", "CVCM_ENABLE"},
            "SOC_RESET_AFTER_DAYS needs the charge stages that CVCM_ENABLE = False switches off; it is not used",
            "set CVCM_ENABLE = True");
}

void soc_reset_not_below_maximum(const Check& check) {  // C3
  if (!check.is_set("SOC_RESET_AFTER_DAYS")) return;
  if (check.real("SOC_RESET_CELL_VOLTAGE") < check.real("MAX_CELL_VOLTAGE")) {
    check.bind("SOC_RESET_CELL_VOLTAGE", "MAX_CELL_VOLTAGE", "below", "SOC_RESET_AFTER_DAYS");
  }
}

// --- Lost communication ---

void window_within_range(const Check& check) {  // C4, C5
  if (check.flag("BLOCK_ON_DISCONNECT")) return;
  if (check.real("BLOCK_ON_DISCONNECT_VOLTAGE_MIN") < check.real("MIN_CELL_VOLTAGE")) {
    check.bind("BLOCK_ON_DISCONNECT_VOLTAGE_MIN", "MIN_CELL_VOLTAGE", "below");
  }
  if (check.real("BLOCK_ON_DISCONNECT_VOLTAGE_MAX") > check.real("MAX_CELL_VOLTAGE")) {
    check.bind("BLOCK_ON_DISCONNECT_VOLTAGE_MAX", "MAX_CELL_VOLTAGE", "above");
  }
}

void window_not_empty(const Check& check) {  // C6
  if (check.flag("BLOCK_ON_DISCONNECT")) return;
  if (check.real("BLOCK_ON_DISCONNECT_VOLTAGE_MIN") < check.real("BLOCK_ON_DISCONNECT_VOLTAGE_MAX")) return;
  check.settings.set("BLOCK_ON_DISCONNECT", true);
  check.say(
      Finding::corrected,
      {"BLOCK_ON_DISCONNECT_VOLTAGE_MIN", "BLOCK_ON_DISCONNECT_VOLTAGE_MAX", "MIN_CELL_VOLTAGE", "MAX_CELL_VOLTAGE"},
      check.text("BLOCK_ON_DISCONNECT_VOLTAGE_MIN") + " is not below " + check.text("BLOCK_ON_DISCONNECT_VOLTAGE_MAX") +
          "; BLOCK_ON_DISCONNECT = True is used");
}

// --- SoC ---

void one_source_of_soc(const Check& check) {  // C7
  if (!check.flag("SOC_CALCULATION") || check.settings.text("EXTERNAL_SENSOR_DBUS_PATH_SOC").empty()) return;
  check.say(Finding::corrected, {"SOC_CALCULATION", "EXTERNAL_SENSOR_DBUS_PATH_SOC"},
            "the SoC can be counted or come from an external sensor, not both; the sensor's is used",
            "set SOC_CALCULATION = False or leave EXTERNAL_SENSOR_DBUS_PATH_SOC empty");
}

void counted_soc_needs_stages(const Check& check) {
  if (!check.flag("SOC_CALCULATION") || check.flag("CVCM_ENABLE")) return;
  check.say(Finding::warning, {"SOC_CALCULATION", "CVCM_ENABLE"},
            "with CVCM_ENABLE = False a counted SoC is never set to 100 % and drifts", "set CVCM_ENABLE = True");
}

// --- The external sensor ---

bool is_word(std::string_view word, bool in_name) {
  const auto good = [in_name](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (in_name && c == '-');
  };
  return !word.empty() && std::all_of(word.begin(), word.end(), good) &&
         !(in_name && word.front() >= '0' && word.front() <= '9');
}

// All parts of `text`, which `separator` stands between.
bool are_words(std::string_view text, char separator, bool in_name) {
  for (auto end = text.find(separator); end != std::string_view::npos; end = text.find(separator)) {
    if (!is_word(text.substr(0, end), in_name)) return false;
    text.remove_prefix(end + 1);
  }
  return is_word(text, in_name);
}

// As the D-Bus specification wants a well-known name and the path of an object.
bool is_bus_name(std::string_view text) {
  return text.size() <= 255 && text.find('.') != std::string_view::npos && are_words(text, '.', true);
}
bool is_object_path(std::string_view text) { return text.starts_with('/') && are_words(text.substr(1), '/', false); }

constexpr std::string_view kSensor = "EXTERNAL_SENSOR_DBUS_DEVICE",
                           kSensorCurrent = "EXTERNAL_SENSOR_DBUS_PATH_CURRENT",
                           kSensorSoc = "EXTERNAL_SENSOR_DBUS_PATH_SOC";

void sensor_has_a_name(const Check& check) {
  const auto empty = [&](std::string_view key) { return check.settings.text(key).empty(); };
  const auto drop = [&](std::string_view key, const char* what, const char* advice) {
    check.say(Finding::corrected, {key},
              check.text(key) + " is no " + what + " on D-Bus; the values of the BMS are used", advice);
    check.settings.set(key, std::string());
  };
  if (!empty(kSensor) && !is_bus_name(check.settings.text(kSensor)))
    return drop(kSensor, "name", "write it as D-Bus does, such as com.victronenergy.battery.ttyS6");
  for (const std::string_view key : {kSensorCurrent, kSensorSoc}) {
    if (!empty(key) && !is_object_path(check.settings.text(key)))
      drop(key, "path", "write it as D-Bus does, such as /Dc/0/Current or /Soc");
  }
  if (!empty(kSensor) && empty(kSensorCurrent) && empty(kSensorSoc)) {
    check.say(Finding::warning, {kSensor},
              "nothing is taken from the external sensor, because both of its paths are empty",
              "set EXTERNAL_SENSOR_DBUS_PATH_CURRENT = /Dc/0/Current, EXTERNAL_SENSOR_DBUS_PATH_SOC = /Soc or both");
  }
}

// --- Limits that are never reached ---

struct Point {
  double input, fraction;
};

// The point of the table at its highest or lowest input: where an ordinary list begins.
Point extreme(const Check& check, const Pair& table, bool highest) {
  const auto& inputs = check.settings.reals(table.inputs);
  const auto found =
      highest ? std::max_element(inputs.begin(), inputs.end()) : std::min_element(inputs.begin(), inputs.end());
  const auto index = static_cast<std::size_t>(found - inputs.begin());
  return {*found, check.settings.reals(table.values)[index]};
}

void charge_reaches_the_maximum(const Check& check) {  // C8, C9
  const auto [volts, fraction] = extreme(check, kTables[0], true);
  if (fraction != 0) return;
  const auto say = [&, volts = volts](std::string_view target, std::string_view switched_on) {
    check.say(
        Finding::corrected, {kTables[0].inputs, target, kTables[0].values, switched_on},
        "no charge current is allowed from " + to_text(volts) + " V on, so " + check.text(target) + " is never reached",
        "begin " + std::string(kTables[0].inputs) + " at " + to_text(check.real(target)) + " or above");
  };
  if (volts < check.real("MAX_CELL_VOLTAGE")) say("MAX_CELL_VOLTAGE", "MAX_CELL_VOLTAGE");
  if (check.is_set("SOC_RESET_AFTER_DAYS") && volts < check.real("SOC_RESET_CELL_VOLTAGE"))
    say("SOC_RESET_CELL_VOLTAGE", "SOC_RESET_AFTER_DAYS");
}

void discharge_reaches_the_minimum(const Check& check) {  // C11
  const auto [volts, fraction] = extreme(check, kTables[1], false);
  if (fraction != 0 || !(volts > check.real("MIN_CELL_VOLTAGE"))) return;
  check.say(Finding::corrected, {kTables[1].inputs, "MIN_CELL_VOLTAGE", kTables[1].values},
            "no discharge current is allowed from " + to_text(volts) + " V down, so " + check.text("MIN_CELL_VOLTAGE") +
                " is never reached",
            "begin " + std::string(kTables[1].inputs) + " at " + to_text(check.real("MIN_CELL_VOLTAGE")) + " or below");
}

void tables_allow_everything_somewhere(const Check& check) {  // C10, C12, C13
  for (const Pair& table : kTables) {
    const auto& fractions = check.settings.reals(table.values);
    const bool whole =
        std::any_of(fractions.begin(), fractions.end(), [](double share) { return std::abs(share - 1) < 1e-9; });
    if (whole) continue;
    check.say(Finding::corrected, {table.values},
              "no item of " + std::string(table.values) + " is 1, so the maximum current is never allowed",
              "give one item the value 1");
  }
}

// --- The rest ---

void float_can_end(const Check& check) {  // C14
  if (check.settings.integer("SWITCH_TO_BULK_SOC_THRESHOLD") > 0 ||
      check.real("SWITCH_TO_BULK_CELL_VOLTAGE_DIFF") < 0.101) {
    return;
  }
  check.say(Finding::warning, {"SWITCH_TO_BULK_SOC_THRESHOLD", "SWITCH_TO_BULK_CELL_VOLTAGE_DIFF"},
            "neither the SoC nor the cells end float, so a battery that is in float stays there",
            "set SWITCH_TO_BULK_SOC_THRESHOLD = 80");
}

void times_not_too_often(const Check& check) {
  constexpr std::int64_t kLeast = 5;
  if (check.settings.integer("TIME_TO_SOC_RECALCULATE_EVERY") >= kLeast) return;
  check.say(Finding::corrected, {"TIME_TO_SOC_RECALCULATE_EVERY"},
            check.text("TIME_TO_SOC_RECALCULATE_EVERY") + " is below 5; 5 is used");
  check.settings.set("TIME_TO_SOC_RECALCULATE_EVERY", kLeast);
}

void current_has_a_sign(const Check& check) {
  if (check.settings.integer("INVERT_CURRENT_MEASUREMENT") != 0) return;
  check.say(Finding::unusable, {"INVERT_CURRENT_MEASUREMENT"},
            "INVERT_CURRENT_MEASUREMENT can be 1 or -1; " +
                to_text(check.wider["INVERT_CURRENT_MEASUREMENT"], *find_key("INVERT_CURRENT_MEASUREMENT")) +
                " is used");
  check.settings.set("INVERT_CURRENT_MEASUREMENT", check.wider["INVERT_CURRENT_MEASUREMENT"]);
}

}  // namespace

void cross_check(Settings& settings, const Settings& wider, const Places& places, std::vector<Finding>& findings) {
  const Check check = {settings, wider, places, findings};
  for (const auto one :
       {tables_fit, current_map_fits, minimum_below_maximum, float_within_range, soc_reset_needs_stages,
        soc_reset_not_below_maximum, window_within_range, window_not_empty, sensor_has_a_name, one_source_of_soc,
        counted_soc_needs_stages, charge_reaches_the_maximum, discharge_reaches_the_minimum,
        tables_allow_everything_somewhere, float_can_end, times_not_too_often, current_has_a_sign}) {
    one(check);
  }
}

}  // namespace bmsd
