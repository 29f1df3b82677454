#include "app/daemon.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/addresses.h"
#include "io/clock.h"
#include "io/open_port.h"
#include "protocol/registry.h"

namespace bmsd {
namespace {

Error wrong(std::string detail) { return {Errc::config, "options", 0, std::move(detail)}; }

Status check_address(const Protocol& protocol, int address) {
  if (address >= protocol.lowest_address && address <= protocol.highest_address) return Done{};
  return wrong(fmt::format("address {} is none of {}: write one from {} to {}", hex_address(address), protocol.name,
                           hex_address(protocol.lowest_address), hex_address(protocol.highest_address)));
}

}  // namespace

Result<std::vector<PortPlan>> plan_ports(const LineOptions& options) {
  PortPlan plan;
  if (options.protocol.empty()) {
    plan.line.protocols.assign(protocols().begin(), protocols().end());
  } else {
    const Protocol* protocol = find_protocol(options.protocol);
    if (protocol == nullptr)
      return wrong(fmt::format("\"{}\" is no protocol that bmsd speaks; see: bmsd list", options.protocol));
    plan.line.protocols = {protocol};
  }
  if (options.baud < 0 || options.baud > 4'000'000)
    return wrong(fmt::format("{} is no speed; write --baud 19200", options.baud));
  plan.line.baud = options.baud;

  auto addresses = parse_addresses(options.addresses);
  if (!addresses) return addresses.error();
  plan.line.addresses = std::move(*addresses);
  plan.addresses_configured = !plan.line.addresses.empty();
  for (const int address : plan.line.addresses) {
    if (auto fits = check_address(*plan.line.protocols.front(), address); !fits && plan.line.protocols.size() == 1)
      return fits.error();
  }
  const double interval = options.interval.value_or(1.0);
  if (!(interval >= 0 && interval <= 3600))
    return wrong("--interval takes seconds from 0 (as fast as the wire allows) to 3600");
  plan.line.interval = Duration(std::llround(interval * 1e6));

  std::vector<PortPlan> plans;
  for (const std::string& port : options.ports) {
    const bool twice =
        std::any_of(plans.begin(), plans.end(), [&port](const PortPlan& other) { return other.port == port; });
    if (twice) return wrong(fmt::format("port {} is named twice", port));
    plan.port = port;
    plans.push_back(plan);
  }
  return plans;
}

Daemon::Daemon(boost::asio::io_context& io, const ControlConfig& config, Log log)
    : io_(io), log_(std::move(log)), hub_(config, log_), ticker_(io) {}

Status Daemon::add_port(const PortPlan& plan, PumpOptions options, std::function<void(const Error&)> lost,
                        std::function<void()> opened) {
  auto port = make_port(io_, plan.port);
  if (!port) return port.error();
  auto entry = std::make_unique<PortLine>();
  entry->name = plan.port;
  entry->line = std::make_unique<Line>(plan.line);
  hub_.add_line(*entry->line, {plan.port, port_name(plan.port), plan.addresses_configured});
  PumpHooks hooks;
  hooks.after_event = [this](Instant now) { changed(now); };
  hooks.lost = std::move(lost);
  hooks.opened = std::move(opened);
  entry->pump = std::make_unique<Pump>(io_, std::move(*port), *entry->line, plan.port, log_, std::move(hooks), options);
  ports_.push_back(std::move(entry));
  return Done{};
}

void Daemon::start() {
  for (const auto& port : ports_) port->pump->start();
  ticker_.expires_after(std::chrono::seconds(1));
  tick_later();
}

void Daemon::tick_later() {
  ticker_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const Instant now = now_monotonic();
    hub_.tick(now);
    if (on_change_) on_change_(now);
    ticker_.expires_at(ticker_.expiry() + std::chrono::seconds(1));
    tick_later();
  });
}

void Daemon::changed(Instant now) {
  hub_.collect(now);
  if (on_change_) on_change_(now);
}

void Daemon::stop() {
  ticker_.cancel();
  for (const auto& port : ports_) port->pump->stop();
  hub_.shut_down(now_monotonic());
}

}  // namespace bmsd
