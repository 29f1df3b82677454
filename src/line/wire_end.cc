#include "line/wire_end.h"

#include <algorithm>
#include <utility>

namespace bmsd {
namespace {

constexpr std::size_t kOwnRequestsRemembered = 8;
constexpr std::size_t kBufferLimit = 8192;  // longer than the longest frame of any protocol
constexpr Duration kBabbleGap = 50ms;
constexpr std::size_t kEdge = 3;
constexpr int kNobody = -2;  // an address that no pack has
constexpr int kOther = 256;  // an exchange that no protocol has

constexpr Duration kLateWithin = 3s;    // after a request was given up
constexpr Duration kSecondWithin = 2s;  // after an answer

// At most one edge within the byte.
bool is_stretched(std::uint8_t byte) {
  const unsigned edges = (byte ^ (byte >> 1U)) & 0x7FU;
  return (edges & (edges - 1)) == 0;
}

// Damage that names a frame, in contrast to bytes that were none.
bool is_damage(const Error& why) { return why.code != Errc::noise; }

}  // namespace

void WireEnd::reset(int baud, Instant now) {
  baud_ = baud;
  asked_.reset();
  first_byte_.reset();
  reply_end_.reset();
  has_spoken_ = false;
  babbling_since_.reset();
  buffer_.clear();
  parts_.clear();
  outcome_.reset();
  strays_.clear();
  last_activity_ = now;
}

std::optional<Duration> WireEnd::babble(Instant now) const {
  if (!babbling_since_ || now - last_activity_ > kBabbleGap) return std::nullopt;
  return now - *babbling_since_;
}

void WireEnd::start(Ask ask, Instant now) {
  remember_own(ask.request.bytes, *ask.protocol);
  counts_.bytes_sent += ask.request.bytes.size();
  ++counts_.requests;
  sent_ = now;
  sent_end_ = now + time_on_wire(ask.request.bytes.size());
  last_activity_ = sent_end_;
  has_spoken_ = true;
  first_byte_.reset();
  reply_end_.reset();
  babbling_since_.reset();
  damage_.reset();
  echoed_ = answered_by_junk_ = false;
  buffer_.clear();
  parts_.clear();
  asked_ = std::move(ask);
}

// A request over CAN may be several frames, and each comes back alone.
void WireEnd::remember_own(Bytes request, const Protocol& protocol) {
  while (!request.empty()) {
    const Scan scan = can_ ? protocol.framer(request, true) : Scan{Scan::frame, request.size()};
    const Bytes frame = request.first(std::max<std::size_t>(scan.size, 1));
    own_.emplace_back(frame.begin(), frame.end());
    if (own_.size() > kOwnRequestsRemembered) own_.pop_front();
    request = request.subspan(frame.size());
  }
}

void WireEnd::received(Bytes bytes, Instant now, const Protocol& listening_as) {
  counts_.bytes_received += bytes.size();
  if (!can_) {
    if (!asked_ && (!babbling_since_ || now - last_activity_ > kBabbleGap)) babbling_since_ = now;
    last_activity_ = std::max(last_activity_, now);
    if (asked_ && !first_byte_) first_byte_ = now;
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());

  const Protocol& protocol = asked_ ? *asked_->protocol : listening_as;
  std::size_t done = 0;
  while (done < buffer_.size()) {
    const Bytes rest = Bytes(buffer_).subspan(done);
    const Scan scan = protocol.framer(rest, false);
    if (scan.kind == Scan::more) break;
    if (scan.kind == Scan::frame) {
      handle(rest.first(scan.size), protocol, now);
    } else {
      note_junk(rest.first(std::min(scan.size, rest.size())), scan.why);
      if (!damage_ || is_damage(scan.why)) damage_ = scan.why;
    }
    done += scan.size;
  }
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(done));
  if (buffer_.size() > kBufferLimit) buffer_.clear();

  reply_end_.reset();
  const std::size_t got = asked_ ? buffer_.size() + bytes_of_parts() : 0;
  if (got > 0 && got < asked_->reply_bytes) reply_end_ = now + time_on_wire(asked_->reply_bytes - got);
}

void WireEnd::note_junk(Bytes junk, const Error& why) {
  counts_.junk_bytes += junk.size();
  if (is_damage(why)) ++counts_.bad_checks;
  if (!asked_) counts_.unasked_junk += junk.size();
  answered_by_junk_ = true;
  const bool edge = junk.size() <= kEdge && std::all_of(junk.begin(), junk.end(),
                                                        [](std::uint8_t byte) { return byte == 0x00 || byte == 0xFF; });
  if (edge) counts_.edge_junk += junk.size();
  counts_.stretched_junk += static_cast<std::uint64_t>(std::count_if(junk.begin(), junk.end(), is_stretched));
}

// An intact reply that nobody waits for: why it came. Numbers of less than 0: the frame does not say.
Stray::Why WireEnd::count_stray(int address, int exchange, Instant now) {
  ++counts_.late_or_foreign;
  if (address < 0 && asked_) address = asked_->address;
  if (address < 0 && last_answer_) address = last_answer_->address;
  const auto given_up = given_up_.find(address);
  const bool answered = last_answer_ && last_answer_->address == address;
  const bool may_be_late = (given_up != given_up_.end() && now - given_up->second < kLateWithin) ||
                           (answered && answered_late_ && now - last_answer_->ended < kLateWithin);
  if (may_be_late) {
    ++counts_.late;
    return Stray::late;
  }
  // While somebody else is asked it is rather what another master, or a disturbed pack, has called for.
  const bool again = answered && now - last_answer_->ended < kSecondWithin && (!asked_ || asked_->address == address) &&
                     (exchange < 0 || exchange == last_answer_->exchange);
  if (!again) return Stray::foreign;
  ++counts_.second_answers;
  return Stray::second_answer;
}

