#include "line/detection.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace bmsd {
namespace {

constexpr Duration kProbeFirstByte = 250ms;
constexpr Duration kListen = 500ms;    // no master of packs is silent for longer
constexpr Duration kListenToBus = 3s;  // who sends by itself mostly does so every second
constexpr Duration kSurvey = 5s;       // at each speed: longer than the cycle of a master that asks fifteen packs
constexpr Duration kSurveySilence = 1s;
constexpr double kSumTolerance = 0.05;  // of the pack's voltage

bool has(const std::vector<std::uint8_t>& list, std::uint8_t exchange) {
  return std::find(list.begin(), list.end(), exchange) != list.end();
}

enum class Coherence : std::uint8_t { unknown, coherent, contradictory };

// Whether the cells add up to the voltage of the pack: who reads the wrong bytes cannot have both.
Coherence coherence(const Battery& battery) {
  const auto& cells = battery.cell_voltages();
  const auto voltage = battery.get(Field::voltage);
  if (!cells || cells->empty() || !voltage) return Coherence::unknown;
  const double sum = std::accumulate(cells->begin(), cells->end(), 0.0);
  if (sum <= 0 || *voltage <= 0) return Coherence::unknown;
  return std::abs(sum - *voltage) <= kSumTolerance * *voltage ? Coherence::coherent : Coherence::contradictory;
}

// Those that are asked.
SearchSpace to_be_asked(SearchSpace space) {
  std::erase_if(space.protocols, [](const Protocol* one) { return sends_by_itself(*one); });
  return space;
}

bool is_can(const SearchSpace& space) {
  return !space.protocols.empty() && space.protocols.front()->medium == Medium::can;
}

}  // namespace

Detection::Detection(DetectionOptions options)
    : options_(std::move(options)),
      can_(is_can(options_.space)),
      candidates_(bmsd::candidates(to_be_asked(options_.space))),
      wire_(can_ ? Medium::can : Medium::stream),
      watch_(options_.space.protocols),
      talkers_(options_.space.protocols, options_.space.addresses, options_.params, options_.extras) {
  const auto add = [this](int baud) {
    if (std::find(speeds_.begin(), speeds_.end(), baud) == speeds_.end()) speeds_.push_back(baud);
  };
  for (const Protocol* protocol : options_.space.protocols) {
    if (!sends_by_itself(*protocol)) continue;
    for (const int baud : protocol->speeds) add(options_.space.baud > 0 ? options_.space.baud : baud);
  }
  for (const Candidate& one : candidates_) add(one.baud);
  if (speeds_.empty()) phase_ = finished_looking;
}

std::string Detection::place(const Protocol& protocol, int baud, int address) const {
  const std::string where = can_ && port_baud_ == 0 ? "" : " at " + std::to_string(baud) + (can_ ? " bit/s" : " baud");
  return std::string(protocol.name) + where + ", address " + hex_address(address);
}

void Detection::restart(Instant now) {
  position_ = 0;
  give_up(now);
  found_.clear();
  doubt_.clear();
  watch_.forget();
  talkers_.forget();
  phase_ = speeds_.empty() ? finished_looking : listening;
  heard_ = extended_ = false;
  began_ = now;
  listen_until_ = now + kListen;
  if (!can_) return;
  listen_until_ = now;
  still_to_survey_ = port_baud_ == 0 ? std::vector<int>{0} : speeds_;
}

void Detection::opened(int baud, Instant now) {
  open_ = true;
  port_baud_ = baud;
  wire_.reset(baud, now);
  restart(now);
}

void Detection::closed(Instant now) {
  open_ = false;
  give_up(now);
}

void Detection::received(Bytes bytes, Instant now) {
  if (speeds_.empty()) return;
  if (can_) talkers_.heard(bytes, now);
  if (phase_ != probing) {
    heard_ = true;
    if (!can_) watch_.heard(bytes, port_baud_);
  }
  const bool tries_one = phase_ == probing && position_ < candidates_.size();
  wire_.received(bytes, now, *(tries_one ? candidates_[position_].protocol : options_.space.protocols.front()));
}

// --- Listening ---

std::optional<Action> Detection::set_speed(int baud, Instant now) {
  if (wire_.baud() != baud) wire_.reset(baud, now);
  if (port_baud_ == 0 || port_baud_ == baud) return std::nullopt;
  port_baud_ = baud;
  return SetSpeed{baud};
}

