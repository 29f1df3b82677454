#include "line/line_facts.h"

#include <algorithm>
#include <initializer_list>

#include "line/line.h"

namespace bmsd {
namespace {

// A counter that has begun anew meanwhile counts from its beginning.
std::uint64_t difference(std::uint64_t now, std::uint64_t then) { return now >= then ? now - then : now; }

WireCounts difference(const WireCounts& now, const WireCounts& then) {
  WireCounts counts = now;
  if (now.bytes_received < then.bytes_received || now.requests < then.requests) return counts;
  for (std::uint64_t WireCounts::*const member :
       {&WireCounts::bytes_sent, &WireCounts::bytes_received, &WireCounts::requests, &WireCounts::frames,
        &WireCounts::garbled, &WireCounts::junk_bytes, &WireCounts::unasked_junk, &WireCounts::edge_junk,
        &WireCounts::stretched_junk, &WireCounts::bad_checks, &WireCounts::echoes, &WireCounts::late_or_foreign,
        &WireCounts::late, &WireCounts::second_answers, &WireCounts::foreign_requests}) {
    counts.*member = difference(now.*member, then.*member);
  }
  return counts;
}

PackFacts facts_of(const PackTalk& pack) {
  PackFacts facts;
  facts.address = pack.address;
  facts.answers = pack.answers();
  facts.has_answered = pack.health.rounds > 0;
  facts.sends_by_itself = pack.sends_by_itself;
  facts.late_replies = pack.health.late_replies;
  facts.second_answers = pack.health.second_answers;
  for (const LinkHealth::Exchange& one : pack.health.by_exchange)
    facts.replies.push_back({one.good, one.damaged, one.silent, one.reply_bytes});
  return facts;
}

}  // namespace

LineFacts LineFacts::since(const LineFacts& then) const {
  LineFacts facts = *this;
  facts.counts = difference(counts, then.counts);
  for (std::size_t i = 0; i < std::min(packs.size(), then.packs.size()); ++i) {
    PackFacts& pack = facts.packs[i];
    const PackFacts& before = then.packs[i];
    pack.late_replies = difference(pack.late_replies, before.late_replies);
    pack.second_answers = difference(pack.second_answers, before.second_answers);
    for (std::size_t e = 0; e < std::min(pack.replies.size(), before.replies.size()); ++e) {
      pack.replies[e].good = difference(pack.replies[e].good, before.replies[e].good);
      pack.replies[e].damaged = difference(pack.replies[e].damaged, before.replies[e].damaged);
      pack.replies[e].silent = difference(pack.replies[e].silent, before.replies[e].silent);
    }
  }
  return facts;
}

LineFacts facts_of(const Line& line, Instant now) {
  LineFacts facts;
  const Detection* detection = line.detection();
  facts.baud = line.baud();
  facts.only_listens = line.plan().listen;
  facts.can = !line.plan().protocols.empty() && line.plan().protocols.front()->medium == Medium::can;
  facts.searches = detection != nullptr;
  facts.counts = detection != nullptr ? detection->counts() : line.counts();
  facts.other_master = line.paused() || (line.listening() != nullptr && !line.plan().listen);
  if (detection != nullptr && detection->master() != nullptr) {
    facts.other_master = true;
    facts.master = describe(*detection->master());
  }
  facts.busy = line.utilisation(now);
  facts.interval = line.plan().interval;
  for (std::size_t i = 0; i < line.pack_count(); ++i) {
    const PackTalk& pack = line.pack(i);
    facts.packs.push_back(facts_of(pack));
    if (pack.answers()) facts.period = std::max(facts.period, pack.health.period);
  }
  return facts;
}

}  // namespace bmsd
