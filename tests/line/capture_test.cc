// The lines of captures: written and read back, torn, damaged, from candump.
#include "line/capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "line/black_box.h"
#include "wire/can_frame.h"

namespace bmsd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

CaptureRecord record(CaptureRecord::Kind kind, std::string port = "/dev/ttyUSB0") {
  CaptureRecord record;
  record.at = 1764419719'123456;
  record.port = std::move(port);
  record.kind = kind;
  return record;
}

std::vector<CaptureRecord> read(std::string_view text) {
  std::vector<CaptureRecord> all;
  const auto report = read_capture(text, "x", [&](CaptureRecord one, std::size_t) { all.push_back(std::move(one)); });
  EXPECT_TRUE(report) << report.error().detail;
  return all;
}

std::string refusal(std::string_view text) {
  const auto report = read_capture(text, "bad.capture", [](const CaptureRecord&, std::size_t) {});
  return report ? "" : report.error().detail;
}

TEST(Capture, ALineIsWrittenAsTheDocumentationHasIt) {
  CaptureRecord one = record(CaptureRecord::opened);
  one.baud = 9600;
  EXPECT_EQ(capture_line(one), "@1764419719.123456 /dev/ttyUSB0 open 9600\n");
  one = record(CaptureRecord::sent);
  one.bytes = {0x7E, 0x0D};
  EXPECT_EQ(capture_line(one), "@1764419719.123456 /dev/ttyUSB0 > 7E0D\n");
  one = record(CaptureRecord::packs, "a port%");
  one.text = "daren-485@0x01,0x02";
  EXPECT_EQ(capture_line(one), "@1764419719.123456 a%20port%25 packs daren-485@0x01,0x02\n");
  EXPECT_EQ(capture_line(record(CaptureRecord::closed)), "@1764419719.123456 /dev/ttyUSB0 close\n");
}

TEST(Capture, CanIsWrittenInTheWordsOfCandump) {
  CaptureRecord one = record(CaptureRecord::received, "can0");
  one.can = true;
  one.bytes = can_record(0x18F128F4, true, ByteVector{0x11, 0x22});
  const ByteVector second = can_record(0x351, false, {});
  one.bytes.insert(one.bytes.end(), second.begin(), second.end());
  EXPECT_EQ(capture_line(one), "(1764419719.123456) can0 18F128F4#1122 R\n(1764419719.123456) can0 351# R\n");
}

TEST(Capture, ALogOfCandumpIsRead) {
  const auto all = read(
      "(1436509052.249713) vcan0 044#2A366C2BBA\n(1436509052.449847) vcan0 18FF50E5#11.22 T\n"
      "(1436509052.5) vcan0 123#R\n(1436509052.6) vcan0 123##112233\n(1436509052.7) vcan0 20000080#0000000000000000\n");
  ASSERT_EQ(all.size(), 2U) << "remote, FD and error frames are of no use";
  EXPECT_EQ(all[0].at, 1436509052'249713);
  EXPECT_EQ(all[0].bytes, can_record(0x44, false, ByteVector{0x2A, 0x36, 0x6C, 0x2B, 0xBA}));
  EXPECT_EQ(all[0].kind, CaptureRecord::received);
  EXPECT_EQ(all[1].bytes, can_record(0x18FF50E5, true, ByteVector{0x11, 0x22}));
  EXPECT_EQ(all[1].kind, CaptureRecord::sent);
}

RC_GTEST_PROP(Capture, WhatIsWrittenIsRead, ()) {
  CaptureRecord one;
  one.at = *rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000'000);
  one.port = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
  one.kind = *rc::gen::element(CaptureRecord::opened, CaptureRecord::speed, CaptureRecord::closed,
                               CaptureRecord::received, CaptureRecord::sent);
  if (one.kind <= CaptureRecord::speed) one.baud = *rc::gen::inRange(0, 4'000'000);
  if (one.kind == CaptureRecord::received || one.kind == CaptureRecord::sent) {
    one.can = *rc::gen::arbitrary<bool>();
    one.bytes = one.can ? can_record(*rc::gen::inRange<std::uint32_t>(0, 0x800), false,
                                     *rc::gen::container<ByteVector>(8, rc::gen::arbitrary<std::uint8_t>()))
                        : *rc::gen::nonEmpty(rc::gen::container<ByteVector>(rc::gen::arbitrary<std::uint8_t>()));
  }
  const auto all = read(std::string(kCaptureHead) + capture_line(one));
  RC_ASSERT(all.size() == 1U);
  RC_ASSERT(all.front() == one);
}

TEST(Capture, ALineThatWasBeingWrittenWhenItsWriterDiedIsLeftOut) {
  std::size_t records = 0;
  const auto report =
      read_capture("@1.000001 p < 41\n@1.000002 p < 4142", "x", [&](const CaptureRecord&, std::size_t) { ++records; });
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->torn);
  EXPECT_EQ(records, 1U) << "half of its bytes would be read as all of them";
}

