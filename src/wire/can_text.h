// A CAN frame as can-utils write it: "044#2A366C2BBA", "18904001#01070000753002BC" (eight digits: an extended
// identifier), "123#" without data.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace bmsd {

// Of one whole record.
std::string can_text(Bytes record);

// The record; nothing where it is no data frame: other numbers of digits, an identifier with too many bits, more than 8
// bytes, a remote frame ("123#R"). Dots between bytes are allowed, as can-utils do.
std::optional<ByteVector> can_record_of(std::string_view text);

}  // namespace bmsd
