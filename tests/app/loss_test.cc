// A pack falls silent and comes back: what its service shows at which time, as simulated packs, the line, the hub and
// the path table make it. Virtual time; the same with the real program is tests/system/test_loss.py.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "hub_rig.h"
#include "venus/battery_paths.h"

namespace bmsd {
namespace {

// A battery as a consumer on the bus sees it.
class Service {
 public:
  explicit Service(const BatteryView& view) : paths_(tree_, {}, view.display), publisher_(tree_) {
    paths_.update(Who{view.identity, facts_}, publisher_);
  }
  void show(const BatteryView& view, Instant now) {
    paths_.update(view, publisher_, now);
    publisher_.store();
    presence = view.presence;
  }
  BusValue value(std::string_view path) const { return tree_.at(*tree_.find(path)).value; }
  std::string text(std::string_view path) const { return tree_.at(*tree_.find(path)).text; }

  Presence presence;

 private:
  ServiceFacts facts_{"bmsd", "1", "LOSS", "", 1};
  ItemTree tree_;
  BatteryPaths paths_;
  Publisher publisher_;
};

class Services : public Sink {
 public:
  void added(const BatteryView& view, Instant now) override {
    batteries[view.identity.address] = std::make_unique<Service>(view);
    changed(view, now);
  }
  void changed(const BatteryView& view, Instant now) override {
    batteries.at(view.identity.address)->show(view, now);
    if (on_change) on_change(view.identity.address);
  }
  void removed(const Identity& identity, Instant) override { batteries.erase(identity.address); }

