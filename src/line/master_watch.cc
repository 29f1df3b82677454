#include "line/master_watch.h"

#include <algorithm>

namespace bmsd {
namespace {

constexpr int kRequests = 2;                // of one master, within one look
constexpr std::size_t kBufferLimit = 2048;  // longer than a request of any protocol
constexpr std::size_t kAddressesNamed = 16;

bool has_speed(const Protocol& protocol, int baud) {
  return baud == 0 || std::find(protocol.speeds.begin(), protocol.speeds.end(), baud) != protocol.speeds.end();
}

}  // namespace

void MasterWatch::forget() {
  ears_.clear();
  masters_.clear();
  baud_ = -1;
}

void MasterWatch::heard(Bytes bytes, int baud) {
  if (baud != baud_) {
    baud_ = baud;
    ears_.clear();
    for (const Protocol* protocol : protocols_) {
      if (has_speed(*protocol, baud)) ears_.push_back({protocol, {}});
    }
  }
  for (Ear& ear : ears_) listen(ear, bytes, baud);
}

void MasterWatch::listen(Ear& ear, Bytes bytes, int baud) {
  ear.buffer.insert(ear.buffer.end(), bytes.begin(), bytes.end());
  std::size_t done = 0;
  while (done < ear.buffer.size()) {
    const Bytes rest = Bytes(ear.buffer).subspan(done);
    const Scan scan = ear.protocol->framer(rest, false);
    if (scan.kind == Scan::more) break;
    if (scan.kind == Scan::frame) {
      const Tag tag = ear.protocol->tag(Frame{rest.first(scan.size)});
      if (tag.role == Role::request) heard_request(*ear.protocol, tag.address, baud);
    }
    done += scan.size;
  }
  ear.buffer.erase(ear.buffer.begin(), ear.buffer.begin() + static_cast<std::ptrdiff_t>(done));
  if (ear.buffer.size() > kBufferLimit) ear.buffer.clear();
}

void MasterWatch::heard_request(const Protocol& protocol, int address, int baud) {
  auto known = std::find_if(masters_.begin(), masters_.end(),
                            [&](const Master& one) { return one.protocol == &protocol && one.baud == baud; });
  if (known == masters_.end()) known = masters_.insert(masters_.end(), Master{&protocol, baud, {}, 0});
  ++known->requests;
  if (address >= 0) known->asked.insert(address);
}

const MasterWatch::Master* MasterWatch::master() const {
  const auto most = std::max_element(masters_.begin(), masters_.end(),
                                     [](const Master& a, const Master& b) { return a.requests < b.requests; });
  return most == masters_.end() || most->requests < kRequests ? nullptr : &*most;
}

std::string describe(const MasterWatch::Master& master) {
  std::string text = "asks in the words of " + std::string(master.protocol->label);
  if (master.baud > 0) text += " at " + std::to_string(master.baud) + " baud";
  std::size_t named = 0;
  for (const int address : master.asked) {
    if (++named > kAddressesNamed) break;
    text += named == 1 ? " (address " : ", ";
    text += hex_address(address);
  }
  return named == 0 ? text : text + ")";
}

}  // namespace bmsd
