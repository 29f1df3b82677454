#include "app/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>

#include "app/commands.h"
#include "app/version.h"
#include "control/what_if.h"
#include "protocol/registry.h"

namespace bmsd {
namespace {

void add_line_options(CLI::App& command, LineOptions& line, bool ports_required) {
  command.add_option("--protocol", line.protocol, "The BMS's protocol (see: bmsd list); without it every one is tried");
  command.add_option("--address", line.addresses, "Bus addresses, as in 1,2,0x0a; without it the first that answers");
  command.add_option("--baud", line.baud, "Bits per second; without it the protocol's usual speeds are tried");
  command.add_option("--interval", line.interval,
                     "Seconds from round to round, 0: as fast as the wire allows (default 1)");
  auto* ports = command.add_option("PORT", line.ports, "/dev/ttyUSB0, usb:SERIAL, path:SOCKET or tcp://host:port");
  if (ports_required) ports->required();
}

// What was chosen: the function that runs it, or nothing.
using Chosen = std::function<int()>;

void add_run(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "The daemon: reads the packs and publishes them on Victron's D-Bus");
  add_line_options(*command, options->line, false);
  command->add_option("--bus", options->bus, "D-Bus address, system, session or none")->capture_default_str();
  command->add_option("--serial-starter", options->serial_starter,
                      "Serve this tty as Venus's serial-starter expects: end when no BMS answers");
  command->add_option("--socket", options->socket, "Control socket, for show and watch (default /run/bmsd/control)");
  command->add_option("--config", options->config,
                      "Configuration (default /data/apps/bmsd/config.ini on Venus OS, else /etc/bmsd/config.ini)");
  command->add_option("--state", options->state,
                      "File that holds what survives a restart (default /var/lib/bmsd/state)");
  command
      ->add_option("--log", options->log_level,
                   "error, warning, info or debug (default: LOGGING of the configuration, info)")
      ->check(CLI::IsMember({"error", "warning", "info", "debug"}));
  command->add_option("--take-over", options->take_over)->group("");  // from one process to the next: app/handover.h
  command->callback([options, &chosen] { chosen = [options] { return command_run(*options); }; });
}

void add_restart(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<RestartOptions>();
  CLI::App* command = app.add_subcommand(
      "restart", "Has the running daemon replaced by a new process, also of a new version, without a gap on D-Bus");
  command->add_option("--with", options->with,
                      "The new binary (default: the file that the running one was started from)");
  command->add_option("--socket", options->socket, "Control socket of the daemon (default /run/bmsd/control)");
  command->footer(
      "The old process serves until every battery that answered it has answered the new one, and goes on where that "
      "does not happen within a minute: then this command fails and says why.");
  command->callback([options, &chosen] { chosen = [options] { return command_restart(*options); }; });
}

void add_scan(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ScanOptions>();
  CLI::App* command = app.add_subcommand("scan", "Which BMS answers where; without PORT all serial adapters");
  add_line_options(*command, options->line, false);
  command->add_flag("--all-addresses", options->all_addresses, "Also ask the addresses that hardly anybody uses");
  command->add_flag("--json", options->json, "Print JSON (docs/json.md)");
  command->callback([options, &chosen] { chosen = [options] { return command_scan(*options); }; });
}

void add_show(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* command = app.add_subcommand("show", "Every value once; without PORT asks the running daemon");
  add_line_options(*command, options->line, false);
  command->add_flag("--all", options->all,
                    "Also read what is only read on demand (counters, parameters); needs a PORT");
  command->add_flag("--json", options->json, "Print JSON (docs/json.md)");
  command->add_option("--socket", options->socket, "Control socket of the daemon (default /run/bmsd/control)");
  command->callback([options, &chosen] { chosen = [options] { return command_show(*options); }; });
}

void add_watch(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<WatchOptions>();
  CLI::App* command = app.add_subcommand("watch", "Live view of the running daemon's batteries");
  command->add_flag("--once", options->once, "Print the table once");
  command->add_option("--socket", options->socket, "Control socket of the daemon (default /run/bmsd/control)");
  command->callback([options, &chosen] { chosen = [options] { return command_watch(*options); }; });
}

std::string what_can_be_supposed() {
  std::string text = "What can be supposed:\n";
  for (const SupposedKey& key : supposed_keys()) {
    std::string head = "  " + std::string(key.name) + (key.unit.empty() ? "" : " in " + std::string(key.unit));
    head.resize(std::max<std::size_t>(head.size() + 2, 34), ' ');
    text += head + std::string(key.meaning) + "\n";
  }
  return text + "The battery itself is not touched.";
}

void add_explain(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = app.add_subcommand(
      "explain", "Why the limits of a battery are what they are, and what would change them; asks the running daemon");
  command->add_option("BATTERY", options->battery, "Its id, its service on D-Bus, or its serial number (default: all)");
  command->add_option("--what-if", options->what_if,
                      "KEY=VALUE ..., as in cell_max=3.6 soc=95: the limits if it were so");
  command->add_flag("--json", options->json, "Print JSON (docs/json.md)");
  CLI::Option* socket =
      command->add_option("--socket", options->socket, "Control socket of the daemon (default /run/bmsd/control)");
  CLI::Option* config = command->add_option("--config", options->config,
                                            "Without a daemon: what this configuration makes of a typical battery");
  CLI::Option* bus = command->add_option(
      "--bus", options->bus,
      "Without the socket: what the services on this bus show (a D-Bus address, system or session)");
  socket->excludes(config)->excludes(bus);
  config->excludes(bus);
  command->footer(what_can_be_supposed);
  command->callback([options, &chosen] { chosen = [options] { return command_explain(*options); }; });
}

void add_doctor(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand(
      "doctor", "What is wrong with a line, in words, and what to check; without PORT asks the running daemon");
  add_line_options(*command, options->line, false);
  command->add_option("--seconds", options->seconds, "How long a line is talked to that no daemon reads")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 3600.0));
  command->add_flag("--json", options->json, "Print JSON (docs/doctor.md)");
  command->add_option("--socket", options->socket, "Control socket of the daemon (default /run/bmsd/control)");
  command->footer("Exit status: 0 nothing is wrong, 1 something was found.");
  command->callback([options, &chosen] { chosen = [options] { return command_doctor(*options); }; });
}

