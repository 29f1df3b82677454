// One section of the file: its keys, under the names that they have now, each with what its text means.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/convert.h"
#include "config/finding.h"
#include "config/ini.h"
#include "config/settings.h"

namespace bmsd {

struct Written {
  std::optional<Setting> value;  // nothing: it cannot be used
  std::optional<double> read;    // then: what can be read of it
  int line = 0;
};

struct Layer {
  std::string section;
  std::map<std::string_view, Written> keys;  // by the names of the schema
};

// Reads a section that may hold keys of `scope` and narrower ones. `outside`: what holds without it.
Layer read_layer(const IniSection& section, Scope scope, const Settings& outside, std::vector<Finding>& findings);

// Where a value comes from: the section, and how narrow it is (0: nowhere, the default).
struct Place {
  std::string section;
  int line = 0;
  int depth = 0;
  bool usable = true;  // false: what stands there is not what holds
};
using Places = std::map<std::string_view, Place>;

// Writes the layer over `settings`.
void apply(const Layer& layer, int depth, Settings& settings, Places& places);

}  // namespace bmsd
