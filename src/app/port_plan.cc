#include "app/port_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <optional>

#include "app/addresses.h"
#include "base/bytes.h"
#include "io/open_port.h"
#include "io/usb_ports.h"
#include "protocol/registry.h"

namespace bmsd {
namespace {

constexpr std::string_view kSlcan = "slcan:";
constexpr double kUsualInterval = 1, kLongestInterval = 3600;  // s

using Protocols = std::vector<const Protocol*>;

Error wrong_options(std::string detail) { return {Errc::config, "options", 0, std::move(detail)}; }

bool can_have(const Protocol& protocol, int address) {
  return address >= protocol.lowest_address && address <= protocol.highest_address;
}

Status check_address(const Protocol& protocol, int address) {
  if (can_have(protocol, address)) return Done{};
  return wrong_options(fmt::format("address {} is none of {}: write one from {} to {}", hex_address(address),
                                   protocol.name, hex_address(protocol.lowest_address),
                                   hex_address(protocol.highest_address)));
}

Duration interval_of(double seconds) { return Duration(std::llround(seconds * 1e6)); }

bool fits(const Protocol& protocol, bool can_bus) { return (protocol.medium == Medium::can) == can_bus; }

// The protocols to look for on a port of that kind.
Result<Protocols> named_protocols(const LineOptions& options, const std::string& port) {
  const bool can_bus = is_can_port(port);
  Protocols chosen;
  if (options.protocol.empty()) {
    return protocols_over(can_bus ? Medium::can : Medium::stream);
  }
  const Protocol* protocol = find_protocol(options.protocol);
  if (protocol == nullptr)
    return wrong_options(fmt::format("\"{}\" is no protocol that bmsd speaks; see: bmsd list", options.protocol));
  if (!fits(*protocol, can_bus)) {
    return wrong_options(can_bus ? fmt::format("{} is no protocol of a CAN bus, and {} is one", protocol->name, port)
                                 : fmt::format("{} is spoken over CAN, and {} is a serial port; name can0 or slcan:{}",
                                               protocol->name, port, port));
  }
  chosen = {protocol};
  return chosen;
}

// What the options say of a port; what they leave open is as if nothing were known.
Result<PortPlan> plan_line(const LineOptions& options, const std::string& port) {
  PortPlan plan;
  plan.port = port;
  auto chosen = named_protocols(options, port);
  if (!chosen) return chosen.error();
  if (chosen->empty()) return wrong_options(port + ": this bmsd speaks no protocol of a CAN bus");
  plan.line.protocols = std::move(*chosen);
  plan.type_known = !options.protocol.empty();
  if (options.baud < 0 || options.baud > 4'000'000)
    return wrong_options(fmt::format("{} is no speed; write --baud 19200", options.baud));
  plan.line.baud = options.baud;

  auto addresses = parse_addresses(options.addresses);
  if (!addresses) return addresses.error();
  plan.line.addresses = std::move(*addresses);
  plan.addresses_configured = !plan.line.addresses.empty();
  for (const int address : plan.line.addresses) {
    if (auto fits = check_address(*plan.line.protocols.front(), address); !fits && plan.line.protocols.size() == 1)
      return fits.error();
  }
  const double interval = options.interval.value_or(kUsualInterval);
  if (!(interval >= 0 && interval <= kLongestInterval))
    return wrong_options("--interval takes seconds from 0 (as fast as the wire allows) to 3600");
  plan.line.interval = interval_of(interval);
  return plan;
}

// What the configuration adds to the plan of one port, where the options are silent.
class LineReader {
 public:
  LineReader(const LineOptions& options, const LineConfig& config, std::vector<std::string>& warnings)
      : options_(options), config_(config), warnings_(warnings) {}

  void read_into(PortPlan& plan) {
    port_ = plan.port;
    const bool mixed =
        !config_.packs.empty() && options_.protocol.empty() && options_.addresses.empty() && read_packs(plan);
    if (!mixed) read_type_and_addresses(plan);
    if (!options_.interval && config_.poll_interval)
      plan.line.interval = interval_of(std::clamp(*config_.poll_interval, 0.0, kLongestInterval));
    plan.port_is_identity = config_.use_port_as_unique_id;
    plan.line.listen = config_.listen;
    plan.line.listen_if_master = config_.listen_if_master;
    plan.record_file = config_.record_file;
    plan.capture = config_.capture;
    plan.record_limits = {static_cast<std::uint64_t>(config_.capture_megabytes) * 1024 * 1024,
                          config_.capture_older_files};
    // Who is overheard is told apart by its address.
    if (plan.line.listen) plan.addresses_configured = true;
    plan.line.params = config_.params;
    plan.line.pack_params = config_.pack_params;
  }

