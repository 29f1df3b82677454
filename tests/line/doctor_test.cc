// What is wrong with a line: each pattern as the simulated line makes it.
#include "line/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rig.h"

namespace bmsd {

void PrintTo(const LineFinding& finding, std::ostream* out) { *out << finding.code << ": " << finding.what; }

namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Doctor : public testing::Test {
 protected:
  // Packs that were met before anything went wrong, or, with `first` false, that had the fault from the beginning.
  void build(int packs, bool first = true) {
    RigOptions options;
    options.packs = packs;
    options.interval = 500ms;
    rig_ = std::make_unique<Rig>(options);
    rig_->open();
    if (!first) return;
    rig_->wire.run_for(10s);
    before_ = facts();
  }
  Rig& rig() { return *rig_; }
  void fault(Fault fault, double rate) { rig().bus.faults().set(fault, rate); }
  LineFacts facts() const {
    LineFacts facts = facts_of(rig_->line(), rig_->wire.now());
    facts.port = "/dev/ttyUSB0";
    return facts;
  }
  std::vector<LineFinding> look(Duration after = 120s) {
    rig().wire.run_for(after);
    return diagnose(facts().since(before_));
  }
  static std::vector<std::string> codes(const std::vector<LineFinding>& findings) {
    std::vector<std::string> codes;
    for (const LineFinding& finding : findings) {
      codes.emplace_back(finding.code);
      EXPECT_THAT(finding.what, HasSubstr("/dev/ttyUSB0")) << "names the port";
      EXPECT_TRUE(!finding.problem || !finding.check.empty()) << finding.code;
    }
    return codes;
  }

  std::unique_ptr<Rig> rig_;
  LineFacts before_;
};

TEST_F(Doctor, FindsNothingOnAHealthyLine) {
  build(1);
  EXPECT_THAT(look(), IsEmpty());
  build(3);
  EXPECT_THAT(look(), IsEmpty());
  EXPECT_TRUE(enough_seen(facts()));
}

TEST_F(Doctor, SaysNothingOfALineThatHasJustBeenOpened) {
  build(1, false);
  EXPECT_THAT(look(1ms), IsEmpty());
  EXPECT_FALSE(enough_seen(facts()));
}

TEST_F(Doctor, KnowsSilence) {
  build(2, false);
  ASSERT_TRUE(rig().bus.set_silent(SimBus::kAllPacks, true));
  const auto findings = look(20s);
  EXPECT_THAT(codes(findings), ElementsAre("silence"));
  EXPECT_THAT(findings.front().what, HasSubstr("not a single byte"));
  EXPECT_THAT(findings.front().check, Contains(HasSubstr("awake")));
  EXPECT_THAT(findings.front().check, Contains(HasSubstr("swap")));
}

TEST_F(Doctor, KnowsALineThatHasFallenSilent) {
  build(2);
  ASSERT_TRUE(rig().bus.set_silent(SimBus::kAllPacks, true));
  const auto findings = look(60s);
  EXPECT_THAT(codes(findings), ElementsAre("silence"));
  EXPECT_THAT(findings.front().what, HasSubstr("any more"));
}

TEST_F(Doctor, KnowsAPackThatIsSilentBesideOthers) {
  build(3);
  ASSERT_TRUE(rig().bus.set_silent(2, true));
  const auto findings = look();
  EXPECT_THAT(codes(findings), ElementsAre("silent_pack"));
  EXPECT_THAT(findings.front().what, HasSubstr("0x02"));
}

TEST_F(Doctor, KnowsAnotherSpeed) {  // of the packs: they hear nothing that they understand
  build(1, false);
  rig().bus.set_speed(9600);
  EXPECT_THAT(codes(look(20s)), ElementsAre("silence"));
  LineFacts found = facts();
  found.other = "daren-485 at 9600 baud, address 0x01";
  const auto findings = diagnose(found);
  EXPECT_THAT(codes(findings), ElementsAre("wrong_settings"));
  EXPECT_THAT(findings.front().what, HasSubstr("9600 baud"));
}

TEST_F(Doctor, KnowsSwappedWires) {
  build(1, false);
  fault(Fault::inverted, 1);
  const auto findings = look(30s);
  EXPECT_THAT(codes(findings), ElementsAre("swapped_wires"));
  EXPECT_THAT(findings.front().check.front(), HasSubstr("A and B"));
}

TEST_F(Doctor, KnowsTwoPacksWithOneAddressBesideOthers) {
  build(3);
  ASSERT_TRUE(rig().bus.faults().set("twin=1:2"));
  const auto findings = look();
  ASSERT_THAT(codes(findings), Contains("two_packs_one_address"));
  EXPECT_THAT(findings.front().what, HasSubstr("0x02"));
}

TEST_F(Doctor, KnowsTwoPacksWithOneAddressThatAreAlone) {
  build(1);
  fault(Fault::twin, 1);
  EXPECT_THAT(codes(look()), Contains("two_packs_one_address"));
  build(1, false);  // from the beginning: perhaps not one reply is whole
  fault(Fault::twin, 1);
  const auto found = codes(look(60s));
  ASSERT_FALSE(found.empty());
  EXPECT_TRUE(found.front() == "two_packs_one_address" || found.front() == "collisions") << found.front();
}

TEST_F(Doctor, KnowsAMissingTermination) {
  build(2);
  fault(Fault::ringing, 1);
  const auto findings = look(300s);
  ASSERT_THAT(codes(findings), Contains("no_termination"));
  EXPECT_THAT(codes(findings), testing::Not(Contains("damaged_replies")));
  EXPECT_THAT(findings.front().check.front(), HasSubstr("120 ohm"));
}

TEST_F(Doctor, KnowsDamageAlsoOfAPackThatItHasJustLost) {
  LineFacts facts;
  facts.port = "/dev/ttyUSB0";
  facts.counts.requests = 38;
  facts.counts.frames = 20;
  facts.packs.push_back({.address = 1, .answers = false, .replies = {{20, 15, 3, 180}}});
  EXPECT_THAT(codes(diagnose(facts)), ElementsAre("damaged_replies"));
  facts.packs.front().replies.front() = {20, 1, 17, 180};  // it is silent now
  EXPECT_THAT(codes(diagnose(facts)), ElementsAre("silence"));
}

TEST_F(Doctor, KnowsDamageOfAnyKind) {
  for (const Fault kind : {Fault::flip, Fault::corrupt, Fault::drop, Fault::truncate}) {
    SCOPED_TRACE(to_string(kind));
    build(2);
    fault(kind, 0.1);
    EXPECT_THAT(codes(look(300s)), ElementsAre("damaged_replies"));
  }
}

TEST_F(Doctor, KnowsAnEchoAndDoesNotMindIt) {
  build(1);
  fault(Fault::echo, 1);
  const auto findings = look();
  EXPECT_THAT(codes(findings), ElementsAre("echo"));
  EXPECT_FALSE(findings.front().problem);
}

TEST_F(Doctor, KnowsALineWithNothingButAnEcho) {
  build(1, false);
  fault(Fault::echo, 1);
  ASSERT_TRUE(rig().bus.set_silent(SimBus::kAllPacks, true));
  EXPECT_THAT(codes(look(20s)), ElementsAre("only_echo"));
}

TEST_F(Doctor, KnowsLateReplies) {
  build(1);
  fault(Fault::late, 0.1);
  rig().bus.faults().set_late_by(700ms);
  EXPECT_THAT(codes(look(300s)), ElementsAre("late_replies"));
}

TEST_F(Doctor, KnowsRepliesOfOthers) {
  build(2);
  fault(Fault::foreign, 0.05);
  EXPECT_THAT(codes(look(300s)), Contains("foreign_replies"));
}

TEST_F(Doctor, KnowsQuestionsThatStayUnanswered) {
  build(2);
  fault(Fault::silence, 0.1);
  EXPECT_THAT(codes(look(300s)), ElementsAre("unanswered"));
}

// Says what a master says, beside ours.
TEST_F(Doctor, KnowsAnotherMaster) {
  build(1);
  for (int i = 0; i < 4; ++i) {
    rig().wire.run_for(700ms);
    rig().line().received(as_bytes("~22024A42E00201FD27\r"), rig().wire.now());
  }
  const auto findings = look(2s);
  EXPECT_THAT(codes(findings), ElementsAre("other_master"));
}

TEST_F(Doctor, KnowsALineThatIsFull) {
  RigOptions options;
  options.packs = 8;
  options.baud = 9600;
  options.interval = 500ms;
  rig_ = std::make_unique<Rig>(options);
  rig_->open();
  const auto findings = look(180s);
  EXPECT_THAT(codes(findings), ElementsAre("line_full"));
  EXPECT_FALSE(findings.front().problem);
}

TEST_F(Doctor, IsContentAgainWhenTheCauseIsGone) {
  build(2);
  fault(Fault::flip, 0.2);
  EXPECT_THAT(codes(look()), ElementsAre("damaged_replies"));
  fault(Fault::flip, 0);
  rig().wire.run_for(10s);
  before_ = facts();
  EXPECT_THAT(look(), IsEmpty());
}

// What a receiver at another speed makes of one byte: the line is looked at in the middle of each bit, from each falling edge on.
ByteVector misread(std::uint8_t byte, double sent_baud, double read_baud) {
  const auto level = [&](double at) {  // seconds from the beginning of the start bit
    const int bit = static_cast<int>(std::floor(at * sent_baud));
    return bit >= 9 || (bit >= 1 && ((byte >> (bit - 1)) & 1) != 0);
  };
  ByteVector bytes;
  for (double at = 0; at < 9 / sent_baud; at += 0.1 / read_baud) {
    if (level(at)) continue;
    unsigned value = 0;
    for (int i = 0; i < 8; ++i) value |= level(at + (1.5 + i) / read_baud) ? 1U << i : 0U;
    bytes.push_back(static_cast<std::uint8_t>(value));
    at += 9.5 / read_baud;
  }
  return bytes;
}

// The simulated line behind a receiver that is set to another speed than its sender.
class Misreading : public Machine {
 public:
  Misreading(Machine& line, double sent, double read) : line_(line), sent_(sent), read_(read) {}
  void opened(int baud, Instant now) override { line_.opened(baud, now); }
  void closed(Instant now) override { line_.closed(now); }
  void received(Bytes bytes, Instant now) override { line_.received(bytes, now); }
  std::optional<Instant> deadline() const override { return line_.deadline(); }
  std::optional<Action> next(Instant now) override {
    auto action = line_.next(now);
    if (!action || !std::holds_alternative<SendBytes>(*action)) return action;
    ByteVector all;
    for (const std::uint8_t byte : std::get<SendBytes>(*action).bytes) {
      for (const std::uint8_t read : misread(byte, sent_, read_)) all.push_back(read);
    }
    return SendBytes{all};
  }

