// Another master on the line, and what can be learned by listening.
#include <gtest/gtest.h>

#include "line/listener.h"
#include "rig.h"

namespace bmsd {
namespace {

const std::string kReply =
    "~22014A00E0C6001A2C14C0100D010D010CDB0D010D010D000D020CE60CF80D020D010CDF0D020D020D000CE0010E0104010E0401040104010"
    "40104000000"
    "000050011F4014F000CC000000000000000000230000000000000000000000000000000000000000000000D582\r";

Stray stray(const std::string& text) {
  return {kDaren485.tag(Frame{as_bytes(text)}), ByteVector(text.begin(), text.end())};
}

TEST(Listener, AReplyIsDecodedBehindTheRequestThatItAnswers) {
  auto session = kDaren485.open({1, {}, false});
  Listener listener([&](int address) { return address == 1 ? session.get() : nullptr; });
  EXPECT_FALSE(listener.heard(stray(kReply), Instant{})) << "nobody asked";
  EXPECT_FALSE(listener.heard(stray("~22014A42E00201FD28\r"), Instant{}));
  const auto overheard = listener.heard(stray(kReply), Instant{} + 100ms);
  ASSERT_TRUE(overheard);
  ASSERT_TRUE(overheard->result);
  EXPECT_EQ(overheard->address, 1);
  EXPECT_DOUBLE_EQ(*overheard->result->get(Field::soc), 67.0);
  EXPECT_FALSE(listener.heard(stray(kReply), Instant{} + 200ms)) << "one reply per request";
}

TEST(Listener, AnOldRequestAnswersNothing) {
  auto session = kDaren485.open({1, {}, false});
  Listener listener([&](int) { return session.get(); });
  EXPECT_FALSE(listener.heard(stray("~22014A42E00201FD28\r"), Instant{}));
  EXPECT_FALSE(listener.heard(stray(kReply), Instant{} + 2s));
}

// A master that asks the same pack as we do, from time to time, on the same wire.
TEST(Line, AnotherMasterMakesPollingPauseAndItsPacksAreReadByListening) {
  Rig rig;
  rig.open();
  rig.wire.run_for(10s);
  ASSERT_EQ(rig.count(LineEvent::joined), 1);

  // The other master's requests reach us through the wire; the pack answers it, and we overhear both.
  const std::size_t sent_before_pause = rig.watched.bytes_sent;
  std::size_t sent_at_pause = 0;
  for (int i = 0; i < 20; ++i) {
    rig.watched.received(as_bytes("~22014AB0600A010104FF00FB6B\r"), rig.wire.now());
    rig.wire.run_for(50ms);
    rig.watched.received(as_bytes("~22014A42E00203FD26\r"), rig.wire.now());
    rig.wire.run_for(30ms);
    rig.watched.on_event = {};
    rig.watched.on_request = {};  // the rig's packs did not send this one
    rig.watched.received(as_bytes(kReply), rig.wire.now());
    rig.wire.run_for(920ms);
    if (i == 1) sent_at_pause = rig.watched.bytes_sent;
  }
  EXPECT_TRUE(rig.line().paused());
  EXPECT_GT(sent_at_pause, 0U);
  EXPECT_GE(sent_at_pause, sent_before_pause);
  EXPECT_EQ(rig.watched.bytes_sent, sent_at_pause) << "nothing is sent while another master speaks";
  EXPECT_DOUBLE_EQ(*rig.pack(1).battery.get(Field::soc), 67.0);
  EXPECT_EQ(rig.pack(1).state, PackTalk::alive);

  rig.wire.run_for(40s);
  EXPECT_FALSE(rig.line().paused()) << "it fell silent 30 s ago";
  EXPECT_GT(rig.watched.bytes_sent, sent_at_pause);
}

}  // namespace
}  // namespace bmsd
