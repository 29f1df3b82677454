#include "battery/change.h"

#include <array>
#include <charconv>
#include <cmath>

namespace bmsd {
namespace {

constexpr double kSameSoc = 0.5;  // percent

struct Row {
  std::string_view word, name;
  Field field;
};
constexpr std::array<Row, 3> kRows = {{{"charge-fet", "charge FET", Field::charge_fet_on},
                                       {"discharge-fet", "discharge FET", Field::discharge_fet_on},
                                       {"soc", "state of charge", Field::soc}}};

const Row& row(Changeable what) { return kRows[static_cast<std::size_t>(what)]; }

}  // namespace

std::string_view word_of(Changeable what) { return row(what).word; }
std::string_view name_of(Changeable what) { return row(what).name; }
Field field_of(Changeable what) { return row(what).field; }
bool is_switch(Changeable what) { return what != Changeable::soc; }

std::optional<Changeable> changeable_of(std::string_view word) {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].word == word) return static_cast<Changeable>(i);
  }
  return std::nullopt;
}

std::string value_text(Changeable what, double value) {
  if (is_switch(what)) return value != 0 ? "on" : "off";
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::round(value * 100) / 100 + 0.0).ptr;
  return {buffer.data(), end};
}

std::optional<double> value_of(Changeable what, std::string_view text) {
  Change change{what, 0};
  if (is_switch(what)) {
    if (text != "on" && text != "off") return std::nullopt;
    return text == "on" ? 1 : 0;
  }
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), change.value);
  if (failed != std::errc() || end != text.data() + text.size() || !check(change)) return std::nullopt;
  return change.value + 0.0;  // of minus zero this makes zero
}

Status check(const Change& change) {
  const bool good = is_switch(change.what) ? change.value == 0 || change.value == 1
                                           : change.value >= 0 && change.value <= 100;  // not for NaN either
  if (good) return Done{};
  return Error{Errc::config, "", 0,
               std::string(word_of(change.what)) + (is_switch(change.what) ? " is on or off" : " is 0 to 100 percent")};
}

bool is_as_wanted(const Change& change, double said) {
  return is_switch(change.what) ? (said != 0) == (change.value != 0) : std::abs(said - change.value) <= kSameSoc;
}

}  // namespace bmsd
