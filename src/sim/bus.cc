#include "sim/bus.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace bmsd {
namespace {

constexpr Duration kForgetAfter = 100ms;        // silence after which a pack drops half a request
constexpr std::uint64_t kTwinWithin = 200'000;  // microseconds after the pack itself begins
constexpr std::uint64_t kNoiseWithin = 50'000;  // microseconds after a reply within which a burst of noise may come

Error no_such_pack(int address) { return {Errc::config, "", 0, "no pack has address " + std::to_string(address)}; }

bool damaged(const Scan& scan) { return scan.kind == Scan::junk && scan.why.code == Errc::checksum; }

}  // namespace

SimBus::SimBus(const SimBusOptions& options)
    : options_(options), can_(options.protocol->medium == Medium::can), faults_(options.seed) {}

// --- Packs ---

Status SimBus::add_pack(const PackOptions& options, PackModel model) {
  const Protocol& protocol = *options_.protocol;
  if (options.address < protocol.lowest_address || options.address > protocol.highest_address) {
    return Error{Errc::config, "", 0,
                 std::string(protocol.name) + " has addresses " + std::to_string(protocol.lowest_address) + " to " +
                     std::to_string(protocol.highest_address) + ", not " + std::to_string(options.address)};
  }
  if (has(options.address)) {
    return Error{Errc::config, "", 0, "address " + std::to_string(options.address) + " is given twice"};
  }
  auto responder = protocol.respond(options);
  if (!responder) {
    std::string wanted;
    for (const auto& [key, value] : options.variant) wanted += (wanted.empty() ? "" : ", ") + key + "=" + value;
    return Error{Errc::config, "", 0, std::string(protocol.name) + " does not know all of " + wanted};
  }
  packs_.push_back(std::make_unique<Pack>(Pack{options, std::move(model), std::move(responder), options_.delay}));
  return Done{};
}

std::vector<int> SimBus::addresses() const {
  std::vector<int> all;
  for (const auto& pack : packs_) all.push_back(pack->options.address);
  return all;
}

bool SimBus::has(int address) const {
  return std::any_of(packs_.begin(), packs_.end(), [=](const auto& pack) { return pack->options.address == address; });
}

PackModel* SimBus::pack(int address) {
  for (const auto& pack : packs_) {
    if (pack->options.address == address) return &pack->model;
  }
  return nullptr;
}

template <typename Change>
Status SimBus::change(int address, Change&& change) {
  if (address != kAllPacks && !has(address)) return no_such_pack(address);
  for (const auto& pack : packs_) {
    if (address != kAllPacks && pack->options.address != address) continue;
    if (Status changed = change(*pack); !changed) return changed;
  }
  return Done{};
}

Status SimBus::set(int address, std::string_view key, std::string_view value) {
  if (key == "alarms") return set_alarms(address, value);
  return change(address, [=](Pack& pack) { return pack.model.set(key, value); });
}

Status SimBus::set_alarm(int address, std::string_view name, bool on) {
  const auto& bits = options_.protocol->alarm_bits;
  if (std::none_of(bits.begin(), bits.end(), [=](const AlarmBit& bit) { return name == bit.name; })) {
    return Error{Errc::config, "", 0, std::string(options_.protocol->name) + " has no alarm " + std::string(name)};
  }
  return change(address, [=](Pack& pack) {
    pack.model.set_alarm(name, on);
    return Status(Done{});
  });
}

