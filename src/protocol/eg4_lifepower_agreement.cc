#include "protocol/eg4_lifepower_agreement.h"

#include <algorithm>
#include <utility>

namespace bmsd::eg4 {
namespace {

constexpr std::uint32_t kCellStep = 20;        // mV
constexpr std::uint32_t kTemperatureStep = 1;  // degree Celsius

// How far apart two numbers of a group are that agree. What hardly ever changes, or only counts up, must be the same.
constexpr std::uint32_t step_of(std::size_t group) {
  switch (group) {
    case kCurrent:
      return 200;  // 2 A
    case kSoc:
    case kVoltage:
      return 20;  // 0.2 %, 0.2 V
    default:
      return 0;
  }
}

template <typename Number>
Number middle(Number a, Number b, Number c) {
  return std::max(std::min(a, b), std::min(std::max(a, b), c));
}

bool are_near(std::uint32_t a, std::uint32_t b, std::uint32_t step) { return std::max(a, b) - std::min(a, b) <= step; }

// Believes three replies; says whether the newest agreed with the one before in all of its numbers.
class Comparison {
 public:
  Comparison(const GeneralData& earlier, const GeneralData& before) : earlier_(earlier), before_(before) {}

  bool agreed() const { return agreed_; }

  GeneralData believe(GeneralData newest) {
    list(newest, &GeneralData::cells, [this](std::uint16_t now, std::uint16_t before, std::uint16_t earlier) {
      const auto millivolts = [](std::uint16_t cell) { return static_cast<std::uint16_t>(cell & kCellMask); };
      const auto flags = static_cast<std::uint16_t>(now & ~kCellMask);
      return static_cast<std::uint16_t>(flags |
                                        number(millivolts(now), millivolts(before), millivolts(earlier), kCellStep));
    });
    list(newest, &GeneralData::temperatures, [this](std::uint16_t now, std::uint16_t before, std::uint16_t earlier) {
      return number(now, before, earlier, kTemperatureStep);
    });
    list(newest, &GeneralData::status, [this](std::uint16_t now, std::uint16_t before, std::uint16_t earlier) {
      agreed_ = agreed_ && now == before;
      return static_cast<std::uint16_t>((now & before) | (now & earlier) | (before & earlier));
    });
    for (std::size_t group = 0; group < kGroups; ++group) {
      auto& now = newest.single[group];
      const auto &before = before_.single[group], &earlier = earlier_.single[group];
      if (now && before && earlier) now = number(*now, *before, *earlier, step_of(group));
    }
    return newest;
  }

 private:
  template <typename Number>
  Number number(Number now, Number before, Number earlier, std::uint32_t step) {
    if (are_near(now, before, step)) return now;
    agreed_ = false;
    return middle(now, before, earlier);
  }

  // A list of another size than before has nothing to be compared with.
  template <typename Believe>
  void list(GeneralData& newest, std::vector<std::uint16_t> GeneralData::*which, Believe&& believe) {
    std::vector<std::uint16_t>& now = newest.*which;
    const auto &before = before_.*which, &earlier = earlier_.*which;
    if (before.size() != now.size() || earlier.size() != now.size()) {
      agreed_ = false;
      return;
    }
    for (std::size_t i = 0; i < now.size(); ++i) now[i] = believe(now[i], before[i], earlier[i]);
  }

  const GeneralData& earlier_;
  const GeneralData& before_;
  bool agreed_ = true;
};

}  // namespace

GeneralData Agreement::take(GeneralData newest) {
  replies_ = std::min(replies_ + 1, 3);
  if (!before_) {
    before_ = earlier_ = newest;
    return newest;
  }
  Comparison comparison(*earlier_, *before_);
  GeneralData believed = comparison.believe(newest);
  agreed_ = comparison.agreed();
  earlier_ = std::exchange(before_, std::move(newest));
  return believed;
}

}  // namespace bmsd::eg4
