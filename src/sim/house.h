// What a house gives to its battery and takes from it: sun, loads, and the temperature of the room, as functions of time.
#pragma once

#include <cstdint>

namespace bmsd {

struct House {
  double pv_peak_w = 5000;  // W in the full sun of a summer's noon
  double load_w = 500;      // W, mean over the day
  double clouds = 0.3;      // 0 none .. 1 an overcast day
  double room_c = 20;       // mean
  double winter_c = 0;      // how much colder (and warmer) the middle of winter (of summer) is
  double day_of_year = 80;  // at time 0: 80 is the spring equinox
  double latitude = 48;     // degrees north, -60..60
  std::uint64_t seed = 1;   // of clouds and loads
};

// `seconds` since midnight before day_of_year. Nothing is remembered: any time may be asked for, in any order. A roof that faces
// the equator; clouds and loads that change within minutes and from day to day, made up.
double pv_power(const House& house, double seconds);          // W
double load_power(const House& house, double seconds);        // W
double room_temperature(const House& house, double seconds);  // degrees Celsius

}  // namespace bmsd
