// What a battery costs on its way to D-Bus, without a bus: the path table, the comparison with what was published, the
// message.
#include <benchmark/benchmark.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>

#include "battery/battery.h"
#include "bench/reply_42.h"
#include "protocol/daren_485.h"
#include "venus/battery_paths.h"
#include "venus/bus_item.h"
#include "venus/publisher.h"

namespace bmsd {
namespace {

// The battery of a captured reply; the cells and the current are what changes from round to round.
class Pack {
 public:
  Pack() : reading_(*kDaren485.decode_vector({}, as_bytes(kReply42), {})) { identity_.identities = {"DAREN1"}; }

  BatteryView view(Instant now, bool changed) {
    Reading reading = reading_;
    if (changed) {
      reading.set(Field::current, 10);
      for (double& cell : *reading.cell_voltages) cell += 0.002;
    }
    if (!battery_.merge(reading, 0, now)) std::abort();
    limits_ = first_limits({}, battery_, presence_, true);
    return {identity_, battery_, limits_, presence_, health_, display_, control_};
  }

 private:
  Reading reading_;
  Battery battery_;
  Identity identity_;
  Limits limits_;
  Presence presence_;
  LinkHealth health_;
  Display display_;
  ControlConfig control_;
};

// The argument: whether the values change from round to round.
void update_and_message(benchmark::State& state) {
  Pack pack;
  ItemTree tree;
  Publisher publisher(tree);
  BatteryPaths paths(tree, {}, {});
  boost::asio::io_context io;
  const BusItems items(io, tree, [](DBusMessage&) {});
  Instant now{};
  std::size_t sent = 0;
  bool changed = false;
  for (auto _ : state) {
    now += 1s;
    changed = !changed && state.range(0) != 0;
    paths.update(pack.view(now, changed), publisher, now);
    const auto indices = publisher.take(now);
    if (!indices.empty()) benchmark::DoNotOptimize(items.items_changed(indices));
    sent += indices.size();
  }
  state.counters["items/message"] = static_cast<double>(sent) / static_cast<double>(state.iterations());
}
BENCHMARK(update_and_message)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace bmsd
