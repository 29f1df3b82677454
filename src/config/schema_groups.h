// The rows of the table, group by group; schema.cc joins them.
#pragma once

#include <span>

#include "config/schema.h"

namespace bmsd {

std::span<const Key> general_keys();
std::span<const Key> limit_keys();
std::span<const Key> soc_keys();
std::span<const Key> transport_keys();
std::span<const Key> disconnect_keys();
std::span<const Key> charge_voltage_keys();
std::span<const Key> current_table_keys();
std::span<const Key> time_keys();
std::span<const Key> temperature_keys();
std::span<const Key> own_keys();  // that no other driver has

}  // namespace bmsd
