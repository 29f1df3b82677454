// What is promised of the list of protocols, and of each of them.
#include "protocol/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/canbus_bms.h"
#include "protocol/daren_485.h"
#include "protocol/eg4_lifepower.h"
#include "protocol/lltjbd_uart.h"

namespace bmsd::registry_test {
namespace {

TEST(Registry, EveryProtocolIsFoundByItsNameAndByEachOfItsTypes) {
  std::set<std::string_view> words;
  for (const Protocol* protocol : protocols()) {
    EXPECT_EQ(find_protocol(protocol->name), protocol) << protocol->name;
    EXPECT_TRUE(words.insert(protocol->name).second) << protocol->name << " is there twice";
    EXPECT_FALSE(protocol->bms_types.empty()) << protocol->name;
    for (const std::string_view type : protocol->bms_types) {
      EXPECT_EQ(find_protocol(type), protocol) << type;
      EXPECT_TRUE(words.insert(type).second) << type << " is there twice";
    }
  }
}

TEST(Registry, CaseDoesNotMatterAndTheRestDoes) {
  EXPECT_EQ(find_protocol("daren-485"), &kDaren485);
  EXPECT_EQ(find_protocol("DAREN-485"), &kDaren485);
  EXPECT_EQ(find_protocol("canbusbms_CAN"), &kCanBusBms);
  for (const char* unknown : {"", "daren", "daren-4850", "daren_485", " daren-485", "CAN"})
    EXPECT_EQ(find_protocol(unknown), nullptr) << unknown;
}

TEST(Registry, ThoseOfAMediumAreInTheSameOrderAndNoneIsLeftOut) {
  std::vector<const Protocol*> found;
  for (const Medium medium : {Medium::stream, Medium::can, Medium::messages}) {
    std::vector<const Protocol*> wanted;
    for (const Protocol* protocol : protocols()) {
      if (protocol->medium == medium) wanted.push_back(protocol);
    }
    EXPECT_EQ(protocols_over(medium), wanted);
    found.insert(found.end(), wanted.begin(), wanted.end());
  }
  EXPECT_EQ(found.size(), protocols().size());
  EXPECT_EQ(protocols_over(Medium::can).size(), 3U);
}

class EveryProtocol : public testing::TestWithParam<const Protocol*> {
 protected:
  const Protocol& protocol_ = *GetParam();
};

TEST_P(EveryProtocol, ItsAddressesAreWithinItsBounds) {
  ASSERT_FALSE(protocol_.addresses.empty());
  EXPECT_LE(protocol_.lowest_address, protocol_.highest_address);
  const auto is_within = [this](int address) {
    return address >= protocol_.lowest_address && address <= protocol_.highest_address;
  };
  for (const int address : protocol_.addresses)
    EXPECT_TRUE(is_within(address) || address == protocol_.shared_address) << address;
  EXPECT_TRUE(is_within(protocol_.default_address) || protocol_.default_address == protocol_.shared_address);
  EXPECT_NE(std::ranges::find(protocol_.addresses, protocol_.default_address), protocol_.addresses.end())
      << "the default one is probed";
}

TEST_P(EveryProtocol, ItsExchangesAreFoundByTheirNames) {
  ASSERT_FALSE(protocol_.exchanges.empty());
  for (std::size_t i = 0; i < protocol_.exchanges.size(); ++i) {
    EXPECT_EQ(exchange_index(protocol_, protocol_.exchanges[i].name), static_cast<int>(i))
        << protocol_.exchanges[i].name;
  }
  EXPECT_EQ(exchange_index(protocol_, "no such exchange"), -1);
}

TEST_P(EveryProtocol, WhatProvesItIsThereAndIsNeverAWrite) {
  ASSERT_FALSE(protocol_.proof.empty());
  for (const std::uint8_t exchange : protocol_.proof) {
    ASSERT_LT(exchange, protocol_.exchanges.size());
    EXPECT_NE(protocol_.exchanges[exchange].cadence, Cadence::write);
  }
}

TEST_P(EveryProtocol, WhoIsPushedToAsksNothingInARound) {
  int pushed = 0, fast = 0;
  for (const Exchange& exchange : protocol_.exchanges) {
    pushed += exchange.cadence == Cadence::pushed;
    fast += exchange.cadence == Cadence::fast;
    EXPECT_GT(exchange.whole.count(), 0) << exchange.name;
    if (is_polled(exchange.cadence)) {
      EXPECT_GT(exchange.first_byte.count(), 0) << exchange.name;
    }
  }
  EXPECT_NE(pushed > 0, fast > 0);
}

TEST_P(EveryProtocol, WhatCanBeChangedIsReadBackAndTheRestIsRefused) {
  const auto session = protocol_.open({.address = protocol_.default_address});
  for (const Changeable what : {Changeable::charge_fet, Changeable::discharge_fet, Changeable::soc}) {
    const Writable* writable = find_writable(protocol_, what);
    if (writable != nullptr) {
      EXPECT_EQ(writable->what, what);
      ASSERT_LT(writable->read_back, protocol_.exchanges.size());
      EXPECT_TRUE(is_polled(protocol_.exchanges[writable->read_back].cadence) ||
                  protocol_.exchanges[writable->read_back].cadence == Cadence::demand);
      continue;
    }
    const auto made = session->change({what, 1});
    ASSERT_FALSE(made) << word_of(what);
    EXPECT_EQ(made.error().code, Errc::config);
    EXPECT_EQ(made.error().detail, "the " + std::string(name_of(what)) + " of this BMS cannot be changed");
  }
}

TEST_P(EveryProtocol, ItsSimulatedPackIsThereAtTheDefaultAddress) {
  ASSERT_NE(protocol_.respond, nullptr);
  PackOptions options;
  options.address = protocol_.default_address;
  EXPECT_TRUE(protocol_.respond(options));
  options.variant = {{"no such variant", "yes"}};
  EXPECT_FALSE(protocol_.respond(options));
}

TEST_P(EveryProtocol, OnlyWhoHasPushedExchangesSendsByItself) {
  PackOptions options;
  options.address = protocol_.default_address;
  const auto responder = protocol_.respond(options);
  const auto session = protocol_.open({.address = protocol_.default_address});
  EXPECT_TRUE(responder->take_changes().empty()) << "nobody has asked for any";
  const bool is_pushed = protocol_.exchanges.front().cadence == Cadence::pushed;
  EXPECT_EQ(responder->pushes().empty(), !is_pushed);
  EXPECT_EQ(session->request(0).has_value(), !is_pushed);
  EXPECT_FALSE(session->stayed_away(0)) << "the silence of what it must have says nothing but that";
  if (!is_pushed) {
    EXPECT_TRUE(responder->push(0, {}).empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryProtocol, testing::ValuesIn(protocols().begin(), protocols().end()),
                         [](const auto& info) {
                           std::string name(info.param->name);
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace bmsd::registry_test
