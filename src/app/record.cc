// bmsd record: what goes over a port, into a file.
#include <fmt/format.h>

#include <cstdio>
#include <limits>

#include "app/commands.h"
#include "app/foreground.h"

namespace bmsd {
int command_record(const RecordOptions& options) {
  const bool passive = options.listen || (options.line.protocol.empty() && options.line.addresses.empty());
  if (options.line.protocol.empty() && options.line.baud == 0)
    return wrong_usage("record", "at which speed? Name it (--baud 9600) or the BMS (--protocol)");
  auto plans = plan_ports(options.line);
  if (!plans) return wrong_usage("record", describe(plans.error()));
  PortPlan plan = plans->front();
  plan.line.listen = passive;
  plan.addresses_configured = plan.addresses_configured || passive;
  plan.record_file = options.file;
  plan.record_limits.bytes = std::numeric_limits<std::uint64_t>::max();

  Foreground lines(log_to_stderr(Level::info), options.seconds);
  // Whoever records for a bug report wants to know at once that there will be no file.
  if (const auto file = RotatingFile::open(options.file, kCaptureHead, plan.record_limits); !file)
    return complain("record", describe(file.error()));
  std::fprintf(stderr, "%s %s into %s; Ctrl-C ends it\n", passive ? "listening to" : "polling", plan.port.c_str(),
               options.file.c_str());
  if (const Status ran = lines.run(plan); !ran) return complain("record", describe(ran.error()));
  if (lines.daemon().line(0).counts().bytes_received == 0) return complain("record", "silence: not a single byte came");
  return kDone;
}

}  // namespace bmsd
