// Names in replies: of every protocol that has any, a pack is asked for them, and nothing but the names is gone.
#include "protocol/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/daly_uart.h"
#include "protocol/daren_485.h"
#include "protocol/eg4_lifepower.h"
#include "protocol/jkbms_can.h"
#include "protocol/jkbms_pb.h"
#include "protocol/jkbms_uart.h"
#include "protocol/lltjbd_uart.h"
#include "protocol/pylontech_rs485.h"
#include "protocol/registry.h"
#include "protocol/renogy.h"
#include "wire/modbus.h"
#include "wire/numbers.h"
#include "wire/yd1363.h"

namespace bmsd::names_test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kSecret = "SECRETNO1";

PackState a_state() {
  PackState state;
  state.cell_voltages = std::vector<double>(16, 3.3);
  state.cell_temperatures = {21, 24, 19, 23};
  state.voltage = 52.8;
  state.soc = 60;
  state.capacity_full = 100;
  state.capacity_remaining = 60;
  return state;
}

// One exchange with a pack that has a secret: what was asked, and the frames of the reply.
struct Asked {
  Request request;
  std::vector<ByteVector> frames;
};

std::optional<Asked> ask(const Protocol& protocol, std::string_view exchange, const PackOptions& options) {
  const auto index = static_cast<std::uint8_t>(exchange_index(protocol, exchange));
  const auto session = protocol.open({.address = options.address});
  const auto responder = protocol.respond(options);
  if (!responder) return std::nullopt;
  const auto request = session->request(index);
  const auto reply = request ? responder->answer(request->bytes, a_state()) : std::nullopt;
  if (!reply) return std::nullopt;
  Asked asked{*request, {}};
  for (Bytes rest = *reply; !rest.empty();) {
    const Scan scan = protocol.framer(rest, true);
    if (scan.kind == Scan::frame) asked.frames.emplace_back(rest.begin(), rest.begin() + static_cast<long>(scan.size));
    rest = rest.subspan(scan.size);
  }
  return asked;
}

PackOptions pack_of(const Protocol& protocol, int address = -1) {
  PackOptions options;
  options.address = address < 0 ? protocol.default_address : address;
  options.serial_number = kSecret;
  return options;
}

Result<Reading> decode(const Protocol& protocol, const Asked& asked) {
  const auto session = protocol.open({.address = protocol.default_address});
  std::vector<Frame> frames;
  for (const ByteVector& frame : asked.frames) frames.push_back({frame});
  return session->decode({&asked.request, frames, true});
}

std::string serial_of(const Result<Reading>& reading) {
  if (!reading) return describe(reading.error());
  for (const auto& [which, text] : reading->texts) {
    if (which == Text::serial_number) return text;
  }
  return "";
}

struct Case {
  const Protocol* protocol;
  std::string_view exchange;
  std::string_view serial = kSecret;
  std::string_view blanked_serial = "XXXXXXX2A";  // of address 2A; each frame of Daly's is blanked by itself
};

class NamesOf : public testing::TestWithParam<Case> {};

TEST_P(NamesOf, AreReplacedAndTheFrameStaysIntact) {
  const Protocol& protocol = *GetParam().protocol;
  const Names* names = names_of(protocol);
  ASSERT_NE(names, nullptr);
  EXPECT_TRUE(may_hold_names(*names, GetParam().exchange));
  auto asked = ask(protocol, GetParam().exchange, pack_of(protocol));
  ASSERT_TRUE(asked);
  EXPECT_EQ(serial_of(decode(protocol, *asked)), GetParam().serial);
  std::string found;
  for (ByteVector& frame : asked->frames) {
    const ByteVector before = frame;
    const Blanked blanked = names->blank(frame, GetParam().exchange, asked->request.bytes, 0x2A);
    EXPECT_TRUE(blanked.understood);
    for (const std::string& name : blanked.names) found += name;
    ASSERT_EQ(frame.size(), before.size());
    const Scan scan = protocol.framer(frame, true);
    EXPECT_EQ(scan.kind, Scan::frame) << scan.why.what;
    EXPECT_EQ(scan.size, frame.size());
    ByteVector again = frame;
    const Blanked twice = names->blank(again, GetParam().exchange, asked->request.bytes, 0x2A);
    EXPECT_EQ(again, frame) << "there is nothing left to replace";
    EXPECT_EQ(twice.names.size(), blanked.names.size());
  }
  EXPECT_EQ(serial_of(decode(protocol, *asked)), GetParam().blanked_serial);
  if (!GetParam().serial.empty()) {
    EXPECT_THAT(found, testing::HasSubstr(kSecret));
  }
}

