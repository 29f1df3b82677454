#include "venus/times_paths.h"

#include <algorithm>
#include <string>

namespace bmsd {
namespace {

BusValue bus_value(std::int64_t seconds, TimesShown shown) {
  if (shown == TimesShown::seconds) return integer_value(seconds);
  return time_to_soc_text(shown, seconds);
}

}  // namespace

void TimesPaths::update(const TimesToGo& times, TimesShown shown, Publisher& publisher) {
  for (const auto& [percent, item] : items_) {
    const bool is_there = std::any_of(times.to_soc.begin(), times.to_soc.end(),
                                      [percent = percent](const auto& point) { return point.percent == percent; });
    if (!is_there) publisher.offer(item, {});
  }
  for (const TimesToGo::Point& point : times.to_soc) {
    if (point.percent < 0) continue;  // no name of an object
    auto found = items_.find(point.percent);
    if (found == items_.end()) {
      found =
          items_.emplace(point.percent, tree_.add("/TimeToSoC/" + std::to_string(point.percent), ItemType::any)).first;
    }
    publisher.offer(found->second, point.seconds ? bus_value(*point.seconds, shown) : BusValue());
  }
}

}  // namespace bmsd