void Detection::finish(Instant now) {
  phase_ = finished_looking;
  give_up(now);
  deadline_ = now;
}

// The session, and the exchange under way, which only that session could understand.
void Detection::give_up(Instant now) {
  if (!wire_.idle()) wire_.reset(wire_.baud(), now);
  (void)wire_.take();
  session_.reset();
}

// Whether listening goes on. A line where nothing is heard is free; where something is, each speed has its turn, and whoever
// is recognised ends the search: two masters on one line make both fail.
bool Detection::survey(Instant now, std::optional<Action>& action) {
  if (watch_.master() != nullptr) {
    finish(now);
    return true;
  }
  if (now < listen_until_) {
    deadline_ = listen_until_;
    return true;
  }
  if (phase_ == listening && heard_) {
    phase_ = surveying;
    still_to_survey_ = port_baud_ == 0 ? std::vector<int>{0} : speeds_;
  } else if (phase_ == surveying && heard_ && !extended_) {
    extended_ = true;
    listen_until_ += kSurvey - kSurveySilence;
    deadline_ = listen_until_;
    return true;
  }
  if (phase_ == listening || still_to_survey_.empty()) {
    phase_ = probing;
    return false;
  }
  const int baud = still_to_survey_.front();
  still_to_survey_.erase(still_to_survey_.begin());
  heard_ = extended_ = false;
  listen_until_ = now + kSurveySilence;
  deadline_ = listen_until_;
  if (baud != 0) action = set_speed(baud, now);
  return true;
}

// --- Listening to a CAN bus ---

bool Detection::survey_bus(Instant now, std::optional<Action>& action) {
  if (options_.first_only && heard_) take_talkers(now);
  if (finished()) return true;
  if (now < listen_until_) {
    deadline_ = listen_until_;
    return true;
  }
  if (heard_) still_to_survey_.clear();  // who hears frames has the bitrate of the bus
  if (still_to_survey_.empty()) {
    take_talkers(now);
    if (!finished()) begin_probing(now);
    return finished();
  }
  const int baud = still_to_survey_.front();
  still_to_survey_.erase(still_to_survey_.begin());
  listen_until_ = now + (talkers_.listens() ? kListenToBus : kListen);
  deadline_ = listen_until_;
  if (baud != 0) action = set_speed(baud, now);
  return true;
}

// Who has proven to be there. With `first_only` the first one ends the search.
void Detection::take_talkers(Instant now) {
  for (PushWatch::Talker& one : talkers_.talkers()) {
    const int baud = port_baud_ != 0 ? port_baud_ : nominal_baud(*one.protocol);
    if (!one.doubt.empty())
      doubt_ = place(*one.protocol, baud, one.address) + ": what it sends cannot be true (" + one.doubt +
               "), so it is not believed";
    const bool identified = has(one.said, one.protocol->proof.front());
    bool proven = false;
    if (!identified || !believes(*one.protocol, baud, one.address, one.battery, one.said, proven)) continue;
    if (options_.first_only && !proven && now < listen_until_) continue;  // the second proof may still come
    found_.push_back({one.protocol, baud, one.address, std::move(one.battery), now - began_, proven});
    if (options_.first_only) return finish(now);
  }
}

void Detection::begin_probing(Instant now) {
  phase_ = probing;
  skip_pointless();
  if (position_ >= candidates_.size()) finish(now);
}

// --- Trying ---

int Detection::nominal_baud(const Protocol& protocol) const {
  return options_.space.baud > 0 ? options_.space.baud : protocol.speeds.front();
}

// A line has one speed: where one pack answered, others are looked for at its speed only, those of its own family at all of
// their addresses, and those of other families at the usual ones.
bool Detection::pointless(const Candidate& candidate) const {
  if (port_baud_ == 0 && candidate.baud != nominal_baud(*candidate.protocol))
    return true;  // the gateway, or the system, sets the speed
  if (can_ && heard_ && port_baud_ != 0 && candidate.baud != port_baud_) return true;
  const bool may_be_anybody = candidate.address == candidate.protocol->shared_address;
  if (found_.empty()) return false;
  if (candidate.again || may_be_anybody) return true;
  const bool known_family = std::any_of(
      found_.begin(), found_.end(), [&candidate](const Found& found) { return found.protocol == candidate.protocol; });
  if (candidate.further && !known_family && !options_.space.all_addresses) return true;
  return std::any_of(found_.begin(), found_.end(), [&](const Found& found) {
    const bool other_speed = found.baud != candidate.baud && (!can_ || port_baud_ != 0);
    return other_speed || (found.protocol == candidate.protocol && found.address == candidate.address);
  });
}

