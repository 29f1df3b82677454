// Packs and lines that behave badly in one particular way.
#include "rig.h"
#include "wire/yd1363.h"

namespace bmsd {
namespace {

// A pack that answers the services of `known` and is silent to all others; `refusing`: says no to everything at once.
struct Stubborn {
  std::set<int> known;
  bool refusing = false;
};

class StubbornPack final : public Machine {
 public:
  StubbornPack(SimBus& bus, std::map<int, Stubborn> habits) : bus_(bus), habits_(std::move(habits)) {}
  void opened(int baud, Instant now) override { bus_.opened(baud, now); }
  void closed(Instant now) override { bus_.closed(now); }
  void received(Bytes bytes, Instant now) override {
    const Tag tag = kDaren485.tag(Frame{bytes});
    const auto habit = habits_.find(tag.address);
    if (habit == habits_.end() || habit->second.known.contains(tag.exchange)) return bus_.received(bytes, now);
    asked_[tag.exchange] += 1;
    if (!habit->second.refusing) return;
    said_.push_back(encode_yd1363({0x22, static_cast<std::uint8_t>(tag.address), 0x4A, 0x04}));
    say_at_ = now + 20ms;
  }
  std::optional<Action> next(Instant now) override {
    if (!said_.empty() && now >= say_at_) {
      SendBytes reply{said_.back()};
      said_.clear();
      return reply;
    }
    return bus_.next(now);
  }
  std::optional<Instant> deadline() const override {
    const auto bus = bus_.deadline();
    if (said_.empty()) return bus;
    return bus ? std::min(*bus, say_at_) : say_at_;
  }
  int asked(std::string_view name) { return asked_[exchange_index(kDaren485, name)]; }

