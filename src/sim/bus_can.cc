// What is different where the simulated line is a CAN bus.
#include <algorithm>
#include <array>
#include <utility>

#include "sim/bus.h"
#include "wire/can_frame.h"

namespace bmsd {
namespace {

constexpr int kTriesForAStranger = 16;

// Calls `with` for each record.
template <typename With>
void each_record(Bytes records, With&& with) {
  while (!records.empty()) {
    const std::size_t size = can_framer(records, true).size;
    with(records.first(size));
    records = records.subspan(size);
  }
}

}  // namespace

Duration SimBus::time_of(Bytes bytes, int baud) const {
  if (!can_) return wire_time(bytes.size(), baud);
  Duration sum{};
  each_record(bytes, [&](Bytes record) { sum += can_time(record, baud); });
  return sum;
}

// Frames of `pack`, one behind the other, as faults leave them; when they end. `reply`: what it meant to say.
Instant SimBus::say(Bytes records, Instant start, const Pack& pack, PackState state, Bytes reply) {
  ByteVector left(records.begin(), records.end());
  damage_frames(left);
  if (faults_.strikes(Fault::garbage)) {
    const ByteVector stranger = foreign_frame();
    left.insert(left.begin(), stranger.begin(), stranger.end());
  }
  bool first = true;
  each_record(left, [&](Bytes record) {
    Talk& said = talk({record.begin(), record.end()}, start);
    said.address = pack.options.address;
    if (std::exchange(first, false)) {
      said.state = std::move(state);
      said.reply.assign(reply.begin(), reply.end());
    }
    start = said.span.end;
  });
  return start;
}

// A damaged frame does not arrive, since its check fails. What the check cannot see is a sender that sends too little.
void SimBus::damage_frames(ByteVector& records) {
  std::vector<ByteVector> frames;
  each_record(records, [&](Bytes record) { frames.emplace_back(record.begin(), record.end()); });
  const auto any = [&] { return static_cast<std::size_t>(faults_.random().below(frames.size())); };
  for (const Fault lost : {Fault::drop, Fault::corrupt, Fault::flip}) {
    if (!frames.empty() && faults_.strikes(lost)) frames.erase(frames.begin() + static_cast<std::ptrdiff_t>(any()));
  }
  if (!frames.empty() && faults_.strikes(Fault::truncate)) {
    ByteVector& frame = frames[any()];
    const CanFrame whole = can_frame(frame);
    if (!whole.data.empty()) {
      const auto shorter = static_cast<std::size_t>(faults_.random().below(whole.data.size()));
      frame = can_record(whole.id, whole.extended,
                         ByteVector(whole.data.begin(), whole.data.begin() + static_cast<std::ptrdiff_t>(shorter)));
    }
  }
  records.clear();
  for (const ByteVector& frame : frames) records.insert(records.end(), frame.begin(), frame.end());
}

// Of a device that is none of the packs: what looks like theirs nobody could tell from the truth.
ByteVector SimBus::foreign_frame() {
  for (int i = 0; i < kTriesForAStranger; ++i) {
    Random& random = faults_.random();
    const bool extended = random.below(2) == 0;
    std::array<std::uint8_t, kMaxCanData> data{};
    for (std::uint8_t& byte : data) byte = random.byte();
    const auto id = static_cast<std::uint32_t>(random.below(extended ? 0x20000000 : 0x800));
    ByteVector record =
        can_record(id, extended, Bytes(data).first(static_cast<std::size_t>(random.below(kMaxCanData + 1))));
    if (options_.protocol->tag(Frame{record}).role == Role::foreign) return record;
  }
  return {};
}

// --- What packs send by themselves ---

std::optional<Instant> SimBus::next_push() const {
  std::optional<Instant> first;
  if (!open_) return first;
  for (const auto& pack : packs_) {
    for (const Instant at : pack->push_at) first = first ? std::min(*first, at) : at;
  }
  return first;
}

void SimBus::push_due(Instant now) {
  if (!open_ || !can_) return;
  for (const auto& pack : packs_) {
    const std::vector<Duration> every = pack->responder->pushes();
    if (pack->push_at.empty()) pack->push_at.assign(every.size(), now);
    for (std::size_t kind = 0; kind < every.size(); ++kind) {
      Instant& at = pack->push_at[kind];
      if (now < at) continue;
      push(*pack, kind, now);
      at = std::max(at + every[kind], now);  // what a slow machine has missed is not made up for
      if (at == now) at += every[kind];
    }
  }
}

void SimBus::push(Pack& pack, std::size_t kind, Instant at) {
  if (pack.silent || !understood(pack_speed())) return;
  pack.model.advance(at);
  PackState state = pack.model.state();
  const ByteVector records = pack.responder->push(kind, state);
  if (records.empty() || faults_.strikes(Fault::silence)) return;
  if (faults_.strikes(Fault::late)) at += faults_.late_by();
  if (faults_.strikes(Fault::foreign)) {
    if (const auto other = somebody_else(pack)) {
      other->model.advance(at);
      PackState foreign_state = other->model.state();
      const ByteVector foreign = other->responder->push(kind, foreign_state);
      if (!foreign.empty()) say(foreign, at, *other, std::move(foreign_state), foreign);
      if (faults_.random().below(2) == 0) return;
    }
  }
  say(records, at, pack, std::move(state), records);
}

}  // namespace bmsd
