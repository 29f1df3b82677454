#include "line/poll_plan.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bmsd {
namespace {

constexpr int kTries = 3;
constexpr int kTriesJoining = 2 * kTries;  // of damaged replies: what a pack is called depends on these
constexpr Duration kProbeFirstByte = 250ms;
constexpr int kFullProbeEvery = 4;  // every 4th probe waits as long as the exchange allows
constexpr std::array<Duration, 4> kBackOff = {1s, 2s, 4s, 8s};
constexpr Duration kSlowEvery = 60s;
constexpr Duration kSlowAtLeastEvery = 10min;
constexpr int kSlowShare = 50;                // slow exchanges take at most 1/50 of a full line,
constexpr int kProbeShare = 20;               // probes of silent packs 1/20
constexpr Duration kSlowCreditLimit = 150ms;  // about one exchange: never several in one round
constexpr Duration kSlowDebtLimit = 2s;       // a pack that does not answer may cost more than there was
constexpr Duration kProbeCreditLimit = 500ms;

// The wire has spoilt the reply, in contrast to what the BMS says or does not say.
bool is_damage(Errc code) {
  return code == Errc::noise || code == Errc::checksum || code == Errc::length || code == Errc::incomplete;
}

}  // namespace

void PollPlan::set_interval(Duration interval) {
  for (PackTalk* pack : packs_) pack->round_due += interval - interval_;
  interval_ = interval;
}

void PollPlan::add(PackTalk& pack, Instant now) {
  pack.next_probe = now;
  packs_.push_back(&pack);
}

PollPlan::Turn PollPlan::turn(int pack, std::uint8_t exchange) const {
  const auto& of = *packs_[static_cast<std::size_t>(pack)]->protocol;
  return {pack, exchange, false, of.exchanges[exchange].first_byte};
}

bool PollPlan::is_fast(const Turn& turn) const {
  return packs_[static_cast<std::size_t>(turn.pack)]->protocol->exchanges[turn.exchange].cadence == Cadence::fast;
}

bool PollPlan::anybody_answers() const {
  return std::any_of(packs_.begin(), packs_.end(), [](const PackTalk* pack) { return pack->answers(); });
}

std::variant<PollPlan::Turn, Instant> PollPlan::next(Instant now) {
  accrue(now);
  if (again_) return *again_;
  if (round_) {
    const Instant held = packs_[static_cast<std::size_t>(round_->pack)]->hold_until;
    if (now < held) return held;
    return *round_;
  }
  if (auto turn = next_demanded(now)) return *turn;
  if (auto turn = next_joining(now)) return *turn;
  if (auto turn = next_probe(now)) return *turn;
  if (auto turn = next_slow(now)) return *turn;
  if (auto turn = next_fast(now)) return *turn;
  return earliest(now);
}

// Slow exchanges and probes may always use a line that has nothing else to do. On a full line they live from these
// credits.
void PollPlan::accrue(Instant now) {
  if (accrued_) {
    slow_credit_ = std::min(slow_credit_ + (now - *accrued_) / kSlowShare, kSlowCreditLimit);
    probe_credit_ = std::min(probe_credit_ + (now - *accrued_) / kProbeShare, kProbeCreditLimit);
  }
  accrued_ = now;
}

Duration PollPlan::until_next_round(Instant now) const {
  Duration least = Duration::max();
  for (const PackTalk* pack : packs_) {
    if (pack->answers() && !pack->sends_by_itself) least = std::min(least, pack->round_due - now);
  }
  return least;
}

std::optional<PollPlan::Turn> PollPlan::next_demanded(Instant now) {
  for (const auto& [index, exchange] : demanded_) {
    const PackTalk& pack = *packs_[static_cast<std::size_t>(index)];
    if (pack.state == PackTalk::alive && now >= pack.hold_until) return turn(index, exchange);
  }
  return std::nullopt;
}

