// The current that control and publishing believe.
#pragma once

#include <optional>

namespace bmsd {

class Battery;

// A, positive charges. Through an open FET no current can flow in its direction: what the BMS measures there is noise,
// and is 0. Nothing if the BMS has not told its current.
std::optional<double> measured_current(const Battery& battery);

}  // namespace bmsd
