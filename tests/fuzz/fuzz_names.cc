// What people type to name something, and rules of udev that name adapters: the first byte picks which, each line is one text.
// Whatever they type: it names something that can be, which is named again by what it is called then, or it is refused with what to
// write instead. A name is the same thing each time, and what is made of it for D-Bus and for udev has only characters that these take.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cmath>
#include <vector>

#include "app/addresses.h"
#include "app/battery_choice.h"
#include "app/explanations.h"
#include "app/pin_rules.h"
#include "app/port_plan.h"
#include "app/typed_change.h"
#include "base/bytes.h"
#include "fuzz_input.h"
#include "io/open_port.h"
#include "io/tcp.h"
#include "io/usb_ports.h"
#include "protocol/registry.h"
#include "venus/names.h"

namespace {

using namespace bmsd;

void check_refusal(const Error& error) { demand(error.code == Errc::config && !error.detail.empty()); }

bool is_safe(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), fits);
}

void check_addresses(const std::vector<int>& addresses) {
  std::string text;
  int last = -1;
  for (const int address : addresses) {
    demand(address > last && address <= 255);
    last = address;
    text += hex_address(address) + ", ";
  }
  const auto again = parse_addresses(text);
  demand(again.ok() && *again == addresses);
}

void addresses(FuzzInput& input) {
  while (!input.empty()) {
    const auto parsed = parse_addresses(input.line());
    parsed ? check_addresses(*parsed) : check_refusal(parsed.error());
  }
}

void port(const std::string& name) {
  boost::asio::io_context unused;
  const auto made = make_port(unused, name);
  if (!made) return check_refusal(made.error());
  demand(is_safe(port_name(name)) && !(port_name(name).front() >= '0' && port_name(name).front() <= '9'));
  demand(same_port(name, name));
  if (const auto gateway = parse_tcp(name)) demand(!gateway->host.empty() && gateway->port > 0);
  // A name in a configuration and on the command line.
  const auto planned = plan_ports({.ports = {name}});
  demand(planned.ok() && planned->size() == 1 && planned->front().port == name);
  for (const Protocol* protocol : planned->front().line.protocols)
    demand((protocol->medium == Medium::can) == is_can_port(name));
}

void ports(FuzzInput& input) {
  std::string last = "ttyUSB0";
  for (int left = 8; left > 0 && !input.empty(); --left) {
    std::string name(input.line());
    port(name);
    demand(same_port(name, last) == same_port(last, name));
    last = std::move(name);
  }
}

// The options of a line.
void line(FuzzInput& input) {
  LineOptions options;
  options.baud = static_cast<int>(input.below(4)) * 9600 - 9600;
  options.interval = static_cast<double>(input.byte()) / 10 - 1;
  options.protocol = input.line();
  options.addresses = input.line();
  if (const std::string_view name = input.line(); !name.empty()) options.ports = {std::string(name)};
  const auto plan = plan_ports(options);
  if (!plan) return check_refusal(plan.error());
  demand(plan->size() == options.ports.size());
  demand(options.protocol.empty() || find_protocol(options.protocol) != nullptr);
  for (const PortPlan& port : *plan) {
    demand(!port.line.protocols.empty() && port.line.interval >= Duration(0));
    demand(port.type_known == !options.protocol.empty());
    check_addresses(port.line.addresses);
    if (port.line.protocols.size() > 1) continue;
    const Protocol& protocol = *port.line.protocols.front();
    for (const int address : port.line.addresses)
      demand(address >= protocol.lowest_address && address <= protocol.highest_address);
  }
}

// A configuration cannot keep the daemon from running.
void configured_ports(FuzzInput& input) {
  const auto plan = plan_run({}, Config::parse("[DEFAULT]\n" + std::string(as_text(input.rest()))));
  demand(plan.ok());
  for (const std::string& warning : plan->warnings) demand(!warning.empty());
  for (const PortPlan& port : plan->ports) {
    demand(!port.line.protocols.empty() && port.waited_for && port.line.interval >= Duration(0));
    for (const PackPlace& pack : port.line.packs)
      demand(pack.address >= pack.protocol->lowest_address && pack.address <= pack.protocol->highest_address);
  }
}

