// What charge control keeps over a restart, and the entries in which it is kept.
#pragma once

#include <string>

#include "bank/kept.h"
#include "control/charge_control.h"

namespace bmsd {

KeptControl kept_control(const Kept& kept);         // a time that is no number is none
void keep(const KeptControl& control, Kept& kept);  // the other entries stay

// The setting HistoryValues: a JSON object; what is not known is left out. A text that is no object has no values, and
// neither has an entry that no battery can have.
HistoryValues history_values(const std::string& json);
std::string history_text(const HistoryValues& values);

}  // namespace bmsd