  std::map<int, std::unique_ptr<Service>> batteries;
  std::function<void(int address)> on_change;
};

std::string without_name(std::string reason) {
  for (const char* name : {"Max Battery Charge Current", "Max Battery Discharge Current"}) {
    if (const auto at = reason.find(name); at != reason.npos) reason.replace(at, std::string(name).size(), "Max");
  }
  return reason;
}

// What changes when a pack is lost, as its consumers see it: voltage, current, power | modules online, offline | CCL,
// DCL | charging, discharging allowed | cable alarm | state | why CCL and why DCL ("Max": the configured maximum).
std::string row(const Service& service) {
  const auto text = [&](const char* path) { return service.text(path); };
  return fmt::format("{:>6} {:>6} {:>4} | {} {} | {:>6} {:>6} | {} {} | {} | {:>2} | {}, {}", text("/Dc/0/Voltage"),
                     text("/Dc/0/Current"), text("/Dc/0/Power"), text("/System/NrOfModulesOnline"),
                     text("/System/NrOfModulesOffline"), text("/Info/MaxChargeCurrent"),
                     text("/Info/MaxDischargeCurrent"), text("/Io/AllowToCharge"), text("/Io/AllowToDischarge"),
                     text("/Alarms/BmsCable"), text("/State"), without_name(text("/Info/ChargeLimitation")),
                     without_name(text("/Info/DischargeLimitation")));
}

struct Row {
  double t;  // s
  const char* shown;
  const char* connection;  // "...": it goes on
};

struct Scenario {
  const char* name;
  const char* configuration;
  double cell;                  // V, all of them
  double lost;                  // s from the first failed round to the end of the silence
  std::vector<Row> while_lost;  // t from the first failed round
  std::vector<Row> afterwards;  // t from the first good round
};

// Cells at 3.300 V are good ones (between 3.225 and 3.375 V), those at 3.400 V are not.
// clang-format off
const std::vector<Scenario> kScenarios = {
    {"FiveSeconds", "", 3.3, 5,
     {{2,  "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Lost for: 2s | Disconnect in: 29m 58s | Threshold: 30m"},
      {5,  "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Lost for: 5s | Disconnect in: 29m 55s | Threshold: 30m"}},
     {{0,  "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Connected (..."},
      {62, "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Connected"}}},

    {"FifteenSeconds", "", 3.3, 15,
     {{9.9, "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Lost for: 9s | Disconnect in: 29m 51s | Threshold: 30m"},
      {10,  "   ---    ---  --- | 0 1 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Lost for: 10s | Disconnect in: 29m 50s | Threshold: 30m"},
      {15,  "   ---    ---  --- | 0 1 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Lost for: 15s | Disconnect in: 29m 45s | Threshold: 30m"}},
     {{0,   "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Connected (..."},
      {62,  "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Connected"}}},

    {"SeventySeconds", "", 3.3, 70,
     {{60,   "   ---    ---  --- | 0 1 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Lost for: 1m | Disconnect in: 29m | Threshold: 30m"},
      {60.1, "   ---    ---  --- | 0 1 | 50.00A 60.00A | 1 1 | 1 |  9 | Max, Max", "Lost for: 1m | Disconnect in: 29m | Threshold: 30m"},
      {70,   "   ---    ---  --- | 0 1 | 50.00A 60.00A | 1 1 | 1 |  9 | Max, Max", "Lost for: 1m 10s | Disconnect in: 28m 50s | Threshold: 30m"}},
     {{0,    "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 1 |  9 | Max, Max", "Connected (..."},
      {45,   "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 1 |  9 | Max, Max", "Connected (..."},
      {62,   "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Connected"}}},

    {"ThirtyOneMinutes", "", 3.3, 1860,
     {{1799, "   ---    ---  --- | 0 1 | 50.00A 60.00A | 1 1 | 1 |  9 | Max, Max", "Lost for: 29m 59s | Disconnect in: 1s | Threshold: 30m"},
      {1800, "   ---    ---  --- | 0 1 |  0.00A  0.00A | 0 0 | 2 | 10 | BMS connection lost, BMS connection lost", "Lost for: 30m | Disconnected | Threshold: 30m"},
      {1860, "   ---    ---  --- | 0 1 |  0.00A  0.00A | 0 0 | 2 | 10 | BMS connection lost, BMS connection lost", "Lost for: 31m | Disconnected | Threshold: 30m"}},
     {{0,    "52.80V 10.00A 528W | 1 0 |  0.00A  0.00A | 0 0 | 2 | 14 | Max *, Max *", "Connected (..."},
      {29.5, "52.80V 10.00A 528W | 1 0 |  0.00A  0.00A | 0 0 | 2 | 14 | Max *, Max *", "Connected (..."},
      {45,   "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 2 |  9 | Max, Max", "Connected (..."},
      {62,   "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Connected"}}},

    {"FifteenSecondsOfFullCells", "", 3.4, 15,
     {{2,  "54.40V 10.00A 544W | 1 0 | 12.50A 60.00A | 1 1 | 0 |  9 | Cell Voltage, Max", "Lost for: 2s | Disconnect in: 58s | Threshold: 1m"},
      {15, "   ---    ---  --- | 0 1 | 12.50A 60.00A | 1 1 | 0 |  9 | Cell Voltage, Max", "Lost for: 15s | Disconnect in: 45s | Threshold: 1m"}},
     {{0,  "54.40V 10.00A 544W | 1 0 | 12.50A 60.00A | 1 1 | 0 |  9 | Cell Voltage, Max", "Connected (..."}}},

    {"SeventySecondsOfFullCells", "", 3.4, 70,
     {{59.9, "   ---    ---  --- | 0 1 | 12.50A 60.00A | 1 1 | 0 |  9 | Cell Voltage, Max", "Lost for: 59s | Disconnect in: 1s | Threshold: 1m"},
      {60,   "   ---    ---  --- | 0 1 |  0.00A  0.00A | 0 0 | 2 | 10 | BMS connection lost, BMS connection lost", "Lost for: 1m | Disconnected | Threshold: 1m"},
      {70,   "   ---    ---  --- | 0 1 |  0.00A  0.00A | 0 0 | 2 | 10 | BMS connection lost, BMS connection lost", "Lost for: 1m 10s | Disconnected | Threshold: 1m"}},
     {{0,    "54.40V 10.00A 544W | 1 0 |  0.00A  0.00A | 0 0 | 2 | 14 | Cell Voltage *, Max *", "Connected (..."},
      {29.5, "54.40V 10.00A 544W | 1 0 |  0.00A  0.00A | 0 0 | 2 | 14 | Cell Voltage *, Max *", "Connected (..."},
      {45,   "54.40V 10.00A 544W | 1 0 | 12.50A 60.00A | 1 1 | 2 |  9 | Cell Voltage, Max", "Connected (..."},
      {62,   "54.40V 10.00A 544W | 1 0 | 12.50A 60.00A | 1 1 | 0 |  9 | Cell Voltage, Max", "Connected"}}},

    {"ThirtyOneMinutesOfEmptyCells", "", 3.2, 1860,
     {{10,   "   ---    ---  --- | 0 1 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Lost for: 10s | Disconnect in: 50s | Threshold: 1m"},
      {60,   "   ---    ---  --- | 0 1 |  0.00A  0.00A | 0 0 | 2 | 10 | BMS connection lost, BMS connection lost", "Lost for: 1m | Disconnected | Threshold: 1m"},
      {1860, "   ---    ---  --- | 0 1 |  0.00A  0.00A | 0 0 | 2 | 10 | BMS connection lost, BMS connection lost", "Lost for: 31m | Disconnected | Threshold: 1m"}},
     {{0,    "51.20V 10.00A 512W | 1 0 |  0.00A  0.00A | 0 0 | 2 | 14 | Max *, Max *", "Connected (..."},
      {62,   "51.20V 10.00A 512W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Connected"}}},

    {"FiveSecondsBlocking", "BLOCK_ON_DISCONNECT = True", 3.3, 5,
     {{5, "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Lost for: 5s | Disconnect in: 55s | Threshold: 1m"}},
     {{0, "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Connected (..."}}},

    {"FifteenSecondsBlocking", "BLOCK_ON_DISCONNECT = True", 3.3, 15,
     {{9.9,  "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Lost for: 9s | Disconnect in: 51s | Threshold: 1m"},
      {10,   "   ---    ---  --- | 0 1 |  0.00A  0.00A | 0 0 | 0 | 14 | BMS connection lost, BMS connection lost", "Lost for: 10s | Disconnect in: 50s | Threshold: 1m"},
      {15,   "   ---    ---  --- | 0 1 |  0.00A  0.00A | 0 0 | 0 | 14 | BMS connection lost, BMS connection lost", "Lost for: 15s | Disconnect in: 45s | Threshold: 1m"}},
     {{0,    "52.80V 10.00A 528W | 1 0 |  0.00A  0.00A | 0 0 | 0 | 14 | Max *, Max *", "Connected (..."},
      {29.5, "52.80V 10.00A 528W | 1 0 |  0.00A  0.00A | 0 0 | 0 | 14 | Max *, Max *", "Connected (..."},
      {45,   "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Connected (..."}}},

    {"SeventySecondsBlocking", "BLOCK_ON_DISCONNECT = True", 3.3, 70,
     {{59.9, "   ---    ---  --- | 0 1 |  0.00A  0.00A | 0 0 | 0 | 14 | BMS connection lost, BMS connection lost", "Lost for: 59s | Disconnect in: 1s | Threshold: 1m"},
      {60,   "   ---    ---  --- | 0 1 |  0.00A  0.00A | 0 0 | 2 | 10 | BMS connection lost, BMS connection lost", "Lost for: 1m | Disconnected | Threshold: 1m"},
      {70,   "   ---    ---  --- | 0 1 |  0.00A  0.00A | 0 0 | 2 | 10 | BMS connection lost, BMS connection lost", "Lost for: 1m 10s | Disconnected | Threshold: 1m"}},
     {{0,    "52.80V 10.00A 528W | 1 0 |  0.00A  0.00A | 0 0 | 2 | 14 | Max *, Max *", "Connected (..."},
      {62,   "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Connected"}}},

    {"FifteenSecondsOfFullCellsBlocking", "BLOCK_ON_DISCONNECT = True", 3.4, 15,
     {{10, "   ---    ---  --- | 0 1 |  0.00A  0.00A | 0 0 | 0 | 14 | BMS connection lost, BMS connection lost", "Lost for: 10s | Disconnect in: 50s | Threshold: 1m"}},
     {{0,  "54.40V 10.00A 544W | 1 0 |  0.00A  0.00A | 0 0 | 0 | 14 | Cell Voltage *, Max *", "Connected (..."},
      {45, "54.40V 10.00A 544W | 1 0 | 12.50A 60.00A | 1 1 | 0 |  9 | Cell Voltage, Max", "Connected (..."}}},

    {"ThirtyOneMinutesBlocking", "BLOCK_ON_DISCONNECT = True", 3.3, 1860,
     {{1860, "   ---    ---  --- | 0 1 |  0.00A  0.00A | 0 0 | 2 | 10 | BMS connection lost, BMS connection lost", "Lost for: 31m | Disconnected | Threshold: 1m"}},
     {{0,    "52.80V 10.00A 528W | 1 0 |  0.00A  0.00A | 0 0 | 2 | 14 | Max *, Max *", "Connected (..."},
      {62,   "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Connected"}}},

    {"WithoutTheCableAlarm", "BMS_CABLE_ALARM = False", 3.3, 70,
     {{70, "   ---    ---  --- | 0 1 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Lost for: 1m 10s | Disconnect in: 28m 50s | Threshold: 30m"}},
     {{0,  "52.80V 10.00A 528W | 1 0 | 50.00A 60.00A | 1 1 | 0 |  9 | Max, Max", "Connected (..."}}},

    // Was being charged and not far from full: it may be full by now.
    {"SixMinutesOfNearlyFullCells", "", 3.35, 360,
     {{299, "   ---    ---  --- | 0 1 | 50.00A 60.00A | 1 1 | 1 |  9 | Max, Max", "Lost for: 4m 59s | Disconnect in: 25m 1s | Threshold: 30m"},
      {300, "   ---    ---  --- | 0 1 | 12.50A 60.00A | 1 1 | 1 |  9 | BMS connection lost, Max", "Lost for: 5m | Disconnect in: 25m | Threshold: 30m"}},
     {{0,    "53.60V 10.00A 536W | 1 0 | 12.50A 60.00A | 1 1 | 1 |  9 | Max *, Max", "Connected (..."},
      {29.5, "53.60V 10.00A 536W | 1 0 | 12.50A 60.00A | 1 1 | 1 |  9 | Max *, Max", "Connected (..."},
      {45,   "53.60V 10.00A 536W | 1 0 | 50.00A 60.00A | 1 1 | 1 |  9 | Max, Max", "Connected (..."}}},
};
// clang-format on

class LossTest : public HubTest, public testing::WithParamInterface<Scenario> {
 protected:
  LossTest() {
    hub_.add_sink(services_);
    for (const int address : {1, 2}) {
      set(address, "drift", "off");
      set(address, "cell_temperatures_c", "25,25,25,25");
    }
  }
  void set(int address, const char* key, const std::string& value) {
    const auto done = bus_.set(address, key, value);
    EXPECT_TRUE(done.ok()) << key << ": " << (done.ok() ? "" : done.error().what);
  }
  void cells(int address, double volts) {
    std::string list = fmt::format("{:.3f}", volts);
    for (int i = 1; i < 16; ++i) list += fmt::format(",{:.3f}", volts);
    set(address, "cell_voltages_v", list);
  }
  // Pack 1 with these cells and 10 A, under this configuration; both packs are on the bus afterwards.
  void begin(double volts, const std::string& configuration = {}) {
    hub_.configure(Config::parse("[DEFAULT]\n" + configuration), ConfigState::fine, now());
    cells(1, volts);
    set(1, "current_a", "10");
    run_to(now() + 10s);
    ASSERT_EQ(services_.batteries.size(), 2U);
    soc_ = service().value("/Soc");
    cell_ = service().value("/Voltages/Cell1");
  }
  Instant now() const { return wire_.now(); }
  Service& service(int address = 1) { return *services_.batteries.at(address); }

