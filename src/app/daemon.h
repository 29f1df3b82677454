// Ports, lines and the hub on one event loop: what `run`, `show` and `demo` have in common.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/hub.h"
#include "app/line_watch.h"
#include "app/loop_watch.h"
#include "app/port_plan.h"
#include "app/traffic.h"
#include "base/log.h"
#include "io/pump.h"
#include "io/tty.h"
#include "line/line.h"

namespace bmsd {

class Daemon {
 public:
  Daemon(boost::asio::io_context& io, Log log);

  // What is kept of the traffic besides what each port's plan says; before the first port.
  void keep_traffic(TrafficOptions options) { traffic_.set_options(std::move(options)); }

  bool records() const { return traffic_.records(); }  // something is written to a capture

  // Error config: the name cannot be a port. `opened`, `lost` and `options` as in io/pump.h.
  Status add_port(const PortPlan& plan, PumpOptions options = {}, std::function<void(const Error&)> lost = {},
                  std::function<void()> opened = {});

  void start();
  // Leaves the sinks and closes the ports.
  void stop();
  void leave_sinks();  // the first half of that

  // Called after each event of a line and after each tick.
  void on_change(std::function<void(Instant)> on_change) { on_change_ = std::move(on_change); }

  Hub& hub() { return hub_; }
  const Hub& hub() const { return hub_; }
  std::size_t line_count() const { return ports_.size(); }
  Line& line(std::size_t index) { return *ports_[index]->line; }
  const std::string& port(std::size_t index) const { return ports_[index]->name; }
  bool is_open(std::size_t index) const { return ports_[index]->pump->is_open(); }
  void poke(std::size_t index) { ports_[index]->pump->poke(); }
  void set_interval(const std::string& port, Duration interval);  // between the rounds of its packs

  const LoopWatch& loop() const { return loop_; }
  // What the last minutes of a line, and its port, have to tell.
  LineFacts facts(std::size_t index) const;

  // --- Handing over to another process (docs/restart.md)

  // As Line::rest, of all lines. rested(): all are.
  void rest(bool wanted);
  bool rested(Instant now) const;
  // Stops the ports and keeps their devices: the descriptor of each line's, or none; and goes on with them.
  std::vector<Descriptor> lend();
  void resume(std::vector<Descriptor> descriptors);
  // Before start(): what another process knew of a line (Line::inherit), and the device of its port.
  void inherit(std::size_t index, int baud, std::vector<InheritedPack> packs, Descriptor descriptor);

  // As Hub::change, with the local time where it is known, and the lines pumped.
  void change(std::string_view id, Change change, Hub::ChangeDone done);

 private:
  struct PortLine {
    std::string name;
    std::unique_ptr<Line> line;
    std::unique_ptr<Pump> pump;
    LineWatch watch = {};
  };
  void tick_later();
  void changed(Instant now);

  boost::asio::io_context& io_;
  Log log_;
  Hub hub_;
  Traffic traffic_;
  std::vector<std::unique_ptr<PortLine>> ports_;
  boost::asio::steady_timer ticker_;
  LoopWatch loop_;
  std::function<void(Instant)> on_change_;
};

}  // namespace bmsd
