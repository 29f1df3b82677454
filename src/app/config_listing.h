// What `bmsd check` prints of the keys: as a file with all defaults, as the tables of docs/configuration.md, and as the values
// that a file makes.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace bmsd {

// A file with every key and its default, explained. Reading it changes nothing.
std::string default_file();

// One table per group, and the names that changed.
std::string key_tables();

// A file that makes the same values: all of [DEFAULT], of each other section what differs from that. Secrets are not shown.
std::string effective_file(const Config& config);

// The keys that hold another value in a section than in [DEFAULT], of those that may stand in it.
std::vector<const Key*> keys_of_its_own(const Config& config, const std::string& section);

// As it is written behind KEY = : percent signs doubled, further lines indented.
std::string written(const Setting& setting, const Key& key);

}  // namespace bmsd