Status SimBus::set_alarms(int address, std::string_view names) {
  for (const AlarmBit& bit : options_.protocol->alarm_bits) {
    if (Status cleared = set_alarm(address, bit.name, false); !cleared) return cleared;
  }
  while (!names.empty() && names != "none") {
    const std::size_t comma = std::min(names.find(','), names.size());
    if (Status raised = set_alarm(address, names.substr(0, comma), true); !raised) return raised;
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  return Done{};
}

Status SimBus::set_silent(int address, bool silent) {
  return change(address, [=](Pack& pack) {
    pack.silent = silent;
    return Status(Done{});
  });
}

Status SimBus::set_delay(int address, Duration delay) {
  return change(address, [=](Pack& pack) {
    pack.delay = delay;
    return Status(Done{});
  });
}

bool SimBus::silent(int address) const {
  return std::any_of(packs_.begin(), packs_.end(),
                     [=](const auto& pack) { return pack->options.address == address && pack->silent; });
}

// --- The master talks ---

void SimBus::opened(int baud, Instant now) {
  if (!open_) {
    master_end_ = line_end_ = now;
    open_ = true;
  }
  master_speed_ = baud;
}

void SimBus::closed(Instant /*now*/) {
  open_ = false;
  buffer_.clear();
  master_.clear();
  talks_.clear();
  for (const auto& pack : packs_) pack->push_at.clear();
}

void SimBus::received(Bytes bytes, Instant now) {
  if (!open_ || bytes.empty()) return;
  counters_.bytes_in += bytes.size();
  const Duration takes = time_of(bytes, master_speed_);
  const Instant start = options_.paced_input ? now - takes : std::max(now, master_end_);
  if (start > master_end_ + kForgetAfter) buffer_.clear();
  if (buffer_.empty() || start > master_end_) echoing_ = faults_.strikes(Fault::echo);
  forget_master(now);
  master_talks({start, start + takes}, bytes);
  if (understood(pack_speed())) {
    scan_requests();
  } else {
    buffer_.clear();
  }
}

// Puts the bytes on the wire and into the packs' ears, garbled where a pack talks.
void SimBus::master_talks(const Span& span, Bytes bytes) {
  bool collision = false;
  for (Talk& talk : talks_) {
    if (talk.is_echo || !talk.span.meets(span)) continue;
    talk.disputed = collision = !can_;
  }
  if (collision) ++counters_.collisions;
  if (echoing_) talk({bytes.begin(), bytes.end()}, span.start, true).disputed = collision;
  for (const std::uint8_t byte : bytes) {
    buffer_.push_back(collision ? faults_.random().other_than(byte) : byte);
  }
  master_.push_back(span);
  master_end_ = std::max(master_end_, span.end);
}

void SimBus::forget_master(Instant now) {
  Instant needed = now;
  for (const Talk& talk : talks_) needed = std::min(needed, talk.span.start);
  while (!master_.empty() && master_.front().end <= needed) master_.pop_front();
}

void SimBus::scan_requests() {
  std::size_t at = 0;
  while (at < buffer_.size()) {
    const Bytes rest = Bytes(buffer_).subspan(at);
    const Scan scan = options_.protocol->framer(rest, false);
    if (scan.kind == Scan::more || scan.size == 0) break;
    // A damaged request is offered too: some BMSes answer that its check is wrong.
    const Bytes request = rest.first(std::min(scan.size, rest.size()));
    if (scan.kind == Scan::frame) {
      ++counters_.requests;
      heard(request, options_.protocol->tag(Frame{request}).address);
    } else if (damaged(scan)) {
      heard(request, kAllPacks);
    }
    at += request.size();
  }
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at));
}

// `address`: whom it is for, where the frame tells; kAllPacks: each pack looks for itself.
void SimBus::heard(Bytes request, int address) {
  for (const auto& pack : packs_) {
    if (!pack->silent && (address == kAllPacks || address == pack->options.address)) answer(*pack, request);
  }
}

// --- Packs talk ---