  void run_to(Instant end) {
    while (now() < end) {
      wire_.run_for(std::min<Duration>(1s, end - now()));
      hub_.tick(now());
    }
  }
  // Until the loss shows.
  void lose() {
    ASSERT_TRUE(bus_.set_silent(1, true).ok());
    for (int tenths = 0; tenths < 60 && service().presence.lost_for == 0s; ++tenths) run_to(now() + 100ms);
    ASSERT_GT(service().presence.lost_for, 0s);
    hub_.tick(now());  // a loss changes the text of the connection with each second only
    first_failed_ = now() - service().presence.lost_for;
  }
  // Until its first good round.
  void come_back() {
    ASSERT_TRUE(bus_.set_silent(1, false).ok());
    for (int tenths = 0; tenths < 100 && service().presence.lost_for > 0s; ++tenths) run_to(now() + 100ms);
    ASSERT_EQ(service().presence.lost_for, 0s) << "not probed within ten seconds";
    returned_ = now();
  }
  void expect(const Row& expected, Instant since, const char* what) {
    run_to(since + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(expected.t)));
    const std::string where = fmt::format("{} {} s after the first {} round", GetParam().name, expected.t, what);
    EXPECT_EQ(row(service()), expected.shown) << where;
    std::string connection = service().text("/ConnectionInformation"), wanted = expected.connection;
    if (wanted.ends_with("...")) {
      wanted.resize(wanted.size() - 3);
      connection.resize(std::min(connection.size(), wanted.size()));
    }
    EXPECT_EQ(connection, wanted) << where;
    expect_kept(where);
  }
  // What a loss never takes away.
  void expect_kept(const std::string& where) {
    EXPECT_EQ(service().value("/Soc"), soc_) << where;
    EXPECT_EQ(service().value("/Voltages/Cell1"), cell_) << where;
    EXPECT_EQ(service().text("/Dc/0/Temperature"), "25.0") << where;
    EXPECT_EQ(service().text("/Info/MaxChargeVoltage"), "55.20V") << where;
    EXPECT_EQ(service().value("/Connected"), BusValue(1)) << where;
    EXPECT_EQ(service().value("/ErrorCode"), BusValue()) << where;
    EXPECT_EQ(services_.batteries.size(), 2U) << where << ": a service never leaves";
  }

