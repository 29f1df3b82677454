// Who may change what: the permission of the configuration, which battery is meant, and what everybody is told.
#include <gmock/gmock.h>

#include <optional>

#include "app/battery_choice.h"
#include "hub_rig.h"
#include "protocol/daly_uart.h"

namespace bmsd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kCharge = Changeable::charge_fet, kSoc = Changeable::soc;
const std::string kFirst = "ttySIM0 0x40", kSecond = "ttySIM0 0x41";
const std::string kAllowed = "[DEFAULT]\nALLOW_WRITES = True\n";

class HubChange : public testing::Test {
 protected:
  explicit HubChange(const std::map<std::string, std::string, std::less<>>& variant = {})
      : bus_({.protocol = &kDalyUart}),
        hub_([this](Level level, std::string_view text) {
          log_.push_back({level, std::string(text)});
        }),
        line_(plan()),
        machine_(line_, hub_),
        wire_(machine_, bus_) {
    for (const int address : {0x40, 0x41}) {
      PackOptions pack;
      pack.address = address;
      pack.serial_number = "HUB000000" + std::to_string(address);
      pack.variant = variant;
      EXPECT_TRUE(bus_.add_pack(pack, PackModel(PackModelOptions{})));
    }
    hub_.add_sink(sink_);
    hub_.add_line(line_, {"/tmp/ttySIM0", "ttySIM0", true, false});
  }

  static LinePlan plan() {
    LinePlan plan;
    plan.protocols = {&kDalyUart};
    plan.baud = 9600;
    plan.addresses = {0x40, 0x41};
    return plan;
  }

  void start(const std::string& configuration) {
    configure(configuration);
    wire_.open(9600);
    wire_.run_for(10s);
    ASSERT_EQ(sink_.batteries.size(), 2U);
  }
  bool configure(const std::string& text) {
    Config config = Config::parse(text);
    return hub_.configure(std::move(config), ConfigState::fine, wire_.now());
  }

  // How it ended; nothing: it has not within 6 s.
  std::optional<Result<double>> change(std::string_view id, Changeable what, double value) {
    std::optional<Result<double>> ended;
    hub_.change(id, {what, value}, wire_.now(), [&ended](const Result<double>& said) {
      EXPECT_FALSE(ended) << "told twice";
      ended = said;
    });
    wire_.run_for(6s);
    return ended;
  }
  std::string why_not(std::string_view id, Changeable what, double value) {
    const auto ended = change(id, what, value);
    return !ended ? "nothing" : *ended ? "done" : ended->error().detail;
  }
  bool logged(Level level, std::string_view part) const {
    return std::any_of(log_.begin(), log_.end(), [=](const auto& line) {
      return line.first == level && line.second.find(part) != line.second.npos;
    });
  }
  bool charge_fet(int address) { return bus_.pack(address)->state().charge_fet; }

  SimBus bus_;
  std::vector<std::pair<Level, std::string>> log_;
  Notebook sink_;
  Hub hub_;
  Line line_;
  Collected machine_;
  VirtualWire wire_;
};

class HubChangeIgnored : public HubChange {
 protected:
  HubChangeIgnored() : HubChange({{"writes", "ignore"}}) {}
};

TEST_F(HubChange, NothingMayBeChangedUnlessItIsAllowed) {
  start("");
  EXPECT_THAT(sink_.batteries.at(kFirst).display.changes, IsEmpty());
  EXPECT_EQ(why_not(kFirst, kCharge, 0),
            "ttySIM0 0x40 may only be read: allow it with ALLOW_WRITES = True in the section [battery ttySIM0 0x40] of "
            "the configuration");
  EXPECT_TRUE(charge_fet(0x40));
}

TEST_F(HubChange, ThePermissionIsThatOfTheBattery) {
  start("[battery ttySIM0 0x41]\nALLOW_WRITES = True\n");
  EXPECT_THAT(sink_.batteries.at(kFirst).display.changes, IsEmpty());
  EXPECT_THAT(sink_.batteries.at(kSecond).display.changes,
              ElementsAre(Changeable::charge_fet, Changeable::discharge_fet, Changeable::soc));
  EXPECT_THAT(why_not(kFirst, kCharge, 0), HasSubstr("ALLOW_WRITES"));
  EXPECT_EQ(why_not(kSecond, kCharge, 0), "done");
  EXPECT_TRUE(charge_fet(0x40));
  EXPECT_FALSE(charge_fet(0x41));
}

