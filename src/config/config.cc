#include "config/config.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <tuple>

#include "base/bytes.h"
#include "config/cross_checks.h"
#include "config/fill.h"
#include "config/findings.h"
#include "config/similar.h"
#include "config/words.h"

namespace bmsd {
namespace {

constexpr std::size_t kMostSections = 1000;  // more than any installation has; each is checked for itself

using Layers = std::vector<const Layer*>;

// What holds where several layers lie on each other, the widest first.
Settings settle(const Layers& layers, std::vector<Finding>* findings = nullptr) {
  Settings written, checked;
  Places places;
  int depth = 0;
  for (const Layer* layer : layers) {
    apply(*layer, ++depth, written, places);
    const Settings wider = std::move(checked);
    checked = written;
    std::vector<Finding> found;
    cross_check(checked, wider, places, found);
    if (findings != nullptr && depth == static_cast<int>(layers.size())) *findings = std::move(found);
  }
  return checked;
}

ConfigState worst(ConfigState state, const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    if (finding.weight == Finding::unusable) state = ConfigState::unusable;
    if (finding.weight == Finding::corrected) state = std::max(state, ConfigState::corrected);
  }
  return state;
}

bool same_finding(const Finding& a, const Finding& b) {
  return std::tie(a.line, a.section, a.key, a.text) == std::tie(b.line, b.section, b.key, b.text);
}

// --- Names of sections ---

std::string_view first_word(std::string_view name) { return name.substr(0, name.find_first_of(" \t")); }

std::string_view bare_port(std::string_view port) {
  if (port.starts_with("/dev/")) port.remove_prefix(5);
  return port;
}

bool same_port(std::string_view a, std::string_view b) { return !a.empty() && bare_port(a) == bare_port(b); }

// "ttyUSB0 0x02".
struct PortAddress {
  std::string_view port;
  int address;
};

std::optional<PortAddress> port_and_address(std::string_view target) {
  const auto blank = target.find_last_of(" \t");
  if (blank == std::string_view::npos) return std::nullopt;
  const auto address = address_of(target.substr(blank + 1));
  if (!address) return std::nullopt;
  return PortAddress{trimmed(target.substr(0, blank)), address->value};
}

// An identity as /Serial shows it, without case.
std::string plain_identity(std::string_view identity) {
  std::string plain;
  for (const char c : identity) {
    const auto byte = static_cast<unsigned char>(c);
    plain += byte < 0x80 && std::isalnum(byte) != 0 ? static_cast<char>(std::tolower(byte)) : '_';
  }
  return plain;
}

template <typename Fits>
std::vector<std::size_t> those(std::span<const BatteryName> all, Fits fits) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (fits(all[i])) indices.push_back(i);
  }
  return indices;
}

// The batteries that a section means; one, if it is well chosen.
std::vector<std::size_t> meant(std::string_view target, std::span<const BatteryName> all) {
  if (const auto place = port_and_address(target)) {
    auto found = those(all, [&](const BatteryName& battery) {
      const bool here = same_port(place->port, battery.port) || same_port(place->port, battery.port_name);
      return here && battery.address == place->address;
    });
    if (!found.empty()) return found;
  }
  const std::string wanted = plain_identity(target);
  const auto has_identity = [&](const BatteryName& battery, auto fits) {
    return std::any_of(battery.identities.begin(), battery.identities.end(),
                       [&](const std::string& identity) { return fits(plain_identity(identity)); });
  };
  auto exact = those(all, [&](const BatteryName& battery) {
    return has_identity(battery, [&](const std::string& identity) { return identity == wanted; });
  });
  constexpr std::size_t kShortestPrefix = 6;
  if (!exact.empty() || wanted.size() < kShortestPrefix) return exact;
  return those(all, [&](const BatteryName& battery) {
    return has_identity(battery, [&](const std::string& identity) { return identity.starts_with(wanted); });
  });
}

std::string list_of(const std::vector<std::size_t>& indices, std::span<const BatteryName> all) {
  std::string text;
  for (const std::size_t i : indices) {
    if (!text.empty()) text += ", ";
    if (!all[i].identities.empty()) text += plain_identity(all[i].identities.front()) + " at ";
    text += all[i].port_name + " " + hex_address(all[i].address);
  }
  return text;
}

}  // namespace

