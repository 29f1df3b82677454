#include "app/daemon.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <ctime>

#include "io/clock.h"
#include "io/open_port.h"

namespace bmsd {
namespace {

// Machines without a battery for their clock begin in 1970, or when their system was built.
constexpr std::int64_t kClockIsSetFrom = 1'735'689'600;  // 2025-01-01

std::optional<CivilTime> local_time() {
  const std::time_t now = static_cast<std::time_t>(wall_now().seconds);
  std::tm local{};
  if (now < kClockIsSetFrom || localtime_r(&now, &local) == nullptr) return std::nullopt;
  return CivilTime{local.tm_year + 1900, local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec};
}

}  // namespace

Daemon::Daemon(boost::asio::io_context& io, Log log)
    : io_(io), log_(std::move(log)), hub_(log_), traffic_(log_), ticker_(io) {
  hub_.add_sink(traffic_);
  hub_.change_through(
      [this](std::string_view id, const Change& what, Hub::ChangeDone done) { change(id, what, std::move(done)); });
}

Status Daemon::add_port(const PortPlan& plan, PumpOptions options, std::function<void(const Error&)> lost,
                        std::function<void()> opened) {
  auto port = make_port(io_, plan.port);
  if (!port) return port.error();
  auto entry = std::make_unique<PortLine>();
  entry->name = plan.port;
  entry->line = std::make_unique<Line>(plan.line);
  Machine& tapped = traffic_.tap(*entry->line, plan, now_monotonic());
  hub_.add_line(*entry->line, {plan.port, port_name(plan.port), plan.addresses_configured, plan.port_is_identity});
  PumpHooks hooks;
  hooks.after_event = [this](Instant now) { changed(now); };
  hooks.lost = [&watch = entry->watch, lost = std::move(lost)](const Error& error) {
    watch.lost(error);
    if (lost) lost(error);
  };
  hooks.opened = [&watch = entry->watch, opened = std::move(opened)] {
    watch.opened();
    if (opened) opened();
  };
  entry->pump = std::make_unique<Pump>(io_, std::move(*port), tapped, plan.port, log_, std::move(hooks), options);
  ports_.push_back(std::move(entry));
  return Done{};
}

void Daemon::start() {
  for (const auto& port : ports_) port->pump->start();
  (void)loop_.called(now_monotonic());
  ticker_.expires_after(LoopWatch::kEvery);
  tick_later();
}

void Daemon::tick_later() {
  ticker_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const Instant now = now_monotonic();
    if (const auto away = loop_.called(now)) {
      log_(Level::warning,
           fmt::format("nothing was done for {:.1f} s: the machine was too busy, or bmsd was held up", seconds(*away)));
    }
    hub_.set_time(wall_now(), now);
    hub_.tick(now);
    traffic_.look(now);
    for (const auto& port : ports_) port->watch.look(facts_of(*port->line, now), port->pump->port().unsent(), now);
    if (on_change_) on_change_(now);
    // What was missed is not made up for.
    using SteadyTime = std::chrono::steady_clock::time_point;
    ticker_.expires_at(std::max(ticker_.expiry() + LoopWatch::kEvery, SteadyTime(now.time_since_epoch())));
    tick_later();
  });
}

LineFacts Daemon::facts(std::size_t index) const {
  const Instant now = now_monotonic();
  const PortLine& port = *ports_[index];
  return port.watch.facts(facts_of(*port.line, now), port.name, now);
}

void Daemon::changed(Instant now) {
  hub_.set_time(wall_now(), now);
  hub_.collect(now);
  traffic_.look(now);
  if (on_change_) on_change_(now);
}

void Daemon::set_interval(const std::string& port, Duration interval) {
  for (const auto& entry : ports_) {
    if (entry->name != port) continue;
    entry->line->set_interval(interval);
    entry->pump->poke();
  }
}

void Daemon::change(std::string_view id, Change change, Hub::ChangeDone done) {
  change.local_time = local_time();
  hub_.change(id, change, now_monotonic(), std::move(done));
  // Later, because this may be called while a line is pumped.
  boost::asio::post(io_, [this] {
    for (const auto& port : ports_) port->pump->poke();
  });
}

void Daemon::rest(bool wanted) {
  for (const auto& port : ports_) {
    port->line->rest(wanted);
    port->pump->poke();
  }
}

bool Daemon::rested(Instant now) const {
  return std::all_of(ports_.begin(), ports_.end(), [now](const auto& port) { return port->line->rested(now); });
}

std::vector<Descriptor> Daemon::lend() {
  std::vector<Descriptor> descriptors;
  for (const auto& port : ports_) descriptors.emplace_back(port->pump->lend());
  traffic_.finish(now_monotonic());
  return descriptors;
}

void Daemon::resume(std::vector<Descriptor> descriptors) {
  for (std::size_t i = 0; i < ports_.size() && i < descriptors.size(); ++i) {
    ports_[i]->line->rest(false);
    if (descriptors[i]) ports_[i]->pump->port().adopt(descriptors[i].release());
    ports_[i]->pump->start();
  }
}

void Daemon::inherit(std::size_t index, int baud, std::vector<InheritedPack> packs, Descriptor descriptor) {
  ports_[index]->line->inherit(baud, std::move(packs), now_monotonic());
  if (descriptor) ports_[index]->pump->port().adopt(descriptor.release());
}

void Daemon::leave_sinks() {
  ticker_.cancel();
  hub_.shut_down(now_monotonic());
}

void Daemon::stop() {
  leave_sinks();
  for (const auto& port : ports_) port->pump->stop();
  traffic_.finish(now_monotonic());
}

}  // namespace bmsd