void Detection::skip_pointless() {
  while (position_ < candidates_.size() && pointless(candidates_[position_])) ++position_;
}

void Detection::advance(Instant now) {
  give_up(now);
  ++position_;
  skip_pointless();
  if (position_ >= candidates_.size() || (options_.first_only && !found_.empty())) finish(now);
  deadline_ = now;
}

// The identifying exchange, then the second proof, then what names the pack.
std::optional<std::uint8_t> Detection::next_exchange() const {
  const Protocol& protocol = *candidates_[position_].protocol;
  for (const std::uint8_t exchange : protocol.proof) {
    if (!has(answered_, exchange) && !has(silent_, exchange)) return exchange;
    // One proof beside the identifying exchange is enough.
    if (exchange != protocol.proof.front() && has(answered_, exchange)) break;
  }
  for (std::size_t i = 0; i < protocol.exchanges.size(); ++i) {
    const auto exchange = static_cast<std::uint8_t>(i);
    if (protocol.exchanges[i].cadence != Cadence::once || has(answered_, exchange) || has(silent_, exchange)) continue;
    if (battery_.text(Text::serial_number).empty()) return exchange;
  }
  return std::nullopt;
}

// A pack is believed to be there by two proofs. Where only one family is looked for, somebody has said which BMS it is: one is
// enough then.
void Detection::conclude(Instant now) {
  if (answered_.empty()) return;
  const Candidate& candidate = candidates_[position_];
  bool proven = false;
  if (!believes(*candidate.protocol, candidate.baud, candidate.address, battery_, answered_, proven)) return;
  found_.push_back({candidate.protocol, candidate.baud, candidate.address, std::move(battery_), now - began_, proven});
}

bool Detection::believes(const Protocol& protocol, int baud, int address, const Battery& battery,
                         const std::vector<std::uint8_t>& answered, bool& proven) {
  const auto proof = protocol.proof;
  const bool confirmed =
      std::any_of(proof.begin() + 1, proof.end(), [&answered](std::uint8_t e) { return has(answered, e); });
  const Coherence cells = coherence(battery);
  const bool named = options_.space.protocols.size() == 1;
  proven = cells == Coherence::coherent || (confirmed && cells == Coherence::unknown);
  if (!proven && !named) {
    doubt_ = place(protocol, baud, address) + ": " +
             (cells == Coherence::contradictory
                  ? "its cells do not add up to the voltage of its pack, so it may be another BMS"
                  : "it answered once, and nothing confirmed that it is this BMS") +
             "; if you know that it is, name it (--protocol, or BMS_TYPE in the configuration)";
  }
  return proven || named;
}

void Detection::take_outcome(Outcome outcome, Instant now) {
  const bool identified = !answered_.empty();
  if (outcome.result) {
    const Status merged = battery_.merge(*outcome.result, outcome.exchange, now);
    if (merged) {
      answered_.push_back(outcome.exchange);
      tries_ = 0;
      return;
    }
    outcome.result = merged.error();
  }
  const Error& error = outcome.result.error();
  session_->failed(outcome.exchange, error);
  if (error.code == Errc::implausible) {
    const Candidate& one = candidates_[position_];
    doubt_ = place(*one.protocol, one.baud, one.address) + ": it answers, but what it says cannot be true (" +
             describe(error) + "), so it is not believed";
  }
  // One try of an address where nobody is; more where somebody answered or a frame came damaged.
  const bool somebody = identified || error.code == Errc::refused || error.code == Errc::checksum;
  if (somebody && ++tries_ < 3) return;
  tries_ = 0;
  // Who refuses speaks this protocol, and another exchange may identify it.
  if (!identified && error.code != Errc::refused) return advance(now);
  silent_.push_back(outcome.exchange);
}

// Requests that are not ours: somebody else is master here.
void Detection::take_strays(const Protocol& protocol) {
  for (const Stray& stray : wire_.take_strays()) {
    if (stray.tag.role == Role::request && !stray.own_words && !can_)
      watch_.heard_request(protocol, stray.tag.address, port_baud_);
  }
}

std::optional<Action> Detection::next(Instant now) {
  deadline_.reset();
  if (!open_ || finished()) return std::nullopt;
  if (phase_ != probing) {
    std::optional<Action> action;
    if (can_ ? survey_bus(now, action) : survey(now, action)) {
      wire_.take_strays();
      return action;
    }
  }
  return probe(now);
}