 private:
  SimBus& bus_;
  std::map<int, Stubborn> habits_;
  std::map<int, int> asked_;
  std::vector<ByteVector> said_;
  Instant say_at_{};
};

int index_of(std::string_view name) { return exchange_index(kDaren485, name); }

class LineInTrouble : public testing::Test {
 protected:
  void start(const RigOptions& options, std::map<int, Stubborn> habits) {
    rig_ = std::make_unique<Rig>(options);
    packs_ = std::make_unique<StubbornPack>(rig_->bus, std::move(habits));
    wire_ = std::make_unique<VirtualWire>(rig_->watched, *packs_);
    wire_->open(9600);
  }
  std::unique_ptr<Rig> rig_;
  std::unique_ptr<StubbornPack> packs_;
  std::unique_ptr<VirtualWire> wire_;
};

TEST_F(LineInTrouble, PacksThatAreSilentToWhatTheyDoNotKnowDoNotEatTheLine) {
  const Stubborn basen{{index_of("42"), index_of("51"), index_of("47")}, false};
  std::map<int, Stubborn> all;
  for (int address = 1; address <= 4; ++address) all[address] = basen;
  start({.packs = 4, .interval = 0s}, all);
  wire_->run_for(60s);
  ASSERT_EQ(rig_->count(LineEvent::joined), 4);
  const Instant since = wire_->now();
  wire_->run_for(240s);
  const double floor = 4 * (seconds(wire_time(20 + 216, 19200)) + 0.020);
  EXPECT_LE(rig_->mean_period(0, since) / floor, 1.10);
}

TEST_F(LineInTrouble, APackThatIsSilentToWhatItDoesNotKnowJoinsWithinEightSeconds) {
  start({.packs = 1}, {{1, {{index_of("42"), index_of("51"), index_of("47")}, false}}});
  wire_->run_for(8s);
  EXPECT_EQ(rig_->count(LineEvent::joined), 1);
}

TEST_F(LineInTrouble, APackThatFallsSilentWhileItJoinsHasNotJoined) {
  start({.packs = 1}, {});
  wire_->run_for(200ms);
  ASSERT_EQ(rig_->pack(1).state, PackTalk::joining);
  ASSERT_TRUE(rig_->bus.set_silent(1, true));
  wire_->run_for(20s);
  EXPECT_EQ(rig_->count(LineEvent::joined), 0);
  EXPECT_EQ(rig_->pack(1).state, PackTalk::waiting);
  ASSERT_TRUE(rig_->bus.set_silent(1, false));
  wire_->run_for(3s);
  EXPECT_EQ(rig_->count(LineEvent::joined), 1);
  EXPECT_EQ(rig_->pack(1).battery.text(Text::serial_number), "RIG000000001");
}

TEST_F(LineInTrouble, APackThatRefusesEverythingAtOnceIsNotAskedWithoutEnd) {
  start({.packs = 1, .interval = 0s}, {{1, {{}, true}}});
  wire_->run_for(10s);
  EXPECT_GE(packs_->asked("42"), 20);
  EXPECT_LE(packs_->asked("42"), 2 * 40 + 2) << "two tries each 250 ms";
}

TEST_F(LineInTrouble, WhatAReturnedPackWasNotAskedSinceComesBeforeWhatIsOnlyReadAgain) {
  start({.packs = 6, .interval = 0s}, {});
  wire_->run_for(100s);
  ASSERT_TRUE(rig_->bus.set_silent(2, true));
  wire_->run_for(20s);
  ASSERT_TRUE(rig_->bus.set_silent(2, false));
  const Instant back = wire_->now();
  wire_->run_for(40s);
  for (const char* once : {"51", "B0/3", "4F"}) {
    EXPECT_GT(rig_->pack(2).exchanges[static_cast<std::size_t>(index_of(once))].last_ok, back) << once;
  }
}

TEST_F(LineInTrouble, WhatIsDemandedOfALostPackIsGivenUp) {
  start({.packs = 2}, {});
  wire_->run_for(5s);
  ASSERT_TRUE(rig_->bus.set_silent(1, true));
  wire_->run_for(5s);
  rig_->line().demand_all();
  rig_->line().demand_all();
  wire_->run_for(15s);
  EXPECT_FALSE(rig_->line().demands());
  EXPECT_EQ(rig_->news["83"], 1) << "the other pack's was read, once";
}

TEST_F(LineInTrouble, PacksOfALineThatNeverFallsSilentAreLost) {
  start({.packs = 1}, {});
  wire_->run_for(5s);
  ASSERT_EQ(rig_->pack(1).state, PackTalk::alive);
  for (int i = 0; i < 10'000; ++i) {
    rig_->watched.received(as_bytes("x"), wire_->now());
    rig_->watched.next(wire_->now());
    wire_->run_for(1ms);
  }
  EXPECT_EQ(rig_->pack(1).state, PackTalk::lost) << "what is believed of it grows old";
  EXPECT_EQ(rig_->count(LineEvent::round_failed), 1);
  wire_->run_for(3s);
  EXPECT_EQ(rig_->pack(1).state, PackTalk::alive);
}

TEST(Line, AnotherMasterThatAsksInOurOwnWordsIsListenedTo) {
  Rig rig;
  rig.open();
  rig.wire.run_for(10s);
  rig.watched.on_event = {};
  rig.watched.on_request = {};  // the replies of this test are not the rig's
  auto session = kDaren485.open({1, {}, false});
  const ByteVector ours = session->request(0)->bytes;
  const std::string kReply =
      "~22014A00E0C6001A2C14C0100D010D010CDB0D010D010D000D020CE60CF80D020D010CDF0D020D020D000CE0010E0104010E04010401040"
      "1040104000000000050011F4014F000CC000000000000000000230000000000000000000000000000000000000000000000D582\r";
  const auto hear = [&](Bytes bytes, Duration pause) {
    rig.watched.received(bytes, rig.wire.now());
    rig.wire.run_for(pause);
  };
  for (int i = 0; i < 2; ++i) hear(as_bytes("~22024A42E00201FD27\r"), 500ms);
  ASSERT_TRUE(rig.line().paused());
  for (int i = 0; i < 40; ++i) {
    hear(ours, 30ms);
    hear(as_bytes(kReply), 970ms);
  }
  EXPECT_TRUE(rig.line().paused()) << "it still asks";
  EXPECT_EQ(rig.pack(1).state, PackTalk::alive);
  EXPECT_DOUBLE_EQ(*rig.pack(1).battery.get(Field::soc), 67.0);
}

}  // namespace
}  // namespace bmsd
