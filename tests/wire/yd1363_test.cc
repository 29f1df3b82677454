#include "wire/yd1363.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace bmsd {
namespace {

struct Found {
  std::vector<std::string> frames;
  std::vector<std::string> reasons;  // of junk, each run of the same reason once
};

// Feeds `text` in pieces of `piece` characters, taking what the framer finds after each.
Found feed(const std::string& text, std::size_t piece, Framer framer = scan_yd1363) {
  Found found;
  ByteVector buffer;
  for (std::size_t at = 0; at <= text.size(); at += piece) {
    const bool over = at + piece > text.size();
    const Bytes more = as_bytes(std::string_view(text).substr(at, piece));
    buffer.insert(buffer.end(), more.begin(), more.end());
    while (!buffer.empty()) {
      const Scan scan = framer(buffer, over);
      if (scan.kind == Scan::more) {
        EXPECT_FALSE(over) << "more is no answer when nothing more will come";
        if (over) return found;
        break;
      }
      EXPECT_GT(scan.size, 0U);
      EXPECT_LE(scan.size, buffer.size());
      if (scan.size == 0 || scan.size > buffer.size()) return found;
      if (scan.kind == Scan::frame) {
        found.frames.emplace_back(as_text(Bytes(buffer).first(scan.size)));
      } else if (found.reasons.empty() || found.reasons.back() != scan.why.what) {
        found.reasons.emplace_back(scan.why.what);
      }
      buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(scan.size));
    }
  }
  return found;
}

std::string encoded(std::uint8_t adr, std::uint8_t cid2, const ByteVector& info, char soi = '~') {
  return std::string(as_text(encode_yd1363({0x22, adr, 0x4A, cid2, info}, soi)));
}

std::string why(const std::string& text) {
  Yd1363Buffer buffer;
  const auto parsed = parse_yd1363(as_bytes(text), buffer);
  return parsed ? "" : parsed.error().what;
}

TEST(Yd1363, RequestsAreEncodedAsPrinted) {
  EXPECT_EQ(encoded(1, 0x42, {0x01}), "~22014A42E00201FD28\r");
  EXPECT_EQ(encoded(15, 0x47, {0x0F}), "~220F4A47E0020FFCF9\r");
  EXPECT_EQ(encoded(2, 0x4F, {}), "~22024A4F0000FD8B\r");
  EXPECT_EQ(encoded(1, 0x83, {0x01, 0x01}), "~22014A83C0040101FCC2\r");
  EXPECT_EQ(encoded(2, 0xB0, {0x02, 0x01, 0x04, 0xFF, 0x00}), "~22024AB0600A020104FF00FB69\r");
  EXPECT_EQ(std::string(as_text(encode_yd1363({0x20, 0x01, 0x40, 0x43, ByteVector{0x00}}))), "~20014043E00200FD3B\r");
}

TEST(Yd1363, TheLengthCheckKeepsFourBits) {
  // The nibbles of LENID 0x088 add up to 16: the check is 0, not 16.
  EXPECT_EQ(encoded(1, 0, ByteVector(0x88 / 2, 0)).substr(9, 4), "0088");
}

TEST(Yd1363, AFrameIsTakenApart) {
  Yd1363Buffer buffer;
  const auto frame = parse_yd1363(as_bytes("~22024AB0600A020104FF00FB69"), buffer);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->ver, 0x22);
  EXPECT_EQ(frame->adr, 0x02);
  EXPECT_EQ(frame->cid1, 0x4A);
  EXPECT_EQ(frame->cid2, 0xB0);
  EXPECT_EQ(to_hex(frame->info), "020104FF00");
  EXPECT_TRUE(parse_yd1363(as_bytes("~22024AB0600A020104FF00FB69\r"), buffer)) << "the CR may be there";
}

TEST(Yd1363, TheFirstFailingCheckGivesTheReason) {
  EXPECT_EQ(why(""), "bad_soi");
  EXPECT_EQ(why("22014A42E00201FD28"), "bad_soi");
  EXPECT_EQ(why(">22014A42E00201FD28"), "bad_soi");
  EXPECT_EQ(why("~22014A42E00201F"), "truncated");
  EXPECT_EQ(why("~22014a42E00201FD28"), "non_hex") << "lower case would change the sum";
  EXPECT_EQ(why("~22014A42E00201FD2?"), "non_hex");
  EXPECT_EQ(why("~22014A42D00201FD28"), "bad_lchksum");
  EXPECT_EQ(why("~22014A42F00101FD28"), "odd_length");
  EXPECT_EQ(why("~22014A42C00401FD28"), "truncated");
  EXPECT_EQ(why("~22014A42000001FD28"), "length_mismatch");
  EXPECT_EQ(why("~22014A42E00202FD28"), "bad_chksum");
  EXPECT_EQ(why("~22014A42E00201FD29"), "bad_chksum");
  EXPECT_EQ(why("~22014A42E00201FD28"), "");
}

