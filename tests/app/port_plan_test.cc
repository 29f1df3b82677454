#include "app/port_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../store/temporary_folder.h"
#include "protocol/daren_485.h"
#include "protocol/registry.h"

namespace bmsd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

RunPlan plan(const std::string& config, const LineOptions& options = {}) {
  auto planned = plan_run(options, Config::parse(config));
  EXPECT_TRUE(planned.ok());
  return planned ? *planned : RunPlan{};
}

// The options of a command line that names only ports.
LineOptions on(std::vector<std::string> ports) {
  LineOptions options;
  options.ports = std::move(ports);
  return options;
}

std::vector<std::string> ports(const RunPlan& plan) {
  std::vector<std::string> names;
  for (const PortPlan& port : plan.ports) names.push_back(port.port);
  return names;
}

TEST(PlanRun, TakesThePortsOfTheConfiguration) {
  const RunPlan run = plan("[DEFAULT]\nPORTS = /dev/ttyUSB7, tcp://10.0.0.1:23\n[line ttyUSB8]\nBAUD = 9600\n");
  EXPECT_THAT(ports(run), ElementsAre("/dev/ttyUSB7", "tcp://10.0.0.1:23", "ttyUSB8"));
  EXPECT_TRUE(run.ports[0].waited_for);
  EXPECT_EQ(run.ports[0].line.baud, 0);
  EXPECT_EQ(run.ports[2].line.baud, 9600);
}

TEST(PlanRun, PortsOfTheCommandLineBeatThose) {
  const RunPlan run = plan("[DEFAULT]\nPORTS = /dev/ttyUSB7\n[line ttyUSB9]\nBAUD = 9600\n", on({"/dev/ttyUSB9"}));
  EXPECT_THAT(ports(run), ElementsAre("/dev/ttyUSB9"));
  EXPECT_FALSE(run.ports[0].waited_for) << "named by hand: missing is a mistake";
  EXPECT_EQ(run.ports[0].line.baud, 9600) << "its section holds all the same";
}

TEST(PlanRun, WithoutPortsAnywhereThereAreNone) { EXPECT_TRUE(plan("").ports.empty()); }

TEST(PlanRun, ReadsWhatTheFileSaysOfALine) {
  const RunPlan run = plan(
      "[DEFAULT]\nPORTS = ttyUSB7\nBMS_TYPE = Daren485\nBATTERY_ADDRESSES = 0x02, 0x01, 0x02\nPOLL_INTERVAL = 2.5\n"
      "BAUD = 19200\nUSE_PORT_AS_UNIQUE_ID = True\n");
  ASSERT_EQ(run.ports.size(), 1U);
  const PortPlan& port = run.ports.front();
  EXPECT_THAT(port.line.protocols, ElementsAre(&kDaren485));
  EXPECT_TRUE(port.type_known);
  EXPECT_THAT(port.line.addresses, ElementsAre(1, 2));
  EXPECT_TRUE(port.addresses_configured);
  EXPECT_EQ(port.line.interval, 2500ms);
  EXPECT_EQ(port.line.baud, 19200);
  EXPECT_TRUE(port.port_is_identity);
  EXPECT_THAT(run.warnings, IsEmpty());
}

TEST(PlanRun, APackMayHaveParametersOfItsOwn) {
  const RunPlan run = plan(
      "[DEFAULT]\nPORTS = ttyUSB7, ttyUSB8\n[line ttyUSB8]\nSWAP_FET_BITS = True\n[battery ttyUSB7 "
      "0x02]\nSWAP_FET_BITS = "
      "True\n");
  using testing::Pair;
  ASSERT_EQ(run.ports.size(), 2U);
  EXPECT_THAT(run.ports[0].line.params, IsEmpty());
  EXPECT_THAT(run.ports[0].line.pack_params, ElementsAre(Pair(2, ElementsAre(Pair("SWAP_FET_BITS", "True")))));
  EXPECT_THAT(run.ports[1].line.params, ElementsAre(Pair("SWAP_FET_BITS", "True")));
}