TEST_P(NamesOf, PacksStayApart) {
  const Protocol& protocol = *GetParam().protocol;
  const auto asked = ask(protocol, GetParam().exchange, pack_of(protocol));
  ASSERT_TRUE(asked);
  ByteVector one, other, unknown;
  for (ByteVector frame : asked->frames) {
    for (const auto& [address, to] : {std::pair(1, &one), {2, &other}, {-1, &unknown}}) {
      ByteVector changed = frame;
      (void)names_of(protocol)->blank(changed, GetParam().exchange, asked->request.bytes, address);
      to->insert(to->end(), changed.begin(), changed.end());
    }
  }
  EXPECT_NE(one, other);
  EXPECT_NE(one, unknown);
}

TEST_P(NamesOf, OfAnythingThatIsNoWholeFrameNothingIsKnown) {
  const Protocol& protocol = *GetParam().protocol;
  const auto asked = ask(protocol, GetParam().exchange, pack_of(protocol));
  ASSERT_TRUE(asked);
  for (ByteVector frame : asked->frames) {
    ByteVector half(frame.begin(), frame.begin() + static_cast<long>(frame.size() / 2));
    EXPECT_FALSE(names_of(protocol)->blank(half, GetParam().exchange, asked->request.bytes, 1).understood);
  }
  ByteVector nothing;
  const Blanked blanked = names_of(protocol)->blank(nothing, GetParam().exchange, asked->request.bytes, 1);
  EXPECT_FALSE(blanked.understood);
  EXPECT_THAT(blanked.names, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Protocols, NamesOf,
                         testing::Values(Case{&kDaren485, "B0/3"}, Case{&kPylontechRs485, "93"},
                                         Case{&kJkBmsPb, "about"},
                                         Case{&kJkBmsUart, "06", "SECRETNO1_JK_B2A24S15P", "XXXXXXXXX_XXXXXXXXXX2A"},
                                         Case{&kDalyUart, "57", kSecret, "XXXXX2AXX"}, Case{&kRenogy, "5110"},
                                         Case{&kEg4Lifepower, "42", "", ""}),
                         [](const auto& info) {
                           std::string name(info.param.protocol->name);
                           std::erase(name, '-');
                           return name;
                         });

// --- Which replies hold names ---

TEST(Names, EveryExchangeThatHoldsThemIsOneOfItsProtocol) {
  int known = 0;
  for (const Protocol* protocol : protocols()) {
    const Names* names = names_of(*protocol);
    EXPECT_EQ(names == nullptr, protocol->medium == Medium::can) << protocol->name;
    if (names == nullptr) continue;
    ++known;
    ASSERT_NE(names->blank, nullptr);
    EXPECT_NE(names->in_all, !names->exchanges.empty()) << protocol->name;
    for (const std::string_view exchange : names->exchanges)
      EXPECT_GE(exchange_index(*protocol, exchange), 0) << protocol->name << ' ' << exchange;
  }
  EXPECT_EQ(known, 8);
  Protocol unknown = kDaren485;
  unknown.name = "some-new-one";
  EXPECT_EQ(names_of(unknown), nullptr);
}

TEST(Names, OfMostProtocolsFewExchangesHoldAny) {
  EXPECT_TRUE(may_hold_names(*names_of(kDaren485), "47"));
  EXPECT_FALSE(may_hold_names(*names_of(kDaren485), "42"));
  EXPECT_FALSE(may_hold_names(*names_of(kDaren485), "B0"));
  EXPECT_FALSE(may_hold_names(*names_of(kLltJbdUart), "03"));
  EXPECT_TRUE(may_hold_names(*names_of(kRenogy), "5042")) << "what is asked for decides";
}

// Every exchange that can be asked, and not only those with names.
TEST(Names, NoOtherReplyHoldsTheSecret) {
  for (const Protocol* protocol : protocols()) {
    const Names* names = names_of(*protocol);
    if (names == nullptr) continue;
    for (const Exchange& exchange : protocol->exchanges) {
      const auto asked = ask(*protocol, exchange.name, pack_of(*protocol));
      if (!asked || may_hold_names(*names, exchange.name)) continue;
      for (const ByteVector& frame : asked->frames) {
        EXPECT_EQ(as_text(frame).find("SECRET"), std::string_view::npos) << protocol->name << ' ' << exchange.name;
        EXPECT_EQ(as_text(frame).find(to_hex(as_bytes("SECRET"))), std::string_view::npos)
            << protocol->name << ' ' << exchange.name;
      }
    }
  }
}

// --- What is particular to one ---

Blanked blank(const Protocol& protocol, std::string_view exchange, ByteVector& frame, const ByteVector& request = {},
              int address = 0x1F) {
  return names_of(protocol)->blank(frame, exchange, request, address);
}

TEST(Names, OfJbdAreTheBarCodeBehindItsLengthAndANumber) {
  ByteVector code = *from_hex("DD A2 00 0A 09 53 45 43 52 45 54 4E 4F 31 FD 56 77");
  code[14] = code[15] = 0;  // the check
  unsigned sum = 0;
  for (std::size_t i = 2; i < 14; ++i) sum += code[i];
  code[14] = static_cast<std::uint8_t>((0x10000 - sum) >> 8);
  code[15] = static_cast<std::uint8_t>(0x10000 - sum);
  const Blanked blanked = blank(kLltJbdUart, "A2", code);
  EXPECT_TRUE(blanked.understood);
  EXPECT_THAT(blanked.names, ElementsAre(kSecret));
  EXPECT_EQ(to_hex(code).substr(0, 28), "DDA2000A09585858585858583146");
  EXPECT_EQ(kLltJbdUart.framer(code, true).kind, Scan::frame);
  ByteVector number = *from_hex("DD 16 00 02 12 34 FF B8 77");
  EXPECT_TRUE(blank(kLltJbdUart, "16", number).understood);
  EXPECT_EQ(to_hex(number), "DD1600025858FF4E77") << "too short for an address";
  ByteVector refusal = *from_hex("DD A2 81 00 FF 7F 77");
  const Blanked none = blank(kLltJbdUart, "A2", refusal);
  EXPECT_TRUE(none.understood);
  EXPECT_THAT(none.names, IsEmpty());
  EXPECT_EQ(to_hex(refusal), "DDA28100FF7F77");
}

TEST(Names, OfEg4NobodyKnowsWhatTheBytesMean) {
  auto asked = ask(kEg4Lifepower, "42", pack_of(kEg4Lifepower));
  ASSERT_TRUE(asked);
  ByteVector& frame = asked->frames.front();
  const ByteVector before = frame;
  EXPECT_TRUE(blank(kEg4Lifepower, "42", frame).understood);
  std::string letters;
  for (std::size_t i = 4; i + 2 < frame.size(); ++i) {  // up to the check and the end
    const bool was_padding = before[i] == 0 || before[i] == 0x20 || before[i] == 0xFF;
    if (was_padding) {
      EXPECT_EQ(frame[i], before[i]) << i;
    } else {
      letters += static_cast<char>(frame[i]);
    }
  }
  ASSERT_GT(letters.size(), 3U);
  EXPECT_EQ(letters, std::string(letters.size() - 2, 'X') + "1F");
}

TEST(Names, OfRenogyAreWhereTheRequestAsksForThem) {
  const auto modbus = [](std::string_view hex) { return with_modbus_crc(*from_hex(hex)); };
  // Registers 5116 to 5119: the last four characters of the serial number, and four bytes of something else.
  const ByteVector request = modbus("30 03 13 FC 00 04");
  ByteVector reply = modbus("30 03 08 41 42 43 44 45 46 47 48");
  const Blanked blanked = blank(kRenogy, "", reply, request);
  EXPECT_TRUE(blanked.understood);
  EXPECT_THAT(blanked.names, ElementsAre("ABCD"));
  EXPECT_EQ(reply, modbus("30 03 08 58 58 31 46 45 46 47 48"));
  // The identification code, 5226 and 5227.
  ByteVector code = modbus("30 03 04 00 01 E2 40");
  EXPECT_TRUE(blank(kRenogy, "5226", code, modbus("30 03 14 6A 00 02")).understood);
  EXPECT_EQ(code, modbus("30 03 04 00 58 31 46"));
  ByteVector measured = modbus("30 03 04 41 42 43 44");
  EXPECT_THAT(blank(kRenogy, "5042", measured, modbus("30 03 13 B2 00 02")).names, IsEmpty());
  EXPECT_EQ(measured, modbus("30 03 04 41 42 43 44"));
}

TEST(Names, OfRenogyWithoutAFittingRequestNothingIsKnown) {
  const auto modbus = [](std::string_view hex) { return with_modbus_crc(*from_hex(hex)); };
  const ByteVector request = modbus("30 03 13 FC 00 04"), reply = modbus("30 03 04 41 42 43 44");
  ByteVector frame = reply;
  EXPECT_FALSE(blank(kRenogy, "5110", frame, request).understood) << "another number of registers";
  EXPECT_FALSE(blank(kRenogy, "5110", frame, {}).understood);
  EXPECT_FALSE(blank(kRenogy, "5110", frame, reply).understood) << "no request";
  EXPECT_EQ(frame, reply);
  ByteVector refusal = modbus("30 83 02");
  EXPECT_TRUE(blank(kRenogy, "5110", refusal, request).understood);
  EXPECT_EQ(refusal, modbus("30 83 02"));
}

TEST(Names, OfJkPbARefusalHasNone) {
  ByteVector refusal = with_modbus_crc(*from_hex("01 90 02"));
  const ByteVector before = refusal;
  const Blanked blanked = blank(kJkBmsPb, "about", refusal);
  EXPECT_TRUE(blanked.understood);
  EXPECT_THAT(blanked.names, IsEmpty());
  EXPECT_EQ(refusal, before);
}

TEST(Names, OfJkUartAreAmongRegistersOfWhichOneMayBeUnknown) {
  PackOptions options = pack_of(kJkBmsUart);
  options.variant = {{"device_name", "MYNAME"}, {"device_id", "MYID"}};
  auto asked = ask(kJkBmsUart, "06", options);
  ASSERT_TRUE(asked);
  const Blanked blanked = blank(kJkBmsUart, "06", asked->frames.front());
  EXPECT_TRUE(blanked.understood);
  EXPECT_THAT(blanked.names, Contains("MYID"));
  const std::string_view text = as_text(asked->frames.front());
  EXPECT_EQ(text.find("MYID"), std::string_view::npos);
  EXPECT_EQ(text.find("MYNAME"), std::string_view::npos);
  options.variant = {{"stranger", "yes"}};
  asked = ask(kJkBmsUart, "06", options);
  ASSERT_TRUE(asked);
  EXPECT_FALSE(blank(kJkBmsUart, "06", asked->frames.front()).understood) << "nobody knows how long it is";
  options.variant = {{"beyond", "yes"}};
  asked = ask(kJkBmsUart, "06", options);
  ASSERT_TRUE(asked);
  EXPECT_TRUE(blank(kJkBmsUart, "06", asked->frames.front()).understood) << "behind the last one that matters";
}

TEST(Names, OfDarenAreInTheParametersToo) {
  auto asked = ask(kDaren485, "47", pack_of(kDaren485));
  ASSERT_TRUE(asked);
  const Blanked blanked = blank(kDaren485, "47", asked->frames.front());
  EXPECT_TRUE(blanked.understood);
  EXPECT_THAT(blanked.names, Contains(kSecret));
  const auto said = decode(kDaren485, *asked);
  ASSERT_TRUE(said) << describe(said.error());
  EXPECT_EQ(as_text(asked->frames.front()).find(to_hex(as_bytes("SECRET"))), std::string_view::npos);
  EXPECT_NE(as_text(asked->frames.front()).find(to_hex(as_bytes("XXXXXXX1F"))), std::string_view::npos);
}

// Writes a text of ten characters at each of these places.
void write_at(std::span<std::uint8_t> bytes, std::initializer_list<std::pair<std::size_t, std::string_view>> texts) {
  for (const auto& [at, text] : texts) std::ranges::copy(text, bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

TEST(Names, OfDarenAreAllThreeNumbers) {
  auto asked = ask(kDaren485, "B0/3", pack_of(kDaren485));
  ASSERT_TRUE(asked);
  Yd1363Buffer buffer;
  const auto parsed = parse_yd1363(asked->frames.front(), buffer);
  ASSERT_TRUE(parsed);
  ByteVector info(parsed->info.begin(), parsed->info.end());
  ASSERT_GE(info.size(), 96U);
  write_at(info, {{6, "SERIALNO01"}, {36, "PRODUCT002"}, {86, "BMSNUMBER3"}});
  Yd1363Frame changed = *parsed;
  changed.info = info;
  ByteVector frame = encode_yd1363(changed);
  const Blanked blanked = blank(kDaren485, "B0/3", frame);
  ASSERT_EQ(blanked.names.size(), 3U);
  EXPECT_THAT(blanked.names[0], testing::StartsWith("SERIALNO01"));
  EXPECT_THAT(blanked.names[1], testing::StartsWith("PRODUCT002"));
  EXPECT_THAT(blanked.names[2], testing::EndsWith("BMSNUMBER3")) << "to the end of its field";
  for (const char* name : {"SERIALNO01", "PRODUCT002", "BMSNUMBER3"})
    EXPECT_EQ(as_text(frame).find(to_hex(as_bytes(name))), std::string_view::npos) << name;
  EXPECT_EQ(kDaren485.framer(frame, true).kind, Scan::frame);
}

TEST(Names, OfJkPbAreAllThatAnOwnerCanEnter) {
  auto asked = ask(kJkBmsPb, "about", pack_of(kJkBmsPb));
  ASSERT_TRUE(asked);
  ByteVector& frame = asked->frames.front();
  std::fill(frame.begin() + 46, frame.begin() + 150, std::uint8_t{0});
  write_at(frame, {{52, "NAMEOFPACK"},
                   {68, "PASSCODE01"},
                   {92, "SERIALNO02"},
                   {108, "USERDATA03"},
                   {124, "PASSWORD04"},
                   {140, "USERDATA05"}});
  frame[299] = sum8(Bytes(frame).first(299));
  const Blanked blanked = blank(kJkBmsPb, "about", frame);
  EXPECT_THAT(blanked.names,
              ElementsAre("NAMEOFPACK", "PASSCODE01", "SERIALNO02", "USERDATA03", "PASSWORD04", "USERDATA05"));
  for (const std::size_t at : {52U, 68U, 92U, 108U, 124U, 140U})
    EXPECT_EQ(as_text(frame).substr(at, 10), "XXXXXXXX1F") << at;
  EXPECT_EQ(kJkBmsPb.framer(frame, true).kind, Scan::frame);
}

TEST(Names, APackWithoutAnAddressHasNoneInItsPlace) {
  auto asked = ask(kPylontechRs485, "93", pack_of(kPylontechRs485));
  ASSERT_TRUE(asked);
  (void)blank(kPylontechRs485, "93", asked->frames.front(), {}, -1);
  EXPECT_EQ(serial_of(decode(kPylontechRs485, *asked)), "XXXXXXXXX");
}

}  // namespace
}  // namespace bmsd::names_test
