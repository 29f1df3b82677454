// What the state machines of a line cost: a virtual hour of 15 packs at 19200 baud. The packs' answers are canned: each
// request is encoded once by the simulated BMS, so that what is measured is the line, its sessions and batteries, and a
// copy per reply.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "line/line.h"
#include "protocol/daren_485.h"
#include "protocol/responder.h"
#include "sim/pack_model.h"
#include "sim/virtual_wire.h"

namespace bmsd {
namespace {

constexpr int kPacks = 15;
constexpr int kBaud = 19200;
constexpr Duration kDelay = 20ms;

// Answers at the wire's pace, in pieces of `piece` bytes.
class CannedPacks final : public Machine {
 public:
  explicit CannedPacks(std::size_t piece) : piece_(piece) {
    PackOptions options;
    for (options.address = 1; options.address <= kPacks; ++options.address)
      packs_.push_back(kDaren485.respond(options));
  }
  void opened(int, Instant) override {}
  void closed(Instant) override {}
  void received(Bytes request, Instant now) override {
    reply_ = &reply_to(request);
    sent_ = 0;
    begin_ = now + wire_time(request.size(), kBaud) + kDelay;
  }
  std::optional<Action> next(Instant now) override {
    const auto due = deadline();
    if (!due || now < *due) return std::nullopt;
    const std::size_t size = std::min(piece_, reply_->size() - sent_);
    const auto from = reply_->begin() + static_cast<std::ptrdiff_t>(std::exchange(sent_, sent_ + size));
    return SendBytes{ByteVector(from, from + static_cast<std::ptrdiff_t>(size))};
  }
  std::optional<Instant> deadline() const override {
    if (reply_ == nullptr || sent_ == reply_->size()) return std::nullopt;
    return begin_ + wire_time(std::min(sent_ + piece_, reply_->size()), kBaud);
  }

 private:
  const ByteVector& reply_to(Bytes request) {
    const auto known = replies_.find(as_text(request));
    if (known != replies_.end()) return known->second;
    ByteVector reply;
    for (const auto& pack : packs_) {
      if (auto answer = pack->answer(request, model_.state())) reply = std::move(*answer);
    }
    return replies_.emplace(as_text(request), std::move(reply)).first->second;
  }

  std::size_t piece_;
  PackModel model_;
  std::vector<std::unique_ptr<Responder>> packs_;
  std::map<std::string, ByteVector, std::less<>> replies_;
  const ByteVector* reply_ = nullptr;
  std::size_t sent_ = 0;
  Instant begin_{};
};

// The owner of a line takes its events after each step; here they are only counted.
class Counted final : public Machine {
 public:
  explicit Counted(LinePlan plan) : line_(std::move(plan)) {}
  void opened(int baud, Instant now) override { line_.opened(baud, now); }
  void closed(Instant now) override { line_.closed(now); }
  void received(Bytes bytes, Instant now) override { line_.received(bytes, now); }
  std::optional<Instant> deadline() const override { return line_.deadline(); }
  std::optional<Action> next(Instant now) override {
    auto action = line_.next(now);
    for (const LineEvent& event : line_.take_events()) rounds += event.kind == LineEvent::round_good ? 1 : 0;
    return action;
  }
  std::uint64_t rounds = 0;

 private:
  Line line_;
};

// The argument: bytes per piece in which replies come; 2 is what an ordinary UART hands over, 256 a whole reply.
void virtual_hour_of_15_packs(benchmark::State& state) {
  std::uint64_t rounds = 0;
  for (auto _ : state) {
    LinePlan plan;
    plan.protocols = {&kDaren485};
    plan.baud = kBaud;
    plan.interval = Duration(0);
    for (int address = 1; address <= kPacks; ++address) plan.addresses.push_back(address);
    Counted line(std::move(plan));
    CannedPacks packs(static_cast<std::size_t>(state.range(0)));
    VirtualWire wire(line, packs);
    wire.open(kBaud);
    wire.run_for(1h);
    rounds += line.rounds;
  }
  if (rounds < 1000) return state.SkipWithError("the packs were not read");
  state.SetItemsProcessed(static_cast<std::int64_t>(rounds));
  state.counters["time/update"] =
      benchmark::Counter(static_cast<double>(rounds), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(virtual_hour_of_15_packs)->Arg(2)->Arg(256)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bmsd
