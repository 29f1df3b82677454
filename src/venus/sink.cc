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

void VenusSink::removed(const Identity& identity, Instant) {
  services_.erase(identity.id);
  if (surroundings_) surroundings_->leave(identity.id);
}

}  // namespace bmsd