// Both packs full and at rest, until float has begun and three minutes are over.
class HubFull : public HubChange {
 protected:
  using HubChange::HubChange;

  void charge(const std::string& more) {
    start("[DEFAULT]\nSWITCH_TO_FLOAT_WAIT_FOR_SEC = 3\n" + more);
    for (const int address : {0x40, 0x41}) {
      ASSERT_TRUE(bus_.set(address, "soc_percent", "93"));
      ASSERT_TRUE(bus_.set(address, "cell_voltages_v", cells()));
    }
    for (int second = 0; second < 240; ++second) {
      wire_.run_for(1s);
      hub_.tick(wire_.now());
    }
    EXPECT_NE(sink_.batteries.at(kFirst).limits.charge_mode.find("Float"), std::string::npos);
  }
  long told() const {
    return std::count_if(log_.begin(), log_.end(), [](const auto& line) {
      return line.second.find(kFirst + ": state of charge to 100") != std::string::npos;
    });
  }
  double soc(int address) { return bus_.pack(address)->state().soc; }

 private:
  static std::string cells() {
    std::string list;
    for (int i = 0; i < 16; ++i) list += i == 0 ? "3.452" : ",3.452";
    return list;
  }
};

class HubFullIgnored : public HubFull {
 protected:
  HubFullIgnored() : HubFull({{"writes", "ignore"}}) {}
};

TEST_F(HubFull, ABmsThatMayBeToldHearsOfAFullChargeOnce) {
  charge("[battery ttySIM0 0x40]\nALLOW_WRITES = True\n");
  EXPECT_NEAR(soc(0x40), 100, 0.5);
  EXPECT_EQ(told(), 1);
  EXPECT_NEAR(soc(0x41), 93, 0.5) << "this one may not be written to";
}

TEST_F(HubFull, NobodyHearsOfItWhereThatIsSwitchedOff) {
  charge("ALLOW_WRITES = True\nAUTO_RESET_SOC = False\n");
  EXPECT_NEAR(soc(0x40), 93, 0.5);
  EXPECT_EQ(told(), 0);
}

TEST_F(HubFullIgnored, ABmsThatDoesNotConfirmIsToldThreeTimesMore) {
  charge("ALLOW_WRITES = True\n");
  EXPECT_EQ(told(), 4);
}

TEST_F(HubChange, WhatWasReadBackIsTold) {
  start(kAllowed);
  const int changes = sink_.changes;
  const auto ended = change(kFirst, kSoc, 42);
  ASSERT_TRUE(ended && *ended);
  EXPECT_NEAR(**ended, 42, 0.5);
  EXPECT_GT(sink_.changes, changes);
  EXPECT_TRUE(logged(Level::info, "ttySIM0 0x40: state of charge to 42: done"));
}

TEST_F(HubChange, TheSinksKnowItBeforeTheOneWhoAsked) {
  start(kAllowed);
  std::optional<int> told_before;
  const int before = sink_.changes;
  bool limits_are_new = false;
  hub_.change(kFirst, {kCharge, 0}, wire_.now(), [&](const Result<double>&) {
    told_before = sink_.changes;
    limits_are_new = !sink_.batteries.at(kFirst).limits.charge.allowed;
  });
  wire_.run_for(700ms);  // shorter than a round's beat
  ASSERT_TRUE(told_before);
  EXPECT_GT(*told_before, before);
  EXPECT_TRUE(limits_are_new);
}

TEST_F(HubChangeIgnored, AFailureIsToldAndLogged) {
  start(kAllowed);
  EXPECT_EQ(why_not(kFirst, kCharge, 0), "the BMS acknowledged, but the charge FET is on");
  EXPECT_TRUE(logged(Level::info, "ttySIM0 0x40: charge FET to off: the BMS acknowledged, but the charge FET is on"));
}