// The next exchange whose values a complete picture of the pack lacks.
std::optional<std::uint8_t> PollPlan::missing_exchange(const PackTalk& pack) const {
  for (std::size_t i = 0; i < pack.exchanges.size(); ++i) {
    const Cadence cadence = pack.protocol->exchanges[i].cadence;
    if (!is_polled(cadence) || pack.exchanges[i].last_try) continue;
    return static_cast<std::uint8_t>(i);
  }
  return std::nullopt;
}

std::optional<PollPlan::Turn> PollPlan::next_joining(Instant now) {
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    if (packs_[i]->state != PackTalk::joining || packs_[i]->doubtful || now < packs_[i]->hold_until) continue;
    if (const auto exchange = missing_exchange(*packs_[i])) return turn(static_cast<int>(i), *exchange);
  }
  return std::nullopt;
}

std::optional<PollPlan::Turn> PollPlan::next_probe(Instant now) {
  const bool alone = !anybody_answers();
  std::optional<std::size_t> chosen;
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    const PackTalk& pack = *packs_[i];
    if (pack.sends_by_itself || pack.answers() || now < pack.hold_until || (!alone && now < pack.next_probe)) continue;
    if (!chosen || pack.last_probe < packs_[*chosen]->last_probe) chosen = i;  // never probed is less than any instant
  }
  if (!chosen) return std::nullopt;
  if (!alone && probe_credit_ < kProbeFirstByte && until_next_round(now) < kProbeFirstByte) return std::nullopt;

  const PackTalk& pack = *packs_[*chosen];
  Turn probe{static_cast<int>(*chosen), 0, true, {}};
  while (pack.protocol->exchanges[probe.exchange].cadence != Cadence::fast) ++probe.exchange;
  const Duration own = pack.protocol->exchanges[probe.exchange].first_byte;
  const bool full = pack.full_probe || pack.probes_failed % kFullProbeEvery == kFullProbeEvery - 1;
  probe.first_byte = full ? own : std::min(own, kProbeFirstByte);
  return probe;
}

std::optional<PollPlan::Turn> PollPlan::next_slow(Instant now) {
  std::optional<Turn> chosen;
  Instant chosen_due{};
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    const PackTalk& pack = *packs_[i];
    if (pack.state != PackTalk::alive || now < pack.hold_until) continue;
    for (std::size_t e = 0; e < pack.exchanges.size(); ++e) {
      const Cadence cadence = pack.protocol->exchanges[e].cadence;
      const ExchangeState& state = pack.exchanges[e];
      if (state.refused || (cadence != Cadence::slow && (cadence != Cadence::once || state.settled))) continue;
      // What was never read comes before everything that is only read again.
      const Instant due = state.last_try ? *state.last_try + kSlowEvery : now - kSlowAtLeastEvery;
      if (due > now || (chosen && chosen_due <= due)) continue;
      chosen = turn(static_cast<int>(i), static_cast<std::uint8_t>(e));
      chosen_due = due;
    }
  }
  if (!chosen) return std::nullopt;
  const Duration cost = packs_[static_cast<std::size_t>(chosen->pack)]->exchanges[chosen->exchange].took;
  const bool affordable = slow_credit_ >= std::min(cost, kSlowCreditLimit) || until_next_round(now) > cost ||
                          now - chosen_due > kSlowAtLeastEvery;
  if (!affordable) return std::nullopt;
  return chosen;
}

std::optional<PollPlan::Turn> PollPlan::next_fast(Instant now) {
  std::optional<std::size_t> chosen;
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    const PackTalk& pack = *packs_[i];
    if (pack.sends_by_itself || !pack.answers() || now < pack.round_due || now < pack.hold_until) continue;
    if (!chosen || pack.round_due < packs_[*chosen]->round_due) chosen = i;
  }
  if (!chosen) return std::nullopt;
  PackTalk& pack = *packs_[*chosen];
  // The timer counts from the beginning of a round; a line that cannot keep up goes round by turns.
  pack.round_due = std::max(pack.round_due + interval_, now);
  pack.round_began = now;
  round_ = turn(static_cast<int>(*chosen), 0);
  while (!is_fast(*round_)) ++round_->exchange;
  round_->first_byte = pack.protocol->exchanges[round_->exchange].first_byte;
  return round_;
}