void add_report(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand(
      "report", "One archive for whoever looks for a fault: configuration without secrets, log, counters, black boxes");
  command->add_option("FILE", options->file, "The archive (default: bmsd-report-TIME.tar.gz here)");
  command->add_option("--socket", options->socket, "Control socket of the daemon (default /run/bmsd/control)");
  command->add_option("--config", options->config, "The configuration, where no daemon says which one is in force");
  command->add_option("--state", options->state, "The state file, where no daemon says which one it is");
  command->add_flag("--raw", options->raw, "Black boxes as they are, with serial numbers and all that the BMSes tell");
  command->footer("Lists what it has put in and what is missing. Works without a running daemon too.");
  command->callback([options, &chosen] { chosen = [options] { return command_report(*options); }; });
}

std::string what_can_be_changed() {
  std::string text = "What can be changed, where ALLOW_WRITES is set in the configuration:\n";
  for (const Protocol* protocol : protocols()) {
    std::string words;
    for (const Writable& writable : protocol->writables) {
      words += (words.empty() ? "" : ", ") + std::string(word_of(writable.what));
    }
    if (!words.empty()) text += "  " + std::string(protocol->name) + ": " + words + "\n";
  }
  return text + "A FET is turned on or off, soc is set to 0 to 100 percent: charge-fet=off, soc=80";
}

void add_set(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<SetOptions>();
  CLI::App* command =
      app.add_subcommand("set", "Changes something in a BMS and reads it back, through the running daemon");
  command->add_option(
      "BATTERY", options->battery,
      "Its id, its service on D-Bus, or its serial number, as bmsd show prints them; not needed if there is "
      "only one");
  command->add_option("WHAT=VALUE", options->change, "What to change, as in charge-fet=off");
  command->add_flag("--yes", options->yes, "Do not ask");
  command->add_option("--socket", options->socket, "Control socket of the daemon (default /run/bmsd/control)");
  command->footer(what_can_be_changed);
  command->callback([options, &chosen] {
    if (options->change.empty()) std::swap(options->battery, options->change);  // one word alone is the change
    if (options->change.empty()) throw CLI::RequiredError("WHAT=VALUE");
    chosen = [options] { return command_set(*options); };
  });
}

