// One value: from the text in the file to what its key's kind means, and what is to be said about it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "config/finding.h"
#include "config/settings.h"

namespace bmsd {

struct Converted {
  std::optional<Setting> value;     // nothing: the text cannot be used
  std::optional<double> read = {};  // of a number that cannot be used: what can be read of it
  // Without section, key and line. The text has no full stop yet: without `value` it goes on with what is used instead.
  std::vector<Finding> findings = {};
};

// Booleans: only `true` is true. Numbers as strtod reads them without a locale. Lists are split at commas, empty items are
// dropped; one bad item spoils the whole list, but an address or a word that nobody knows only itself. Never fails.
Converted convert(const Key& key, std::string_view text);

// What stands in for a value that cannot be used: `inherited`, which holds without it; of a limit the safer one of that
// and what could be read, so that a unit typed in or a decimal comma does not lift it.
Setting stand_in(const Key& key, const std::optional<double>& read, const Setting& inherited);

}  // namespace bmsd