std::optional<Action> Detection::probe(Instant now) {
  wire_.on_time(now);
  take_strays(*candidates_[position_].protocol);
  if (auto outcome = wire_.take()) take_outcome(std::move(*outcome), now);
  if (!finished() && watch_.master() != nullptr) finish(now);
  if (finished()) return std::nullopt;
  if (!wire_.idle()) {
    deadline_ = wire_.deadline();
    return std::nullopt;
  }
  if (session_ && !next_exchange()) {
    conclude(now);
    advance(now);
    if (finished()) return std::nullopt;
  }
  const Candidate& candidate = candidates_[position_];
  if (auto action = set_speed(candidate.baud, now)) return action;
  const Protocol& protocol = *candidate.protocol;
  if (const Instant quiet = wire_.quiet_at(protocol.turnaround_start); now < quiet) {
    deadline_ = quiet;
    return std::nullopt;
  }
  if (!session_) open_candidate(candidate);
  const std::uint8_t exchange = *next_exchange();
  auto request = session_->request(exchange);
  if (!request) {
    silent_.push_back(exchange);
    deadline_ = now;
    return std::nullopt;
  }
  const Duration own = protocol.exchanges[exchange].first_byte;
  SendBytes send{request->bytes};
  wire_.start({&protocol, session_.get(), candidate.address, std::move(*request),
               answered_.empty() ? std::min(own, kProbeFirstByte) : own},
              now);
  deadline_ = wire_.deadline();
  return send;
}

void Detection::open_candidate(const Candidate& candidate) {
  const Protocol& protocol = *candidate.protocol;
  session_ = protocol.open({candidate.address, options_.params, options_.extras});
  battery_ = {};
  answered_.clear();
  silent_.clear();
  tries_ = 0;
  if (candidate.again) session_->failed(protocol.proof.front(), {Errc::timeout, "no_reply", 0, {}});
}

// --- For people ---

std::string Detection::now_trying() const {
  if (phase_ == listening || phase_ == surveying)
    return port_baud_ == 0 ? "listening" : "listening at " + std::to_string(port_baud_) + (can_ ? " bit/s" : " baud");
  if (position_ >= candidates_.size()) return "nothing more";
  const Candidate& one = candidates_[position_];
  return place(*one.protocol, one.baud, one.address);
}

std::string Detection::bus_diagnosis() const {
  if (talkers_.identifiers().empty()) {
    return "silence, not a single frame came: check power, cable (CAN-H, CAN-L, ground) and termination (60 ohm "
           "between "
           "CAN-H and CAN-L while everything is off), wake the BMS, and check the bitrate: that of the BMS, " +
           std::string(port_baud_ == 0 ? "and of the interface (ip -details link show)" : "and --baud");
  }
  return "frames came (identifiers " + talkers_.identifiers() +
         ") that no supported BMS sends: set the CAN port of the BMS to a protocol that bmsd speaks (bmsd list), or it "
         "is "
         "another device";
}

std::string Detection::diagnosis() const {
  const WireCounts& seen = wire_.counts();
  if (const MasterWatch::Master* master = watch_.master()) {
    const std::string_view advice = master->protocol->master_advice;
    return "another master " + describe(*master) +
           ", so nothing is sent here: " + (advice.empty() ? "" : std::string(advice) + ", or ") +
           "take the inverter or monitor that asks off this line";
  }
  if (!doubt_.empty()) return doubt_;
  if (can_) return bus_diagnosis();
  if (seen.bytes_received == 0) {
    return "silence, not a single byte came back: check power and cable, swap A and B, wake the BMS (charge it or "
           "press "
           "its button), check its address (DIP switches)";
  }
  if (seen.echoes > 0 && seen.junk_bytes == 0 && seen.late_or_foreign == 0) {
    return "only the adapter's echo of our own requests came back: the adapter works, no BMS answers; swap A and B, "
           "check the address (DIP switches)";
  }
  if (seen.bad_checks > 0) {
    return "frames with bad checksums came back: two packs with one address, A and B swapped, a missing termination or "
           "ground, or another speed (--baud)";
  }
  if (seen.late_or_foreign > 0) {
    return "intact frames came that no supported BMS would send here: another device or a protocol that bmsd does not "
           "speak yet";
  }
  return "only garbage came back: the speed may be another one (--baud), A and B may be swapped, or the ground is "
         "missing";
}

}  // namespace bmsd
