// Text for terminals: widths in columns, colours, and values taken from JSON that may come from another version of
// bmsd.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bmsd {

enum class Color : unsigned char { none, dim, bold, green, yellow, red };

// Columns that a text takes: its code points. (No wide or combining characters come from a BMS that this program
// knows.)
std::size_t columns(std::string_view text);

// Without control characters, so that what a BMS stores in its name cannot steer the terminal.
std::string printable(std::string_view text);

// Cut to `width` columns, the last one "…" if something is missing.
std::string cut(std::string_view text, std::size_t width);
std::string padded_left(std::string_view text, std::size_t width);
std::string padded_right(std::string_view text, std::size_t width);
std::string painted(std::string_view text, Color color, bool wanted);
std::string rule(std::size_t width);
std::string join(const std::vector<std::string>& parts, std::string_view separator);

// "13s", "5m", "2h 5m", "3d 4h".
std::string short_duration(double seconds);
// "High cell voltage" for "HighCellVoltage".
std::string words_of(std::string_view camel_case);

// The member, or nothing if it is absent or of another type. `json` may be anything.
std::optional<double> number_at(const nlohmann::json& json, const char* key);
std::string text_at(const nlohmann::json& json, const char* key);  // printable; empty: absent
std::vector<double> numbers_at(const nlohmann::json& json, const char* key);
std::vector<std::string> texts_at(const nlohmann::json& json, const char* key);  // printable
nlohmann::json object_at(const nlohmann::json& json, const char* key);           // {}: absent

// "53.28", or "-" for nothing.
std::string fixed(const std::optional<double>& value, int decimals);

// "High cell voltage: alarm" for each class that is not ok; the gravest first.
std::vector<std::string> raised_alarms(const nlohmann::json& battery);

}  // namespace bmsd
