#include "venus/kept_settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace bmsd {
namespace {

constexpr std::string_view kClass = "battery:";

template <std::string Kept::*member>
BusValue from_text(const Kept& kept) {
  return kept.*member;
}
template <std::string Kept::*member>
void to_text(Kept& kept, const BusValue& value) {
  kept.*member = text_in(value);
}
template <std::int64_t Kept::*member>
BusValue from_time(const Kept& kept) {
  return integer_value(kept.*member);
}
template <std::int64_t Kept::*member>
void to_time(Kept& kept, const BusValue& value) {
  kept.*member = integer_in(value);
}

const std::array kSettings = {
    KeptSetting{
        kInstanceSetting, false, false, [](const Kept& kept) { return BusValue(class_and_instance(kept.instance)); },
        [](Kept& kept, const BusValue& value) { kept.instance = battery_instance(text_in(value)).value_or(0); }},
    KeptSetting{kNameSetting, false, false, from_text<&Kept::custom_name>, to_text<&Kept::custom_name>},
    KeptSetting{kLastSeenSetting, false, false, from_time<&Kept::last_seen>, to_time<&Kept::last_seen>},
    KeptSetting{"AllowMaxVoltage", true, false, [](const Kept& kept) { return BusValue(kept.allow_max_voltage); },
                [](Kept& kept, const BusValue& value) { kept.allow_max_voltage = integer_in(value) != 0; }},
    KeptSetting{"MaxVoltageStartTime", true, false, from_text<&Kept::max_voltage_start_time>,
                [](Kept& kept, const BusValue& value) {
                  const std::int64_t time = integer_in(value);  // where it is stored as a number, 0 is "none"
                  kept.max_voltage_start_time = time > 0 ? std::to_string(time) : "";
                }},
    KeptSetting{"SocCalc", true, true, from_text<&Kept::soc_calc>, to_text<&Kept::soc_calc>},
    KeptSetting{"SocResetLastReached", true, false, from_time<&Kept::soc_reset_last_reached>,
                to_time<&Kept::soc_reset_last_reached>},
    KeptSetting{"HistoryValues", true, true, from_text<&Kept::history_values>, to_text<&Kept::history_values>},
};

}  // namespace

std::span<const KeptSetting> kept_settings() { return kSettings; }

bool is_kept_setting(std::string_view name) {
  return name == kIdentitySetting || std::any_of(kSettings.begin(), kSettings.end(),
                                                 [name](const KeptSetting& setting) { return name == setting.name; });
}

std::optional<std::int32_t> battery_instance(std::string_view text) {
  if (!text.starts_with(kClass)) return std::nullopt;
  text.remove_prefix(kClass.size());
  std::int32_t instance = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), instance);
  if (error != std::errc() || end != text.data() + text.size() || instance < 0 || instance > kHighestInstance)
    return std::nullopt;
  return instance;
}

std::string class_and_instance(std::int32_t instance) {
  return std::string(kClass) + std::to_string(std::clamp(instance, 1, kHighestInstance));
}

std::string text_in(const BusValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return valid(value) ? text_of(value) : std::string();
}

std::int64_t integer_in(const BusValue& value) {
  if (const auto* i = std::get_if<std::int32_t>(&value)) return *i;
  if (const auto* x = std::get_if<std::int64_t>(&value)) return *x;
  double real = 0;
  if (const auto* d = std::get_if<double>(&value)) {
    real = *d;
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), real);
    if (error != std::errc() || end != text->data() + text->size()) return 0;
  }
  return std::abs(real) < 1e15 ? static_cast<std::int64_t>(real) : 0;  // also of what is no number
}

}  // namespace bmsd
