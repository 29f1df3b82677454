// Lines of `bmsd decode`: the first byte picks the protocol, the rest is a line of JSON as the vectors have it. Whatever it says:
// the answer is good with values or bad with a reason, always the same, and JSON.
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "app/decode_lines.h"
#include "fuzz_input.h"
#include "protocol/registry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bmsd;
  using Json = nlohmann::ordered_json;
  FuzzInput input(data, size);
  const Protocol& protocol = *protocols()[input.below(protocols().size())];
  const std::string line(as_text(input.rest()));
  const auto text_of = [](const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); };
  const Json answer = decode_line(protocol, line);
  demand(answer.is_object() && answer.contains("ok") && answer["ok"].is_boolean());
  if (answer["ok"].get<bool>()) {
    demand(answer.contains("values") && answer["values"].is_object());
  } else {
    demand(answer["error"].is_string() && answer["message"].is_string() &&
           !answer["message"].get_ref<const std::string&>().empty());
  }
  demand(!Json::parse(text_of(answer), nullptr, false).is_discarded());
  demand(text_of(decode_line(protocol, line)) == text_of(answer));

  std::istringstream in(line);
  std::ostringstream out;
  const bool all_good = decode_lines(protocol, in, out);
  bool good = true;
  std::istringstream told(out.str());
  for (std::string one; std::getline(told, one);) {
    const Json said = Json::parse(one, nullptr, false);
    demand(said.is_object());
    good = good && said["ok"] == true;
  }
  demand(good == all_good);
  return 0;
}
