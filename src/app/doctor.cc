// bmsd doctor: what is wrong with a line, from what the running daemon has counted or, with a PORT that nobody reads, by
// talking to it for a while.
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <optional>

#include "app/commands.h"
#include "app/daemon.h"
#include "app/diagnosis.h"
#include "app/held_port.h"
#include "base/bytes.h"
#include "line/doctor.h"
#include "sink/control_client.h"
#include "sink/json.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

constexpr Duration kSearches = 75s;      // at most; longer than looking everywhere once takes
constexpr Duration kSilenceIsSure = 5s;  // of a line whose packs are named: then others are looked for

// Talks to one port until enough was seen.
class Examination {
 public:
  // `seconds`: from the first answer on, or of a line whose packs are named.
  Examination(const PortPlan& plan, Duration seconds)
      : plan_(plan),
        seconds_(seconds),
        daemon_(io_, log_to_stderr(Level::error)),
        timer_(io_),
        signals_(io_, SIGINT, SIGTERM) {}

  Status run() {
    const auto lost = [this](const Error&) { io_.stop(); };
    if (Status added = daemon_.add_port(plan_, {.reopen = false, .log_first_failure = false}, lost); !added)
      return added;
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      interrupted_ = !error;
      if (!error) io_.stop();
    });
    daemon_.start();
    look_later();
    io_.run();
    facts_ = daemon_.facts(0);
    if (daemon_.line(0).detection() == nullptr && daemon_.line(0).pack_count() > 0) found_ = who_is_there();
    daemon_.stop();
    return Done{};
  }

  const LineFacts& facts() const { return facts_; }
  const std::optional<std::string>& found() const { return found_; }  // who is on the line, for people
  bool interrupted() const { return interrupted_; }

 private:
  void look_later() {
    timer_.expires_after(std::chrono::milliseconds(200));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      waited_ += 200ms;
      if (over()) return io_.stop();
      look_later();
    });
  }

  bool over() {
    const Line& line = daemon_.line(0);
    if (line.detection() != nullptr) return line.swept() || waited_ >= kSearches;
    if (!known_at_) known_at_ = waited_;
    if (waited_ - *known_at_ >= seconds_) return true;
    const WireCounts counts = line.counts();
    return counts.bytes_received == 0 && counts.requests > 0 &&
           waited_ - *known_at_ >= std::min(seconds_, kSilenceIsSure);
  }

  std::string who_is_there() {
    const Line& line = daemon_.line(0);
    const PackTalk& pack = line.pack(0);
    std::string text = std::string(pack.protocol->name);
    if (line.plan().baud > 0) text += fmt::format(" at {} baud", line.plan().baud);
    return text + ", address " + hex_address(pack.address);
  }

  PortPlan plan_;
  Duration seconds_;
  boost::asio::io_context io_{1};
  Daemon daemon_;
  boost::asio::steady_timer timer_;
  boost::asio::signal_set signals_;
  Duration waited_{};
  std::optional<Duration> known_at_;  // the packs
  LineFacts facts_;
  std::optional<std::string> found_;
  bool interrupted_ = false;
};

void say_on_terminal(const std::string& text) {
  if (::isatty(STDERR_FILENO) == 1) std::fprintf(stderr, "%s\n", text.c_str());
}

bool nobody_answers(const LineFacts& facts) {
  return !anybody_answers(facts) && facts.state == LineFacts::open && !facts.other_master && !facts.stuck;
}

// Of a port that no daemon reads.
Result<Json> examine(PortPlan plan, Duration seconds) {
  say_on_terminal(fmt::format("talking to {} ...", plan.port));
  Examination as_it_is_set(plan, seconds);
  if (Status ran = as_it_is_set.run(); !ran) return ran.error();
  LineFacts facts = as_it_is_set.facts();
  const bool narrow = plan.type_known || plan.line.baud > 0 || !plan.line.addresses.empty();
  if (narrow && nobody_answers(facts) && !as_it_is_set.interrupted()) {
    say_on_terminal("nobody answers; looking for others ...");
    LineOptions anything;
    anything.ports = {plan.port};
    auto plans = plan_ports(anything);
    if (!plans) return plans.error();
    Examination all(plans->front(), 1s);
    if (Status ran = all.run(); !ran) return ran.error();
    facts.other = all.found();
    if (all.facts().other_master) facts = all.facts();
  }
  return diagnosis_json(facts);
}

// As seen from here: it was named where that process was started.
std::string socket_of(const HoldingDaemon& daemon) {
  if (daemon.socket.empty() || daemon.socket.starts_with('/')) return daemon.socket;
  return fmt::format("/proc/{}/cwd/{}", daemon.pid, daemon.socket);
}

Json of_port(const Json& reply, const std::string& port) {
  Json ports = Json::array();
  for (const Json& one : reply.at("ports")) {
    if (same_port(one.at("port").get<std::string>(), port)) ports.push_back(one);
  }
  return ports;
}

int print_diagnosis(const Json& ports, bool json) {
  bool problem = false;
  for (const Json& port : ports) problem = problem || has_problem(port);
  if (json) {
    std::printf("%s\n", json_text({{"ports", ports}}, 2).c_str());
  } else {
    bool first = true;
    for (const Json& port : ports) {
      std::printf("%s%s", std::exchange(first, false) ? "" : "\n", diagnosis_text(port).c_str());
    }
  }
  return problem ? kFailed : kDone;
}

}  // namespace

int command_doctor(const DoctorOptions& options) {
  if (options.line.ports.empty()) {
    const auto reply = ask(options.socket, {{"ask", "doctor"}});
    if (!reply) return complain("doctor", describe(reply.error()));
    return print_diagnosis(reply->at("ports"), options.json);
  }
  auto plans = plan_ports(options.line);
  if (!plans) return wrong_usage("doctor", describe(plans.error()));
  Json all = Json::array();
  for (const PortPlan& plan : *plans) {
    if (const auto daemon = daemon_that_holds(plan.port)) {
      const auto reply = ask(options.socket.empty() ? socket_of(*daemon) : options.socket, {{"ask", "doctor"}});
      if (!reply) return complain("doctor", describe(reply.error()));
      for (Json& port : of_port(*reply, plan.port)) all.push_back(std::move(port));
      continue;
    }
    const auto examined =
        examine(plan, std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.seconds)));
    if (!examined) return wrong_usage("doctor", describe(examined.error()));
    all.push_back(*examined);
  }
  return print_diagnosis(all, options.json);
}

}  // namespace bmsd
