// Days of a whole system in virtual time: fifteen packs of four protocols on four bad lines, the hub, charge control that their
// chargers obey, and a checker that knows every state that a pack has told.
//
//   soak [DAYS [SEED]]     1 day, seed 1
//
// Of each hour the first minutes are calm and the rest is trouble: bytes lost, wrong or doubled, replies late, foreign or missing,
// packs that fall silent, cables that are pulled. Status 1: a wrong value was shown, a battery went away that lives, one was
// without limits, or memory grew.
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/hub.h"
#include "protocol/registry.h"
#include "sim/bus.h"
#include "sim/random.h"
#include "sim/virtual_wire.h"

namespace bmsd {
namespace {

constexpr Duration kHour = 3600s, kDay = 24 * kHour;
constexpr Duration kCalm = 8 * 60s;     // at the beginning of an hour
constexpr Duration kBackWithin = 60s;   // of calm: who was away has been tried again
constexpr Duration kRemembered = 900s;  // what a pack told longer ago is no value of today
constexpr Duration kInterval = 5s;
constexpr long kMayGrow = 4096;  // kB

struct LineOf {
  const char* protocol;
  int speed;
  std::vector<int> addresses;
};
const LineOf kLines[] = {{"daren-485", 19200, {1, 2, 3, 4}},
                         {"jkbms-pb", 115200, {1, 2, 3, 4}},
                         {"pylontech-rs485", 9600, {2, 3, 4, 5}},
                         {"daly-uart", 9600, {0x40, 0x41, 0x42}}};

// How far a value on a wire may be from what the pack measured: what its protocol rounds away.
struct CheckedField {
  Field field;
  double PackState::*member;
  double rounding;
};
constexpr CheckedField kChecked[] = {{Field::voltage, &PackState::voltage, 0.051},
                                     {Field::current, &PackState::current, 0.051},
                                     {Field::soc, &PackState::soc, 0.51},
                                     {Field::capacity_full, &PackState::capacity_full, 0.051},
                                     {Field::mos_temperature, &PackState::mos_temperature, 0.51}};
constexpr double kCellRounding = 0.00051, kSensorRounding = 0.51;

bool like(const std::vector<double>& told, const std::vector<double>& shown, double rounding) {
  if (told.size() != shown.size()) return false;
  for (std::size_t i = 0; i < told.size(); ++i) {
    if (std::abs(told[i] - shown[i]) > rounding) return false;
  }
  return true;
}

// What one pack told, the latest last.
class Memory {
 public:
  void tells(const PackState& state, Instant now) {
    told_.push_back({state, now});
    while (now - told_.front().at > kRemembered) told_.pop_front();
  }
  template <class Is>
  bool any(Is is) const {
    return std::any_of(told_.rbegin(), told_.rend(), [&](const Told& one) { return is(one.state); });
  }

 private:
  struct Told {
    PackState state;
    Instant at;
  };
  std::deque<Told> told_;
};

class Checker : public Sink {
 public:
  void added(const BatteryView& view, Instant) override { check(view); }
  void changed(const BatteryView& view, Instant) override { check(view); }
  void removed(const Identity& identity, Instant) override { fault(identity.id, "was removed"); }

  Memory& memory(const std::string& id) { return memories_[id]; }
  void fault(const std::string& id, const std::string& text) {
    ++faults;
    if (faults <= 20) std::printf("%s %s\n", id.c_str(), text.c_str());
  }

  std::uint64_t checked = 0, faults = 0;

 private:
  void check(const BatteryView& view) {
    ++checked;
    const Battery& battery = view.battery;
    const std::string& id = view.identity.id;
    const Memory& memory = memories_[id];
    for (const CheckedField& one : kChecked) {
      const auto shown = battery.get(one.field);
      if (!shown || battery.value(one.field).at == seen_[id].at[static_cast<std::size_t>(one.field)]) continue;
      seen_[id].at[static_cast<std::size_t>(one.field)] = battery.value(one.field).at;
      if (!memory.any([&](const PackState& told) { return std::abs(told.*one.member - *shown) <= one.rounding; }))
        fault(id, std::string("never told ") + info(one.field).key + " " + std::to_string(*shown));
    }
    if (const auto& cells = battery.cell_voltages(); cells && battery.cell_voltages_at() != seen_[id].cells) {
      seen_[id].cells = battery.cell_voltages_at();
      if (!memory.any([&](const PackState& told) { return like(told.cell_voltages, *cells, kCellRounding); }))
        fault(id, "never told these cells");
    }
    if (const auto& sensors = battery.cell_temperatures();
        sensors && battery.cell_temperatures_at() != seen_[id].sensors) {
      seen_[id].sensors = battery.cell_temperatures_at();
      if (!memory.any([&](const PackState& told) { return like(told.cell_temperatures, *sensors, kSensorRounding); }))
        fault(id, "never told these temperatures");
    }
    const Limits& limits = view.limits;
    const bool sane = limits.cvl && *limits.cvl > 40 && *limits.cvl < 60 && limits.charge.value >= 0 &&
                      limits.discharge.value >= 0 && std::isfinite(limits.charge.value) &&
                      std::isfinite(limits.discharge.value);
    if (!sane) fault(id, "is without limits");
    if (view.presence.blocked && (limits.charge.value > 0 || limits.discharge.value > 0))
      fault(id, "is lost and has limits above 0");
  }

