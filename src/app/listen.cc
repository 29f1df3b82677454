// bmsd listen: what another master and its packs tell each other. Nothing is ever sent.
#include <cstdio>
#include <optional>

#include "app/commands.h"
#include "app/foreground.h"
#include "app/status.h"
#include "app/terminal_screen.h"
#include "io/clock.h"
#include "sink/json_lines.h"
#include "sink/table.h"

namespace bmsd {
int command_listen(const ListenOptions& options) {
  auto plans = plan_ports(options.line);
  if (!plans) return wrong_usage("listen", describe(plans.error()));
  PortPlan plan = plans->front();
  plan.line.listen = true;
  plan.addresses_configured = true;  // packs are told apart by their addresses

  Foreground lines(log_to_stderr(Level::info), options.seconds);
  JsonLines json(now_monotonic(), [](const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  });
  std::optional<TerminalScreen> screen;
  std::string picture;
  std::vector<std::string> findings;
  if (options.json) {
    lines.daemon().hub().add_sink(json);
  } else {
    screen.emplace(stdout);
  }
  lines.daemon().on_change([&](Instant) {
    const ListeningLine* line = lines.daemon().line(0).listening();
    if (line != nullptr) findings = line->findings();
    if (!screen) return;
    const auto batteries = answer(lines.daemon(), {{"ask", "show"}})["batteries"];
    picture = batteries.empty() ? std::string() : battery_table(batteries, {screen->width(), screen->color()});
    if (screen->is_terminal()) screen->draw(picture.empty() ? "listening ...\n" : picture);
  });
  const Status ran = lines.run(plan);
  if (!ran) return complain("listen", describe(ran.error()));
  const bool heard = lines.daemon().line(0).pack_count() > 0;
  if (screen && !screen->is_terminal()) std::printf("%s", picture.c_str());
  for (const std::string& finding : findings) std::fprintf(options.json ? stderr : stdout, "%s\n", finding.c_str());
  return heard ? kDone : kFailed;
}

}  // namespace bmsd
