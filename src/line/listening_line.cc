#include "line/listening_line.h"

#include <algorithm>
#include <array>

namespace bmsd {
namespace {

constexpr Duration kSilence = 250ms;   // longer than any pause inside of a frame, behind any adapter or gateway
constexpr Duration kPerSpeed = 5s;     // longer than the cycle of a master that asks fifteen packs
constexpr std::uint64_t kFrames = 2;   // of a protocol: one may be noise
constexpr std::size_t kGarbage = 512;  // bytes without a single frame

}  // namespace

ListeningLine::ListeningLine(ListenPlan plan, std::vector<std::unique_ptr<PackTalk>>& packs, PollPlan& poll)
    : plan_(std::move(plan)),
      packs_(packs),
      poll_(poll),
      on_overheard_(
          [this](const Protocol& protocol, Listener::Overheard one) { overheard(protocol, std::move(one), now_); }) {
  for (const Protocol* protocol : plan_.protocols) {
    for (const int baud : protocol->speeds) {
      if (std::find(speeds_.begin(), speeds_.end(), baud) == speeds_.end()) speeds_.push_back(baud);
    }
  }
  if (plan_.baud > 0) speeds_ = {plan_.baud};
  arrange_ears();
}

// All hear from now on.
void ListeningLine::arrange_ears() {
  ears_.clear();
  ears_.reserve(plan_.protocols.size());
  for (const Protocol* protocol : plan_.protocols)
    ears_.emplace_back(
        *protocol, [this, protocol](int address) { return session_of(*protocol, address); },
        [this](const Protocol& of, int address, std::uint8_t exchange, Bytes frame) {
          pushed(of, address, exchange, frame, now_);
        });
}

void ListeningLine::opened(int baud, Instant now) {
  open_ = true;
  has_speed_ = baud != 0;
  baud_ = has_speed_ && !speeds_.empty() ? speeds_[speed_] : plan_.baud;
  if (has_speed_ && baud_ > 0) wanted_baud_ = baud_;
  next_speed_ = now + kPerSpeed;
  next_look_ = now + 1s;
  silent_at_.reset();
  poll_.interrupted(now);
}

void ListeningLine::closed() { open_ = false; }

bool ListeningLine::understood() const {
  return std::any_of(ears_.begin(), ears_.end(), [](const Ear& ear) { return ear.frames() >= kFrames; });
}

void ListeningLine::received(Bytes bytes, Instant now) {
  now_ = now;
  bytes_ += bytes.size();
  const auto requests = [this] {
    std::uint64_t count = 0;
    for (const Ear& ear : ears_) count += ear.requests();
    return count;
  };
  const std::uint64_t before = requests();
  for (Ear& ear : ears_) ear.heard(bytes, now, on_overheard_);
  if (requests() != before) last_request_ = now;
  silent_at_ = now + kSilence;
}

std::optional<SetSpeed> ListeningLine::next(Instant now) {
  deadline_.reset();
  if (!open_) return std::nullopt;
  if (silent_at_ && now >= *silent_at_) {
    silent_at_.reset();
    now_ = now;
    for (Ear& ear : ears_) ear.silence(now, on_overheard_);
  }
  poll_.watch_pushed(now);
  if (now >= next_look_) {
    next_look_ = now + 1s;
    poll_.miss_unheard(now);
    survey(now);
  }
  if (wanted_baud_) return SetSpeed{*std::exchange(wanted_baud_, std::nullopt)};
  deadline_ = silent_at_ ? std::min(*silent_at_, next_look_) : next_look_;
  if (const auto due = poll_.pushed_deadline()) deadline_ = std::min(*deadline_, *due);
  return std::nullopt;
}

// Another speed where nobody was understood at this one. Whom nobody named is the one who was understood.
void ListeningLine::survey(Instant now) {
  if (understood()) {
    const auto keep = std::max_element(ears_.begin(), ears_.end(),
                                       [](const Ear& a, const Ear& b) { return a.frames() < b.frames(); });
    if (plan_.all_of_them || ears_.size() == 1 || packs_.empty()) return;
    const Protocol* heard = &keep->protocol();
    if (packs_.front()->protocol == heard) {
      Ear one = std::move(*keep);
      ears_.clear();
      ears_.push_back(std::move(one));
      notice("hears " + std::string(heard->label), false);
    }
    return;
  }
  if (now < next_speed_) return;
  next_speed_ = now + kPerSpeed;
  if (has_speed_ && speeds_.size() > 1) {
    speed_ = (speed_ + 1) % speeds_.size();
    baud_ = speeds_[speed_];
    wanted_baud_ = baud_;
    arrange_ears();
  } else if (bytes_ >= kGarbage && !std::exchange(told_garbage_, true)) {
    notice(
        "bytes come, and no frame of any protocol that is listened for: another speed, another protocol, A and B "
        "swapped, or no common ground",
        true);
  }
}

// --- Who is heard ---

// Some requests name nobody, since there is one pack only.
int ListeningLine::address_of(const Protocol& protocol, int address) const {
  if (address >= 0) return address;
  for (const auto& pack : packs_) {
    if (pack->protocol == &protocol) return pack->address;
  }
  return protocol.default_address;
}

PackTalk* ListeningLine::known(const Protocol& protocol, int address, int& index) {
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    if (packs_[i]->protocol != &protocol || packs_[i]->address != address) continue;
    index = static_cast<int>(i);
    return packs_[i].get();
  }
  return nullptr;
}