 private:
  void read_type_and_addresses(PortPlan& plan) {
    if (options_.protocol.empty()) plan.type_known = read_types(plan.line.protocols);
    if (options_.baud == 0) plan.line.baud = config_.baud;
    if (options_.addresses.empty()) {
      read_addresses(plan.line);
      plan.addresses_configured = !plan.line.addresses.empty();
    }
  }

  // Packs of several protocols. They share one speed: who does not speak at it, and who has the address of another, cannot
  // be read here. Says whether anybody can.
  bool read_packs(PortPlan& plan) {
    LinePlan line = plan.line;
    line.protocols.clear();
    for (const ProtocolPacks& places : config_.packs) {
      const Protocol* protocol = find_protocol(places.protocol);
      if (protocol == nullptr) {
        warn(fmt::format("PACKS {}: this bmsd does not speak it (bmsd list shows what it does); left out",
                         places.protocol));
        continue;
      }
      if (std::find(line.protocols.begin(), line.protocols.end(), protocol) == line.protocols.end())
        line.protocols.push_back(protocol);
      if (!fits(*protocol, is_can_port(port_))) {
        warn(fmt::format("PACKS {}: not spoken on this kind of port; left out", places.protocol));
        continue;
      }
      for (const int address : places.addresses) add_pack(*protocol, address, line.packs);
    }
    line.baud = options_.baud != 0 ? options_.baud : config_.baud != 0 ? config_.baud : common_speed(line);
    if (line.packs.empty()) {
      warn("PACKS names no pack that can be here; every BMS is looked for");
      return false;
    }
    plan.line = std::move(line);
    plan.type_known = plan.addresses_configured = true;
    return true;
  }

  void add_pack(const Protocol& protocol, int address, std::vector<PackPlace>& to) {
    if (!can_have(protocol, address)) {
      warn(fmt::format("PACKS {}@{}: its addresses are {} to {}; left out", protocol.name, hex_address(address),
                       hex_address(protocol.lowest_address), hex_address(protocol.highest_address)));
      return;
    }
    const auto taken =
        std::find_if(to.begin(), to.end(), [address](const PackPlace& one) { return one.address == address; });
    if (taken == to.end()) {
      to.push_back({&protocol, address});
    } else {
      warn(fmt::format("PACKS {}@{}: {} has this address too; give one of them another address; left out",
                       protocol.name, hex_address(address), taken->protocol->name));
    }
  }

  // The first speed of the first protocol that most of the others speak at; those that do not are left out.
  int common_speed(LinePlan& line) {
    const auto speaks = [](const Protocol& protocol, int baud) {
      return std::find(protocol.speeds.begin(), protocol.speeds.end(), baud) != protocol.speeds.end();
    };
    int best = 0;
    std::ptrdiff_t most = 0;
    for (const Protocol* protocol : line.protocols) {
      for (const int baud : protocol->speeds) {
        const auto count = std::count_if(line.packs.begin(), line.packs.end(),
                                         [&](const PackPlace& one) { return speaks(*one.protocol, baud); });
        if (count > most) best = baud, most = count;
      }
    }
    for (const PackPlace& one : line.packs) {
      if (!speaks(*one.protocol, best))
        warn(fmt::format(
            "PACKS {}@{}: does not speak at {} baud as the others do; it needs an adapter of its own, or BAUD; "
            "left out",
            one.protocol->name, hex_address(one.address), best));
    }
    std::erase_if(line.packs, [&](const PackPlace& one) { return !speaks(*one.protocol, best); });
    return best;
  }

  // Says whether a type is known.
  bool read_types(Protocols& to) {
    if (config_.bms_types.empty()) return false;
    Protocols known;
    const bool can_bus = is_can_port(port_);
    bool for_others = false;
    for (const std::string& type : config_.bms_types) {
      const Protocol* protocol = find_protocol(type);
      // Of other media; meant for other ports.
      if (type.ends_with("_Ble") || type.ends_with("_Can") != can_bus || (protocol && !fits(*protocol, can_bus))) {
        for_others = true;
        continue;
      }
      if (protocol == nullptr) {
        warn(fmt::format("BMS_TYPE {}: this bmsd does not speak it (bmsd list shows what it does)", type));
      } else if (std::find(known.begin(), known.end(), protocol) == known.end()) {
        known.push_back(protocol);
      }
    }
    if (known.empty() && can_bus && for_others) return false;
    if (known.empty()) {
      warn("BMS_TYPE names nothing that can be here: every BMS is looked for");
      return false;
    }
    // Tried in the registry's order, whatever order the file has.
    std::erase_if(to,
                  [&known](const Protocol* one) { return std::find(known.begin(), known.end(), one) == known.end(); });
    return true;
  }

