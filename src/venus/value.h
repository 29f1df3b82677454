// What an item of the bus holds, and its text for people (com.victronenergy.BusItem; venus wiki "dbus-api").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace bmsd {

// monostate is "invalid": on the wire an empty array of int32. Lists are real data, so they stay valid when they are
// empty; then they are lists of uint32 whatever they would hold.
using BusValue =
    std::variant<std::monostate, std::int32_t, std::int64_t, double, std::string, std::vector<std::uint32_t>,
                 std::vector<std::int32_t>, std::vector<double>, std::vector<std::string>>;

inline bool valid(const BusValue& value) { return !std::holds_alternative<std::monostate>(value); }

// Of 32 bits as long as it fits.
BusValue integer_value(std::int64_t value);

// Equal numbers of different types are the same value.
bool same_value(const BusValue& a, const BusValue& b);

// `value` to so many decimals; never a negative zero.
double round_to(double value, int decimals);

// What may be sent: NaN and infinity become invalid, also a list with one; texts become valid UTF-8 without NUL (libdbus
// ends the process otherwise).
BusValue sendable(BusValue value);
std::string valid_utf8(std::string_view text);  // each byte that cannot be read becomes U+FFFD; ends at a NUL

// The text for people. `format` is printf's for one double (of a real) or one unsigned (of an integer), or null:
// integers in decimal, reals as the shortest text that reads back equal, always with a decimal point. Lists are in
// brackets. Invalid: "---".
std::string text_of(const BusValue& value, const char* format = nullptr);

}  // namespace bmsd
