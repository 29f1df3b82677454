// What another master is told by packs: their rounds, when such a pack is there, and when it is missed.
#include <algorithm>

#include "line/poll_plan.h"

namespace bmsd {
namespace {

constexpr Duration kMissedAfter = 5s;                               // while nobody is asked: nothing of a pack heard
constexpr Duration kOverheardAtLeast = 5s, kOverheardAtMost = 10s;  // before a pack that is only overheard appears
constexpr int kTriesOfOthers = 3;

}  // namespace

void PollPlan::overheard(int index, std::uint8_t exchange, const Reading& reading, Instant now) {
  PackTalk& pack = *packs_[static_cast<std::size_t>(index)];
  if (const Status taken = pack.take(reading, exchange, now); !taken)
    return overheard_failure(index, exchange, taken.error(), now);
  ExchangeState& state = pack.exchanges[exchange];
  state.last_ok = state.last_try = now;
  state.settled = true;
  if (pack.state == PackTalk::waiting) {
    pack.state = PackTalk::joining;
    pack.overheard_since = now;
  }
  const bool is_round =
      pack.protocol->exchanges[exchange].cadence == Cadence::fast && pack.overheard.complete(exchange, *pack.protocol);
  if (!is_round) {
    if (pack.state == PackTalk::joining && pack.health.last_good && !missing_exchange(pack)) finish_joining(index, now);
    return;
  }
  if (pack.state == PackTalk::lost) pack.state = PackTalk::alive;
  round_good(index, now);
  if (pack.state == PackTalk::joining && heard_enough(pack, now)) finish_joining(index, now);
}

// What another master does not ask for stays unknown until polling resumes. What the pack is called may be among it, so that
// is waited for a little longer.
bool PollPlan::heard_enough(const PackTalk& pack, Instant now) const {
  const Duration heard = now - pack.overheard_since;
  return !missing_exchange(pack) || heard >= (pack.battery.identities().empty() ? kOverheardAtMost : kOverheardAtLeast);
}

void PollPlan::overheard_failure(int index, std::uint8_t exchange, const Error& error, Instant now) {
  PackTalk& pack = *packs_[static_cast<std::size_t>(index)];
  ExchangeState& state = pack.exchanges[exchange];
  pack.session->failed(exchange, error);
  ++pack.health.errors_by_code[static_cast<std::size_t>(error.code)];
  pack.health.last_error = describe(error);
  if (++state.overheard_failures % kTriesOfOthers == 0) state.last_try = now;
}

void PollPlan::miss_unheard(Instant now) {
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    const Instant last = packs_[i]->health.last_good.value_or(Instant{});
    if (packs_[i]->answers() && !packs_[i]->sends_by_itself &&
        now - std::max(last, packs_[i]->overheard_since) > kMissedAfter)
      round_failed(static_cast<int>(i), now);
  }
}

}  // namespace bmsd
