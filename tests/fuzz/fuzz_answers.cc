// What a client reads from the control socket: any line. The daemon may be of another version, and at the other end of a path
// may be somebody else. Whatever it is: it is an answer or refused with a reason, and what is made of it for people has no
// control characters, and no line too long.
#include <cmath>
#include <string>

#include "app/charge_source.h"
#include "fuzz_input.h"
#include "sink/control_client.h"
#include "sink/table.h"
#include "sink/text.h"

namespace {

using namespace bmsd;

void check_text(const std::string& text, std::size_t width) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == '\n') {
      if (width > 0) demand(columns(std::string_view(text).substr(begin, i - begin)) <= width);
      begin = i + 1;
    } else {
      demand(static_cast<unsigned char>(text[i]) >= ' ' && text[i] != 127);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::uint8_t head = input.byte();
  const auto answer = answer_in(std::string(as_text(input.rest())), "/run/bmsd/control");
  if (!answer) {
    demand(!answer.error().detail.empty());
    check_text(answer.error().detail, 0);
    return 0;
  }
  demand(answer->is_object() && (*answer)["ok"] == true);
  const std::size_t width = 40 + head % 100;
  const auto batteries = answer->find("batteries");
  if (batteries != answer->end()) {
    check_text(battery_table(*batteries, {width, false}), width);
    for (const auto& battery : *batteries) check_text(battery_sheet(battery, {width, false}), 0);
  }
  const auto limits = limits_in(*answer, "/dev/nowhere1", 1);
  if (limits) demand(std::isfinite(limits->cvl) && std::isfinite(limits->ccl) && std::isfinite(limits->dcl));
  return 0;
}
