// What to type when a port is held.
#pragma once

#include <string>

#include "base/result.h"

namespace bmsd {

// The error as it is shown for a port that could not be opened. Where a running bmsd holds it: how to ask that one instead.
std::string describe_port_error(const Error& error, const std::string& port);

}  // namespace bmsd
