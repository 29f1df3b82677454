// A capture, or a log of candump, that holds anything. The first byte says what is put in front of the rest, so that each kind
// of line is reached: nothing, the head of a line of bytes, or that of candump.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "line/capture.h"

namespace {

using namespace bmsd;

void demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::string_view, 4> kFronts = {"", "@1764419719.123456 p ", "(1436509052.249713) can0 ",
                                                       "@1764419719.123456 p < "};
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string text = std::string(kFronts[data[0] % kFronts.size()]).append(rest);
  std::vector<CaptureRecord> records;
  const auto take = [&records](CaptureRecord one, std::size_t) { records.push_back(std::move(one)); };
  const auto report = read_capture(text, "x", take);
  demand(report.ok() ? report->records == records.size() : report.error().detail.starts_with("x:"));
  // What was understood is written, and read back as the same.
  const std::vector<CaptureRecord> first = std::move(records);
  records.clear();
  std::string written;
  for (const CaptureRecord& record : first) written += capture_line(record);
  demand(read_capture(written, "x", take).ok() && records == first);
  return 0;
}