std::size_t WireEnd::bytes_of_parts() const {
  std::size_t bytes = 0;
  for (const ByteVector& part : parts_) bytes += part.size();
  return bytes;
}

// Silence counts from the last byte, and not while nobody looks.
Instant WireEnd::gap_ends() const {
  return std::max(last_activity_, reply_end_.value_or(last_activity_)) + exchange().gap;
}

bool WireEnd::is_own(Bytes frame) const {
  return std::any_of(own_.begin(), own_.end(), [frame](const ByteVector& own) { return same(own, frame); });
}

void WireEnd::handle(Bytes frame, const Protocol& protocol, Instant now) {
  if (asked_ && !echoed_ && same(frame, asked_->request.bytes)) {
    ++counts_.echoes;
    echoed_ = true;
    first_byte_.reset();  // the reply is still to come
    damage_.reset();
    return;
  }
  const Tag tag = protocol.tag(Frame{frame});
  if (tag.role == Role::request && is_own(frame)) {
    ++counts_.echoes;
    strays_.push_back({tag, ByteVector(frame.begin(), frame.end()), true});
    return;
  }
  ++counts_.frames;
  const bool answers = asked_ && (tag.role == Role::reply || tag.role == Role::part) &&
                       (tag.address < 0 || tag.address == asked_->address) &&
                       (tag.exchange < 0 || tag.exchange == asked_->request.exchange);
  if (answers) {
    collect(frame, now);
    return;
  }
  Stray stray{tag, ByteVector(frame.begin(), frame.end())};
  if (tag.role == Role::request) ++counts_.foreign_requests;
  if (tag.role == Role::foreign && !can_) ++counts_.late_or_foreign;
  if (tag.role == Role::reply || tag.role == Role::part) stray.why = count_stray(tag.address, tag.exchange, now);
  strays_.push_back(std::move(stray));
}

void WireEnd::collect(Bytes frame, Instant now) {
  last_activity_ = std::max(last_activity_, now);
  if (!first_byte_) first_byte_ = now;
  parts_.emplace_back(frame.begin(), frame.end());
  std::vector<Frame> frames;
  frames.reserve(parts_.size());
  for (const ByteVector& part : parts_) frames.push_back({part});
  auto reading = asked_->session->decode({&asked_->request, frames, false, now});
  if (reading) return finish(std::move(reading), now);
  switch (reading.error().code) {
    case Errc::incomplete:
      return;            // more frames belong to it
    case Errc::address:  // not for us after all
    case Errc::command:
      (void)count_stray(reading.error().code == Errc::address ? kNobody : asked_->address, kOther, now);
      parts_.pop_back();
      return;
    default:
      return finish(std::move(reading), now);
  }
}

// Silence inside a reply. Damage ends the exchange; noise or a stranger's frame does not: the reply may still come.
void WireEnd::gap_passed(Instant now) {
  if (!buffer_.empty()) {
    const Scan scan = asked_->protocol->framer(buffer_, true);
    if (!damage_ || is_damage(scan.why)) damage_ = scan.why;
    note_junk(buffer_, {Errc::noise});
    buffer_.clear();
  }
  if (!parts_.empty()) return finish(Error{Errc::incomplete, "missing_frame", 0, {}}, now);
  if (damage_ && is_damage(*damage_)) return finish(*damage_, now);
  first_byte_.reset();
  damage_.reset();
}

void WireEnd::on_time(Instant now) {
  if (!asked_) return;
  if (now >= sent_end_ + exchange().whole) {
    finish(damage_ ? *damage_ : Error{Errc::timeout, "no_reply", 0, {}}, now);
  } else if (first_byte_) {
    if (now >= gap_ends()) gap_passed(now);
  }
  if (asked_ && !first_byte_ && now >= sent_end_ + asked_->first_byte) {
    finish(Error{Errc::timeout, "no_reply", 0, {}}, now);
  }
}

std::optional<Instant> WireEnd::deadline() const {
  if (!asked_) return std::nullopt;
  const Instant whole = sent_end_ + exchange().whole;
  const Instant step = first_byte_ ? gap_ends() : sent_end_ + asked_->first_byte;
  return std::min(whole, step);
}

void WireEnd::finish(Result<Reading> result, Instant now) {
  Outcome outcome;
  outcome.address = asked_->address;
  outcome.exchange = asked_->request.exchange;
  outcome.result = std::move(result);
  outcome.sent = sent_;
  if (first_byte_) outcome.latency = std::max(*first_byte_ - sent_end_, Duration(0));
  outcome.ended = now;
  outcome.reply_bytes = bytes_of_parts();
  if (outcome.result.ok()) {
    last_answer_ = Outcome{.address = outcome.address, .exchange = outcome.exchange, .ended = now};
    answered_late_ = given_up_.erase(outcome.address) != 0;
  } else {
    outcome.garbled = answered_by_junk_;
    if (answered_by_junk_) ++counts_.garbled;
    if (outcome.result.error().code == Errc::timeout) given_up_[outcome.address] = now;
  }
  outcome_ = std::move(outcome);
  asked_.reset();
  babbling_since_.reset();
}

std::optional<Outcome> WireEnd::take() { return std::exchange(outcome_, std::nullopt); }

std::vector<Stray> WireEnd::take_strays() { return std::exchange(strays_, {}); }

}  // namespace bmsd
