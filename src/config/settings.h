// The values of all keys as they hold in one place: a battery, a line, the daemon.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/schema.h"

namespace bmsd {

// A value as its key's kind reads it; monostate: empty, where that means something of its own (off, choose for me).
using Setting = std::variant<std::monostate, bool, double, std::int64_t, std::vector<double>, std::vector<std::int64_t>,
                             std::vector<std::string>, std::string>;

// Keys by their exact names. A key that has no value of the kind asked for is empty.
class Settings {
 public:
  Settings();  // the defaults

  const Setting& operator[](std::string_view key) const;
  void set(std::string_view key, Setting value);

  bool flag(std::string_view key) const;             // false if empty
  double real(std::string_view key) const;           // 0 if empty
  std::int64_t integer(std::string_view key) const;  // 0 if empty
  std::optional<double> optional_real(std::string_view key) const;
  std::optional<std::int64_t> optional_integer(std::string_view key) const;
  const std::vector<double>& reals(std::string_view key) const;
  const std::vector<std::int64_t>& integers(std::string_view key) const;
  const std::vector<std::string>& texts(std::string_view key) const;
  const std::string& text(std::string_view key) const;

  bool operator==(const Settings&) const = default;

 private:
  std::map<std::string_view, Setting> values_;  // by the names of the schema
};

// As it would be written in a file: "3.45", "True", "0, 2, 5".
std::string to_text(const Setting& setting, const Key& key);
std::string to_text(double value);

}  // namespace bmsd
