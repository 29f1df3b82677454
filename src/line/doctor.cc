#include "line/doctor.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/bytes.h"
#include "line/damage.h"
#include "protocol/protocol.h"

namespace bmsd {
namespace {

using Findings = std::vector<LineFinding>;

constexpr std::uint64_t kFewest = 3;        // requests: fewer tell nothing
constexpr std::uint64_t kFewestEvents = 3;  // of a kind: fewer may be chance
constexpr double kRare = 0.02;              // of all replies: less is how lines are
constexpr double kLateShare = 0.01;
constexpr double kCollides = 0.20;  // damaged replies of a pack, while others have next to none
constexpr double kMostly = 0.50;
constexpr double kFull = 95;  // percent

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

bool often(std::uint64_t events, std::uint64_t whole, double least) {
  return events >= kFewestEvents && share(events, whole) >= least;
}

// With one decimal.
std::string tenths(double number) {
  const long long all = std::llround(number * 10);
  return std::to_string(all / 10) + "." + std::to_string(all % 10);
}

std::string percent(double share) {
  return (share < 0.1 ? tenths(100 * share) : std::to_string(std::llround(100 * share))) + " %";
}

std::string at(int address) { return address < 0 ? "the pack" : "address " + hex_address(address); }

// A pack whose replies are spoilt is lost now and then, and there all the same.
bool is_there(const PackFacts& pack) {
  std::uint64_t good = 0, damaged = 0, silent = 0;
  for (const PackFacts::Replies& replies : pack.replies) {
    good += replies.good;
    damaged += replies.damaged;
    silent += replies.silent;
  }
  return pack.answers || (good > 0 && damaged > 0 && damaged >= silent);
}

const std::string kAskWires = "A and B are not swapped, and both ends have the same ground";
const std::string kAskWake =
    "the BMS is awake: charge or load the battery, or press its button; many sleep when nothing flows";

// --- The port ---

Findings of_port(const LineFacts& facts) {
  switch (facts.state) {
    case LineFacts::missing:
      return {{"port_missing",
               true,
               facts.trouble,
               {"the adapter is plugged in, and the system sees it: ls -l /dev/serial/by-id, dmesg | tail",
                "it has power: a hub without its own supply drops adapters",
                "its name: ttyUSB numbers change, usb:SERIAL and path:SOCKET do not (bmsd scan prints them)"}}};
    case LineFacts::held: {
      LineFinding finding{"port_held", true, facts.port + " is held by " + facts.owner, {}};
      finding.check = {"that program is not needed here: end it, or give bmsd another port"};
      if (!facts.given_by_starter.empty())
        finding.check = {
            "whether that driver belongs there: Venus's serial-starter has started it; this frees the port: "
            "/opt/victronenergy/serial-starter/stop-tty.sh " +
            facts.given_by_starter};
      return {std::move(finding)};
    }
    case LineFacts::forbidden:
      return {
          {"port_forbidden", true, facts.trouble, {"the user who runs bmsd may open the port: ls -l " + facts.port}}};
    case LineFacts::unreachable:
      if (facts.can) return {{"port_unreachable", true, facts.trouble, {"the interface is up: ip -details link show"}}};
      if (facts.gateway)
        return {{"port_unreachable",
                 true,
                 facts.trouble,
                 {"the gateway is on and in the same network: ping it",
                  "it is a TCP server at this port number, and nobody else is connected to it"}}};
      return {{"port_unreachable", true, facts.trouble, {"what the system says of it: dmesg | tail"}}};
    default:
      break;
  }
  if (!facts.stuck) return {};
  return {{"port_stuck",
           true,
           facts.port + " can be opened, but what is sent does not leave it (for " + std::to_string(*facts.stuck / 1s) +
               " s)",
           {facts.gateway ? "the gateway: switch it off and on; it has lost the connection without saying so"
                          : "the adapter: pull it out and plug it in again; its driver or its chip hangs",
            "dmesg | tail says what the system thinks of it"}}};
}

// --- A line on which nobody answers ---

LineFinding silence(const LineFacts& facts) {
  const bool before =
      std::any_of(facts.packs.begin(), facts.packs.end(), [](const PackFacts& pack) { return pack.has_answered; });
  LineFinding finding{"silence", true, {}, {}};
  finding.what = before ? "nobody answers any more on " + facts.port + ": silence where there were answers before"
                        : "nobody answers on " + facts.port + ": not a single byte comes back";
  if (facts.can) {
    finding.check = {"power and cable: CAN-H, CAN-L and ground, and the right socket of the BMS",
                     "termination: 60 ohm between CAN-H and CAN-L while everything is off", kAskWake,
                     "the bitrate: that of the BMS, and of the interface (ip -details link show)"};
    return finding;
  }
  finding.check = {"the cable is in the right socket of the BMS (RS485, not CAN), and in the adapter", kAskWake,
                   "A and B: swap them; nothing breaks by that"};
  if (!before) finding.check.emplace_back("address (DIP switches) and speed: bmsd scan looks for them");
  if (facts.gateway)
    finding.check.emplace_back("the gateway's own serial settings: speed, 8N1, transparent and not Modbus mode");
  return finding;
}

// Bytes came, and not one intact frame.
LineFinding garbage(const LineFacts& facts) {
  const WireCounts& seen = facts.counts;
  const std::string of_all = std::to_string(seen.junk_bytes) + " bytes came on " + facts.port;
  if (often(seen.unasked_junk, seen.junk_bytes, 0.7)) {
    return {"unasked_bytes",
            true,
            of_all + ", most of them while nobody was asked, and none of them is a frame of a BMS that bmsd knows",
            {"another device or another master is on this line: it has to go, or to be listened to (bmsd listen)",
             "the speed: it may be another one (--baud)"}};
  }
  const bool only_edges = seen.edge_junk * 10 >= seen.junk_bytes * 9 && seen.junk_bytes <= 4 * seen.requests;
  if (only_edges) {
    return {"floating_line",
            true,
            of_all + ", only 00 and FF around our own requests: the line floats, and nobody answers",
            {"the cable reaches the BMS, and A and B are not swapped: an open or swapped line floats like this",
             kAskWake, "termination and bias: 120 ohm at both ends, or an adapter with bias resistors"}};
  }
  if (often(seen.stretched_junk, seen.junk_bytes, 0.6)) {
    return {"wrong_speed",
            true,
            of_all + ", with the pattern of a sender that is slower than the " + std::to_string(facts.baud) +
                " baud that are set",
            {"the speed of the BMS: try lower ones (--baud), or let bmsd scan look for it"}};
  }
  if (seen.bad_checks > 0 && share(seen.garbled, seen.requests) >= 0.1) {
    return {"collisions",
            true,
            "answers come on " + facts.port + ", and every one of them is damaged",
            {"no two packs have the same address: look at their DIP switches, disconnect all but one",
             "termination: 120 ohm at both ends of the line, and nowhere else", kAskWires}};
  }
  if (share(seen.garbled, seen.requests) >= 0.3) {
    return {"swapped_wires",
            true,
            "questions on " + facts.port + " are answered (" + percent(share(seen.garbled, seen.requests)) +
                "), but by bytes that are no frame",
            {"A and B: swap them; nothing breaks by that", "the speed: try the others (--baud), or bmsd scan",
             "an inverted TTL level: some adapters have a switch for it", "both ends have the same ground"}};
  }
  return {"noise",
          true,
          of_all + ", and they are noise: no frame, and no answer to what is asked",
          {"cable and plugs: a loose wire, a missing ground, a cable beside an inverter's", kAskWires,
           "termination: 120 ohm at both ends of the line"}};
}

Findings of_unanswered_line(const LineFacts& facts) {
  const WireCounts& seen = facts.counts;
  if (facts.other) {
    return {{"wrong_settings",
             true,
             "nobody answers on " + facts.port + " as it is set, but this does: " + *facts.other,
             {"take these values: as options, or in the configuration (PORTS, BMS_TYPE, BAUD, BATTERY_ADDRESSES)"}}};
  }
  if (seen.requests < kFewest) return {};
  if (seen.junk_bytes > 0 && seen.frames == 0 && !facts.can) return {garbage(facts)};
  if (seen.frames == 0 && seen.echoes > 0) {
    return {{"only_echo",
             true,
             "only our own requests come back on " + facts.port + ": the adapter hears itself, and no BMS answers",
             {"A and B: swap them; the adapter itself works", kAskWake,
              "address (DIP switches) and speed: bmsd scan looks for them"}}};
  }
  const bool strangers = !facts.can && seen.frames > 0 && seen.late_or_foreign >= seen.frames;
  if (strangers) {
    return {{"strangers",
             true,
             "intact frames come on " + facts.port + ", and none is an answer to what is asked",
             {"the address: another pack answers (bmsd scan)",
              "the type: it may be another BMS of the same family (bmsd list)"}}};
  }
  return {silence(facts)};
}

Findings of_listening(const LineFacts& facts) {
  const WireCounts& seen = facts.counts;
  if (seen.bytes_received == 0)
    return {{"nothing_heard",
             true,
             "not a single byte is heard on " + facts.port + ", where another master should be asking",
             {"the master is on, and asks on this very line", "the tap: A to A, B to B, and the same ground"}}};
  if (anybody_answers(facts) || seen.frames > 0 || seen.foreign_requests > 0) return {};
  return {{"unasked_bytes",
           true,
           std::to_string(seen.bytes_received) + " bytes were heard on " + facts.port +
               ", and none of them is a frame of a BMS that is listened for",
           {"the speed (--baud, BAUD) and the type (--protocol, BMS_TYPE)", kAskWires}}};
}

// --- A line with packs that answer ---

void add_silent_packs(const LineFacts& facts, Findings& findings) {
  for (const PackFacts& pack : facts.packs) {
    if (is_there(pack)) continue;
    findings.push_back({"silent_pack",
                        true,
                        at(pack.address) + (pack.has_answered ? " does not answer any more" : " has never answered") +
                            ", while others on " + facts.port + " do",
                        {pack.has_answered ? "this pack has power and is awake, and its plugs sit"
                                           : "this pack has this address (DIP switches), has power, and is awake",
                         "the cable between it and the next pack"}});
  }
}

Damage damage_of(const PackFacts& pack) {
  Damage damage;
  for (const PackFacts::Replies& replies : pack.replies) damage.add(replies.bytes, replies.good, replies.damaged);
  return damage;
}

Damage damage_of_all(const LineFacts& facts, const PackFacts* except = nullptr) {
  Damage damage;
  for (const PackFacts& pack : facts.packs) {
    if (&pack != except) damage.add(damage_of(pack));
  }
  return damage;
}

// Two packs that answer to the same address spoil each other's replies, and nobody else's; or both are heard.
bool shares_its_address(const LineFacts& facts, const PackFacts& pack) {
  const Damage own = damage_of(pack), others = damage_of_all(facts, &pack);
  if (often(pack.second_answers, own.replies(), kRare)) return true;
  if (own.damaged() < 5) return false;
  if (others.replies() >= 20) return own.rate() >= kCollides && others.rate() < std::min(0.05, own.rate() / 4);
  return own.rate() >= kMostly && !own.grows_with_length();
}

bool add_shared_addresses(const LineFacts& facts, Findings& findings) {
  bool any = false;
  for (const PackFacts& pack : facts.packs) {
    if (!shares_its_address(facts, pack)) continue;
    any = true;
    const bool heard_twice = often(pack.second_answers, damage_of(pack).replies(), kRare);
    findings.push_back({"two_packs_one_address",
                        true,
                        heard_twice
                            ? at(pack.address) + " answers twice: two packs on " + facts.port + " have this address"
                            : percent(damage_of(pack).rate()) + " of what " + at(pack.address) + " on " + facts.port +
                                  " answers is damaged" +
                                  (facts.packs.size() > 1 ? ", and next to nothing of the others" : "") +
                                  ": two packs with this address talk at the same time",
                        {"the addresses of all packs (DIP switches): each wants its own",
                         "disconnect the packs one by one: the other one then answers alone",
                         "if there is one only: its cable, its plug, and the length of its branch"}});
  }
  return any;
}

void add_damage(const LineFacts& facts, Findings& findings) {
  const Damage damage = damage_of_all(facts);
  const WireCounts& seen = facts.counts;
  const bool edges = often(seen.edge_junk, seen.requests, 0.2);
  const bool damaged = damage.damaged() >= 5 && damage.rate() >= kRare;
  if (edges || (damaged && damage.grows_with_length())) {
    std::string what = "bytes are spoilt on the wire of " + facts.port;
    if (damaged) what += ": " + percent(damage.rate()) + " of the replies, long ones more often than short ones";
    if (edges) what += (damaged ? ", and " : ": ") + std::string("single 00 and FF appear around the frames");
    findings.push_back({"no_termination",
                        true,
                        what,
                        {"termination: 120 ohm between A and B at both ends of the line, and nowhere else",
                         "one cable from pack to pack, no star and no long branches", kAskWires,
                         "the speed of the BMS is exactly the one that is set"}});
    return;
  }
  if (!damaged) return;
  findings.push_back({"damaged_replies",
                      true,
                      percent(damage.rate()) + " of the replies on " + facts.port + " come damaged",
                      {"cable and plugs: a loose wire, a cable beside those of an inverter", kAskWires,
                       "termination: 120 ohm between A and B at both ends of the line",
                       "the adapter: try another one, without a hub"}});
}

void add_answers_that_fail(const LineFacts& facts, bool shared_address, Findings& findings) {
  const WireCounts& seen = facts.counts;
  std::uint64_t replies = 0, silent = 0, late = 0;
  for (const PackFacts& pack : facts.packs) {
    late += pack.late_replies;
    for (const PackFacts::Replies& one : pack.replies) {
      replies += one.good + one.damaged + one.silent;
      // What a pack never answers it does not know.
      if (pack.answers && one.good > 0) silent += one.silent;
    }
  }
  const std::uint64_t foreign = seen.late_or_foreign - std::min(seen.late_or_foreign, seen.late + seen.second_answers);
  if (often(late, replies, kLateShare)) {
    findings.push_back(
        {"late_replies",
         true,
         percent(share(late, replies)) + " of the replies on " + facts.port + " come after they were given up",
         {facts.gateway ? "the network: a gateway behind Wi-Fi delays; use a cable"
                        : "the adapter: a hub or a converter in between delays",
          "an app or a display that talks to the BMS at the same time keeps it busy"}});
  } else if (often(silent, replies, kRare)) {
    findings.push_back({"unanswered",
                        true,
                        percent(share(silent, replies)) + " of the questions on " + facts.port + " stay unanswered",
                        {"plugs and cable: a loose contact loses whole replies",
                         "an app or a display that talks to the BMS at the same time keeps it busy"}});
  }
  if (!facts.can && !shared_address && often(foreign, replies, kLateShare)) {
    findings.push_back(
        {"foreign_replies",
         true,
         percent(share(foreign, replies)) + " of the replies on " + facts.port + " are of packs that were not asked",
         {"nobody else asks on this line: an inverter, a monitor, a pack that is set to be master",
          "each pack has an address of its own"}});
  }
}

void add_notes(const LineFacts& facts, Findings& findings) {
  if (often(facts.counts.echoes, facts.counts.requests, kMostly)) {
    findings.push_back(
        {"echo", false, "the adapter of " + facts.port + " hears itself: our requests come back. bmsd drops them", {}});
  }
  if (facts.busy && *facts.busy >= kFull && facts.interval > 0s && facts.period * 2 > facts.interval * 3) {
    findings.push_back({"line_full",
                        false,
                        "the line " + facts.port + " is full: a round takes " + tenths(seconds(facts.period)) +
                            " s instead of " + tenths(seconds(facts.interval)) + " s",
                        {"a higher speed, a second adapter for some of the packs, or a longer POLL_INTERVAL"}});
  }
}

}  // namespace

std::vector<LineFinding> diagnose(const LineFacts& facts) {
  Findings findings = of_port(facts);
  if (!findings.empty()) return findings;
  if (facts.only_listens) return of_listening(facts);
  if (facts.other_master || (!facts.can && facts.counts.foreign_requests >= 2)) {
    return {{"other_master",
             true,
             "another master asks on " + facts.port + (facts.master.empty() ? "" : ": it " + facts.master) +
                 "; two masters on one line make both fail",
             {"an inverter or a monitor on this line: take it off, or listen beside it (LISTEN, bmsd listen)",
              "a pack whose switches make it the master of the others: give it an address as the others have"}}};
  }
  if (!anybody_answers(facts)) return of_unanswered_line(facts);
  const bool shared = add_shared_addresses(facts, findings);
  if (!shared && !facts.can) add_damage(facts, findings);
  add_silent_packs(facts, findings);
  add_answers_that_fail(facts, shared, findings);
  add_notes(facts, findings);
  return findings;
}

bool anybody_answers(const LineFacts& facts) { return std::any_of(facts.packs.begin(), facts.packs.end(), is_there); }

bool enough_seen(const LineFacts& facts) {
  return facts.state == LineFacts::open && (facts.counts.requests >= 10 || facts.counts.frames >= 10);
}

}  // namespace bmsd