void SimBus::answer(Pack& pack, Bytes request) {
  pack.model.advance(master_end_);
  PackState before = pack.model.state();
  auto reply = pack.responder->answer(request, before);
  for (const Change& change : pack.responder->take_changes()) pack.model.command(change);
  if (!reply || faults_.strikes(Fault::silence)) return;

  Instant start = std::max(master_end_, pack.free_at) + pack.delay;
  if (faults_.strikes(Fault::late)) start += faults_.late_by();
  if (faults_.strikes(Fault::foreign)) {
    const auto foreign_end = answer_foreign(request, pack, start);
    if (foreign_end && faults_.random().below(2) == 0) return;
    if (foreign_end) start = *foreign_end + pack.delay;
  }

  if (can_) {
    pack.free_at = say(*reply, start, pack, std::move(before), *reply);
    return;
  }

  if (faults_.has_twin(pack.options.address) && faults_.strikes(Fault::twin))
    answer_as_twin(pack, *reply, before, start);
  ByteVector bytes = *reply;
  faults_.damage(bytes);
  if (faults_.strikes(Fault::garbage)) {
    const ByteVector burst = faults_.burst();
    const std::uint64_t where = faults_.random().below(3);
    if (where == 2) {  // some time after the reply
      const Duration pause(static_cast<std::int64_t>(faults_.random().below(kNoiseWithin)));
      talk(burst, start + wire_time(bytes.size(), pack_speed()) + pause);
    } else {
      const std::size_t at = where == 0 ? 0 : static_cast<std::size_t>(faults_.random().below(bytes.size() + 1));
      bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), burst.begin(), burst.end());
    }
  }
  Talk& said = talk(std::move(bytes), start);
  said.address = pack.options.address;
  said.state = std::move(before);
  said.reply = std::move(*reply);
  pack.free_at = said.span.end;
}

// Another pack with the same address takes its own time. What it says is the same: what matters is that it talks.
void SimBus::answer_as_twin(const Pack& pack, const ByteVector& reply, const PackState& state, Instant start) {
  Talk& said = talk(reply, start + Duration(static_cast<std::int64_t>(faults_.random().below(kTwinWithin))));
  said.address = pack.options.address;
  said.state = state;
  said.reply = reply;
}

// The answer that somebody else would give to the same question. Nothing when nobody can; else when it ends.
std::optional<Instant> SimBus::answer_foreign(Bytes request, const Pack& asked, Instant start) {
  const Protocol& protocol = *options_.protocol;
  const Tag tag = protocol.tag(Frame{request});
  const auto other = somebody_else(asked);
  if (tag.exchange < 0 || !other) return std::nullopt;
  OpenOptions open;
  open.address = other->options.address;
  const auto question = protocol.open(open)->request(static_cast<std::uint8_t>(tag.exchange));
  if (!question) return std::nullopt;
  auto reply = other->responder->answer(question->bytes, other->model.state());
  if (!reply) return std::nullopt;
  if (can_) return say(*reply, start, *other, other->model.state(), *reply);
  Talk& said = talk(*reply, start);
  said.address = other->options.address;
  said.state = other->model.state();
  said.reply = std::move(*reply);
  return said.span.end;
}

// Another pack of the line or, as often as each of them, one that is not there.
std::unique_ptr<SimBus::Pack> SimBus::somebody_else(const Pack& asked) {
  const Protocol& protocol = *options_.protocol;
  std::vector<const Pack*> others;
  for (const auto& pack : packs_) {
    if (pack.get() != &asked && !pack->silent) others.push_back(pack.get());
  }
  PackOptions options;
  PackModel model;
  const std::size_t choice = static_cast<std::size_t>(faults_.random().below(others.size() + 1));
  if (choice < others.size()) {
    options = others[choice]->options;
    model = others[choice]->model;
    model.advance(master_end_);
  } else {
    const int count = protocol.highest_address - protocol.lowest_address + 1;
    const int first = static_cast<int>(faults_.random().below(static_cast<std::uint64_t>(count)));
    int tried = 0;
    const auto address = [&] { return protocol.lowest_address + (first + tried) % count; };
    while (tried < count && has(address())) ++tried;
    if (tried == count) return nullptr;
    options.address = address();
    PackModelOptions stranger;
    stranger.seed = faults_.random().next();
    stranger.soc_percent = faults_.random().between(5, 95);
    model = PackModel(stranger);
  }
  auto responder = protocol.respond(options);
  if (!responder) return nullptr;
  return std::make_unique<Pack>(Pack{options, std::move(model), std::move(responder), asked.delay});
}

