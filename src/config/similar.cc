#include "config/similar.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace bmsd {
namespace {

constexpr std::size_t kMostMistakes = 4;
constexpr std::size_t kLongest = 100;  // no key is longer; what is longer is none that was mistyped

using Row = std::array<std::size_t, kLongest + 1>;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_letter(char a, char b) { return lower(a) == lower(b); }

// Edit distance with neighbours swapped as one mistake (optimal string alignment), or `enough` if it is not below that.
std::size_t mistakes(std::string_view a, std::string_view b, std::size_t enough) {
  Row before_last{}, last{}, row{};
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last = last;
    last = row;
    row[0] = i;
    std::size_t least = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t wrong = last[j - 1] + (same_letter(a[i - 1], b[j - 1]) ? 0 : 1);
      row[j] = std::min({wrong, last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
      least = std::min(least, row[j]);
    }
    if (least > enough) return enough;  // a swap may still take one back, nothing takes two
  }
  return std::min(row[b.size()], enough);
}

}  // namespace

std::string_view most_similar(std::string_view word, std::span<const std::string_view> among) {
  if (word.size() > kLongest) return {};
  std::size_t fewest = std::min(kMostMistakes, word.size() / 3) + 1;
  std::string_view nearest;
  for (const std::string_view candidate : among) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    const std::size_t shorter = std::min(word.size(), candidate.size());
    if (longer > kLongest || longer - shorter >= fewest) continue;
    const std::size_t count = mistakes(word, candidate, fewest);
    if (count >= fewest) continue;
    fewest = count;
    nearest = candidate;
  }
  return nearest;
}

}  // namespace bmsd
