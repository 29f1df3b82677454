#include "line/detection.h"

#include <algorithm>
#include <set>
#include <utility>

namespace bmsd {
namespace {

constexpr Duration kProbeFirstByte = 250ms;
constexpr Duration kListen = 300ms;

bool has(const std::vector<std::uint8_t>& list, std::uint8_t exchange) {
  return std::find(list.begin(), list.end(), exchange) != list.end();
}

}  // namespace

Detection::Detection(DetectionOptions options) : options_(std::move(options)) { list_candidates(); }

// Default addresses of every family and speed first, further addresses next, other forms of the same request last.
void Detection::list_candidates() {
  const auto speeds = [this](const Protocol& protocol) {
    return options_.baud > 0 ? std::vector<int>{options_.baud}
                             : std::vector<int>(protocol.speeds.begin(), protocol.speeds.end());
  };
  const auto addresses = [this](const Protocol& protocol) {
    if (!options_.addresses.empty()) return options_.addresses;
    std::vector<int> all(protocol.addresses.begin(), protocol.addresses.end());
    for (int a = protocol.lowest_address; options_.all_addresses && a <= protocol.highest_address; ++a) {
      if (std::find(all.begin(), all.end(), a) == all.end()) all.push_back(a);
    }
    return all;
  };
  for (const bool other_words : {false, true}) {
    for (const bool defaults : {true, false}) {
      for (const Protocol* protocol : options_.protocols) {
        for (const int baud : speeds(*protocol)) {
          for (const int address : addresses(*protocol)) {
            const bool is_default =
                address == (options_.addresses.empty() ? protocol->default_address : options_.addresses.front());
            if (is_default == defaults) candidates_.push_back({protocol, baud, address, other_words});
          }
        }
      }
    }
  }
}

void Detection::restart() {
  position_ = 0;
  finished_ = false;
  session_.reset();
  found_.clear();
}

void Detection::opened(int baud, Instant now) {
  open_ = true;
  port_baud_ = baud;
  wire_.reset(baud, now);
  session_.reset();
  listen_until_ = options_.listen_first ? std::optional(now + kListen) : std::nullopt;
}

void Detection::closed(Instant) {
  open_ = false;
  session_.reset();
}

void Detection::received(Bytes bytes, Instant now) {
  if (options_.protocols.empty()) return;
  const Protocol& listening_as =
      position_ < candidates_.size() ? *candidates_[position_].protocol : *options_.protocols.front();
  wire_.received(bytes, now, listening_as);
}

int Detection::nominal_baud(const Protocol& protocol) const {
  return options_.baud > 0 ? options_.baud : protocol.speeds.front();
}

// A line has one speed: where one pack answered, others are looked for at its speed and in its words only.
bool Detection::pointless(const Candidate& candidate) const {
  if (port_baud_ == 0 && candidate.baud != nominal_baud(*candidate.protocol))
    return true;  // the gateway sets the speed
  const bool may_be_anybody = candidate.address == candidate.protocol->shared_address;
  if (candidate.other_words || may_be_anybody) return !found_.empty();
  return std::any_of(found_.begin(), found_.end(), [&candidate](const Found& found) {
    return found.baud != candidate.baud || (found.protocol == candidate.protocol && found.address == candidate.address);
  });
}

void Detection::advance(Instant now) {
  session_.reset();
  ++position_;
  while (position_ < candidates_.size() && pointless(candidates_[position_])) ++position_;
  if (position_ >= candidates_.size() || (options_.first_only && !found_.empty())) finished_ = true;
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

void Detection::conclude() {
  const Candidate& candidate = candidates_[position_];
  Found found;
  found.protocol = candidate.protocol;
  found.baud = candidate.baud;
  found.address = candidate.address;
  found.battery = std::move(battery_);
  const auto proof = candidate.protocol->proof;
  found.second_proof =
      proof.size() < 2 || std::any_of(proof.begin() + 1, proof.end(), [this](auto e) { return has(answered_, e); });
  found_.push_back(std::move(found));
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
  // One try of an address where nobody is; more where somebody answered or a frame came damaged.
  const bool somebody = identified || error.code == Errc::refused || error.code == Errc::checksum;
  if (somebody && ++tries_ < 3) return;
  tries_ = 0;
  if (!identified) return advance(now);
  silent_.push_back(outcome.exchange);
}

std::optional<Action> Detection::next(Instant now) {
  if (!open_ || finished_ || candidates_.empty()) {
    deadline_.reset();
    return std::nullopt;
  }
  wire_.on_time(now);
  wire_.take_strays();
  if (auto outcome = wire_.take()) take_outcome(std::move(*outcome), now);
  if (finished_) return std::nullopt;
  if (!wire_.idle()) {
    deadline_ = wire_.deadline();
    return std::nullopt;
  }
  if (listen_until_ && now < *listen_until_) {
    deadline_ = listen_until_;
    return std::nullopt;
  }

  const Candidate* candidate = &candidates_[position_];
  if (session_ && !next_exchange()) {
    conclude();
    advance(now);
    if (finished_) return std::nullopt;
    candidate = &candidates_[position_];
  }
  if (wire_.baud() != candidate->baud) wire_.reset(candidate->baud, now);
  if (port_baud_ != 0 && port_baud_ != candidate->baud) {
    port_baud_ = candidate->baud;
    return SetSpeed{candidate->baud};
  }
  const Protocol& protocol = *candidate->protocol;
  if (const Instant quiet = wire_.quiet_at(protocol.turnaround_start); now < quiet) {
    deadline_ = quiet;
    return std::nullopt;
  }
  if (!session_) {
    session_ = protocol.open({candidate->address, options_.params, options_.extras});
    battery_ = {};
    answered_.clear();
    silent_.clear();
    tries_ = 0;
    if (candidate->other_words) session_->failed(protocol.proof.front(), {Errc::timeout, "no_reply", 0, {}});
  }
  const std::uint8_t exchange = *next_exchange();
  auto request = session_->request(exchange);
  if (!request) {
    silent_.push_back(exchange);
    deadline_ = now;
    return std::nullopt;
  }
  const Duration own = protocol.exchanges[exchange].first_byte;
  SendBytes send{request->bytes};
  wire_.start({&protocol, session_.get(), candidate->address, std::move(*request),
               answered_.empty() ? std::min(own, kProbeFirstByte) : own},
              now);
  deadline_ = wire_.deadline();
  return send;
}

std::string Detection::now_trying() const {
  if (position_ >= candidates_.size()) return "nothing more";
  const Candidate& candidate = candidates_[position_];
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(candidate.protocol->name);
  text += " at " + std::to_string(candidate.baud) + ", address 0x";
  text += kDigits[candidate.address >> 4 & 15];
  text += kDigits[candidate.address & 15];
  return text;
}

std::string Detection::diagnosis() const {
  const WireCounts& seen = wire_.counts();
  if (seen.bytes_received == 0) {
    return "not a single byte came back: check power and cable, swap A and B, wake the BMS, check its address (DIP "
           "switches)";
  }
  if (seen.foreign_requests > 0) {
    return "another master is asking on this line: a pack in master mode (set its DIP switches to a slave address) or "
           "an inverter";
  }
  if (seen.echoes > 0 && seen.junk_bytes == 0 && seen.late_or_foreign == 0) {
    return "only the adapter's echo of our own requests came back: the adapter works, no BMS answers; swap A and B, "
           "check the address";
  }
  if (seen.bad_checks > 0) {
    return "damaged replies came back: two packs with one address, a missing termination or ground, or interference";
  }
  if (seen.late_or_foreign > 0) {
    return "intact frames came that no supported BMS would send here: another device or a protocol that bmsd does not "
           "speak yet";
  }
  return "only garbage came back: the speed may be another one (--baud), A and B may be swapped, or the ground is "
         "missing";
}

}  // namespace bmsd