Config::Config() = default;

// --- Reading ---

Config Config::parse(std::string_view text) {
  std::vector<std::pair<std::string_view, std::string_view>> standard;
  for (const Key& key : all_keys()) standard.emplace_back(key.name, key.standard);
  const IniFile file = parse_ini(text, standard);
  Config config;
  config.findings_ = file.findings;
  const Settings defaults;
  for (const IniSection& section : file.sections) {
    if (section.name == "DEFAULT") config.default_ = read_layer(section, Scope::daemon, defaults, config.findings_);
  }
  // Those of lines first: what a battery's section leaves open comes from the line's, wherever that stands.
  for (const bool batteries : {false, true}) {
    for (const IniSection& section : file.sections) {
      if (section.name != "DEFAULT" && same_word(first_word(section.name), "battery") == batteries) {
        config.add_section(section);
      }
    }
  }
  config.check();
  config.findings_ = bounded(std::move(config.findings_));
  return config;
}

void Config::add_section(const IniSection& section) {
  const auto say = [&](Finding::Weight weight, std::string text, std::string advice) {
    findings_.push_back({weight, section.line, section.name, "", std::move(text), std::move(advice)});
  };
  static constexpr std::array<std::string_view, 3> kWords = {"DEFAULT", "line", "battery"};
  const std::string_view word = first_word(section.name);
  const std::string_view target = trimmed(std::string_view(section.name).substr(word.size()));
  const bool is_line = same_word(word, "line");
  if (!is_line && !same_word(word, "battery")) {
    // Who meant [DEFAULT] misses limits, so this weighs more than a section of another program.
    const std::string_view near = most_similar(word, kWords);
    say(near.empty() ? Finding::corrected : Finding::unusable, "there is no such section; its keys are ignored",
        near.empty() ? "write [DEFAULT], [line PORT] or [battery NAME]"
                     : "did you mean [" + std::string(near) +
                           (near == "line"      ? " PORT"
                            : near == "battery" ? " NAME"
                                                : "") +
                           "]?");
    return;
  }
  if (target.empty()) {
    say(Finding::unusable,
        is_line ? "it names no port; its keys are ignored" : "it names no battery; its keys are ignored",
        is_line ? "write [line ttyUSB0]" : "write [battery ttyUSB0 0x01]");
    return;
  }
  if (sections_.size() >= kMostSections) {
    say(Finding::unusable, "there are more sections than bmsd reads; this one is ignored", "");
    return;
  }
  Section added;
  added.scope = is_line ? Scope::line : Scope::battery;
  added.name = section.name;
  added.target = std::string(target);
  added.line = section.line;
  sections_.push_back(std::move(added));
  const Settings outside = settle(layers_of(sections_.back()));  // its own layer is still empty
  sections_.back().layer = read_layer(section, sections_.back().scope, outside, findings_);
}

// Every combination that the file can make is checked here, so far as it can be known without the batteries.
void Config::check() {
  std::set<std::tuple<int, std::string, std::string, std::string>> told;
  const auto look_at = [&](const Layers& layers) {
    std::vector<Finding> found;
    settle(layers, &found);
    for (Finding& finding : found) {
      if (told.emplace(finding.line, finding.section, finding.key, finding.text).second) {
        findings_.push_back(std::move(finding));
      }
    }
  };
  look_at({&default_});
  for (const Section& section : sections_) {
    if (!section.layer.keys.empty()) look_at(layers_of(section));
  }
}

std::vector<const Layer*> Config::layers_of_port(std::string_view port, std::string_view port_name) const {
  Layers layers = {&default_};
  for (const Section& section : sections_) {
    if (section.scope != Scope::line) continue;
    if (same_port(section.target, port) || same_port(section.target, port_name)) layers.push_back(&section.layer);
  }
  return layers;
}