TEST(Capture, DamageIsRefusedWithItsPlaceAndWhatToDo) {
  EXPECT_THAT(refusal("# x\n@1.000001 p < 41\n@1.000002 p < 4\n"), HasSubstr("bad.capture:3: the bytes are not pairs"));
  EXPECT_THAT(refusal("@1 p < 41\n"), HasSubstr("bad.capture:1: no time"));
  EXPECT_THAT(refusal("@1.5 p says 41\n"), HasSubstr("\"says\" is none of open"));
  EXPECT_THAT(refusal("@1.5 p open fast\n"), HasSubstr("no speed"));
  EXPECT_THAT(refusal("@1.5 p < \n"), HasSubstr("bytes"));
  EXPECT_THAT(refusal("(1.5) can0 12#00\n"), HasSubstr("no line of a candump log"));
  EXPECT_THAT(refusal("(1.5) can0 123#001122334455667788\n"), HasSubstr("candump"));
  EXPECT_THAT(refusal("(1.5) can0 FFF#00\n"), HasSubstr("candump"));
  EXPECT_THAT(refusal("hello\n"), HasSubstr("correct the line or take it out"));
  EXPECT_THAT(refusal("# bmsd capture 2\n"), HasSubstr("another version"));
  EXPECT_EQ(refusal("# bmsd capture 1\r\n\r\n@1.5 p < 41\r\n"), "") << "an editor of another system";
}

RC_GTEST_PROP(Capture, NoTextIsTooStrangeForTheReader, (const std::string& text)) {
  (void)read_capture(text, "x", [](const CaptureRecord& one, std::size_t) { (void)capture_line(one); });
  for (const char* front : {"@", "@1.5 p ", "(1.5) can0 "})
    (void)read_capture(front + text + "\n", "x",
                       [](const CaptureRecord& one, std::size_t) { (void)capture_line(one); });
}

// --- The black box ---

class ABlackBox : public ::testing::Test {
 protected:
  void note(CaptureRecord::Kind kind, Instant at, int baud = 0, std::size_t bytes = 0) {
    const ByteVector content(bytes, 0x55);
    box.note({at, kind, baud, content});
  }
  std::vector<CaptureRecord> records(Instant now) {
    CaptureRecord packs;
    packs.kind = CaptureRecord::packs;
    packs.text = "daren-485@0x01";
    return read(box.text("p", false, packs, now, 1'000'000'000));
  }
  BlackBox box{{.bytes = 4096, .age = 10min}};
  const Instant begin = Instant{} + 1h;
};

TEST_F(ABlackBox, HoldsTheLastBytesAndWhatThePortWasLikeBefore) {
  note(CaptureRecord::opened, begin, 9600);
  note(CaptureRecord::speed, begin + 1s, 19200);
  for (int i = 0; i < 1000; ++i) note(CaptureRecord::received, begin + 2s + i * 10ms, 0, 10);
  EXPECT_LE(box.size(), 4096U);
  const Instant now = begin + 2s + 9990ms;
  const auto all = records(now);
  ASSERT_GT(all.size(), 20U);
  EXPECT_EQ(all[0].kind, CaptureRecord::opened);
  EXPECT_EQ(all[0].baud, 19200) << "its first lines are gone, what they said holds";
  EXPECT_EQ(all[1].text, "daren-485@0x01");
  EXPECT_EQ(all.back().at, 1'000'000'000);
  EXPECT_EQ(all.back().at - all[all.size() - 2].at, 10'000);
}

TEST_F(ABlackBox, ForgetsWhatIsOld) {
  note(CaptureRecord::opened, begin, 9600);
  note(CaptureRecord::received, begin + 1s, 0, 3);
  note(CaptureRecord::received, begin + 12min, 0, 4);
  const auto all = records(begin + 12min);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all.back().bytes.size(), 4U);
}

TEST_F(ABlackBox, APortThatIsGoneIsNotOpenAtItsBeginning) {
  note(CaptureRecord::opened, begin, 9600);
  note(CaptureRecord::closed, begin + 1s);
  for (int i = 0; i < 200; ++i) note(CaptureRecord::received, begin + 2s, 0, 10);
  EXPECT_EQ(records(begin + 2s).front().kind, CaptureRecord::packs);
}

}  // namespace
}  // namespace bmsd