  struct Seen {
    std::array<Instant, kFieldCount> at{};
    Instant cells{}, sensors{};
  };
  std::map<std::string, Memory> memories_;
  std::map<std::string, Seen> seen_;
};

// One line with its packs, and what happens to them.
class Place {
 public:
  Place(const LineOf& of, Checker& checker, std::uint64_t seed, int number)
      : of_(of),
        checker_(checker),
        dice_(seed),
        bus_({.protocol = find_protocol(of.protocol), .speed = of.speed, .chunk = 50ms, .seed = seed}),
        line(plan(of)),
        wire_(line, bus_),
        name("tty" + std::to_string(number)) {
    int nth = 0;
    for (const int address : of.addresses) {
      PackModelOptions model;
      model.soc_percent = 20 + 13 * ++nth;
      model.capacity_ah = 100 + 10 * number + nth;  // packs differ, so that a mixed-up reply is seen
      model.seed = seed * 100 + static_cast<std::uint64_t>(nth);
      model.charged = true;
      PackOptions pack;
      pack.address = address;
      pack.serial_number = "SOAK" + std::to_string(number) + std::to_string(address);
      if (!bus_.add_pack(pack, PackModel(model))) std::abort();
    }
    bus_.on_reply([this](int address, const PackState& state, Bytes, Instant now) {
      checker_.memory(id(address)).tells(state, now);
    });
    wire_.open(of.speed);
  }
  static LinePlan plan(const LineOf& of) {
    LinePlan plan;
    plan.protocols = {find_protocol(of.protocol)};
    for (const int address : of.addresses) plan.packs.push_back({plan.protocols.front(), address});
    plan.baud = of.speed;
    plan.interval = kInterval;
    return plan;
  }

  std::string id(int address) const {
    char text[32];
    std::snprintf(text, sizeof text, "%s 0x%02X", name.c_str(), static_cast<unsigned>(address));
    return text;
  }
  void run_until(Instant then) { wire_.run_until(then); }

  void obey(int address, const Limits& limits) {
    if (limits.cvl) bus_.pack(address)->obey(ChargeLimits{*limits.cvl, limits.charge.value, limits.discharge.value});
  }

  void calm() {
    for (std::size_t i = 0; i < kFaultCount; ++i) bus_.faults().set(static_cast<Fault>(i), 0);
    (void)bus_.set_silent(SimBus::kAllPacks, false);
    if (!plugged_) wire_.open(of_.speed);
    plugged_ = true;
  }
  void trouble() {
    for (const Fault fault : {Fault::drop, Fault::corrupt, Fault::flip, Fault::truncate, Fault::late, Fault::garbage,
                              Fault::foreign, Fault::silence}) {
      bus_.faults().set(fault, dice_.below(3) > 0 ? 0 : dice_.between(0, 0.1));
    }
    bus_.faults().set(Fault::echo, dice_.below(4) == 0 ? 1 : 0);
    bus_.faults().set_late_by(Duration(static_cast<std::int64_t>(1000 * dice_.between(10, 1500))));
  }
  // About once a minute.
  void something() {
    const int pack = of_.addresses[dice_.below(of_.addresses.size())];
    switch (dice_.below(10)) {
      case 0:
        (void)bus_.set_silent(pack, true);
        break;
      case 1:
      case 2:
        (void)bus_.set_silent(pack, false);
        break;
      case 3:
        if (plugged_) wire_.close();
        plugged_ = false;
        break;
      case 4:
      case 5:
        if (!plugged_) wire_.open(of_.speed);
        plugged_ = true;
        break;
      case 6:
        trouble();
        break;
      default:
        break;
    }
  }

 private:
  const LineOf& of_;
  Checker& checker_;
  Random dice_;
  SimBus bus_;
  bool plugged_ = true;