  void read_addresses(LinePlan& plan) {
    for (const int address : config_.addresses) {
      const bool possible = std::any_of(plan.protocols.begin(), plan.protocols.end(),
                                        [address](const Protocol* protocol) { return can_have(*protocol, address); });
      if (!possible) {
        warn(fmt::format("BATTERY_ADDRESSES {}: no BMS that is looked for here can have this address; it is left out",
                         hex_address(address)));
      } else if (std::find(plan.addresses.begin(), plan.addresses.end(), address) == plan.addresses.end()) {
        plan.addresses.push_back(address);
      }
    }
    std::sort(plan.addresses.begin(), plan.addresses.end());
  }

  void warn(const std::string& text) { warnings_.push_back(port_ + ": " + text); }

  const LineOptions& options_;
  const LineConfig& config_;
  std::vector<std::string>& warnings_;
  std::string port_;
};

bool is_excluded(const std::string& port, const DaemonConfig& config) {
  return std::any_of(config.excluded_devices.begin(), config.excluded_devices.end(),
                     [&port](const std::string& device) { return same_port(device, port); });
}

// Asks make_port() only whether there can be such a port.
std::optional<std::string> why_no_port(const std::string& name) {
  boost::asio::io_context unused;
  const auto port = make_port(unused, name);
  return port ? std::nullopt : std::optional(describe(port.error()));
}

}  // namespace

std::optional<std::string> device_of(std::string_view port) {
  if (is_usb_name(port)) {
    auto found = find_usb_port(port);
    return found ? std::optional(*found) : std::nullopt;
  }
  if (port.starts_with(kSlcan)) return device_of(port.substr(kSlcan.size()));
  if (port.find("://") != std::string_view::npos || is_can_port(port)) return std::nullopt;
  const bool is_path = port.starts_with('/') || port.starts_with('.');
  std::error_code error;
  const auto path = std::filesystem::weakly_canonical((is_path ? "" : "/dev/") + std::string(port), error);
  return error ? std::nullopt : std::optional(path.string());
}

bool same_port(std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (is_can_port(a) && is_can_port(b) && port_name(a) == port_name(b)) return true;  // "can0" and "can:can0"
  const auto first = device_of(a);
  return first && first == device_of(b);
}

Result<std::vector<PortPlan>> plan_ports(const LineOptions& options) {
  std::vector<PortPlan> plans;
  for (const std::string& port : options.ports) {
    const bool twice =
        std::any_of(plans.begin(), plans.end(), [&port](const PortPlan& other) { return other.port == port; });
    if (twice) return wrong_options(fmt::format("port {} is named twice", port));
    auto plan = plan_line(options, port);
    if (!plan) return plan.error();
    plans.push_back(std::move(*plan));
  }
  if (!plans.empty()) return plans;
  const Protocol* protocol = find_protocol(options.protocol);  // what they say is to be possible all the same
  const auto usable = plan_line(options, protocol != nullptr && protocol->medium == Medium::can ? "can0" : "");
  if (!usable) return usable.error();
  return plans;
}

Result<RunPlan> plan_run(const LineOptions& options, const Config& config) {
  RunPlan plan;
  const DaemonConfig daemon = config.daemon();
  const bool named = !options.ports.empty();
  auto ports = plan_ports(options);
  if (!ports) return ports.error();
  if (!named) {
    for (const std::string& port : daemon.ports) {
      const bool twice = std::any_of(ports->begin(), ports->end(),
                                     [&port](const PortPlan& other) { return same_port(other.port, port); });
      if (const auto why = why_no_port(port)) {
        plan.warnings.push_back(*why + "; it is left out");
      } else if (twice) {
        plan.warnings.push_back(port + ": named twice in the configuration; read once");
      } else if (auto line = plan_line(options, port); !line) {
        plan.warnings.push_back(describe(line.error()) + "; it is left out");
      } else {
        ports->push_back(std::move(*line));
        ports->back().waited_for = true;
      }
    }
  }
  for (PortPlan& port : *ports) {
    if (is_excluded(port.port, daemon)) {
      plan.excluded.push_back(port.port);
      continue;
    }
    LineReader(options, config.line(port.port), plan.warnings).read_into(port);
    plan.ports.push_back(std::move(port));
  }
  return plan;
}

}  // namespace bmsd
