#include "venus/sink.h"

#include <utility>

#include "venus/roster.h"
#include "venus/service.h"
#include "venus/surroundings_watch.h"

namespace bmsd {

VenusSink::VenusSink(boost::asio::io_context& io, VenusOptions options, Log log, Appeared appeared)
    : io_(io),
      options_(std::move(options)),
      log_(log ? std::move(log) : [](Level, std::string_view) {}),
      appeared_(std::move(appeared)),
      roster_(std::make_unique<Roster>()) {
  if (options_.surroundings)
    surroundings_ = std::make_unique<SurroundingsWatch>(io_, options_.bus, log_, options_.surroundings);
}

VenusSink::~VenusSink() = default;

void VenusSink::added(const BatteryView& view, Instant now) {
  auto& service = services_[view.identity.id];
  service.reset();  // two connections would fight for the name
  service = std::make_unique<VenusService>(io_, options_, log_, appeared_, *roster_, view, now);
  if (surroundings_) surroundings_->follow(view);
}

void VenusSink::changed(const BatteryView& view, Instant now) {
  const auto found = services_.find(view.identity.id);
  if (found == services_.end()) return;
  found->second->changed(view, now);
  if (surroundings_) surroundings_->follow(view);
}

void VenusSink::save(std::string_view id, const Kept& kept) {
  if (const auto found = services_.find(id); found != services_.end()) found->second->save(kept);
}

void VenusSink::let_names_go(bool may) {
  for (const auto& [id, service] : services_) service->let_name_go(may);
}

std::vector<std::pair<std::string, int>> VenusSink::instance_locks() const {
  std::vector<std::pair<std::string, int>> locks;
  for (const auto& [id, service] : services_) {
    const InstanceLock* lock = service->instance_lock();
    if (lock != nullptr && lock->descriptor() >= 0) locks.emplace_back(lock->path(), lock->descriptor());
  }
  return locks;
}

bool VenusSink::prepared(std::string_view id) const {
  const auto found = services_.find(id);
  return found != services_.end() && found->second->prepared();
}

bool VenusSink::on_the_bus(std::string_view id) const {
  const auto found = services_.find(id);
  return found != services_.end() && found->second->online();
}

void VenusSink::take_names() {
  options_.takes_over = false;  // whoever comes later asks at once
  for (const auto& [id, service] : services_) service->take_name();
}

void VenusSink::removed(const Identity& identity, Instant) {
  services_.erase(identity.id);
  if (surroundings_) surroundings_->leave(identity.id);
}

}  // namespace bmsd