 public:
  Line line;

 private:
  VirtualWire wire_;

 public:
  const std::string name;
};

long resident_kb() {
  std::ifstream file("/proc/self/statm");
  long all = 0, resident = 0;
  file >> all >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

class System {
 public:
  explicit System(std::uint64_t seed) : hub_([](Level, std::string_view) {}) {
    hub_.add_sink(checker_);
    (void)hub_.configure(Config(), ConfigState::fine, now_);
    int number = 0;
    for (const LineOf& of : kLines) {
      places_.push_back(std::make_unique<Place>(of, checker_, seed * 10 + static_cast<std::uint64_t>(number), number));
      hub_.add_line(places_.back()->line, {"/dev/" + places_.back()->name, places_.back()->name, true, false});
      ++number;
    }
  }

  int run(double days) {
    const Instant end = now_ + Duration(static_cast<std::int64_t>(days * static_cast<double>(kDay.count())));
    long settled = 0;
    for (std::int64_t second = 0; now_ < end; ++second) {
      step(second);
      if (second == kHour / 1s) settled = resident_kb();
      if (second % (kDay / 1s) == kDay / 1s - 1) tell(second);
    }
    tell(now_.time_since_epoch() / 1s);
    const long grown = settled > 0 ? resident_kb() - settled : 0;
    if (grown > kMayGrow) checker_.fault("memory", "has grown by " + std::to_string(grown) + " kB");
    std::printf("%.2f days: %llu batteries' states checked, %llu faults, memory grew by %ld kB since the first hour\n",
                days, static_cast<unsigned long long>(checker_.checked),
                static_cast<unsigned long long>(checker_.faults), grown);
    return checker_.faults == 0 && checker_.checked > 0 ? 0 : 1;
  }

 private:
  void step(std::int64_t second) {
    const Duration of_hour = (second % (kHour / 1s)) * 1s;
    for (const auto& place : places_) {
      if (of_hour == 0s) place->calm();
      if (of_hour == kCalm) place->trouble();
      if (of_hour > kCalm && of_hour % 60s == 0s) place->something();
    }
    now_ += 1s;
    for (const auto& place : places_) place->run_until(now_);
    hub_.set_time({1'800'000'000 + second}, now_);
    hub_.collect(now_);
    hub_.tick(now_);
    for (const BatteryView& view : hub_.views()) {
      for (const auto& place : places_) {
        if (view.identity.port_name == place->name) place->obey(view.identity.address, view.limits);
      }
    }
    if (of_hour == kCalm - 1s) all_are_there();
  }

  // It has been calm for minutes.
  void all_are_there() {
    std::size_t packs = 0;
    for (const LineOf& of : kLines) packs += of.addresses.size();
    const auto views = hub_.views();
    if (views.size() != packs) checker_.fault("system", std::to_string(views.size()) + " batteries");
    for (const BatteryView& view : views) {
      const bool fresh = view.health.last_good && now_ - *view.health.last_good < kBackWithin;
      if (view.presence.lost_for > Duration() || !fresh) checker_.fault(view.identity.id, "lives and is lost");
    }
  }

  void tell(std::int64_t second) const {
    std::uint64_t rounds = 0, failed = 0, rejected = 0, held = 0;
    for (const BatteryView& view : hub_.views()) {
      rounds += view.health.rounds;
      failed += view.health.failed_rounds;
      rejected += view.battery.rejected();
      held += view.battery.held();
    }
    std::printf("day %.1f: %llu rounds, %llu failed, %llu rejected, %llu held, %llu faults, %ld kB\n",
                static_cast<double>(second) / static_cast<double>(kDay / 1s), static_cast<unsigned long long>(rounds),
                static_cast<unsigned long long>(failed), static_cast<unsigned long long>(rejected),
                static_cast<unsigned long long>(held), static_cast<unsigned long long>(checker_.faults), resident_kb());
    std::fflush(stdout);
  }

  Checker checker_;
  Hub hub_;
  std::vector<std::unique_ptr<Place>> places_;
  Instant now_{};
};

}  // namespace
}  // namespace bmsd

int main(int count, char** arguments) {
  const double days = count > 1 ? std::atof(arguments[1]) : 1;
  const auto seed = static_cast<std::uint64_t>(count > 2 ? std::atoll(arguments[2]) : 1);
  if (!(days > 0) || count > 3) {
    std::fprintf(stderr, "usage: soak [DAYS [SEED]]\n");
    return 2;
  }
  return bmsd::System(seed).run(days);
}
