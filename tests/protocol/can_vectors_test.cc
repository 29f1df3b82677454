// All vectors of the protocols over CAN.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "can_frames.h"
#include "protocol/canbus_bms.h"
#include "protocol/daly_can.h"
#include "protocol/jkbms_can.h"
#include "wire/can_frame.h"
#include "wire/can_text.h"

namespace bmsd::can_vectors_test {
namespace {

using namespace test;  // NOLINT: a test of these vectors
using nlohmann::json;
using testing::IsEmpty;

class CanVectors : public testing::TestWithParam<const Protocol*> {
 protected:
  static const Protocol& protocol() { return *GetParam(); }
  static std::string file() { return std::string(protocol().name) + ".json"; }
};

TEST_P(CanVectors, EverySetOfFramesHolds) {
  const auto vectors = load_can_vectors(file());
  EXPECT_GE(vectors.size(), 30U);
  for (const Vector& vector : vectors) {
    const auto result = protocol().decode_vector(vector.request, vector.response, vector.param_views());
    EXPECT_THAT(differences(protocol(), vector, result), IsEmpty()) << vector.name;
  }
}

TEST_P(CanVectors, EveryDescriptionMakesItsFrames) {
  const auto vectors = load_kind(file(), "encode");
  EXPECT_FALSE(vectors.empty());
  for (const json& vector : vectors) {
    const auto texts = texts_of(vector.at("input"));
    const auto made = protocol().encode_vector(views_of(texts));
    if (vector.contains("expect_error")) {
      ASSERT_FALSE(made) << vector.at("name");
      EXPECT_EQ(made.error().what, vector.at("expect_error")) << vector.at("name");
      continue;
    }
    ASSERT_TRUE(made) << vector.at("name") << describe(made.error());
    const json& expect = vector.at("expect");
    EXPECT_EQ(to_hex(*made), to_hex(records_of(expect.value("request_frames", expect.value("frames", json::array())))))
        << vector.at("name");
  }
}

// As the line does it: frame by frame, and what is incomplete waits for more.
TEST_P(CanVectors, EveryPollIsUnderstoodFrameByFrame) {
  for (const json& vector : load_kind(file(), "session")) {
    const auto texts = texts_of(vector.at("params"));
    const auto session = protocol().open({.address = 1, .params = views_of(texts), .extras = true});
    Reading all;
    for (const json& exchange : vector.at("exchanges")) {
      const ByteVector request = records_of(exchange.at("request_frames")),
                       response = records_of(exchange.at("frames"));
      const Request asked{static_cast<std::uint8_t>(protocol().tag({request}).exchange), request};
      std::vector<Frame> frames;
      bool done = false;
      for (const Frame& frame : frames_of(response)) {
        frames.push_back(frame);
        auto reading = session->decode({&asked, frames, false});
        if (reading) all.take(std::move(*reading));
        done = done || reading.ok();
        if (done) break;
      }
      EXPECT_TRUE(done) << vector.at("name");
    }
    Vector expected;
    expected.expect = vector.at("expect");
    EXPECT_THAT(differences(protocol(), expected, all), IsEmpty()) << vector.at("name");
  }
}

TEST_P(CanVectors, AFrameCutAnywhereIsNeverTakenForMoreThanItIs) {
  for (const Vector& vector : load_can_vectors(file())) {
    for (const Frame& whole : frames_of(vector.response)) {
      const CanFrame frame = can_frame(whole.bytes);
      for (std::size_t size = 0; size < frame.data.size(); ++size) {
        const ByteVector cut = can_record(frame.id, frame.extended, frame.data.first(size));
        const auto session = protocol().open({.address = protocol().default_address, .extras = true});
        (void)session->decode({nullptr, std::vector<Frame>{{cut}}, false});
        (void)protocol().decode_vector(vector.request, cut, vector.param_views());
        (void)protocol().tag({cut});
      }
    }
  }
}

TEST_P(CanVectors, WhatItSendsPassesTheFilter) {
  const auto passes = [](const CanFrame& frame) {
    return std::ranges::any_of(protocol().can_ids, [&frame](const CanIds& ids) {
      return frame.extended == ids.extended && ((frame.id ^ ids.id) & ids.mask) == 0;
    });
  };
  for (const Vector& vector : load_can_vectors(file())) {
    for (const Frame& frame : frames_of(vector.response)) {
      const Role role = protocol().tag(frame).role;
      if (role == Role::part || role == Role::reply) {
        EXPECT_TRUE(passes(can_frame(frame.bytes))) << can_text(frame.bytes);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Protocols, CanVectors, testing::Values(&kDalyCan, &kJkBmsCan, &kCanBusBms),
                         [](const auto& info) {
                           std::string name(info.param->name);
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace bmsd::can_vectors_test