TEST(Yd1363, AFrameIsFoundBehindGarbage) {
  const std::string frame = encoded(1, 0x42, {1});
  for (const std::string& garbage : {std::string("\0\xFF\r\n", 4), std::string("22014A42\r"), std::string("~~~"),
                                     std::string("~22014A"), std::string("~22014A42E00202FD28\r")}) {
    const Found found = feed(garbage + frame + garbage + frame, 1);
    EXPECT_EQ(found.frames, (std::vector<std::string>{frame, frame})) << garbage;
    EXPECT_FALSE(found.reasons.empty());
  }
}

TEST(Yd1363, ANewStartCharacterInterruptsAFrame) {
  const std::string frame = encoded(1, 0x42, {1, 2, 3});
  const Found found = feed(frame.substr(0, 15) + frame, 4);
  EXPECT_EQ(found.frames, std::vector<std::string>{frame});
  EXPECT_EQ(found.reasons, std::vector<std::string>{"truncated"});
}

TEST(Yd1363, ADamagedFrameIsJunkWithItsReason) {
  std::string frame = encoded(1, 0x42, {1});
  frame[14] = '9';
  EXPECT_EQ(feed(frame, 3).reasons, std::vector<std::string>{"bad_chksum"});
}

TEST(Yd1363, AFrameThatStopsShortIsJunkOnceNothingMoreWillCome) {
  const std::string frame = encoded(1, 0x42, {1});
  const Found found = feed(frame.substr(0, 12), 1);
  EXPECT_TRUE(found.frames.empty());
  EXPECT_EQ(found.reasons, std::vector<std::string>{"truncated"});
}

TEST(Yd1363, TheLongestFrameFitsAndALongerOneIsGivenUp) {
  const std::string longest = encoded(1, 0, ByteVector(kYd1363MaxInfo, 0x5A));
  EXPECT_EQ(longest.size(), 4112U);
  EXPECT_EQ(feed(longest, 100).frames, std::vector<std::string>{longest});

  const Scan scan = scan_yd1363(as_bytes("~" + std::string(kYd1363MaxText, '0')), false);
  EXPECT_EQ(scan.kind, Scan::junk);
  EXPECT_EQ(scan.size, kYd1363MaxText);
}

TEST(Yd1363, OtherStartCharactersHaveTheirOwnFramer) {
  const auto scan = [](Bytes buffer, bool over) { return scan_yd1363('>', buffer, over); };
  const std::string ours = encoded(1, 0x42, {}, '>');
  EXPECT_EQ(feed(encoded(1, 0x42, {}) + ours, 1, scan).frames, std::vector<std::string>{ours});
}

RC_GTEST_PROP(Yd1363, WhatIsEncodedIsParsedAgain, (std::uint8_t adr, std::uint8_t cid2, ByteVector info)) {
  Yd1363Buffer buffer;
  const std::string text = encoded(adr, cid2, info);
  const auto frame = parse_yd1363(as_bytes(text), buffer);
  RC_ASSERT(frame.ok());
  RC_ASSERT(frame->adr == adr);
  RC_ASSERT(frame->cid2 == cid2);
  RC_ASSERT(same(frame->info, info));
}

RC_GTEST_PROP(Yd1363, PiecesDoNotMatter, (std::vector<ByteVector> infos, std::string garbage)) {
  std::string stream;
  std::vector<std::string> frames;
  for (const ByteVector& info : infos) {
    frames.push_back(encoded(1, 0, info));
    stream += garbage + frames.back();
  }
  const auto piece = *rc::gen::inRange<std::size_t>(1, 40);
  RC_ASSERT(feed(stream, piece).frames == frames);
}

RC_GTEST_PROP(Yd1363, OneWrongCharacterNeverGivesAFrame, (ByteVector info, std::uint8_t wrong)) {
  std::string text = encoded(1, 0x42, info);
  const auto place = *rc::gen::inRange<std::size_t>(0, text.size());
  RC_PRE(static_cast<std::uint8_t>(text[place]) != wrong);
  text[place] = static_cast<char>(wrong);
  RC_ASSERT(feed(text, 7).frames.empty());
}

RC_GTEST_PROP(Yd1363, NoiseIsSurvived, (ByteVector noise)) {
  for (std::uint8_t& byte : noise) {
    if (byte % 8 == 0) byte = '~';
    if (byte % 8 == 1) byte = '\r';
  }
  const std::string text(as_text(noise));
  RC_ASSERT(feed(text, 1).frames == feed(text, 1000).frames);
}

}  // namespace
}  // namespace bmsd
