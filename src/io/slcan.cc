#include "io/slcan.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "wire/can_text.h"

namespace bmsd {
namespace {

constexpr std::array<int, 9> kBitrates = {10'000,  20'000,  50'000,  100'000,  125'000,
                                          250'000, 500'000, 800'000, 1'000'000};
constexpr std::size_t kStandardDigits = 3, kExtendedDigits = 8, kStampDigits = 4;
constexpr int kTtySpeed = 115'200;  // adapters at a real UART; USB has none

constexpr std::string_view kYes = "\r", kNo = "\a";

}  // namespace

std::string slcan_line(Bytes record) {
  std::string text = can_text(record);  // "123#112233"
  const std::size_t hash = text.find('#');
  text[hash] = static_cast<char>('0' + record[4]);
  return (hash == kExtendedDigits ? "T" : "t") + text;
}

ByteVector slcan_record(std::string_view line) {
  if (line.empty() || (line[0] != 't' && line[0] != 'T')) return {};
  const std::size_t digits = line[0] == 'T' ? kExtendedDigits : kStandardDigits;
  if (line.size() < digits + 2) return {};
  const char length = line[digits + 1];
  if (length < '0' || length > '8') return {};
  const std::size_t data = 2 * static_cast<std::size_t>(length - '0');
  const std::string_view rest = line.substr(digits + 2);
  if (rest.size() != data && rest.size() != data + kStampDigits) return {};
  return can_record_of(std::string(line.substr(1, digits)) + "#" + std::string(rest.substr(0, data)))
      .value_or(ByteVector());
}

Result<int> slcan_code(int bitrate) {
  const auto* const found = std::find(kBitrates.begin(), kBitrates.end(), bitrate);
  if (found != kBitrates.end()) return static_cast<int>(found - kBitrates.begin());
  return Error{Errc::config, "speed", 0,
               std::to_string(bitrate) +
                   " bit/s: slcan adapters have 10000, 20000, 50000, 100000, 125000, 250000, 500000, "
                   "800000 and 1000000"};
}

int slcan_bitrate(int code) {
  return code >= 0 && code < static_cast<int>(kBitrates.size()) ? kBitrates[static_cast<std::size_t>(code)] : 0;
}

// --- The adapter as a port ---

void SlcanPort::open(Handlers handlers) {
  handlers_ = std::move(handlers);
  lines_.forget();
  if (Status speed = tty_->set_speed(kTtySpeed); !speed) return handlers_.opened(std::move(speed));
  tty_->open({.opened =
                  [this](Status status) {
                    if (status) begin();
                    handlers_.opened(std::move(status));
                  },
              .bytes =
                  [this](Bytes bytes) {
                    ByteVector records;
                    lines_.take(bytes, [&records](std::string_view line) {
                      const ByteVector record = slcan_record(line);
                      records.insert(records.end(), record.begin(), record.end());
                    });
                    if (!records.empty()) handlers_.bytes(records);
                  },
              .closed = [this](const Error& error) { handlers_.closed(error); }});
}

// Whatever the adapter was in the middle of ends with the first CR. M0 takes CANable's silent mode back.
void SlcanPort::begin() {
  const Result<int> code = slcan_code(bitrate_);
  const std::string commands = "\r\rC\rS" + std::to_string(code ? *code : 5) + "\rM0\rO\r";
  tty_->write(as_bytes(commands));
}

void SlcanPort::write(Bytes records) {
  std::string text;
  while (!records.empty()) {
    const std::size_t size = can_framer(records, true).size;
    text += slcan_line(records.first(size)) + "\r";
    records = records.subspan(size);
  }
  tty_->write(as_bytes(text));
}

Status SlcanPort::set_speed(int bitrate) {
  if (const Result<int> code = slcan_code(bitrate); !code) return code.error();
  bitrate_ = bitrate;
  lines_.forget();
  begin();  // a port that is not open writes nothing
  return Done{};
}

// --- The adapter that is played ---

void SlcanDevice::open(Handlers handlers) {
  handlers_ = std::move(handlers);
  channel_open_ = false;
  bitrate_ = 0;
  lines_.forget();
  tty_->open({.opened = [this](Status status) { handlers_.opened(std::move(status)); },
              .bytes =
                  [this](Bytes bytes) {
                    ByteVector records;
                    lines_.take(bytes, [&](std::string_view line) { command(line, records); });
                    if (!records.empty()) handlers_.bytes(records);
                  },
              .closed = [this](const Error& error) { handlers_.closed(error); }});
}

void SlcanDevice::command(std::string_view line, ByteVector& records) {
  switch (line[0]) {
    case 'S': {
      const int bitrate = line.size() == 2 && !channel_open_ ? slcan_bitrate(line[1] - '0') : 0;
      if (bitrate == 0) return answer(kNo);
      bitrate_ = bitrate;
      return answer(kYes);
    }
    case 'O':
    case 'L':
      if (channel_open_ || bitrate_ == 0) return answer(kNo);
      channel_open_ = true;
      return answer(kYes);
    case 'C':
      if (!channel_open_) return answer(kNo);
      channel_open_ = false;
      return answer(kYes);
    case 't':
    case 'T': {
      const ByteVector record = slcan_record(line);
      if (record.empty() || !channel_open_) return answer(kNo);
      if (hears()) records.insert(records.end(), record.begin(), record.end());
      return answer(line[0] == 't' ? "z\r" : "Z\r");
    }
    case 'V':
      return answer("V1013\r");
    default:
      return answer(kNo);
  }
}

void SlcanDevice::write(Bytes records) {
  if (!hears()) return;
  std::string text;
  while (!records.empty()) {
    const std::size_t size = can_framer(records, true).size;
    text += slcan_line(records.first(size)) + "\r";
    records = records.subspan(size);
  }
  answer(text);
}

}  // namespace bmsd
