#include "config/findings.h"

#include <algorithm>
#include <string>
#include <utility>

namespace bmsd {

namespace {

// One line that fits on a screen, whatever was quoted.
void tidy(std::string& text) {
  constexpr std::size_t kLongest = 600;  // bytes
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  if (text.size() > kLongest) {
    std::size_t end = kLongest;
    while (end > 0 && continues(text[end])) --end;
    text.replace(end, std::string::npos, "...");
  }
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
}

}  // namespace

void FindingList::add(Finding finding) {
  tidy(finding.text);
  tidy(finding.advice);
  if (!finding.text.ends_with('.')) finding.text += '.';
  if (!full()) {
    kept_.push_back(std::move(finding));
    return;
  }
  if (left_out_++ == 0) {
    rest_.line = finding.line;
    rest_.weight = finding.weight;
  }
  rest_.line = std::min(rest_.line, finding.line);
  rest_.weight = std::max(rest_.weight, finding.weight);
}

std::vector<Finding> FindingList::take() {
  if (left_out_ > 0) {
    rest_.text = "and " + std::to_string(left_out_) + " more from here on are not listed.";
    kept_.push_back(std::move(rest_));
  }
  std::stable_sort(kept_.begin(), kept_.end(), [](const Finding& a, const Finding& b) { return a.line < b.line; });
  return std::exchange(kept_, {});
}

std::vector<Finding> bounded(std::vector<Finding> findings) {
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.line < b.line; });
  FindingList list;
  for (Finding& finding : findings) list.add(std::move(finding));
  return list.take();
}

}  // namespace bmsd