TEST_F(HubChange, WhatCannotBeIsAnErrorThatSaysWhy) {
  start(kAllowed);
  EXPECT_EQ(why_not("ttySIM0 0x42", kCharge, 0), "there is no battery ttySIM0 0x42");
  EXPECT_EQ(why_not(kFirst, kSoc, 101), "soc is 0 to 100 percent");
  EXPECT_EQ(why_not(kFirst, kCharge, 0.5), "charge-fet is on or off");
  wire_.close();
  EXPECT_EQ(why_not(kFirst, kCharge, 0), "the port is not open; nothing was written");
}

TEST_F(HubChange, ABatteryThatHasNotToldAllOfItselfIsNotChanged) {
  configure(kAllowed);
  wire_.open(9600);
  wire_.run_for(300ms);
  ASSERT_TRUE(sink_.batteries.empty());
  EXPECT_THAT(hub_.may_change(kFirst, {kCharge, 0}).error().detail, HasSubstr("has not told all"));
}

TEST_F(HubChange, APermissionThatIsWithdrawnEndsAtOnceAndItsPathsStay) {
  start(kAllowed);
  EXPECT_TRUE(configure("")) << "nothing of it has to wait for a restart but the paths";
  EXPECT_TRUE(logged(Level::info, "its paths on D-Bus change with a restart"));
  EXPECT_THAT(why_not(kFirst, kCharge, 0), HasSubstr("may only be read"));
  EXPECT_EQ(sink_.batteries.at(kFirst).display.changes.size(), 3U);
}

TEST_F(HubChange, APermissionThatIsGivenHoldsAtOnce) {
  start("");
  log_.clear();
  configure(kAllowed);
  wire_.run_for(5s);
  EXPECT_EQ(why_not(kFirst, kCharge, 0), "done");
  EXPECT_THAT(sink_.batteries.at(kFirst).display.changes, IsEmpty()) << "consumers looked for paths when it appeared";
  EXPECT_EQ(std::count_if(log_.begin(), log_.end(),
                          [](const auto& line) { return line.second.find("ALLOW_WRITES") != line.second.npos; }),
            2)
      << "once for each battery";
}

TEST_F(HubChange, ThatTheProgramEndsIsAnAnswerToo) {
  start(kAllowed);
  std::optional<Result<double>> ended;
  hub_.change(kFirst, {kCharge, 0}, wire_.now(), [&ended](const Result<double>& said) { ended = said; });
  hub_.shut_down(wire_.now());
  ASSERT_TRUE(ended);
  EXPECT_FALSE(*ended);
}

class HubChangeDaren : public HubTest {};

TEST_F(HubChangeDaren, ABmsThatCanOnlyBeReadSaysSoWithPermissionAndWithout) {
  run(10s);
  for (const std::string& configuration : {std::string(), kAllowed}) {
    hub_.configure(Config::parse(configuration), ConfigState::fine, wire_.now());
    const Status may = hub_.may_change("ttySIM0 0x01", {kCharge, 0});
    ASSERT_FALSE(may);
    EXPECT_EQ(may.error().detail, "the charge FET of a Daren 485 cannot be changed; nothing of it can");
  }
  EXPECT_THAT(told("ttySIM0 0x01").display.changes, IsEmpty());
}

TEST_F(HubChangeDaren, ABatteryIsNamedByItsIdItsServiceOrItsSerialNumber) {
  run(10s);
  const auto views = hub_.views();
  ASSERT_EQ(views.size(), 2U);
  for (const char* name : {"ttySIM0 0x02", "ttysim0 0X02", "com.victronenergy.battery.ttySIM0__0x02", "HUB000000002"}) {
    const auto id = choose_battery(views, name);
    ASSERT_TRUE(id) << name;
    EXPECT_EQ(*id, "ttySIM0 0x02") << name;
  }
  EXPECT_EQ(choose_battery(views, "").error().detail,
            "there are several batteries, name one of: ttySIM0 0x01, ttySIM0 0x02");
  EXPECT_EQ(choose_battery(views, "HUB00000000").error().detail,
            "there is no battery \"HUB00000000\", name one of: ttySIM0 0x01, ttySIM0 0x02");
  EXPECT_EQ(*choose_battery(std::span(views).first(1), ""), "ttySIM0 0x01");
  EXPECT_EQ(choose_battery({}, "").error().detail, "no battery answers");
}

}  // namespace
}  // namespace bmsd