Instant PollPlan::earliest(Instant now) const {
  Instant when = now + 1s;  // credits grow, nothing else changes by itself
  const bool alone = !anybody_answers();
  for (const PackTalk* pack : packs_) {
    if (pack->sends_by_itself) continue;
    const Instant wanted = pack->answers() ? pack->round_due : alone ? now : pack->next_probe;
    const Instant due = std::max(wanted, pack->hold_until);
    if (due > now) when = std::min(when, due);
    if (pack->state == PackTalk::joining && pack->hold_until > now) when = std::min(when, pack->hold_until);
  }
  if (probe_credit_ < kProbeFirstByte) when = std::min(when, now + (kProbeFirstByte - probe_credit_) * kProbeShare);
  return when;
}

void PollPlan::skipped(const Turn& turn, Instant now) {
  PackTalk& pack = *packs_[static_cast<std::size_t>(turn.pack)];
  pack.exchanges[turn.exchange].last_try = now;
  pack.exchanges[turn.exchange].settled = true;
  std::erase(demanded_, std::pair(turn.pack, turn.exchange));
  again_.reset();
  tries_ = 0;
  timed_out_ = false;
  if (turn.probe) {
    pack.last_probe = now;
    pack.next_probe = pack.hold_until = now + kBackOff.front();
  } else if (round_) {
    go_on(turn, now);
  }
  if (pack.state == PackTalk::joining && !missing_exchange(pack)) finish_joining(turn.pack, now);
}

bool PollPlan::done(const Turn& turn, Outcome outcome, Instant now) {
  PackTalk& pack = *packs_[static_cast<std::size_t>(turn.pack)];
  // A probe that is answered is a round, and no loss.
  if (turn.probe && !outcome.result && anybody_answers()) probe_credit_ -= std::min(now - outcome.sent, probe_credit_);
  const Cadence cadence = pack.protocol->exchanges[turn.exchange].cadence;
  if (pack.state == PackTalk::alive && (cadence == Cadence::slow || cadence == Cadence::once))
    slow_credit_ = std::max(slow_credit_ - (now - outcome.sent), -kSlowDebtLimit);

  if (outcome.result) {
    const Status taken = pack.take(*outcome.result, turn.exchange, now);
    if (taken) {
      succeeded(turn, outcome, now);
      confirm_soon(turn);
      return true;
    }
    outcome.result = taken.error();
  }
  const Errc code = outcome.result.error().code;
  if (is_damage(code) || outcome.garbled) {
    ++pack.health.of(turn.exchange).damaged;
  } else if (code == Errc::timeout) {
    ++pack.health.of(turn.exchange).silent;
  }
  failed(turn, outcome.result.error(), now);
  // A pack that answers at once, but nothing that helps, is asked no more often than one that is silent.
  if (turn.probe && !again_) pack.hold_until = std::max(pack.hold_until, outcome.sent + kProbeFirstByte);
  return false;
}

// What jumped waits for its next reading; that of a fast exchange comes by itself.
void PollPlan::confirm_soon(const Turn& turn) {
  const PackTalk& pack = *packs_[static_cast<std::size_t>(turn.pack)];
  if (is_fast(turn) || pack.state != PackTalk::alive || !pack.battery.pending().waits_for(turn.exchange)) return;
  demanded_.emplace_back(turn.pack, turn.exchange);
}