Session* ListeningLine::session_of(const Protocol& protocol, int said) {
  const int address = address_of(protocol, said);
  if (!plan_.wanted(protocol, address)) return nullptr;
  int index = -1;
  if (PackTalk* pack = known(protocol, address, index)) return pack->session.get();
  auto& stranger = strangers_[{&protocol, address}];
  if (!stranger) stranger = plan_.make(protocol, address);
  return stranger->session.get();
}

void ListeningLine::overheard(const Protocol& protocol, Listener::Overheard one, Instant now) {
  const int address = address_of(protocol, one.address);
  int index = -1;
  if (known(protocol, address, index) == nullptr) {
    if (session_of(protocol, address) == nullptr) return;  // who is only asked is remembered too
    if (meet(protocol, address, one.exchange, one.result, now) == nullptr) return;
    index = static_cast<int>(packs_.size()) - 1;
  }
  if (one.result) {
    poll_.overheard(index, one.exchange, *one.result, now);
  } else {
    poll_.overheard_failure(index, one.exchange, one.result.error(), now);
  }
}

// Of a stranger it is decoded to see whether it makes sense, and of all that follows by the PollPlan.
void ListeningLine::pushed(const Protocol& protocol, int said, std::uint8_t exchange, Bytes frame, Instant now) {
  const int address = address_of(protocol, said);
  int index = -1;
  if (known(protocol, address, index) != nullptr) return poll_.pushed(index, exchange, frame, now);
  Session* session = session_of(protocol, address);
  if (session == nullptr) return;
  const std::array<Frame, 1> frames = {Frame{frame}};
  const auto reading = session->decode({nullptr, frames, false, now});
  if (reading) (void)meet(protocol, address, exchange, reading, now);
}

// A pack is there when something that it says can be believed. Null: not yet.
PackTalk* ListeningLine::meet(const Protocol& protocol, int address, std::uint8_t exchange, const Result<Reading>& told,
                              Instant now) {
  const auto stranger = strangers_.find({&protocol, address});
  if (stranger == strangers_.end()) return nullptr;
  if (!told) {
    stranger->second->session->failed(exchange, told.error());
    return nullptr;
  }
  Battery trial;
  if (!trial.merge(*told, exchange, now)) return nullptr;
  packs_.push_back(std::move(stranger->second));
  packs_.back()->only_heard = true;
  strangers_.erase(stranger);
  poll_.add(*packs_.back(), now);
  events_.push_back({LineEvent::found, -1, {}, false});
  return packs_.back().get();
}

// --- For people ---

WireCounts ListeningLine::counts() const {
  WireCounts counts;
  counts.bytes_received = bytes_;
  if (ears_.size() != 1) return counts;
  counts.junk_bytes = ears_.front().junk_bytes();
  counts.bad_checks = ears_.front().bad_checks();
  counts.late_or_foreign = ears_.front().unpaired();
  counts.foreign_requests = ears_.front().requests();
  return counts;
}

std::vector<std::string> ListeningLine::findings() const {
  std::vector<std::string> all;
  if (bytes_ == 0) return {"silence: not a single byte was heard"};
  for (const Ear& ear : ears_) {
    if (ear.frames() == 0) continue;
    all.push_back(std::string(ear.protocol().label) + (baud_ > 0 ? " at " + std::to_string(baud_) + " baud" : "") +
                  ": " + std::to_string(ear.requests()) + " requests, " +
                  std::to_string(ear.frames() - ear.requests()) + " replies");
    if (ear.unpaired() > 0)
      all.push_back(std::to_string(ear.unpaired()) +
                    " replies without the request that they answer: what they tell cannot be known");
    if (ear.bad_checks() > 0) all.push_back(std::to_string(ear.bad_checks()) + " damaged frames");
  }
  if (all.empty()) all.emplace_back("bytes, but no frame of any protocol that was listened for");
  for (const auto& pack : packs_) {
    std::string unheard;
    for (std::size_t e = 0; e < pack->exchanges.size(); ++e) {
      const Exchange& exchange = pack->protocol->exchanges[e];
      if (pack->exchanges[e].last_ok || !is_polled(exchange.cadence)) continue;
      unheard += (unheard.empty() ? "" : ", ") + std::string(exchange.name) + " (" + std::string(exchange.help) + ")";
    }
    if (!unheard.empty())
      all.push_back("address " + hex_address(pack->address) + " was not heard telling " + unheard +
                    ": that stays unknown, since nobody else asks for it");
  }
  for (const auto& [place, stranger] : strangers_)
    all.push_back("address " + hex_address(place.second) + " (" + std::string(place.first->label) +
                  ") is asked and was not heard answering");
  return all;
}

}  // namespace bmsd
