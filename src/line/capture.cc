#include "line/capture.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "wire/can_frame.h"
#include "wire/can_text.h"

namespace bmsd {
namespace {

constexpr std::string_view kVersion = "# bmsd capture ";
constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kLatest = 253'402'300'800;       // the year 10000: more is no time
constexpr int kFastest = 100'000'000;                   // bits per second
constexpr std::uint32_t kLargestExtended = 0x1FFFFFFF;  // more: bits of an error frame

struct Word {
  CaptureRecord::Kind kind;
  std::string_view word;
};
constexpr std::array<Word, 7> kWords = {{{CaptureRecord::opened, "open"},
                                         {CaptureRecord::speed, "speed"},
                                         {CaptureRecord::closed, "close"},
                                         {CaptureRecord::received, "<"},
                                         {CaptureRecord::sent, ">"},
                                         {CaptureRecord::packs, "packs"},
                                         {CaptureRecord::found, "found"}}};

Error damaged(std::string why) { return {Errc::config, "capture", 0, std::move(why)}; }

// --- Writing ---

std::string time_text(std::int64_t at) {
  const std::int64_t time = std::max<std::int64_t>(at, 0);
  std::string fraction = std::to_string(time % kSecond);
  fraction.insert(0, 6 - fraction.size(), '0');
  return std::to_string(time / kSecond) + "." + fraction;
}

// A name is one word: what would end it is written as in an address of the web.
std::string port_text(std::string_view port) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : port) {
    const auto code = static_cast<unsigned char>(c);
    if (code > ' ' && code != '%' && code < 0x7F) {
      text += c;
    } else {
      text += {'%', kDigits[code >> 4], kDigits[code & 15]};
    }
  }
  return text.empty() ? "%" : text;
}

std::string can_line(const CaptureRecord& record, Bytes frame) {
  return "(" + time_text(record.at) + ") " + port_text(record.port) + " " + can_text(frame) +
         (record.kind == CaptureRecord::sent ? " T\n" : " R\n");
}

std::string can_lines(const CaptureRecord& record) {
  std::string lines;
  for (Bytes rest = record.bytes; !rest.empty();) {
    const Scan scan = can_framer(rest, true);
    if (scan.kind == Scan::frame) lines += can_line(record, rest.first(scan.size));
    rest = rest.subspan(scan.size);
  }
  return lines;
}

// --- Reading ---

std::string_view next_word(std::string_view& rest) {
  const std::size_t begin = std::min(rest.find_first_not_of(" \t"), rest.size());
  const std::size_t end = std::min(rest.find_first_of(" \t", begin), rest.size());
  const std::string_view word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

template <typename T>
std::optional<T> number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Seconds with a fraction of one to nine digits.
std::optional<std::int64_t> time_of(std::string_view text) {
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos || text.size() - point < 2 || text.size() - point > 10) return std::nullopt;
  const auto whole = number<std::int64_t>(text.substr(0, point));
  std::string fraction(text.substr(point + 1));
  fraction.resize(6, '0');
  const auto part = number<std::int64_t>(fraction);
  if (!whole || !part || *whole < 0 || *whole >= kLatest || *part < 0) return std::nullopt;
  return *whole * kSecond + *part;
}

std::optional<std::string> port_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text == "%") return std::string();
  std::string port;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      port += text[i];
      continue;
    }
    const auto code = from_hex(text.substr(i + 1, 2));
    if (!code || code->size() != 1) return std::nullopt;
    port += static_cast<char>(code->front());
    i += 2;
  }
  return port;
}

