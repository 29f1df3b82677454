// A line in virtual time, and what the input makes of the other end of its wire: silence, any bytes, requests of another
// master, replies of a pack, damaged or not, and a cable that is pulled. Whatever comes: what is believed can be true.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "believed.h"
#include "fuzz_input.h"
#include "line/line.h"
#include "protocol/registry.h"
#include "protocol/responder.h"
#include "sim/pack_model.h"

namespace bmsd {

class TalkOnLine {
 public:
  // `protocols`: whose words are heard, `plan` is the line's.
  TalkOnLine(LinePlan plan, std::vector<const Protocol*> protocols)
      : protocols_(std::move(protocols)), line_(std::move(plan)), can_(protocols_.front()->medium == Medium::can) {
    open();
  }

  // One thing that happens, and all that follows from it.
  void go_on(FuzzInput& input) {
    const std::uint8_t kind = input.byte();
    const Protocol& protocol = *protocols_[(kind >> 3) % protocols_.size()];
    switch (kind & 7) {
      case 0:
        return pass(std::chrono::milliseconds(4 * input.byte()));
      case 1:
        return pass(std::chrono::milliseconds(250 * input.byte()));
      case 2:
        return deliver(can_ ? any_record(protocol, input) : copy(input.piece()));
      case 3:
        return deliver(damaged(another_master(protocol, input), input));
      case 4:
        return deliver(damaged(reply(protocol, request_, input), input));
      case 5:
        if (open_) {
          open_ = false;
          line_.closed(now_);
          pump();
        } else {
          open();
        }
        return;
      default:
        return deliver(damaged(pushed(protocol, input), input));
    }
  }

  // Nothing more comes: all that was begun ends.
  void end() { pass(20s); }

  const Line& line() const { return line_; }
  std::size_t bytes_sent() const { return bytes_sent_; }

 private:
  static constexpr int kMostAtOnce = 2000;  // things to do at one instant: more never ends

  static ByteVector copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

  void open() {
    open_ = true;
    baud_ = protocols_.front()->speeds.front();
    line_.opened(baud_, now_);
    pump();
  }

  void pass(Duration duration) {
    const Instant until = now_ + duration;
    for (auto due = line_.deadline(); due && *due <= until; due = line_.deadline()) {
      now_ = std::max(now_, *due);
      pump();
    }
    now_ = until;
    pump();
  }

  void pump() {
    int left = kMostAtOnce;
    while (const auto action = line_.next(now_)) {
      demand(--left > 0);
      if (const auto* send = std::get_if<SendBytes>(&*action)) sent(send->bytes);
      if (const auto* speed = std::get_if<SetSpeed>(&*action)) demand(speed->baud > 0);
    }
    // A deadline that has passed would be asked for again and again.
    const auto due = line_.deadline();
    stuck_ = due && *due <= now_ ? stuck_ + 1 : 0;
    demand(stuck_ < kMostAtOnce);
    for (const LineEvent& event : line_.take_events()) {
      demand(event.pack >= -1 && event.pack < static_cast<int>(line_.pack_count()));
      if (event.kind == LineEvent::joined) demand(event.pack >= 0);
    }
    for (std::size_t i = 0; i < line_.pack_count(); ++i) check_believed(line_.pack(i).battery);
  }

  // What is sent is one intact request of somebody's protocol.
  void sent(const ByteVector& bytes) {
    demand(open_ && !bytes.empty());
    bytes_sent_ += bytes.size();
    bool is_request = false;
    for (const Protocol* protocol : protocols_) {
      const Scan scan = protocol->framer(bytes, true);
      is_request = is_request ||
                   (scan.kind == Scan::frame && protocol->tag({Bytes(bytes).first(scan.size)}).role == Role::request);
    }
    demand(is_request);
    request_ = bytes;
  }

  void deliver(const ByteVector& bytes) {
    if (!open_ || bytes.empty()) return;
    line_.received(can_ ? whole_records(bytes) : bytes, now_);
    pump();
  }