 private:
  Machine& line_;
  double sent_, read_;
};

TEST_F(Doctor, KnowsASenderThatIsMuchSlower) {
  ASSERT_EQ(misread(0x5A, 9600, 9600), ByteVector{0x5A});
  RigOptions options;
  options.interval = 500ms;
  rig_ = std::make_unique<Rig>(options);
  Misreading slow(rig().bus, 9600, 115200);
  VirtualWire wire(rig().watched, slow);
  wire.open(9600);
  wire.run_for(30s);
  LineFacts facts = facts_of(rig().line(), wire.now());
  facts.port = "/dev/ttyUSB0";
  EXPECT_THAT(codes(diagnose(facts)), ElementsAre("wrong_speed"));
}

// --- What no simulated line can do ---

LineFacts line() {
  LineFacts facts;
  facts.port = "/dev/ttyUSB0";
  facts.baud = 9600;
  return facts;
}

TEST_F(Doctor, KnowsAPortThatCannotBeOpened) {
  LineFacts facts = line();
  facts.trouble = "/dev/ttyUSB0: no such device";
  facts.state = LineFacts::missing;
  EXPECT_THAT(codes(diagnose(facts)), ElementsAre("port_missing"));
  facts.state = LineFacts::forbidden;
  EXPECT_THAT(codes(diagnose(facts)), ElementsAre("port_forbidden"));
  facts.state = LineFacts::unreachable;
  EXPECT_THAT(codes(diagnose(facts)), ElementsAre("port_unreachable"));
  facts.state = LineFacts::held;
  facts.owner = "process 708 (picocom)";
  const auto held = diagnose(facts);
  EXPECT_THAT(codes(held), ElementsAre("port_held"));
  EXPECT_THAT(held.front().what, HasSubstr("process 708 (picocom)"));
}

TEST_F(Doctor, KnowsAPortThatSwallowsWhatIsSent) {
  LineFacts facts = line();
  facts.stuck = 12s;
  facts.counts.requests = 20;
  EXPECT_THAT(codes(diagnose(facts)), ElementsAre("port_stuck"));
}

TEST_F(Doctor, KnowsBytesThatNobodyAskedFor) {
  LineFacts facts = line();
  facts.counts.requests = 20;
  facts.counts.bytes_received = facts.counts.junk_bytes = 900;
  facts.counts.unasked_junk = 800;
  EXPECT_THAT(codes(diagnose(facts)), ElementsAre("unasked_bytes"));
}

TEST_F(Doctor, KnowsALineThatFloats) {
  LineFacts facts = line();
  facts.counts.requests = 40;
  facts.counts.bytes_received = facts.counts.junk_bytes = facts.counts.edge_junk = facts.counts.stretched_junk = 42;
  EXPECT_THAT(codes(diagnose(facts)), ElementsAre("floating_line"));
}

}  // namespace
}  // namespace bmsd
