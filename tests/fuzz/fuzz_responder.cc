// The simulated packs of all protocols, asked anything, in any state that can be typed at a simulator. The first byte picks the
// protocol; a byte with its length and as many bytes are a request, and so are the two bytes behind a length of 0: an exchange
// of the protocol; the lines behind it are typed. Whatever comes: an answer is made of whole frames of the protocol that are no
// requests, and what a master has changed is something that can be changed.
#include <cmath>

#include "fuzz_input.h"
#include "protocol/registry.h"
#include "sim/bus.h"
#include "sim/console.h"

namespace {

using namespace bmsd;

void check_answer(const Protocol& protocol, Bytes answer) {
  while (!answer.empty()) {
    const Scan scan = protocol.framer(answer, true);
    demand(scan.kind == Scan::frame);
    demand(protocol.tag({answer.first(scan.size)}).role != Role::request);
    answer = answer.subspan(scan.size);
  }
}

void check_state(const PackState& state) {
  for (const double value : {state.voltage, state.current, state.soc, state.capacity_full, state.capacity_remaining,
                             state.mos_temperature, state.total_charge})
    demand(std::isfinite(value));
  demand(state.cell_voltages.size() <= kMaxCells);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const Protocol& protocol = *protocols()[input.below(protocols().size())];
  SimBus bus({.protocol = &protocol});
  PackOptions pack;
  pack.address = protocol.default_address;
  demand(bus.add_pack(pack, PackModel(PackModelOptions{})).ok());
  const auto responder = protocol.respond(pack);
  const auto session = protocol.open({.address = pack.address});
  demand(responder != nullptr && session != nullptr);
  Console console(bus, {});
  for (int left = 30; left > 0 && !input.empty(); --left) {
    const Bytes any = input.piece();
    ByteVector request(any.begin(), any.end());
    if (any.empty()) {
      const auto known = session->request(static_cast<std::uint8_t>(input.below(protocol.exchanges.size())));
      if (known) request = known->bytes;
    }
    const auto said = console.execute(input.line());
    demand(said.ok() || !said.error().detail.empty());
    PackModel& model = *bus.pack(pack.address);
    check_state(model.state());
    if (protocol.framer(request, true).kind == Scan::frame) {
      if (const auto answer = responder->answer(request, model.state())) check_answer(protocol, *answer);
      for (const Change& change : responder->take_changes()) {
        demand(check(change).ok());
        model.command(change);
      }
    }
    for (std::size_t kind = 0; kind < responder->pushes().size(); ++kind)
      check_answer(protocol, responder->push(kind, model.state()));
    model.advance(Instant(std::chrono::seconds(100 - left)));
    check_state(model.state());
  }
  return 0;
}
