// The words for an explanation (control/explain.h): the one place that makes them, for `bmsd explain`, JSON and D-Bus.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "control/explain.h"

namespace bmsd {

enum class LimitName : std::uint8_t { cvl, ccl, dcl };

// "cell_voltage": the key of a rule in JSON, the same for ever. "cell voltage": for people.
std::string_view key_of(Rule rule);
std::string_view word_of(Rule rule);

// "CCL 12.0 A: cell 7 at 3.520 V (rule cell voltage); temperature would allow 50 A; recovers at 5 A/s 30 s after cell 7
// is below 3.450 V". One line.
std::string limit_text(const LimitExplanation& limit, LimitName name);

// "Bulk: absorption begins when ...". One line.
std::string stage_text(const StageExplanation& stage);

// The three texts of GUI_PARAMETERS_SHOW_ADDITIONAL_INFO, several lines each: everything that decides about stages and
// charge voltage; what is needed for absorption and float; what is needed for bulk.
std::string charge_debug_text(const ControlConfig& config, const Explanation& explanation);
std::string float_debug_text(const ControlConfig& config, const Explanation& explanation);
std::string bulk_debug_text(const ControlConfig& config, const Explanation& explanation);

}  // namespace bmsd
