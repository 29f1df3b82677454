#include "app/typed_change.h"

#include <utility>

namespace bmsd {

Result<Change> parse_change(const std::string& text) {
  const auto no = [](std::string why) { return Error{Errc::config, "", 0, std::move(why)}; };
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) return no("say what to change: WHAT=VALUE, as in charge-fet=off");
  const auto what = changeable_of(text.substr(0, equals));
  if (!what)
    return no("\"" + text.substr(0, equals) + "\" cannot be changed; what can: charge-fet, discharge-fet, soc");
  const auto value = value_of(*what, text.substr(equals + 1));
  if (!value)
    return no(std::string(word_of(*what)) + (is_switch(*what) ? " is on or off" : " is a number from 0 to 100"));
  return Change{*what, *value};
}

}  // namespace bmsd
