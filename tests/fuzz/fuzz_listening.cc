// A line that only listens to both directions of somebody else's talk: see talk_on_line.h. It sends nothing, ever. The first
// byte picks the protocols, the second whether speed and addresses are known.
#include "talk_on_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bmsd;
  FuzzInput input(data, size);
  const auto protocols = picked_protocols(input.byte());
  const std::uint8_t known = input.byte();
  LinePlan plan;
  plan.protocols = protocols;
  plan.listen = true;
  plan.extras = (known & 1) != 0;
  if ((known & 2) != 0) plan.baud = protocols.front()->speeds.front();
  if ((known & 4) != 0) plan.addresses = {protocols.front()->default_address};
  TalkOnLine talk(std::move(plan), protocols);
  for (int left = 80; left > 0 && !input.empty(); --left) {
    talk.go_on(input);
    demand(talk.bytes_sent() == 0);
  }
  talk.end();
  demand(talk.bytes_sent() == 0 && talk.line().listening() != nullptr);
  for (const std::string& finding : talk.line().listening()->findings()) demand(!finding.empty());
  return 0;
}
