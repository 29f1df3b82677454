#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "base/time.h"

namespace bmsd {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error{Errc::refused, "odd", number, {}};
  return number / 2;
}

TEST(Result, HoldsAValueOrAnError) {
  ASSERT_TRUE(half(4));
  EXPECT_EQ(*half(4), 2);
  ASSERT_FALSE(half(3));
  EXPECT_EQ(half(3).error().code, Errc::refused);
  EXPECT_EQ(half(3).error().number, 3);
}

TEST(Result, CanHoldWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = std::move(*result);
  EXPECT_EQ(*taken, 7);
}

TEST(Error, IsDescribedByCodeWordAndDetail) {
  EXPECT_EQ(describe({Errc::checksum, "bad_lchksum", 0, {}}), "checksum: bad_lchksum");
  EXPECT_EQ(describe({Errc::timeout, "", 0, {}}), "timeout");
  EXPECT_EQ(describe({Errc::refused, "rtn_04", 4, "service not supported"}), "refused: rtn_04: service not supported");
}

TEST(Error, OfPortsAndConfigurationsSpeaksForItself) {
  EXPECT_EQ(describe({Errc::io, "open", 13, "/dev/ttyUSB0: permission denied"}), "/dev/ttyUSB0: permission denied");
  EXPECT_EQ(describe({Errc::io, "open", 13, {}}), "io: open");
}

TEST(Error, EveryCodeHasItsName) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Errc::count_); ++i)
    names.insert(to_string(static_cast<Errc>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Errc::count_));
  EXPECT_FALSE(names.contains(""));
}

TEST(Time, OnTheWireIsTenBitsPerCharacter) {
  EXPECT_EQ(wire_time(96, 9600), 100ms);
  EXPECT_EQ(wire_time(0, 9600), 0us);
  EXPECT_EQ(wire_time(100, 0), 0us) << "a medium without a speed";
}

}  // namespace
}  // namespace bmsd