void add_simulate(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<SimulateOptions>();
  CLI::App* command = app.add_subcommand(
      "simulate", "Packs on a pseudo-terminal, at the line's real speed; takes commands while it runs");
  command->add_option("PROTOCOL", options->protocol, "What the packs speak (see: bmsd list)")->required();
  command->add_option("--packs", options->packs, "How many packs")->capture_default_str()->check(CLI::Range(1, 256));
  command->add_option("--address", options->addresses, "Their addresses, as in 1,2,0x0a (default 1, 2, ...)");
  command->add_option("--link", options->link, "Symbolic link to the pseudo-terminal");
  command->add_option("--port", options->port, "A real serial port instead of a pseudo-terminal");
  command->add_option("--interface", options->interface, "A CAN interface, as in vcan0 (protocols over CAN)");
  command->add_option("--slcan", options->slcan,
                      "Symbolic link to a pseudo-terminal that is an slcan adapter (protocols over CAN)");
  command->add_option("--baud", options->baud,
                      "Speed of the packs (default: whatever the other end sets; over CAN their usual bitrate)");
  command->add_option("--delay-ms", options->delay_ms, "From a request's end to the reply's first byte")
      ->capture_default_str()
      ->check(CLI::Range(0, 10000));
  command->add_option("--fault", options->faults,
                      "KIND=RATE, as in corrupt=0.1 or late=0.1:0.45; KIND: drop, corrupt, flip, truncate, late, "
                      "garbage, foreign, echo, silence, twin, ringing, inverted");
  command->add_option("--seed", options->seed, "The same seed repeats a run")->capture_default_str();
  command->add_option("--set", options->set, "KEY=VALUE of the packs' state or firmware variant");
  command->add_option("--log", options->log, "Write every state that was sent to this file, as JSON lines");
  command
      ->add_option_function<std::string>(
          "--model", [options](const std::string& model) { options->charged = model == "charge"; },
          "charge: cells, heat and counter of a battery with a charger, a sun and a house; without it the current "
          "stays "
          "as it is set")
      ->check(CLI::IsMember({"charge", "fixed"}));
  command
      ->add_option("--time-factor", options->time_factor, "The battery of --model charge lives so many times as fast")
      ->check(CLI::Range(0.1, 3600.0));
  command
      ->add_option(
          "--charge-from", options->charge_from,
          "Its charger obeys CVL, CCL and DCL of the bmsd behind this control socket (usual: /run/bmsd/control); "
          "without it 3.45 V per cell, 50 A and 60 A")
      ->expected(0, 1);
  command->callback([options, &chosen] { chosen = [options] { return command_simulate(*options); }; });
}

void add_plan(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* command = app.add_subcommand(
      "plan",
      "What would these settings do? A simulated day of a battery, with a sun and a house, in words and as a drawing");
  command->add_option("--config", options->config, "The configuration (default: the one that run reads)");
  command->add_option("--battery", options->battery, "The battery whose section of it holds, by its serial number");
  command->add_option("--svg", options->svg, "Draw it to this file; - is standard output");
  command->add_flag("--json", options->json, "Print JSON (docs/plan.md)");
  command->add_option("--scenario", options->scenario,
                      "Instead of a day: scenarios of this file, one JSON object per line; - is standard input");
  const auto number = [command](const char* name, double& value, const char* text, double lowest, double highest) {
    command->add_option(name, value, text)->capture_default_str()->check(CLI::Range(lowest, highest));
  };
  number("--hours", options->hours, "How long", 0.1, 24.0 * 400);
  number("--start-hour", options->start_hour, "Time of day at the beginning", 0, 24);
  command->add_option("--seed", options->seed, "Of the cells, the clouds and the house; the same seed repeats a day")
      ->capture_default_str();
  command->add_option("--cells", options->cells, "Cells in series")->capture_default_str()->check(CLI::Range(1, 32));
  number("--capacity", options->capacity_ah, "Ah", 1, 5000);
  number("--soc", options->soc_percent, "State of charge at the beginning, percent", 0, 100);
  number("--temperature", options->temperature_c, "Of the room, degrees Celsius", -40, 80);
  number("--spread", options->spread, "How much the cells differ: 0 not at all, 1 as usual, 3 a bad pack", 0, 10);
  number("--pv", options->pv_w, "W that the sun gives at its best", 0, 1e6);
  number("--load", options->load_w, "W that the house takes, over the day", 0, 1e6);
  number("--clouds", options->clouds, "0 none to 1 overcast", 0, 1);
  command->callback([options, &chosen] { chosen = [options] { return command_plan(*options); }; });
}