Result<std::optional<CaptureRecord>> parse_stream(std::string_view line) {
  std::string_view rest = line.substr(1);
  const auto at = time_of(next_word(rest));
  if (!at) return damaged("no time behind @; it is seconds with six decimals, as in @1764419719.123456");
  CaptureRecord record;
  record.at = *at;
  auto port = port_of(next_word(rest));
  if (!port) return damaged("no port behind the time");
  record.port = std::move(*port);
  const std::string_view word = next_word(rest);
  const auto* known = std::find_if(kWords.begin(), kWords.end(), [word](const Word& one) { return one.word == word; });
  if (known == kWords.end())
    return damaged("\"" + std::string(word) + "\" is none of open, speed, close, packs, found, < and >");
  record.kind = known->kind;
  rest = trimmed(rest);
  switch (record.kind) {
    case CaptureRecord::opened:
    case CaptureRecord::speed: {
      const auto baud = number<int>(rest);
      if (!baud || *baud < 0 || *baud > kFastest) return damaged("no speed in bits per second, as in 9600");
      record.baud = *baud;
      break;
    }
    case CaptureRecord::received:
    case CaptureRecord::sent: {
      auto bytes = from_hex(rest);
      if (!bytes || bytes->empty()) return damaged("the bytes are not pairs of hexadecimal digits");
      record.bytes = std::move(*bytes);
      break;
    }
    default:
      record.text = rest;
      break;
  }
  return std::optional(std::move(record));
}

// (TIME) PORT ID#DATA, and R or T where the direction is known.
Result<std::optional<CaptureRecord>> parse_candump(std::string_view line) {
  const Error no_log = damaged("no line of a candump log, as in (1436509052.249713) can0 18F128F4#1122 R");
  std::string_view rest = line;
  const std::string_view time = next_word(rest);
  if (time.size() < 3 || time.back() != ')') return no_log;
  const auto at = time_of(time.substr(1, time.size() - 2));
  auto port = port_of(next_word(rest));
  const std::string_view frame = next_word(rest);
  const std::string_view direction = next_word(rest);
  const std::size_t mark = frame.find('#');
  if (!at || !port || mark == std::string_view::npos || !trimmed(rest).empty()) return no_log;
  if (!direction.empty() && direction != "R" && direction != "T") return no_log;
  const std::string_view data = frame.substr(mark + 1);
  const bool other = data.starts_with('#') || data.starts_with('R');  // FD, remote
  const bool fault = mark == 8 && number<std::uint32_t>(frame.substr(0, mark), 16).value_or(0) > kLargestExtended;
  if (other || fault) return std::optional<CaptureRecord>();
  auto bytes = can_record_of(frame);
  if (!bytes) return no_log;
  CaptureRecord record;
  record.at = *at;
  record.port = std::move(*port);
  record.kind = direction == "T" ? CaptureRecord::sent : CaptureRecord::received;
  record.can = true;
  record.bytes = std::move(*bytes);
  return std::optional(std::move(record));
}

}  // namespace

std::string capture_line(const CaptureRecord& record) {
  if (record.can && (record.kind == CaptureRecord::received || record.kind == CaptureRecord::sent))
    return can_lines(record);
  const auto* word =
      std::find_if(kWords.begin(), kWords.end(), [&record](const Word& one) { return one.kind == record.kind; });
  std::string line = "@" + time_text(record.at) + " " + port_text(record.port) + " " + std::string(word->word);
  switch (record.kind) {
    case CaptureRecord::opened:
    case CaptureRecord::speed:
      line += " " + std::to_string(record.baud);
      break;
    case CaptureRecord::received:
    case CaptureRecord::sent:
      line += " " + to_hex(record.bytes);
      break;
    default:
      if (!record.text.empty()) line += " " + record.text;
      break;
  }
  return line + "\n";
}

Result<std::optional<CaptureRecord>> parse_capture_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with(kVersion) && line.substr(kVersion.size()) != "1")
    return damaged("a capture of another version than 1; read it with the bmsd that wrote it, or a newer one");
  if (trimmed(line).empty() || line.front() == '#') return std::optional<CaptureRecord>();
  if (line.front() == '@') return parse_stream(line);
  if (line.front() == '(') return parse_candump(line);
  return damaged("a line of a capture begins with @, ( or #");
}

Result<CaptureReport> read_capture(std::string_view text, std::string_view name,
                                   const std::function<void(CaptureRecord record, std::size_t line)>& each) {
  CaptureReport report;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      report.torn = true;
      break;
    }
    ++number;
    auto record = parse_capture_line(text.substr(0, end));
    if (!record)
      return damaged(std::string(name) + ":" + std::to_string(number) + ": " + record.error().detail +
                     "; the file is damaged there, or no capture: correct the line or take it out");
    if (*record) {
      ++report.records;
      each(std::move(**record), number);
    }
    text.remove_prefix(end + 1);
  }
  return report;
}

}  // namespace bmsd
