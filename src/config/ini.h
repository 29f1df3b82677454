// Reads the text of a configuration file as Python's configparser does with its default options, but goes on after every
// mistake and knows the line of everything. Knows no keys.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/finding.h"

namespace bmsd {

struct IniEntry {
  std::string key;    // as written
  std::string value;  // continuation lines joined with '\n', blanks at the ends stripped, %(NAME)s and %% resolved
  int line = 0;       // where the key stands
};

struct IniSection {
  std::string name;  // as written between the brackets, stripped; "DEFAULT"
  int line = 0;
  std::vector<IniEntry> entries;  // in the order of the file; of a key that stands twice only the last one
};

struct IniFile {
  std::vector<IniSection> sections;  // sections of the same name are united
  std::vector<Finding> findings;     // by line
};

// Never fails: what cannot be read is a finding (unusable) and left out. Keys before the first section header are taken
// as [DEFAULT]. A byte order mark and CR LF are fine; other bytes than UTF-8 are a finding. Keys are compared without
// case. At most 1 MB and 10,000 entries are read; the rest is a finding.
// `standard`: keys and values that %(NAME)s may name though the file does not have them.
using IniDefaults = std::span<const std::pair<std::string_view, std::string_view>>;
IniFile parse_ini(std::string_view text, IniDefaults standard = {});

}  // namespace bmsd