void PollPlan::succeeded(const Turn& turn, const Outcome& outcome, Instant now) {
  PackTalk& pack = *packs_[static_cast<std::size_t>(turn.pack)];
  ExchangeState& state = pack.exchanges[turn.exchange];
  state.last_ok = state.last_try = now;
  state.settled = true;
  state.took = now - outcome.sent;
  state.reply_bytes = outcome.reply_bytes;
  if (outcome.latency) pack.health.latency = *outcome.latency;
  LinkHealth::Exchange& counts = pack.health.of(turn.exchange);
  ++pack.health.exchanges;
  ++counts.good;
  counts.reply_bytes = outcome.reply_bytes;
  // The reply to an earlier try may still come, and would answer whatever is asked by then.
  const Duration late = pack.protocol->exchanges[turn.exchange].first_byte;
  if (timed_out_ || (turn.probe && pack.last_probe && now - *pack.last_probe < late)) pack.hold_until = now + late;
  again_.reset();
  tries_ = 0;
  timed_out_ = false;
  std::erase(demanded_, std::pair(turn.pack, turn.exchange));

  if (turn.probe) came_back(turn.pack, now);
  if (turn.probe || (round_ && round_->pack == turn.pack && round_->exchange == turn.exchange)) go_on(turn, now);
  if (pack.state == PackTalk::joining && !missing_exchange(pack)) finish_joining(turn.pack, now);
}

// The next fast exchange of the round, or its end.
void PollPlan::go_on(const Turn& turn, Instant now) {
  const PackTalk& pack = *packs_[static_cast<std::size_t>(turn.pack)];
  Turn following = turn;
  following.probe = false;
  do {
    ++following.exchange;
  } while (following.exchange < pack.exchanges.size() && !is_fast(following));
  if (following.exchange == pack.exchanges.size()) return round_good(turn.pack, now);
  following.first_byte = pack.protocol->exchanges[following.exchange].first_byte;
  round_ = following;
}

void PollPlan::failed(const Turn& turn, const Error& error, Instant now) {
  PackTalk& pack = *packs_[static_cast<std::size_t>(turn.pack)];
  pack.session->failed(turn.exchange, error);
  ++pack.health.errors_by_code[static_cast<std::size_t>(error.code)];
  pack.health.last_error = describe(error);
  if (error.code == Errc::timeout) timed_out_ = true;

  // A pack that says no is there: it is asked once more, perhaps in other words, even when it was only probed.
  ExchangeState& state = pack.exchanges[turn.exchange];
  int tries = turn.probe ? 1 : kTries;
  if (turn.probe && error.code == Errc::refused) tries = 2;
  if (pack.state == PackTalk::joining && error.code != Errc::timeout) tries = kTriesJoining;
  // What the pack never answered costs one try of a line that others wait for.
  if (pack.state == PackTalk::alive && !is_fast(turn) && state.last_try && !state.last_ok) tries = 1;
  if (++tries_ < tries) {
    again_ = turn;
    ++pack.health.retries;
    return;
  }
  again_.reset();
  tries_ = 0;
  std::erase(demanded_, std::pair(turn.pack, turn.exchange));
  if (std::exchange(timed_out_, false) && !turn.probe) {
    pack.hold_until = now + pack.protocol->exchanges[turn.exchange].first_byte;
  }
  state.last_try = now;
  if (turn.probe || is_fast(turn)) {
    round_failed(turn.pack, now);
  } else {
    state.refused = error.code == Errc::refused;
    if (pack.state != PackTalk::joining) return;
    if (error.code == Errc::timeout && !pack.sends_by_itself) {
      pack.doubtful = true;
      pack.round_due = now;
    } else if (!missing_exchange(pack)) {
      finish_joining(turn.pack, now);
    }
  }
}

void PollPlan::came_back(int index, Instant now) {
  PackTalk& pack = *packs_[static_cast<std::size_t>(index)];
  const bool line_was_silent = !anybody_answers();
  if (pack.state == PackTalk::waiting) {
    pack.state = PackTalk::joining;
  } else {
    pack.state = PackTalk::alive;
    ask_once_more(pack);
  }
  pack.probes_failed = 0;
  pack.full_probe = false;
  pack.round_began = now;
  pack.round_due = now + interval_;
  if (!line_was_silent) return;
  for (PackTalk* other : packs_) {
    other->next_probe = now;
    other->probes_failed = 0;
  }
  probe_credit_ = kProbeCreditLimit;
}

