#include "app/reload.h"

#include <algorithm>
#include <set>
#include <utility>

namespace bmsd {
namespace {

std::set<std::string> names(const RunPlan& plan) {
  std::set<std::string> names;
  for (const PortPlan& port : plan.ports) names.insert(port.port);
  return names;
}

// The keys of those that only some protocols ask for, of the line or of one of its packs.
std::set<std::string> different_params(const LinePlan& before, const LinePlan& after) {
  using Param = std::pair<std::string, std::string>;
  const auto all = [](const LinePlan& plan) {
    std::set<std::pair<int, Param>> params;
    for (const Param& param : plan.params) params.emplace(-1, param);
    for (const auto& [address, own] : plan.pack_params) {
      for (const Param& param : own) params.emplace(address, param);
      if (own.empty()) params.emplace(address, Param());  // the pack has none, whatever the line has
    }
    return params;
  };
  const auto old = all(before), fresh = all(after);
  std::set<std::string> keys;
  for (const auto& [address, param] : old) {
    if (!fresh.contains({address, param})) keys.insert(param.first);
  }
  for (const auto& [address, param] : fresh) {
    if (!old.contains({address, param})) keys.insert(param.first);
  }
  if (keys.erase(std::string()) > 0 && keys.empty()) {
    for (const Param& param : after.params) keys.insert(param.first);
  }
  return keys;
}

void compare_port(const PortPlan& before, const PortPlan& after, Changes& changes) {
  const auto differs = [&](const char* key, bool different) {
    if (different) changes.after_restart.push_back(std::string(key) + " of " + after.port);
  };
  const bool mixed = !before.line.packs.empty() || !after.line.packs.empty();
  differs("BMS_TYPE", !mixed && before.line.protocols != after.line.protocols);
  differs("BATTERY_ADDRESSES", before.line.addresses != after.line.addresses);
  differs("PACKS", before.line.packs != after.line.packs);
  differs("BAUD", before.line.baud != after.line.baud);
  differs("LISTEN", before.line.listen != after.line.listen);
  differs("LISTEN_IF_MASTER", before.line.listen_if_master != after.line.listen_if_master);
  differs("RECORD_FILE", before.record_file != after.record_file);
  differs("BMS_CAPTURE_RAW_DATA", before.capture != after.capture);
  differs("USE_PORT_AS_UNIQUE_ID", before.port_is_identity != after.port_is_identity);
  for (const std::string& key : different_params(before.line, after.line)) differs(key.c_str(), true);
  if (before.line.interval != after.line.interval) changes.intervals.emplace_back(after.port, after.line.interval);
}

}  // namespace

Changes compare(const RunPlan& before, const RunPlan& after) {
  Changes changes;
  const auto had = std::set<std::string>(before.excluded.begin(), before.excluded.end());
  const auto has = std::set<std::string>(after.excluded.begin(), after.excluded.end());
  if (had != has) {
    changes.after_restart.emplace_back("EXCLUDED_DEVICES");
  } else if (names(before) != names(after)) {
    changes.after_restart.emplace_back("PORTS");
  }
  for (const PortPlan& port : after.ports) {
    const auto old = std::find_if(before.ports.begin(), before.ports.end(),
                                  [&port](const PortPlan& other) { return other.port == port.port; });
    if (old != before.ports.end()) compare_port(*old, port, changes);
  }
  return changes;
}

}  // namespace bmsd