std::vector<const Layer*> Config::layers_of(const Section& section) const {
  if (section.scope == Scope::line) return layers_of_port(section.target);
  const auto place = port_and_address(section.target);
  Layers layers = place ? layers_of_port(place->port) : Layers{&default_};
  layers.push_back(&section.layer);
  return layers;
}

// --- What holds where ---

ConfigState Config::state() const { return worst(ConfigState::fine, findings_); }

DaemonConfig Config::daemon() const {
  const Settings settings = effective();
  DaemonConfig daemon;
  daemon.logging = log_level(settings);
  daemon.ports = settings.texts("PORTS");
  for (const std::string& bus : settings.texts("CAN_PORT")) daemon.ports.push_back(bus);
  daemon.excluded_devices = settings.texts("EXCLUDED_DEVICES");
  daemon.black_box_files = static_cast<int>(settings.integer("BLACK_BOX_FILES"));
  daemon.black_box_folder = settings.text("BLACK_BOX_FOLDER");
  for (const Section& section : sections_) {
    if (section.scope != Scope::line) continue;
    const bool known = std::any_of(daemon.ports.begin(), daemon.ports.end(),
                                   [&](const std::string& port) { return same_port(port, section.target); });
    if (!known) daemon.ports.push_back(section.target);
  }
  return daemon;
}

LineConfig Config::line(std::string_view port) const {
  const Layers layers = layers_of_port(port);
  LineConfig line = line_config(settle(layers));
  for (const Section& section : sections_) {
    const auto place = section.scope == Scope::battery ? port_and_address(section.target) : std::nullopt;
    if (!place || !same_port(place->port, port)) continue;
    Layers all = layers;
    all.push_back(&section.layer);
    ParamList params = protocol_params(settle(all));
    if (params != line.params) line.pack_params.emplace_back(place->address, std::move(params));
  }
  return line;
}

std::vector<BatteryConfig> Config::batteries(std::span<const BatteryName> all, std::vector<Finding>* findings) const {
  std::vector<Layers> layers;
  for (const BatteryName& battery : all) layers.push_back(layers_of_port(battery.port, battery.port_name));
  std::vector<Finding> found;
  for (const Section& section : sections_) {
    if (section.scope != Scope::battery) continue;
    const auto indices = meant(section.target, all);
    if (indices.size() == 1) layers[indices.front()].push_back(&section.layer);
    if (indices.size() < 2) continue;
    found.push_back({Finding::unusable, section.line, section.name, "",
                     "it names several batteries and holds for none: " + list_of(indices, all),
                     "name one of them by more characters or as PORT ADDRESS"});
  }

  std::vector<Settings> settings;
  for (const Layers& of_battery : layers) {
    std::vector<Finding> contradictions;
    settings.push_back(settle(of_battery, &contradictions));
    found.insert(found.end(), contradictions.begin(), contradictions.end());
  }
  const ConfigState state = worst(this->state(), found);
  std::vector<BatteryConfig> configs;
  for (const Settings& of_battery : settings) {
    configs.push_back({control_config(of_battery), display(of_battery, state), of_battery.flag("ALLOW_WRITES")});
  }
  if (findings != nullptr) {
    for (Finding& finding : found) {
      const auto same = [&](const Finding& other) { return same_finding(finding, other); };
      const bool told = std::any_of(findings_.begin(), findings_.end(), same) ||
                        std::any_of(findings->begin(), findings->end(), same);
      if (!told) findings->push_back(std::move(finding));
    }
  }
  return configs;
}

Settings Config::effective() const { return settle({&default_}); }

std::optional<Settings> Config::effective(std::string_view section) const {
  if (section == "DEFAULT") return effective();
  for (const Section& one : sections_) {
    const std::string_view word = first_word(section);
    const bool same_kind = same_word(word, one.scope == Scope::line ? "line" : "battery");
    const std::string_view target = trimmed(section.substr(word.size()));
    if (same_kind && (same_port(target, one.target) || same_word(target, one.target))) return settle(layers_of(one));
  }
  return std::nullopt;
}

std::vector<std::string> Config::sections() const {
  std::vector<std::string> names;
  for (const Section& section : sections_) names.push_back(section.name);
  return names;
}

}  // namespace bmsd
