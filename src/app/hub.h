// Where lines, control and sinks meet: takes what happened on the lines, works out the limits, tells the sinks. No I/O,
// no clock: the owner says the instant, so an hour of a whole system runs in a test in a moment.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/inherited.h"
#include "bank/kept.h"
#include "bank/view.h"
#include "base/log.h"
#include "config/config.h"
#include "control/charge_control.h"
#include "control/what_if.h"
#include "line/line.h"

namespace bmsd {

// A line as the hub knows it.
struct LinePlace {
  std::string port;       // as the user named it
  std::string port_name;  // safe for a bus name
  bool addresses_configured = false;
  bool port_is_identity = false;  // "ttyUSB0__0x01" and nothing else
};

class Hub {
 public:
  explicit Hub(Log log) : log_(std::move(log)) {}

  // What the batteries are configured as from now on; `state`: what all of them show of the configuration. Says whether
  // everything takes effect at once: false when BATTERY_CELL_DATA_FORMAT of a published battery is another one now.
  bool configure(Config config, ConfigState state, Instant now);

  // Sinks and lines are added before the first event and outlive the hub.
  void add_sink(Sink& sink) { sinks_.push_back(&sink); }
  void add_line(Line& line, LinePlace place);

  // What time it is at `now`; about once a second, before the rest. Without, no wall clock is known.
  void set_time(WallTime wall, Instant now);

  // What a battery kept of its last life, and what it is to keep of this one; `id` is Identity::id.
  void restore(std::string_view id, const Kept& kept);
  // Of every published battery; what control does not know stays as it was restored. `at_the_end`: also what is not
  // worth being written in between.
  std::vector<std::pair<std::string, Kept>> kept(bool at_the_end = false) const;

  // Takes the events of all lines; after each time that one was pumped.
  void collect(Instant now);

  // Once a second: what changes by time alone.
  void tick(Instant now);

  // Every battery that has complete values.
  std::vector<BatteryView> views() const;

  // Whether a BMS has answered, if only once and incompletely.
  bool anybody_answered() const;

  // Configured packs that have not answered yet, as "address 0x02 on /dev/ttyUSB0".
  std::vector<std::string> waiting() const;

  // Changes something in the BMS of the battery `id`. `done` is called once, now or later, and not from within here
  // when the change was begun: with what the BMS says afterwards, or an error whose detail is for people. Whoever runs
  // the lines has them pumped.
  using ChangeDone = std::function<void(const Result<double>& said)>;
  void change(std::string_view id, const Change& change, Instant now, ChangeDone done);
  // How the hub begins changes of its own (AUTO_RESET_SOC), where change() alone is not enough.
  using Changer = std::function<void(std::string_view id, const Change& change, ChangeDone done)>;
  void change_through(Changer changer) { changer_ = std::move(changer); }
  // The same as change(), but only whether it may be begun.
  Status may_change(std::string_view id, const Change& change);

  // What others know of the battery `id`; holds until it is said anew. Takes effect with the next evaluation.
  void set_surroundings(std::string_view id, const Surroundings& surroundings);
  // Of the battery `id`; control/charge_control.h says what they do. The sinks are told.
  // They say whether it was done: the battery is there, and configured so that there is something to do.
  bool clear_history(std::string_view id, int group, Instant now);
  bool set_soc_reset_last_reached(std::string_view id, std::int64_t unix_time, Instant now);
  bool set_counted_soc(std::string_view id, double percent, Instant now);
  bool counts_soc(std::string_view id) const;

  // A copy of all that the limits of the battery `id` are worked out from; nothing: there is none, or not yet.
  std::optional<ControlCase> control_case(std::string_view id, Instant now) const;

  // --- Handing over to another process (hub_handover.cc, docs/restart.md)

  // What another process has to know of every battery that is published.
  std::vector<InheritedBattery> hand_over(Instant now) const;
  // No more rounds come: from now on the batteries are as lost as their age says.
  void rounds_end(Instant now);

  // What another process publishes of the batteries of these lines. Those that do not answer are published as it had them,
  // and go on being lost; the others when they have said everything to this process, with limits and memory of before.
  // After the lines have inherited.
  void inherit(std::vector<InheritedBattery> batteries, Instant now);
  // The ids of those that are still to answer.
  std::vector<std::string> missing() const;

  // Leaves all sinks: the program ends.
  void shut_down(Instant now);

 private:
  struct Unit {
    Identity identity;
    const PackTalk* pack;
    ChargeControl control{};
    Surroundings surroundings{};
    int soc_resets_left = 0;  // how often the BMS may still be told that the battery is full
    Instant soc_reset_due{};
    BatteryConfig config{};
    Kept kept{};  // as it was restored
    bool published = false;
    Instant known_since{};
    bool told_missing = false;
  };
  struct Place {
    Line* line;
    LinePlace names;
    int first_order;  // order of the line's first pack
    std::vector<std::unique_ptr<Unit>> units;
  };

  struct Pending {  // a change that was begun
    Change change;
    ChangeDone done;
  };
  struct Target {
    Place* place;
    std::size_t pack;  // index into the units and the line's packs
  };

  void know_packs(Place& place, Instant now);
  void suggest_addresses(const Place& place);
  void tell_missing(Place& place, Instant now);
  void handle(Place& place, const LineEvent& event, Instant now);
  void join(Place& place, Unit& unit, Instant now);
  void publish(Unit& unit, Instant now);
  void take_over(Unit& unit, Instant now);
  bool resolve();
  void refresh(Unit& unit, Instant now);
  bool evaluate(Unit& unit, Instant now);
  void tell(const Unit& unit, Instant now);
  BatteryView view(const Unit& unit) const;
  bool keep_what_is_offered(Unit& unit, BatteryConfig& config);
  Result<Target> target(std::string_view id, const Change& change);
  void changed(Unit& unit, const LineEvent& event, Instant now);
  const Unit* find(std::string_view id) const;
  Unit* find(std::string_view id);
  void evaluate_and_tell(Unit& unit, Instant now);
  void reset_soc(Unit& unit, Instant now);
  WallTime wall_at(Instant now) const;

  Config config_;
  ConfigState state_ = ConfigState::fine;
  std::set<std::string> told_;  // findings that were logged
  Log log_;
  struct KnownTime {
    WallTime wall;
    Instant at;
  };

  std::optional<KnownTime> time_;
  std::vector<Sink*> sinks_;
  std::vector<Place> places_;
  Changer changer_;
  std::map<int, Pending> pending_;                                  // by LineEvent::change
  std::map<std::string, InheritedBattery, std::less<>> inherited_;  // by id, until this process publishes them
  int last_change_ = 0;
};

}  // namespace bmsd
