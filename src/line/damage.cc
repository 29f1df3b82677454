#include "line/damage.h"

#include <cmath>
#include <limits>

namespace bmsd {
namespace {

constexpr std::uint64_t kFewest = 5;  // damaged replies: of fewer nothing can be told
constexpr double kSure = 3;           // e^3: twenty times as likely

// Of what was seen, if a part `p` of all replies is damaged; without what does not depend on `p`.
double likelihood(double p, std::uint64_t good, std::uint64_t damaged) {
  const double least = std::numeric_limits<double>::min();
  return static_cast<double>(good) * std::log(std::max(1 - p, least)) +
         static_cast<double>(damaged) * std::log(std::max(p, least));
}

}  // namespace

void Damage::add(std::size_t bytes, std::uint64_t good, std::uint64_t damaged) {
  if (good + damaged > 0) replies_.push_back({bytes, good, damaged});
}

void Damage::add(const Damage& other) { replies_.insert(replies_.end(), other.replies_.begin(), other.replies_.end()); }

std::uint64_t Damage::damaged() const {
  std::uint64_t sum = 0;
  for (const Replies& one : replies_) sum += one.damaged;
  return sum;
}

std::uint64_t Damage::replies() const {
  std::uint64_t sum = damaged();
  for (const Replies& one : replies_) sum += one.good;
  return sum;
}

double Damage::rate() const {
  const std::uint64_t all = replies();
  return all == 0 ? 0 : static_cast<double>(damaged()) / static_cast<double>(all);
}

// Compares two explanations: each reply is as likely to be hit as any other, or each byte is.
bool Damage::grows_with_length() const {
  if (damaged() < kFewest) return false;
  double by_reply = 0;
  for (const Replies& one : replies_) {
    if (one.bytes > 0) by_reply += likelihood(rate(), one.good, one.damaged);
  }
  double by_byte = -std::numeric_limits<double>::max();
  for (double p = 1e-6; p < 0.5; p *= 1.1) {
    double sum = 0;
    for (const Replies& one : replies_) {
      const double hit = 1 - std::pow(1 - p, static_cast<double>(one.bytes));
      if (one.bytes > 0) sum += likelihood(hit, one.good, one.damaged);
    }
    by_byte = std::max(by_byte, sum);
  }
  return by_byte - by_reply > kSure;
}

}  // namespace bmsd
