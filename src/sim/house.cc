#include "sim/house.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "sim/random.h"

namespace bmsd {
namespace {

constexpr double kDay = 86400;
constexpr double kTurn = 2 * std::numbers::pi;
constexpr double kFlatter = 20 * kTurn / 360;  // than a panel that is as steep as the latitude: a roof

// A number from 0 to 1 that belongs to (seed, kind, index).
double chance(std::uint64_t seed, std::uint64_t kind, std::int64_t index) {
  Random random(seed * 1000003 + kind * 7919 + static_cast<std::uint64_t>(index) * 0x9E3779B97F4A7C15ULL);
  random.next();
  return random.unit();
}

// The same without jumps: from one number to the next within `every` seconds.
double wave(std::uint64_t seed, std::uint64_t kind, double seconds, double every) {
  const double at = seconds / every, below = std::floor(at), t = at - below, s = t * t * (3 - 2 * t);
  const auto index = static_cast<std::int64_t>(below);
  return chance(seed, kind, index) * (1 - s) + chance(seed, kind, index + 1) * s;
}

enum Kind : std::uint64_t { overcast, cloud, appliance, cooking };

double hour_of(double seconds) { return std::fmod(seconds, kDay) / 3600; }

double season(const House& house, double seconds) {  // 0: the beginning of January
  return kTurn * (house.day_of_year + seconds / kDay) / 365.25;
}

double bump(double hour, double middle, double width) { return std::exp(-std::pow((hour - middle) / width, 2)); }

}  // namespace

double pv_power(const House& house, double seconds) {
  const double declination = -0.4091 * std::cos(season(house, seconds) + 10 * kTurn / 365.25);  // rad
  const double angle = kTurn * (hour_of(seconds) - 12) / 24;
  const double latitude = house.latitude * kTurn / 360;
  const double height =
      std::sin(latitude) * std::sin(declination) + std::cos(latitude) * std::cos(declination) * std::cos(angle);
  const double onto_panel =
      std::sin(kFlatter) * std::sin(declination) + std::cos(kFlatter) * std::cos(declination) * std::cos(angle);
  if (height <= 0 || onto_panel <= 0) return 0;
  const double air = std::min(1.0, std::sqrt(height / 0.4));  // a low sun shines through more of it
  const auto day = static_cast<std::int64_t>(seconds / kDay);
  const double dull = std::clamp(house.clouds * 2 * chance(house.seed, overcast, day), 0.0, 1.0);
  const double shade = 0.8 * dull * (0.4 + 0.6 * wave(house.seed, cloud, seconds, 400));
  return house.pv_peak_w * onto_panel * air * (1 - shade);
}

double load_power(const House& house, double seconds) {
  const double hour = hour_of(seconds);
  const double habit = 0.45 + 0.9 * bump(hour, 7.5, 1.2) + 0.6 * bump(hour, 13, 1.5) + 1.5 * bump(hour, 19.5, 2.2);
  const double appliances = 0.6 + 0.8 * wave(house.seed, appliance, seconds, 900);
  const bool kettle =
      chance(house.seed, cooking, static_cast<std::int64_t>(seconds / 300)) < 0.06 && hour > 6 && hour < 22;
  return house.load_w * (habit * appliances + (kettle ? 2.0 : 0.0));
}

double room_temperature(const House& house, double seconds) {
  return house.room_c - house.winter_c * std::cos(season(house, seconds) - 20 * kTurn / 365.25) +
         2 * std::sin(kTurn * (hour_of(seconds) - 9) / 24);
}

}  // namespace bmsd