struct Known {
  Identity identity;
  Battery battery = {};
  Limits limits = {};
  Presence presence = {};
  LinkHealth health = {};
  Display display = {};
  ControlConfig control = {};
  ControlOutputs outputs = {};
};

// Two batteries, what identifies them, and a name.
void battery(FuzzInput& input) {
  std::vector<Known> known;
  std::vector<BatteryView> views;
  for (int address = 1; address <= 2; ++address) {
    const std::string said(input.line());
    known.push_back({{.id = "ttyUSB0 " + hex_address(address),
                      .port = "/dev/ttyUSB0",
                      .port_name = "ttyUSB0",
                      .address = address,
                      .address_configured = true,
                      .identities = {said.empty() ? "unnamed" : said}}});
  }
  for (const Known& one : known)
    views.push_back(
        {one.identity, one.battery, one.limits, one.presence, one.health, one.display, one.control, one.outputs});
  for (const BatteryView& view : views) {
    const auto first = choose_battery(views, service_name(view.identity));
    demand(!first || *first == view.identity.id);
    demand(choose_battery({&view, 1}, view.identity.identities.front()).ok());
    demand(choose_battery({&view, 1}, safe_identity(view.identity.identities.front())).ok());
  }
  demand(!choose_battery({}, input.line()).ok());
  while (!input.empty()) {
    const auto chosen = choose_battery(views, input.line());
    if (chosen) {
      demand(*chosen == views[0].identity.id || *chosen == views[1].identity.id);
    } else {
      check_refusal(chosen.error());
      for (const BatteryView& view : views) demand(chosen.error().detail.find(view.identity.id) != std::string::npos);
    }
  }
}

// What bmsd set changes, and what bmsd explain supposes.
void changes(FuzzInput& input) {
  while (!input.empty()) {
    const std::string text(input.line());
    const auto change = parse_change(text);
    if (change) {
      demand(check(*change).ok());
      const std::string value = value_text(change->what, change->value);
      const auto again = parse_change(std::string(word_of(change->what)) + "=" + value);
      demand(again.ok() && again->what == change->what && std::abs(again->value - change->value) <= 0.01);
      demand(value_text(again->what, again->value) == value && !value.starts_with('-'));
    } else {
      check_refusal(change.error());
    }
    const auto supposed = supposition_in(text);
    supposed ? demand(std::isfinite(supposed->value)) : check_refusal(supposed.error());
  }
}

// A file of rules that has been there before, and an adapter of which udev tells.
void pins(FuzzInput& input) {
  const bool by_serial = (input.byte() & 1) != 0;
  const std::string serial(input.line());
  const std::vector<UsbPort> all = {{"ttyUSB0", serial, std::string(input.line()), "1:1.0"},
                                    {"ttyUSB1", serial, "1-2", ""}};
  const std::string stable = stable_name("ttyUSB0", all);
  demand(stable == "/dev/ttyUSB0" || is_usb_name(stable));

  const std::string name = by_serial ? "usb:" + serial : stable;
  const std::string_view text = as_text(input.rest());
  std::vector<Pin> pins = read_pin_rules(text);
  if (const auto pin = make_pin(name, udev_properties(text), by_serial ? kHandsOff : "")) {
    const std::string rules = pin_rules({*pin});
    demand(std::count(rules.begin(), rules.end(), '\n') == 3);
    const auto read = read_pin_rules(rules);
    demand(read.size() == 1 && read[0].name == name && read[0].key == pin->key && read[0].value == pin->value);
    demand(read[0].service == pin->service);
    pins.push_back(*pin);
  } else {
    check_refusal(pin.error());
  }
  // What was read once is written and read as the same.
  const std::string rules = pin_rules(pins);
  demand(pin_rules(read_pin_rules(rules)) == rules);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  constexpr std::array kKinds = {addresses, ports, line, configured_ports, battery, changes, pins};
  kKinds[input.below(kKinds.size())](input);
  return 0;
}