TEST(PlanRun, OptionsBeatTheFile) {
  const RunPlan run =
      plan("[DEFAULT]\nPORTS = ttyUSB7\nBMS_TYPE = Daly\nBATTERY_ADDRESSES = 0x02\nPOLL_INTERVAL = 2.5\nBAUD = 19200\n",
           {"daren-485", "5", 9600, 0.0, {}});
  ASSERT_EQ(run.ports.size(), 1U);
  const LinePlan& line = run.ports.front().line;
  EXPECT_THAT(line.protocols, ElementsAre(&kDaren485));
  EXPECT_THAT(line.addresses, ElementsAre(5));
  EXPECT_EQ(line.interval, 0s);
  EXPECT_EQ(line.baud, 9600);
  EXPECT_THAT(run.warnings, IsEmpty()) << "of what is not used nothing is to be said";
}

TEST(PlanRun, AnEmptyFileLeavesEverythingOpen) {
  const RunPlan run = plan("", on({"ttyUSB7"}));
  ASSERT_EQ(run.ports.size(), 1U);
  const PortPlan& port = run.ports.front();
  EXPECT_EQ(port.line.protocols.size(), protocols_over(Medium::stream).size());
  EXPECT_FALSE(port.type_known);
  EXPECT_FALSE(port.addresses_configured);
  EXPECT_EQ(port.line.interval, 1s);
  EXPECT_FALSE(port.port_is_identity);
}

TEST(PlanRun, ATypeThatThisProgramDoesNotSpeakIsAWarning) {
  const RunPlan both = plan("[DEFAULT]\nBMS_TYPE = KS48100, Daren485\n", on({"ttyUSB7"}));
  EXPECT_THAT(both.ports.at(0).line.protocols, ElementsAre(&kDaren485));
  EXPECT_THAT(both.warnings, ElementsAre(HasSubstr("BMS_TYPE KS48100")));

  const RunPlan none = plan("[DEFAULT]\nBMS_TYPE = KS48100\n", on({"ttyUSB7"}));
  EXPECT_EQ(none.ports.at(0).line.protocols.size(), protocols_over(Medium::stream).size());
  EXPECT_FALSE(none.ports.at(0).type_known);
  EXPECT_THAT(none.warnings, ElementsAre(HasSubstr("KS48100"), HasSubstr("every BMS is looked for")));
}

TEST(PlanRun, TypesOfOtherMediaAreNotMeantForASerialPort) {
  const RunPlan run = plan("[DEFAULT]\nBMS_TYPE = Jkbms_Ble, Daren485, Daly_Can\n", on({"ttyUSB7"}));
  EXPECT_THAT(run.ports.at(0).line.protocols, ElementsAre(&kDaren485));
  EXPECT_THAT(run.warnings, IsEmpty());
}

TEST(PlanRun, AnAddressThatNobodyCanHaveIsLeftOut) {
  const RunPlan some = plan("[DEFAULT]\nBMS_TYPE = Daren485\nBATTERY_ADDRESSES = 0x01, 0x99\n", on({"ttyUSB7"}));
  EXPECT_THAT(some.ports.at(0).line.addresses, ElementsAre(1));
  EXPECT_TRUE(some.ports.at(0).addresses_configured);
  EXPECT_THAT(some.warnings, ElementsAre(HasSubstr("BATTERY_ADDRESSES 0x99")));

  const RunPlan none = plan("[DEFAULT]\nBMS_TYPE = Daren485\nBATTERY_ADDRESSES = 0x99\n", on({"ttyUSB7"}));
  EXPECT_THAT(none.ports.at(0).line.addresses, IsEmpty());
  EXPECT_FALSE(none.ports.at(0).addresses_configured) << "as if none were configured";
}

std::vector<std::string> packs(const RunPlan& run) {
  std::vector<std::string> names;
  for (const PackPlace& pack : run.ports.at(0).line.packs)
    names.push_back(std::string(pack.protocol->name) + "@" + std::to_string(pack.address));
  return names;
}

