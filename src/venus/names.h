// The names that a battery has on the bus and in the settings.
#pragma once

#include <string>
#include <string_view>

#include "bank/view.h"

namespace bmsd {

// Each character of an identity that is not an ASCII letter or digit becomes '_'.
std::string safe_identity(std::string_view identity);

// "ttyUSB0__0x01"; without the address where a battery has none.
std::string port_and_address(const Identity& identity);

// "__0x01"
std::string address_ending(int address);

// "__0x01" when the address was configured, else empty.
std::string address_suffix(const Identity& identity);

// "com.victronenergy.battery.ttyUSB0", with the suffix.
std::string service_name(const Identity& identity);

}  // namespace bmsd
