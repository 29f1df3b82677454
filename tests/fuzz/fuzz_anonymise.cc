// A capture that is made fit for strangers. The first byte picks the protocol that is spoken at port p; the rest are lines of
// the capture, or, for a first byte with bit 7, the hexadecimal bytes of one line of it each, a tenth of a second apart.
// Whatever it holds: nothing is added or lost, the same capture gives the same, and no address of an adapter or a network stays.
#include <string>
#include <vector>

#include "fuzz_input.h"
#include "line/anonymise.h"
#include "protocol/registry.h"

namespace {

using namespace bmsd;

std::vector<CaptureRecord> records_of(FuzzInput& input, bool only_bytes) {
  std::vector<CaptureRecord> records;
  std::int64_t at = 1'700'000'000'000'000;
  while (!input.empty()) {
    const std::string_view line = input.line();
    if (only_bytes) {
      at += 100'000;
      auto bytes = from_hex(line);
      if (!bytes || bytes->empty()) continue;
      CaptureRecord record;
      record.at = at;
      record.port = "p";
      record.bytes = std::move(*bytes);
      records.push_back(std::move(record));
    } else if (const auto record = parse_capture_line(line); record && *record) {
      records.push_back(**record);
    }
  }
  return records;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::uint8_t head = input.byte();
  const Protocol* protocol = protocols()[(head & 0x7F) % protocols().size()];
  const auto records = records_of(input, (head & 0x80) != 0);
  const std::map<std::string, std::vector<const Protocol*>> spoken = {{"p", {protocol}}};
  const auto done = anonymise(records, spoken);
  if (!done) {
    demand(!done.error().detail.empty());
    return 0;
  }
  demand(done->records.size() == records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    const CaptureRecord &before = records[i], &after = done->records[i];
    demand(before.at == after.at && before.kind == after.kind && before.bytes.size() == after.bytes.size());
    demand(after.port.find(':') == std::string::npos);
  }
  const auto again = anonymise(records, spoken);
  demand(again.ok() && again->records == done->records && again->names == done->names);
  return 0;
}
