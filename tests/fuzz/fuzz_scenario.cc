// A scenario of `bmsd plan --scenario`: any text. Whatever it says: there is an answer for each step, or a reason; currents that
// are allowed are never negative, and nothing is said that is no number.
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "app/scenario.h"
#include "fuzz_input.h"
#include "sink/json.h"

namespace {

using namespace bmsd;
using Out = nlohmann::ordered_json;

void check_step(const Out& step) {
  demand(step["ccl_a"].is_number() && step["ccl_a"].get<double>() >= 0);
  demand(step["dcl_a"].is_number() && step["dcl_a"].get<double>() >= 0);
  for (const char* key : {"soc_percent", "soc_calc_percent"}) {
    if (step[key].is_number()) demand(step[key].get<double>() >= 0 && step[key].get<double>() <= 100);
  }
  if (step["time_to_go_s"].is_number()) demand(step["time_to_go_s"].get<double>() >= 0);
  for (const auto& [key, value] : step.items()) {
    if (value.is_number_float()) demand(std::isfinite(value.get<double>()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const auto scenario = parse_json(as_text(input.rest()));
  const Out answer = run_scenario(scenario);
  demand(answer.is_object() && answer.contains("steps") != answer.contains("error"));
  if (answer.contains("error")) {
    demand(answer["error"].is_string());
  } else {
    for (const Out& step : answer["steps"]) check_step(step);
  }
  (void)answer.dump(-1, ' ', false, Out::error_handler_t::replace);
  return 0;
}