void add_one_port(CLI::App& command, LineOptions& line, double& seconds) {
  command.add_option("--protocol", line.protocol, "The BMS's protocol (see: bmsd list); without it every one is tried");
  command.add_option("--address", line.addresses, "Bus addresses, as in 1,2,0x0a; without it all that are heard");
  command.add_option("--baud", line.baud, "Bits per second");
  command.add_option("--seconds", seconds, "End after this time (default: Ctrl-C ends it)")
      ->check(CLI::Range(0.0, 1e9));
  line.ports.resize(1);
  command.add_option("PORT", line.ports.front(), "/dev/ttyUSB0, usb:SERIAL, path:SOCKET or tcp://host:port")
      ->required();
}

void add_record(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<RecordOptions>();
  CLI::App* command = app.add_subcommand(
      "record", "Everything that goes over a port into a file; never sends unless --protocol or --address asks for it");
  add_one_port(*command, options->line, options->seconds);
  command->add_option("FILE", options->file, "The capture (docs/capture.md); goes on at the end of one that is there")
      ->required();
  command->add_option("--interval", options->line.interval, "Seconds from round to round when it polls (default 1)");
  command->add_flag("--listen", options->listen, "Never send, also with --protocol or --address");
  command->footer(
      "Without --protocol and --address it only listens, at --baud. With one of them it polls as run does, and both "
      "directions are recorded.\nA running daemon records with RECORD_FILE in its configuration.");
  command->callback([options, &chosen] { chosen = [options] { return command_record(*options); }; });
}

void add_listen(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ListenOptions>();
  CLI::App* command =
      app.add_subcommand("listen", "The packs that another master asks on a line; never sends a single byte");
  add_one_port(*command, options->line, options->seconds);
  command->add_flag("--json", options->json, "Print JSON lines (docs/json.md)");
  command->footer("Without --baud the speeds of the protocols are listened to in turn, 5 s each.");
  command->callback([options, &chosen] { chosen = [options] { return command_listen(*options); }; });
}

void add_replay(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* command =
      app.add_subcommand("replay", "A capture back through the whole program: prints what would have been published");
  command->add_option("FILE", options->files, "Captures (docs/capture.md) or logs of candump, the older ones first")
      ->required();
  command->add_option("--protocol", options->line.protocol, "What the packs speak, instead of what the capture says");
  command->add_option("--address", options->line.addresses, "Bus addresses, as in 1,2,0x0a; the others are left out");
  command->add_option("--config", options->config, "Configuration of the batteries (default: none, the defaults hold)");
  command->add_option("--speed", options->speed, "real, or fast: as fast as it goes, in the time of the capture")
      ->capture_default_str()
      ->check(CLI::IsMember({"real", "fast"}));
  command->add_option("--bus", options->bus,
                      "Also publish on this D-Bus (an address, system or session), at real speed");
  command->add_option(
      "--expect", options->expect,
      "Compare with this file, which an earlier replay has printed: 1 and the first differences if there "
      "are any");
  command->add_option("--anonymise", options->anonymise,
                      "Only write the capture to this file, with serial numbers, names and passwords blanked");
  command->callback([options, &chosen] { chosen = [options] { return command_replay(*options); }; });
}

void add_decode(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<DecodeOptions>();
  CLI::App* command = app.add_subcommand("decode", "A frame in, its fields out");
  command->add_option("--protocol", options->protocol, "The frame's protocol; without it every one is tried");
  command->add_option("--request", options->request, "The request that the frame answers");
  command->add_option("--param", options->params, "KEY=VALUE that the decoder has to know");
  command->add_flag("--json", options->json,
                    "Print JSON; with FRAME - reads JSON lines from standard input (docs/json.md)");
  command->add_option("FRAME", options->frames, "A reply as text (~22014A...) or hexadecimal; - reads standard input")
      ->required();
  command->callback([options, &chosen] { chosen = [options] { return command_decode(*options); }; });
}

