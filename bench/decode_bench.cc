// How many replies to service 42 one core takes: from text to reading (the budget: a million a second), and the whole
// way from the wire's bytes to what is believed of the pack.
#include <benchmark/benchmark.h>

#include <array>

#include "battery/battery.h"
#include "bench/reply_42.h"
#include "protocol/daren_485.h"

namespace bmsd {
namespace {

struct Talk {
  std::unique_ptr<Session> session = kDaren485.open({.address = 1});
  Request request = *session->request(0);
  Bytes bytes = as_bytes(kReply42);
};

void find_frame(benchmark::State& state) {
  const Talk talk;
  for (auto _ : state) benchmark::DoNotOptimize(kDaren485.framer(talk.bytes, false));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(find_frame);

void decode(benchmark::State& state) {
  const Talk talk;
  const std::array<Frame, 1> frames = {Frame{talk.bytes}};
  for (auto _ : state) {
    auto reading = talk.session->decode({&talk.request, frames, false});
    if (!reading) return state.SkipWithError(reading.error().what);
    benchmark::DoNotOptimize(reading);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode);

void frame_tag_decode_merge(benchmark::State& state) {
  const Talk talk;
  Battery battery;
  Instant now{};
  for (auto _ : state) {
    const Scan scan = kDaren485.framer(talk.bytes, false);
    const std::array<Frame, 1> frames = {Frame{talk.bytes.first(scan.size)}};
    benchmark::DoNotOptimize(kDaren485.tag(frames[0]));
    auto reading = talk.session->decode({&talk.request, frames, false});
    if (!reading || !battery.merge(*reading, 0, now += 1s)) return state.SkipWithError("not taken");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(frame_tag_decode_merge);

}  // namespace
}  // namespace bmsd
