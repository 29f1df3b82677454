// Where lines, control and sinks meet: takes what happened on the lines, works out the limits, tells the sinks. No I/O,
// no clock: the owner says the instant, so an hour of a whole system runs in a test in a moment.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bank/view.h"
#include "base/log.h"
#include "control/disconnect.h"
#include "line/line.h"

namespace bmsd {

// A line as the hub knows it.
struct LinePlace {
  std::string port;       // as the user named it
  std::string port_name;  // safe for a bus name
  bool addresses_configured = false;
};

class Hub {
 public:
  Hub(ControlConfig config, Log log) : config_(std::move(config)), log_(std::move(log)) {}

  // Sinks and lines are added before the first event and outlive the hub.
  void add_sink(Sink& sink) { sinks_.push_back(&sink); }
  void add_line(Line& line, LinePlace place);

  // Takes the events of all lines; after each time that one was pumped.
  void collect(Instant now);

  // Once a second: what changes by time alone.
  void tick(Instant now);

  // Every battery that has complete values.
  std::vector<BatteryView> views() const;

  // Configured packs that have not answered yet, as "address 0x02 on /dev/ttyUSB0".
  std::vector<std::string> waiting() const;

  // Leaves all sinks: the program ends.
  void shut_down(Instant now);

 private:
  struct Unit {
    Identity identity;
    const PackTalk* pack;
    Disconnect disconnect{};
    Presence presence{};
    Limits limits{};
    bool published = false;
  };
  struct Place {
    Line* line;
    LinePlace names;
    int first_order;  // order of the line's first pack
    std::vector<std::unique_ptr<Unit>> units;
  };

  void know_packs(Place& place);
  void handle(Place& place, const LineEvent& event, Instant now);
  void join(Place& place, Unit& unit, Instant now);
  bool evaluate(Unit& unit, Instant now);
  void tell(const Unit& unit, Instant now);
  BatteryView view(const Unit& unit) const;

  ControlConfig config_;
  Log log_;
  std::vector<Sink*> sinks_;
  std::vector<Place> places_;
};

}  // namespace bmsd