// What is read once is read again: somebody else may sit there now.
void PollPlan::ask_once_more(PackTalk& pack) {
  for (std::size_t e = 0; e < pack.exchanges.size(); ++e) {
    ExchangeState& state = pack.exchanges[e];
    state.refused = false;
    if (pack.protocol->exchanges[e].cadence != Cadence::once) continue;
    state.settled = false;
    state.last_try.reset();
  }
}

void PollPlan::finish_joining(int index, Instant now) {
  PackTalk& pack = *packs_[static_cast<std::size_t>(index)];
  if (pack.sends_by_itself && !has_come(pack, true, now)) return;
  pack.state = PackTalk::alive;
  emit(LineEvent::joined, index);
}

void PollPlan::round_good(int index, Instant now) {
  round_.reset();
  PackTalk& pack = *packs_[static_cast<std::size_t>(index)];
  pack.doubtful = false;
  count_round(pack, now);
  emit(LineEvent::round_good, index);
}

void PollPlan::count_round(PackTalk& pack, Instant now) {
  ++pack.health.rounds;
  if (pack.health.last_good) pack.health.period = now - *pack.health.last_good;
  pack.health.last_good = now;
}

void PollPlan::round_failed(int index, Instant now) {
  round_.reset();
  PackTalk& pack = *packs_[static_cast<std::size_t>(index)];
  pack.doubtful = false;
  std::erase_if(demanded_, [index](const auto& demand) { return demand.first == index; });
  if (pack.answers()) {
    pack.battery.forget_trend(now);
    pack.state = pack.state == PackTalk::joining ? PackTalk::waiting : PackTalk::lost;
    for (ExchangeState& state : pack.exchanges) {
      if (pack.state == PackTalk::waiting) state = {};
    }
    pack.probes_failed = 0;
    pack.next_probe = now + kBackOff.front();
  } else {
    const auto step = std::min(static_cast<std::size_t>(++pack.probes_failed), kBackOff.size() - 1);
    pack.next_probe = now + kBackOff[step];
    pack.last_probe = now;
    pack.full_probe = false;
  }
  ++pack.health.failed_rounds;
  emit(LineEvent::round_failed, index);
}

void PollPlan::late_reply(int address, Stray::Why why, Instant now) {
  for (PackTalk* pack : packs_) {
    if (pack->address != address) continue;
    if (why == Stray::late) ++pack->health.late_replies;
    if (why == Stray::second_answer) ++pack->health.second_answers;
    if (pack->answers() || pack->sends_by_itself) continue;
    pack->next_probe = now;
    pack->full_probe = true;
  }
}

void PollPlan::demand_all(int index) {
  const PackTalk& pack = *packs_[static_cast<std::size_t>(index)];
  for (std::size_t e = 0; e < pack.exchanges.size(); ++e) {
    const std::pair demand(index, static_cast<std::uint8_t>(e));
    const bool asked = std::find(demanded_.begin(), demanded_.end(), demand) != demanded_.end();
    if (pack.protocol->exchanges[e].cadence == Cadence::demand && !asked) demanded_.push_back(demand);
  }
}

void PollPlan::interrupted_by_master(Instant now) {
  again_.reset();
  round_.reset();
  tries_ = 0;
  timed_out_ = false;
  accrued_ = now;
}

void PollPlan::interrupted(Instant now) {
  interrupted_by_master(now);
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    PackTalk& pack = *packs_[i];
    if (pack.sends_by_itself) {
      pushed_lost(static_cast<int>(i), now);
      continue;
    }
    if (pack.answers()) round_failed(static_cast<int>(i), now);
    pack.next_probe = now;
    pack.probes_failed = 0;
    pack.hold_until = now;
  }
}

void PollPlan::emit(LineEvent::Kind kind, int pack) { events_.push_back({kind, pack, {}, false}); }

std::vector<LineEvent> PollPlan::take_events() { return std::exchange(events_, {}); }

}  // namespace bmsd
