// What packs send by themselves: when such a pack is there, when it is lost, and when its owner is told what came.
#include <algorithm>
#include <array>

#include "line/poll_plan.h"

namespace bmsd {
namespace {

constexpr Duration kRoundEvery = 100ms;  // some BMSes send every 10 ms; nobody needs to be told as often

}  // namespace

void PollPlan::pushed(int index, std::uint8_t exchange, Bytes frame, Instant now) {
  PackTalk& pack = *packs_[static_cast<std::size_t>(index)];
  const std::array<Frame, 1> frames = {Frame{frame}};
  const auto reading = pack.session->decode({nullptr, frames, false, now});
  if (reading) return pushed_reading(pack, exchange, *reading, now);
  switch (reading.error().code) {
    case Errc::incomplete:  // more frames belong to it
    case Errc::address:     // not of this pack after all
    case Errc::command:
      return;
    default:
      pushed_failed(pack, exchange, reading.error());
  }
}

void PollPlan::pushed_reading(PackTalk& pack, std::uint8_t exchange, const Reading& reading, Instant now) {
  if (const Status taken = pack.take(reading, exchange, now); !taken)
    return pushed_failed(pack, exchange, taken.error());
  ExchangeState& state = pack.exchanges[exchange];
  state.last_ok = state.last_try = now;
  state.settled = false;
  if (!pack.heard_since) pack.heard_since = now;
  if (pack.state == PackTalk::waiting) pack.state = PackTalk::joining;
  if (!pack.round_at) pack.round_at = std::max(now, pack.health.last_good.value_or(Instant{}) + kRoundEvery);
}

// It counts as not come.
void PollPlan::pushed_failed(PackTalk& pack, std::uint8_t exchange, const Error& error) {
  pack.session->failed(exchange, error);
  ++pack.health.errors_by_code[static_cast<std::size_t>(error.code)];
  pack.health.last_error = describe(error);
}

void PollPlan::watch_pushed(Instant now) {
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    PackTalk& pack = *packs_[i];
    if (!pack.sends_by_itself) continue;
    watch_silence(static_cast<int>(i), now);
    if (pack.round_at && now >= *pack.round_at) pushed_changed(static_cast<int>(i), now);
  }
}

// What has stayed away for too long.
void PollPlan::watch_silence(int index, Instant now) {
  PackTalk& pack = *packs_[static_cast<std::size_t>(index)];
  if (!pack.heard_since) return;
  for (std::size_t e = 0; e < pack.exchanges.size(); ++e) {
    if (!pack.is_pushed(e)) continue;
    const Exchange& exchange = pack.protocol->exchanges[e];
    ExchangeState& state = pack.exchanges[e];
    const Instant since = std::max(state.last_ok.value_or(*pack.heard_since), *pack.heard_since);
    if (now - since < exchange.whole) continue;
    if (!exchange.optional) return pushed_lost(index, now);
    if (state.settled) continue;
    state.settled = true;
    const auto reading = pack.session->stayed_away(static_cast<std::uint8_t>(e));
    if (!reading || !pack.take(*reading, e, now)) continue;
    if (!pack.round_at) pack.round_at = now;
  }
}

// Whether every exchange has come since the pack was lost. Those that it may not have are waited for at most as long as
// they say.
bool PollPlan::has_come(const PackTalk& pack, bool wait_for_optional, Instant now) const {
  for (std::size_t e = 0; e < pack.exchanges.size(); ++e) {
    const auto& last = pack.exchanges[e].last_ok;
    if (!pack.is_pushed(e) || (last && *last >= pack.pushed_since)) continue;
    const Exchange& exchange = pack.protocol->exchanges[e];
    if (!exchange.optional) return false;
    if (wait_for_optional && pack.heard_since && now - *pack.heard_since < exchange.first_byte) return false;
  }
  return true;
}

void PollPlan::pushed_changed(int index, Instant now) {
  PackTalk& pack = *packs_[static_cast<std::size_t>(index)];
  if (pack.state == PackTalk::joining && has_come(pack, true, now) && (pack.only_heard || !missing_exchange(pack)))
    finish_joining(index, now);
  if (pack.state == PackTalk::lost && has_come(pack, false, now)) {
    pack.state = PackTalk::alive;
    ask_once_more(pack);
  }
  if (pack.state != PackTalk::alive) {
    pack.round_at = now + kRoundEvery;
    return;
  }
  pack.round_at.reset();
  count_round(pack, now);
  emit(LineEvent::round_good, index);
}

void PollPlan::pushed_lost(int index, Instant now) {
  PackTalk& pack = *packs_[static_cast<std::size_t>(index)];
  pack.pushed_since = now;
  pack.heard_since.reset();
  pack.round_at.reset();
  if (!pack.answers()) return;
  pack.battery.forget_trend(now);
  pack.state = pack.state == PackTalk::joining ? PackTalk::waiting : PackTalk::lost;
  for (ExchangeState& state : pack.exchanges) {
    if (pack.state == PackTalk::waiting) state = {};
  }
  const Error error{Errc::timeout, "silent", 0, "it has stopped sending"};
  ++pack.health.errors_by_code[static_cast<std::size_t>(error.code)];
  pack.health.last_error = describe(error);
  ++pack.health.failed_rounds;
  emit(LineEvent::round_failed, index);
}

std::optional<Instant> PollPlan::pushed_deadline() const {
  std::optional<Instant> first;
  const auto due = [&first](Instant at) { first = first ? std::min(*first, at) : at; };
  for (const PackTalk* pack : packs_) {
    if (pack->round_at) due(*pack->round_at);
    if (!pack->heard_since) continue;
    for (std::size_t e = 0; e < pack->exchanges.size(); ++e) {
      const ExchangeState& state = pack->exchanges[e];
      if (!pack->is_pushed(e) || (pack->protocol->exchanges[e].optional && state.settled)) continue;
      due(std::max(state.last_ok.value_or(*pack->heard_since), *pack->heard_since) +
          pack->protocol->exchanges[e].whole);
    }
  }
  return first;
}

}  // namespace bmsd