  // Ports over CAN deliver nothing else.
  static ByteVector whole_records(Bytes bytes) {
    ByteVector records;
    while (!bytes.empty()) {
      const Scan scan = can_framer(bytes, true);
      if (scan.kind == Scan::frame)
        records.insert(records.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(scan.size));
      bytes = bytes.subspan(std::max<std::size_t>(scan.size, 1));
    }
    return records;
  }

  static ByteVector any_record(const Protocol& protocol, FuzzInput& input) {
    const std::uint8_t which = input.byte();
    std::uint32_t id = static_cast<std::uint32_t>(input.byte()) << 8;
    id |= input.byte();
    bool extended = (which & 1) != 0;
    if (which >= 0x80 && !protocol.can_ids.empty()) {
      const CanIds& known = protocol.can_ids[which % protocol.can_ids.size()];
      extended = known.extended;
      id = known.id | (id & ~known.mask & 0x1FFFFFFF);
    }
    return can_record(extended ? id : id & 0x7FF, extended, input.bytes(input.below(9)));
  }

  ByteVector another_master(const Protocol& protocol, FuzzInput& input) {
    const auto exchange = static_cast<std::uint8_t>(input.below(protocol.exchanges.size()));
    const auto request = masters(protocol, address(protocol, input)).request(exchange);
    if (!request) return {};
    request_ = request->bytes;
    return request->bytes;
  }

  ByteVector reply(const Protocol& protocol, Bytes request, FuzzInput& input) {
    const auto answer = responder(protocol, address(protocol, input)).answer(request, state_);
    return answer.value_or(ByteVector());
  }

  ByteVector pushed(const Protocol& protocol, FuzzInput& input) {
    Responder& pack = responder(protocol, address(protocol, input));
    const auto kinds = pack.pushes().size();
    return kinds == 0 ? ByteVector() : pack.push(input.below(kinds), state_);
  }

  // A few bytes are others, some at the end are missing; mostly none.
  static ByteVector damaged(ByteVector bytes, FuzzInput& input) {
    const std::uint8_t how = input.byte();
    for (int i = 0; i < (how & 3) && !bytes.empty(); ++i) {
      const std::size_t place = (std::size_t{input.byte()} << 8 | input.byte()) % bytes.size();
      bytes[place] = static_cast<std::uint8_t>(bytes[place] ^ input.byte());
    }
    if ((how & 0x80) != 0) bytes.resize(bytes.size() * (how >> 2 & 0x1F) / 32);
    return bytes;
  }

  static int address(const Protocol& protocol, FuzzInput& input) {
    const std::uint8_t said = input.byte();
    if (said < 0x80) return protocol.default_address;
    return std::clamp(said & 0x0F, protocol.lowest_address, protocol.highest_address);
  }

  Session& masters(const Protocol& protocol, int address) {
    auto& session = sessions_[{&protocol, address}];
    if (!session) session = protocol.open({.address = address});
    return *session;
  }
  Responder& responder(const Protocol& protocol, int address) {
    auto& responder = responders_[{&protocol, address}];
    PackOptions options;
    options.address = address;
    if (!responder) responder = protocol.respond(options);
    demand(responder != nullptr);
    return *responder;
  }

  std::vector<const Protocol*> protocols_;
  Line line_;
  bool can_;
  bool open_ = false;
  int baud_ = 0, stuck_ = 0;
  Instant now_{std::chrono::hours(1)};
  ByteVector request_;  // that was last on the wire
  std::size_t bytes_sent_ = 0;
  PackState state_ = PackModel(PackModelOptions{.fixed = true}).state();
  std::map<std::pair<const Protocol*, int>, std::unique_ptr<Session>> sessions_;
  std::map<std::pair<const Protocol*, int>, std::unique_ptr<Responder>> responders_;
};

// Those of one medium that the number picks: one, or all.
inline std::vector<const Protocol*> picked_protocols(std::uint8_t number) {
  const auto all = protocols();
  if (number % 16 < all.size()) return {all[number % 16]};
  return protocols_over(number % 2 == 0 ? Medium::stream : Medium::can);
}

}  // namespace bmsd