TEST(PlanRun, PacksOfSeveralProtocolsShareTheSpeedThatAllSpeak) {
  const RunPlan run = plan("[line ttyUSB7]\nPACKS = daren-485@2,1; Daly@0x41\nBMS_TYPE = LltJbd\n", on({"ttyUSB7"}));
  EXPECT_THAT(packs(run), ElementsAre("daren-485@2", "daren-485@1", "daly-uart@65"));
  EXPECT_EQ(run.ports[0].line.baud, 9600);
  EXPECT_TRUE(run.ports[0].addresses_configured);
  EXPECT_TRUE(run.ports[0].type_known);
  EXPECT_THAT(run.warnings, IsEmpty());
}

TEST(PlanRun, APackThatCannotBeThereIsLeftOut) {
  const RunPlan run =
      plan("[DEFAULT]\nPACKS = daren-485@1,2; daren-485@2; daly-uart@0x10; ks48100@3\n", on({"ttyUSB7"}));
  EXPECT_THAT(packs(run), ElementsAre("daren-485@1", "daren-485@2"));
  EXPECT_EQ(run.ports[0].line.baud, 19200);
  EXPECT_THAT(run.warnings,
              ElementsAre(HasSubstr("another address"), HasSubstr("0x10: its addresses"), HasSubstr("ks48100")));
}

TEST(PlanRun, PacksThatAllCannotBeThereAreLookedFor) {
  const RunPlan run = plan("[DEFAULT]\nPACKS = ks48100@3\n", on({"ttyUSB7"}));
  EXPECT_THAT(packs(run), IsEmpty());
  EXPECT_EQ(run.ports[0].line.protocols.size(), protocols_over(Medium::stream).size());
}

TEST(PlanRun, OptionsBeatPacks) {
  const RunPlan run = plan("[DEFAULT]\nPACKS = daren-485@1; daly-uart@0x41\n", {"daren-485", "5", 0, {}, {"ttyUSB7"}});
  EXPECT_THAT(packs(run), IsEmpty());
  EXPECT_THAT(run.ports[0].line.addresses, ElementsAre(5));
}

TEST(PlanRun, APortThatCannotBeIsLeftOut) {
  const RunPlan run = plan("[DEFAULT]\nPORTS = udp://x:1, ttyUSB7, /dev/ttyUSB7\n");
  EXPECT_THAT(ports(run), ElementsAre("ttyUSB7"));
  EXPECT_THAT(run.warnings, ElementsAre(HasSubstr("udp://x:1"), HasSubstr("/dev/ttyUSB7: named twice")));
}

TEST(PlanRun, ExcludedDevicesAreLeftAlone) {
  const RunPlan run = plan("[DEFAULT]\nEXCLUDED_DEVICES = /dev/ttyUSB7\n", on({"ttyUSB7", "/dev/ttyUSB8"}));
  EXPECT_THAT(ports(run), ElementsAre("/dev/ttyUSB8"));
  EXPECT_THAT(run.excluded, ElementsAre("ttyUSB7"));
}

TEST(PlanRun, WhatTheOptionsCannotMeanIsAnError) {
  LineOptions protocol, address, speed, interval;
  protocol.protocol = "no-such-bms";
  address.protocol = "daren-485";
  address.addresses = "0x99";
  speed.baud = -1;
  interval.interval = -1;
  for (const LineOptions& options : {protocol, address, speed, interval, on({"a", "a"})}) {
    const auto planned = plan_run(options, Config());
    ASSERT_FALSE(planned.ok());
    EXPECT_EQ(planned.error().code, Errc::config);
  }
}

TEST(SamePort, KnowsBareNamesAndLinks) {
  EXPECT_TRUE(same_port("ttyUSB7", "/dev/ttyUSB7"));
  EXPECT_FALSE(same_port("ttyUSB7", "/dev/ttyUSB8"));
  EXPECT_TRUE(same_port("tcp://10.0.0.1:23", "tcp://10.0.0.1:23"));
  EXPECT_FALSE(same_port("tcp://10.0.0.1:23", "tcp://10.0.0.1:24"));
  EXPECT_FALSE(same_port("usb:NO_SUCH", "usb:NO_SUCH_EITHER"));
  const TemporaryFolder folder;
  write_file(folder.file("port"), "");
  std::filesystem::create_symlink("port", folder.file("link"));
  EXPECT_TRUE(same_port(folder.file("link"), folder.file("port")));
}

}  // namespace
}  // namespace bmsd