void add_list(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* command = app.add_subcommand("list", "Supported BMSes and what each can do");
  command->add_flag("--json", options->json, "Print JSON (docs/json.md)");
  command->add_flag("--markdown", options->markdown, "Print the table of the README");
  command->callback([options, &chosen] { chosen = [options] { return command_list(*options); }; });
}

void add_check(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = app.add_subcommand("check", "What is wrong with a configuration, and what it makes");
  command->add_option("FILE,--config", options->file,
                      "The configuration (default: the one that run reads); - reads standard input");
  command->add_flag("--effective", options->effective, "Print all values that hold, as a file");
  command->add_flag("--strict", options->strict, "Fail with warnings too");
  command->add_flag("--defaults", options->defaults, "Print a file with every key, explained, and its default");
  command->add_option("--get", options->get, "Print the value of this key, for scripts");
  command->add_option("--section", options->section, "The section that --get is about, as in \"line ttyUSB0\"");
  command->add_flag("--json", options->json, "Print JSON (docs/configuration.md)");
  command->add_flag("--markdown", options->markdown, "Print the tables of docs/configuration.md");
  command->callback([options, &chosen] { chosen = [options] { return command_check(*options); }; });
}

void add_pin(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<PinOptions>();
  CLI::App* command = app.add_subcommand("pin", "Keeps a serial adapter for bmsd, so that no other program opens it");
  command->add_option("PORT", options->port, "/dev/ttyUSB0, usb:SERIAL or path:SOCKET");
  CLI::Option* list = command->add_flag("--list", options->list, "Show what is pinned and where it is");
  CLI::Option* remove = command->add_flag("--remove", options->remove, "Let others have it again");
  command
      ->add_flag("--serial-starter", options->serial_starter,
                 "Venus OS: serial-starter is to start bmsd for it; without it the daemon owns the port (PORTS)")
      ->excludes(remove);
  list->excludes(remove);
  command->footer(
      "A rule of udev in /etc/udev/rules.d/zz-bmsd.rules, which knows the adapter by its serial number or else by the "
      "socket that it is in. On Venus OS serial-starter then leaves it alone, also after a firmware update; elsewhere "
      "ModemManager does.");
  command->callback([options, &chosen] { chosen = [options] { return command_pin(*options); }; });
}

void add_demo(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* command =
      app.add_subcommand("demo", "No hardware: 4 simulated packs, the real lines, a private D-Bus, the live table");
  command->add_flag("--once", options->once, "End after the first complete round");
  command->callback([options, &chosen] { chosen = [options] { return command_demo(*options); }; });
}

bool knows_command(const CLI::App& app, std::string_view name) {
  return !app.get_subcommands([name](const CLI::App* command) { return command->get_name() == name; }).empty();
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("bmsd reads battery management systems and gives each battery to the systems that live from it.",
               "bmsd");
  app.set_version_flag("--version", std::string("bmsd ") + kVersion);
  app.require_subcommand(1);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("bmsd: ") + error.what() + "; see: bmsd --help\n";
  });

  Chosen chosen;
  add_demo(app, chosen);
  add_run(app, chosen);
  add_scan(app, chosen);
  add_show(app, chosen);
  add_watch(app, chosen);
  add_explain(app, chosen);
  add_doctor(app, chosen);
  add_report(app, chosen);
  add_set(app, chosen);
  add_restart(app, chosen);
  add_plan(app, chosen);
  add_simulate(app, chosen);
  add_listen(app, chosen);
  add_record(app, chosen);
  add_replay(app, chosen);
  add_decode(app, chosen);
  add_list(app, chosen);
  add_check(app, chosen);
  add_pin(app, chosen);
  if (argc > 1 && argv[1][0] != '-' && !knows_command(app, argv[1])) {
    std::fprintf(stderr, "bmsd: \"%s\" is no command; see: bmsd --help\n", argv[1]);
    return kWrongUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kWrongUsage;
  }
  return chosen();
}

}  // namespace bmsd
