// From options and configuration to what is to be done on each port.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/commands.h"
#include "base/result.h"
#include "config/config.h"
#include "line/line.h"
#include "store/rotating_file.h"

namespace bmsd {

// A port and what is known of the line behind it.
struct PortPlan {
  std::string port;
  LinePlan line;
  bool addresses_configured = false;
  bool type_known = false;        // somebody named the BMS
  bool port_is_identity = false;  // USE_PORT_AS_UNIQUE_ID
  bool waited_for = false;        // named in the configuration: when it is missing at the start, it is waited for
  // Where everything that goes over the port is written to. No path: nowhere, or with `capture` at the usual place.
  std::string record_file = {};
  bool capture = false;
  RotationLimits record_limits = {};
};

// What the options say for each of their ports. Error config for an unknown protocol, an address or a speed that cannot
// be.
Result<std::vector<PortPlan>> plan_ports(const LineOptions& options);

struct RunPlan {
  std::vector<PortPlan> ports;
  std::vector<std::string> excluded;  // ports that EXCLUDED_DEVICES takes out
  std::vector<std::string> warnings;  // what the configuration asks for and cannot be
};

// The same with a configuration behind the options. What the options cannot mean is an error as above; what the
// configuration cannot mean is left out with a warning: it never keeps the daemon from running.
Result<RunPlan> plan_run(const LineOptions& options, const Config& config);

// The device node of a port of this machine, links followed; nothing for a gateway, and for an adapter that is not there.
// Opens nothing.
std::optional<std::string> device_of(std::string_view port);

// Whether both name the same port: "ttyUSB0" and "/dev/ttyUSB0", a link and its target, "usb:..." and where it is. Opens
// nothing.
bool same_port(std::string_view a, std::string_view b);

}  // namespace bmsd