SimBus::Talk& SimBus::talk(ByteVector bytes, Instant start, bool is_echo) {
  Talk talk;
  talk.baud = is_echo ? master_speed_ : pack_speed();
  talk.span = {start, start + time_of(bytes, talk.baud)};
  talk.bytes = std::move(bytes);
  talk.is_echo = is_echo;
  if (!is_echo && !can_) {
    for (Talk& other : talks_) {
      if (!other.is_echo && other.span.meets(talk.span)) talk.disputed = other.disputed = true;
    }
    for (const Span& span : master_) talk.disputed = talk.disputed || span.meets(talk.span);
    if (talk.disputed) ++counters_.collisions;
  }
  talks_.push_back(std::move(talk));
  return talks_.back();
}

// --- The bytes reach the master ---

// Of what leaves at once: a byte, or a whole frame.
SimBus::Span SimBus::next_span(const Talk& talk) const { return can_ ? talk.span : span_of_byte(talk, talk.sent); }

SimBus::Span SimBus::span_of_byte(const Talk& talk, std::size_t i) {
  return {talk.span.start + wire_time(i, talk.baud), talk.span.start + wire_time(i + 1, talk.baud)};
}

bool SimBus::disturbed(const Talk& talk, const Span& span) const {
  const bool by_pack = std::any_of(talks_.begin(), talks_.end(), [&](const Talk& other) {
    return &other != &talk && !other.is_echo && other.span.meets(span);
  });
  // An echo is what the master says: that does not disturb it.
  return by_pack ||
         (!talk.is_echo && std::any_of(master_.begin(), master_.end(), [&](const Span& m) { return m.meets(span); }));
}

// Whose byte ends first.
SimBus::Talk* SimBus::next_talk() {
  const auto first = std::min_element(talks_.begin(), talks_.end(), [this](const Talk& a, const Talk& b) {
    return next_span(a).end < next_span(b).end;
  });
  return first == talks_.end() ? nullptr : &*first;
}

std::optional<Action> SimBus::next(Instant now) {
  ByteVector out;
  push_due(now);
  for (Talk* talk = next_talk(); talk != nullptr; talk = next_talk()) {
    const Span span = next_span(*talk);
    if (span.end > now) break;
    emit(*talk, span, out);
    // A talk that others have disturbed stays until it is over, so that it can still disturb theirs; one that has said
    // all is over.
    std::erase_if(talks_, [&](const Talk& t) { return t.sent == t.bytes.size(); });
  }
  if (out.empty()) return std::nullopt;
  counters_.bytes_out += out.size();
  return SendBytes{std::move(out)};
}

void SimBus::emit(Talk& talk, const Span& span, ByteVector& out) {
  if (talk.sent == 0 && !talk.reply.empty()) {
    ++counters_.replies;
    if (on_reply_) on_reply_(talk.address, talk.state, talk.reply, span.start);
  }
  if (can_) {
    if (understood(talk.baud)) out.insert(out.end(), talk.bytes.begin(), talk.bytes.end());
    talk.sent = talk.bytes.size();
    return;
  }
  std::uint8_t byte = talk.bytes[talk.sent++];
  if (talk.disputed && span.start < line_end_) return;  // two bytes at the same time are one, the first to end
  if ((talk.disputed && disturbed(talk, span)) || !understood(talk.baud)) byte = faults_.random().other_than(byte);
  line_end_ = span.end;
  out.push_back(byte);
}

std::optional<Instant> SimBus::deadline() const {
  std::optional<Instant> first = next_push();
  for (const Talk& talk : talks_) {
    const Instant due = std::min(talk.span.end, next_span(talk).end + options_.chunk);
    if (!first || due < *first) first = due;
  }
  return first;
}

}  // namespace bmsd
