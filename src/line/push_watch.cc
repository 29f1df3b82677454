#include "line/push_watch.h"

#include <algorithm>
#include <array>

#include "wire/can_frame.h"
#include "wire/can_text.h"

namespace bmsd {
namespace {

constexpr std::size_t kIdsRemembered = 64, kIdsNamed = 8;

}  // namespace

bool sends_by_itself(const Protocol& protocol) {
  return std::any_of(protocol.exchanges.begin(), protocol.exchanges.end(),
                     [](const Exchange& one) { return one.cadence == Cadence::pushed; });
}

PushWatch::PushWatch(const std::vector<const Protocol*>& protocols, std::vector<int> addresses,
                     std::vector<Param> params, bool extras)
    : addresses_(std::move(addresses)), params_(std::move(params)), extras_(extras) {
  for (const Protocol* protocol : protocols) {
    if (sends_by_itself(*protocol)) protocols_.push_back(protocol);
  }
}

void PushWatch::forget() {
  talkers_.clear();
  ids_.clear();
}

void PushWatch::heard(Bytes records, Instant now) {
  while (!records.empty()) {
    const Scan scan = can_framer(records, true);
    if (scan.kind == Scan::frame) {
      const Frame frame{records.first(scan.size)};
      const std::string text = can_text(frame.bytes);
      if (ids_.size() < kIdsRemembered) ids_.insert(text.substr(0, text.find('#')));
      for (const Protocol* protocol : protocols_) hear(*protocol, frame, now);
    }
    records = records.subspan(scan.size);
  }
}

void PushWatch::hear(const Protocol& protocol, const Frame& frame, Instant now) {
  const Tag tag = protocol.tag(frame);
  if ((tag.role != Role::reply && tag.role != Role::part) || tag.exchange < 0) return;
  if (protocol.exchanges[static_cast<std::size_t>(tag.exchange)].cadence != Cadence::pushed) return;
  const int address = tag.address < 0 ? protocol.default_address : tag.address;
  if (!addresses_.empty() && std::find(addresses_.begin(), addresses_.end(), address) == addresses_.end()) return;
  Talker& one = talker(protocol, address);
  const std::array<Frame, 1> frames = {frame};
  const auto reading = one.session->decode({nullptr, frames, false, now});
  const auto exchange = static_cast<std::uint8_t>(tag.exchange);
  Status sense = reading ? one.battery.merge(*reading, exchange, now) : Status(reading.error());
  if (sense) {
    if (std::find(one.said.begin(), one.said.end(), exchange) == one.said.end()) one.said.push_back(exchange);
  } else if (sense.error().code == Errc::implausible) {
    one.doubt = describe(sense.error());
  }
}

PushWatch::Talker& PushWatch::talker(const Protocol& protocol, int address) {
  for (Talker& one : talkers_) {
    if (one.protocol == &protocol && one.address == address) return one;
  }
  return talkers_.emplace_back(Talker{
      &protocol, address, protocol.open({.address = address, .params = params_, .extras = extras_}), {}, {}, {}});
}

std::string PushWatch::identifiers() const {
  std::string text;
  std::size_t named = 0;
  for (const std::string& id : ids_) {
    if (++named > kIdsNamed) return text + ", ...";
    text += (named == 1 ? "" : ", ") + id;
  }
  return text;
}

}  // namespace bmsd