  Services services_;
  Instant first_failed_{}, returned_{};
  BusValue soc_, cell_;
};

TEST_P(LossTest, ShowsEachStageOfTheLossAndOfTheReturn) {
  const Scenario& scenario = GetParam();
  begin(scenario.cell, scenario.configuration);
  const std::string other = row(service(2));
  int told = 0;
  services_.on_change = [&](int address) {
    if (address != 2) return;
    ++told;
    EXPECT_EQ(row(service(2)), other) << "the other pack on the line is not concerned";
  };
  lose();
  for (const Row& expected : scenario.while_lost) expect(expected, first_failed_, "failed");
  run_to(first_failed_ + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(scenario.lost)));
  const int rounds = std::exchange(told, 0);
  EXPECT_GT(rounds, 0.8 * scenario.lost) << "its rounds go on";
  come_back();
  for (const Row& expected : scenario.afterwards) expect(expected, returned_, "good");
}

INSTANTIATE_TEST_SUITE_P(Scenarios, LossTest, testing::ValuesIn(kScenarios),
                         [](const auto& scenario) { return scenario.param.name; });

using ShortLossTest = LossTest;

TEST_P(ShortLossTest, ASecondOfSilenceIsNotSeen) {
  begin(3.3, GetParam().configuration);
  const std::string before = row(service());
  int told = 0;
  services_.on_change = [&](int) {
    ++told;
    EXPECT_EQ(row(service()), before);
    EXPECT_EQ(service().presence.lost_for, 0s);
  };
  ASSERT_TRUE(bus_.set_silent(1, true).ok());
  run_to(now() + 1s);
  ASSERT_TRUE(bus_.set_silent(1, false).ok());
  run_to(now() + 70s);
  EXPECT_GT(told, 100);
  expect_kept("afterwards");
}

INSTANTIATE_TEST_SUITE_P(Configurations, ShortLossTest,
                         testing::Values(Scenario{"Keeping", "", 3.3, 1, {}, {}},
                                         Scenario{"Blocking", "BLOCK_ON_DISCONNECT = True", 3.3, 1, {}, {}}),
                         [](const auto& scenario) { return scenario.param.name; });

}  // namespace
}  // namespace bmsd
