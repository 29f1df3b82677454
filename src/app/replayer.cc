#include "app/replayer.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "io/open_port.h"
#include "protocol/registry.h"
#include "store/file.h"

namespace bmsd {
namespace {

constexpr Duration kLongestPause = 24h;  // longer ones are a clock that was set; by then everything is lost anyway
constexpr Duration kEnd = 1s;            // behind the last record: what was begun is over by then

Error wrong_capture(std::string detail) { return {Errc::config, "capture", 0, std::move(detail)}; }

// What a capture says of one of its ports.
struct Known {
  bool can = false;
  bool found = false;  // its only pack's address was configured by nobody
  std::vector<PackPlace> packs;
};

Status learn(const CaptureRecord& record, Known& known) {
  known.can = known.can || record.can;
  if (record.kind != CaptureRecord::packs && record.kind != CaptureRecord::found) return Done{};
  known.found = record.kind == CaptureRecord::found;
  for (const ProtocolPacks& places : packs_of(record.text).places) {
    const Protocol* protocol = find_protocol(places.protocol);
    if (protocol == nullptr)
      return wrong_capture(
          fmt::format("{}: the capture has packs of {}, which this bmsd does not speak; name what else it may "
                      "be with --protocol",
                      record.port, places.protocol));
    for (const int address : places.addresses) {
      const PackPlace place{protocol, address};
      if (std::find(known.packs.begin(), known.packs.end(), place) == known.packs.end()) known.packs.push_back(place);
    }
  }
  return Done{};
}

// As it was for the daemon that wrote the capture; the options beat it.
void apply(const Known& known, const LineOptions& options, PortPlan& plan) {
  plan.line.listen = true;
  plan.line.baud = 0;
  plan.record_file.clear();
  plan.capture = false;
  if (!known.packs.empty() && options.protocol.empty() && options.addresses.empty()) {
    plan.line.protocols.clear();
    for (const PackPlace& place : known.packs) {
      if (std::find(plan.line.protocols.begin(), plan.line.protocols.end(), place.protocol) ==
          plan.line.protocols.end())
        plan.line.protocols.push_back(place.protocol);
    }
    plan.line.packs = known.packs;
    plan.line.addresses.clear();
    plan.addresses_configured = !known.found;
    return;
  }
  plan.addresses_configured = true;
  const auto fits = [&known](const Protocol* protocol) { return (protocol->medium == Medium::can) == known.can; };
  std::erase_if(plan.line.protocols, std::not_fn(fits));
  // The port may have a name that tells its kind no more.
  if (plan.line.protocols.empty())
    std::copy_if(protocols().begin(), protocols().end(), std::back_inserter(plan.line.protocols), fits);
}

}  // namespace

Status add_capture(std::string_view text, const std::string& name, Capture& capture) {
  const auto read = read_capture(
      text, name, [&capture](CaptureRecord record, std::size_t) { capture.records.push_back(std::move(record)); });
  if (!read) return read.error();
  if (read->torn) capture.remarks.push_back(name + ": the last line has no end and is left out");
  return Done{};
}

Result<Capture> load_capture(const std::vector<std::string>& files) {
  Capture capture;
  for (const std::string& path : files) {
    const File file(path == "-" ? "/dev/stdin" : path, O_RDONLY);
    std::string text;
    if (!file.is_open() || !file.read(text, kLargestCapture))
      return wrong_capture(path + ": cannot be read; is the name right?");
    if (text.size() > kLargestCapture) return wrong_capture(path + ": is larger than a capture can be; split it");
    if (const Status added = add_capture(text, path, capture); !added) return added.error();
  }
  if (capture.records.empty()) return wrong_capture(files.front() + ": there is nothing in it");
  return capture;
}

Result<std::unique_ptr<Replayer>> Replayer::make(Capture capture, const LineOptions& options, const Config& config,
                                                 Instant begin, Log log) {
  std::map<std::string, Known> ports;
  for (const CaptureRecord& record : capture.records) {
    Known& known = ports[record.port];
    if (!options.protocol.empty()) {
      known.can = known.can || record.can;
    } else if (const Status learned = learn(record, known); !learned) {
      return learned.error();
    }
  }
  std::unique_ptr<Replayer> replayer(new Replayer(std::move(capture), begin, log));
  for (const auto& [name, known] : ports) {
    LineOptions of_port = options;
    of_port.ports = {name};
    auto plan = plan_run(of_port, config);
    if (!plan) return plan.error();
    for (const std::string& warning : plan->warnings) log(Level::warning, warning);
    if (plan->ports.empty()) continue;
    PortPlan& port = plan->ports.front();
    apply(known, options, port);
    Port& of = replayer->ports_[name];
    of.line = std::make_unique<Line>(port.line);
    replayer->hub_.add_line(*of.line, {name, port_name(name), port.addresses_configured, port.port_is_identity});
  }
  replayer->hub_.configure(config, ConfigState::fine, begin);
  return replayer;
}

std::map<std::string, std::vector<const Protocol*>> Replayer::protocols() const {
  std::map<std::string, std::vector<const Protocol*>> spoken;
  for (const auto& [name, port] : ports_) {
    auto& here = spoken[name];
    if (port.line->plan().protocols.size() == 1 || !port.line->plan().packs.empty()) here = port.line->plan().protocols;
    for (std::size_t i = 0; i < port.line->pack_count(); ++i) {
      const Protocol* protocol = port.line->pack(i).protocol;
      if (std::find(here.begin(), here.end(), protocol) == here.end()) here.push_back(protocol);
    }
  }
  return spoken;
}

void Replayer::pump(Line& line) {
  while (line.next(now_)) {  // it can only want another speed, and the capture has the one that it had
  }
  hub_.collect(now_);
}

// Everything that time alone makes happen until then.
bool Replayer::go_to(Instant until, const std::function<bool(Instant)>& reached) {
  for (;;) {
    Instant due = next_tick_;
    for (const auto& [name, port] : ports_) {
      if (const auto deadline = port.line->deadline(); port.open && deadline) due = std::min(due, *deadline);
    }
    if (due > until) break;
    if (due > now_ && !reached(due)) return false;
    now_ = std::max(now_, due);
    if (now_ >= next_tick_) {
      hub_.set_time({(wall_ + (now_ - wall_at_).count()) / 1'000'000}, now_);
      hub_.tick(now_);
      next_tick_ += 1s;
    }
    for (const auto& [name, port] : ports_) {
      if (const auto deadline = port.line->deadline(); port.open && deadline && *deadline <= now_) pump(*port.line);
    }
  }
  if (until > now_ && !reached(until)) return false;
  now_ = std::max(now_, until);
  return true;
}

void Replayer::deliver(const CaptureRecord& record) {
  const auto found = ports_.find(record.port);
  if (found == ports_.end()) return;  // excluded
  Port& port = found->second;
  switch (record.kind) {
    case CaptureRecord::opened:
      port.open = true;
      port.line->opened(0, now_);
      break;
    case CaptureRecord::closed:
      port.open = false;
      port.line->closed(now_);
      break;
    case CaptureRecord::received:
    case CaptureRecord::sent:
      if (!std::exchange(port.open, true)) port.line->opened(0, now_);
      port.line->received(record.bytes, now_);
      break;
    default:
      return;
  }
  pump(*port.line);
}

void Replayer::run(const std::function<bool(Instant)>& reached) {
  wall_ = capture_.records.front().at;
  wall_at_ = now_;
  next_tick_ = now_ + 1s;
  hub_.set_time({wall_ / 1'000'000}, now_);
  for (const CaptureRecord& record : capture_.records) {
    // A clock that was set back, or a file before this one: no time has passed.
    const Duration pause = std::clamp(Duration(record.at - wall_), Duration(0), kLongestPause);
    if (!go_to(wall_at_ + pause, reached)) return;
    wall_ = record.at;
    wall_at_ = now_;
    hub_.set_time({wall_ / 1'000'000}, now_);
    deliver(record);
  }
  go_to(now_ + kEnd, reached);
}

}  // namespace bmsd
