#include "app/takeover.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/guardian.h"
#include "app/version.h"
#include "io/clock.h"

namespace bmsd {
namespace {

constexpr Duration kGuardianWithin = 10s;
constexpr Duration kParcelWithin = 30s;  // the old process waits for its lines to be quiet

// The packs of a line as this process is to know them: those of its own configuration where that names any, and of each
// what the other process knew. Empty: the configuration wants something else now, and the line finds out by itself.
std::vector<InheritedPack> packs_for(const LinePlan& plan, const Snapshot::Port& port) {
  if (port.packs.empty() || (plan.baud > 0 && plan.baud != port.baud)) return {};
  const Protocol* protocol = port.packs.front().place.protocol;
  std::vector<PackPlace> places = plan.packs;
  if (places.empty()) {
    if (std::find(plan.protocols.begin(), plan.protocols.end(), protocol) == plan.protocols.end()) return {};
    for (const int address : plan.addresses) places.push_back({protocol, address});
  }
  if (places.empty()) return port.packs;
  std::vector<InheritedPack> packs;
  for (const PackPlace& place : places) {
    const auto known = std::find_if(port.packs.begin(), port.packs.end(),
                                    [&place](const InheritedPack& pack) { return pack.place == place; });
    packs.push_back(known == port.packs.end() ? InheritedPack{place, {}, {}} : *known);
  }
  return packs;
}

}  // namespace

Result<std::unique_ptr<Takeover>> Takeover::begin(int channel) {
  Descriptor end(channel);
  const nlohmann::json hello = {{"say", "hello"}, {"format", kSnapshotFormat}, {"version", kVersion}};
  if (Status sent = send_parcel(end.get(), hello.dump()); !sent) return sent.error();
  Result<Parcel> parcel = receive_parcel(end.get(), kParcelWithin);
  if (!parcel) return parcel.error();
  auto snapshot = parse_snapshot(parcel->text, now_monotonic());
  if (!snapshot) return snapshot.error();
  return std::make_unique<Takeover>(std::move(end), std::move(*snapshot), std::move(parcel->descriptors));
}

Takeover::Takeover(Descriptor channel, Snapshot snapshot, std::vector<Descriptor> descriptors)
    : channel_(std::move(channel)), snapshot_(std::move(snapshot)), descriptors_(std::move(descriptors)) {}

int Takeover::take(int index) {
  if (index < 0 || static_cast<std::size_t>(index) >= descriptors_.size()) return -1;
  return descriptors_[static_cast<std::size_t>(index)].release();
}

int Takeover::take_instance_lock(const std::string& path) {
  for (const Snapshot::Lock& lock : snapshot_.instance_locks) {
    if (lock.path == path) return take(lock.descriptor);
  }
  return -1;
}

void Takeover::give_port(Daemon& daemon, std::size_t index) {
  for (Snapshot::Port& port : snapshot_.ports) {
    if (port.name != daemon.port(index)) continue;
    const LinePlan& plan = daemon.line(index).plan();
    std::vector<InheritedPack> packs;
    if (!port.listens) packs = packs_for(plan, port);
    // Who is only listened to is met anew, except for those who say nothing.
    if (plan.listen) {
      packs = port.packs;
      std::erase_if(packs, [](const InheritedPack& pack) { return !pack.lost; });
    }
    daemon.inherit(index, port.baud, std::move(packs), Descriptor(take(port.descriptor)));
  }
}

void Takeover::start(boost::asio::io_context& io, Daemon& daemon, VenusSink* venus, Hooks hooks) {
  daemon_ = &daemon;
  venus_ = venus;
  hooks_ = std::move(hooks);
  daemon.hub().set_time(wall_now(), now_monotonic());
  daemon.hub().inherit(snapshot_.batteries, now_monotonic());
  other_end_ = std::make_unique<boost::asio::posix::stream_descriptor>(io);
  boost::system::error_code error;
  other_end_->assign(channel_.get(), error);
  if (!error) channel_.release();
  wait_for_end();
}

// The old process says nothing more: what can come is its end. If that comes too early it has crashed, and whoever
// watches over it starts anew: this process would be in the way.
void Takeover::wait_for_end() {
  other_end_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [this](const boost::system::error_code& error) {
                           if (error) return;
                           boost::system::error_code ignored;
                           other_end_->close(ignored);
                           if (stage_ != Stage::done)
                             return hooks_.end("the process whose place this one was to take is gone");
                           stage_ = Stage::alone;
                           alone_since_ = now_monotonic();
                           hooks_.alone();
                         });
}

void Takeover::look(Instant now) {
  if (stage_ == Stage::learning) {
    const std::string missing = this->missing();
    if (missing != std::exchange(told_missing_, missing)) say("waiting", missing);
    if (!missing.empty()) return;
    stage_ = Stage::naming;
    if (venus_ != nullptr) venus_->take_names();
  }
  if (stage_ == Stage::naming && (venus_ == nullptr || all_have(&VenusSink::on_the_bus))) {
    stage_ = Stage::done;
    hooks_.serves();
    say("done");
  }
  if (stage_ != Stage::alone || follows_guardian_) return;
  follows_guardian_ = follow_guardian(snapshot_.guardian);
  if (!follows_guardian_ && now - alone_since_ > kGuardianWithin)
    hooks_.end("the process that the service manager knows is gone");
}

// In words: what has to come yet.
std::string Takeover::missing() const {
  const std::vector<std::string> silent = daemon_->hub().missing();
  if (!silent.empty()) return silent.front() + " has not answered to the new process";
  if (venus_ == nullptr || all_have(&VenusSink::prepared)) return {};
  return "the new process does not get ready on D-Bus";
}

bool Takeover::all_have(bool (VenusSink::*what)(std::string_view) const) const {
  const std::vector<BatteryView> views = daemon_->hub().views();
  return std::all_of(views.begin(), views.end(),
                     [&](const BatteryView& view) { return (venus_->*what)(view.identity.id); });
}

void Takeover::say(const char* what, const std::string& text) const {
  if (!other_end_ || !other_end_->is_open()) return;
  (void)send_parcel(other_end_->native_handle(), nlohmann::json{{"say", what}, {"text", text}}.dump());
}

}  // namespace bmsd
