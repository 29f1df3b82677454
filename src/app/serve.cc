#include "app/serve.h"

#include <optional>
#include <string>

#include "app/battery_choice.h"
#include "app/diagnosis.h"
#include "app/explanations.h"
#include "app/request.h"
#include "app/status.h"
#include "io/clock.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

// A text of the request; empty: it has none.
Error wrong_request(std::string why) { return {Errc::config, "request", 0, std::move(why)}; }

Result<Change> change_in(const Json& request) {
  const auto what = changeable_of(text_in(request, "what"));
  if (!what) return wrong_request(R"("what" is "charge-fet", "discharge-fet" or "soc")");
  const auto given = request.find("value");
  const bool is_number = given != request.end() && given->is_number() && !is_switch(*what);
  const auto value = is_number ? std::optional(given->get<double>()) : value_of(*what, text_in(request, "value"));
  if (!value)
    return wrong_request(is_switch(*what) ? R"("value" is "on" or "off")" : R"("value" is a number from 0 to 100)");
  return Change{*what, *value};
}

Json said(const std::string& id, Changeable what, double value) {
  Json json = {{"battery", id}, {"what", word_of(what)}};
  if (is_switch(what)) {
    json["value"] = value_text(what, value);
  } else {
    json["value"] = value;
  }
  return json;
}

// A SoC that is counted here is set here; the BMS keeps its own.
bool set_counted(Daemon& daemon, const std::string& id, const Change& change, bool only_check,
                 const ControlSocket::Reply& reply) {
  if (change.what != Changeable::soc || !daemon.hub().counts_soc(id)) return false;
  if (const Status sound = check(change); !sound) {
    reply(failure(sound.error()));
    return true;
  }
  if (!only_check) daemon.hub().set_counted_soc(id, change.value, now_monotonic());
  reply(said(id, change.what, change.value));
  return true;
}

void set(Daemon& daemon, const Json& request, const ControlSocket::Reply& reply) {
  const auto change = change_in(request);
  if (!change) return reply(failure(change.error()));
  const auto id = choose_battery(daemon.hub().views(), text_in(request, "battery"));
  if (!id) return reply(failure(id.error()));
  const auto asks = request.find("check");
  const bool only_check = asks != request.end() && *asks == true;
  if (set_counted(daemon, *id, *change, only_check, reply)) return;
  if (only_check) {
    const Status may = daemon.hub().may_change(*id, *change);
    return reply(may ? said(*id, change->what, change->value) : failure(may.error()));
  }
  daemon.change(*id, *change, [reply, id = *id, what = change->what](const Result<double>& result) {
    reply(result ? said(id, what, *result) : failure(result.error()));
  });
}

}  // namespace

void serve(Daemon& daemon, const Json& request, const ControlSocket::Reply& reply) {
  const std::string asked = text_in(request, "ask");
  if (asked == "set") return set(daemon, request, reply);
  if (asked == "explain") return reply(explain_answer(daemon.hub(), request, now_monotonic()));
  if (asked == "what-if") return reply(what_if_answer(daemon.hub(), request, now_monotonic()));
  if (asked == "doctor") return reply(diagnosis_answer(daemon));
  reply(answer(daemon, request));
}

}  // namespace bmsd
