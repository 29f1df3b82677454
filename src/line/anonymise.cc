#include "line/anonymise.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>
#include <utility>

#include "protocol/names.h"

namespace bmsd {
namespace {

constexpr std::int64_t kSilence = 250'000;         // us: longer than any pause inside of a frame
constexpr std::int64_t kReplyMayCome = 5'000'000;  // us: damaged bytes within this may be of a reply with names
constexpr std::size_t kLeastName = 5;              // characters: what is shorter stands anywhere by chance

Error refused(std::string why) { return {Errc::config, "anonymise", 0, std::move(why)}; }

// All bytes of one port, with where and when they came.
struct Stream {
  ByteVector bytes;
  std::vector<std::pair<std::size_t, std::size_t>> from;  // record, position in it
  std::vector<std::int64_t> at;
  std::vector<std::uint8_t> state;  // of each byte, a State
};
enum State : std::uint8_t { junk, unknown, known };  // unknown: an intact frame, but nobody knows what it tells

Stream stream_of(const std::vector<CaptureRecord>& records, const std::string& port) {
  Stream stream;
  for (std::size_t r = 0; r < records.size(); ++r) {
    const CaptureRecord& record = records[r];
    if (record.port != port || (record.kind != CaptureRecord::received && record.kind != CaptureRecord::sent)) continue;
    for (std::size_t i = 0; i < record.bytes.size(); ++i) {
      stream.bytes.push_back(record.bytes[i]);
      stream.from.emplace_back(r, i);
      stream.at.push_back(record.at);
    }
  }
  stream.state.assign(stream.bytes.size(), junk);
  return stream;
}

// One protocol's frames in a stream.
class Blanker {
 public:
  Blanker(const Protocol& protocol, const Names& names, Stream& stream)
      : protocol_(protocol), names_(names), stream_(stream), result_(stream.bytes) {}

  void run() {
    const std::size_t size = stream_.bytes.size();
    for (std::size_t begin = 0; begin < size;) {
      std::size_t end = begin + 1;
      while (end < size && stream_.at[end] - stream_.at[end - 1] <= kSilence) ++end;
      for (std::size_t at = begin; at < end;) {
        const Scan scan = protocol_.framer(Bytes(stream_.bytes).subspan(at, end - at), true);
        if (scan.kind == Scan::more || scan.size == 0) break;
        if (scan.kind == Scan::frame) frame(at, scan.size);
        at += scan.size;
      }
      begin = end;
    }
  }

  const ByteVector& result() const { return result_; }
  const std::vector<std::string>& names() const { return found_; }
  // When replies with names were asked for.
  const std::vector<std::int64_t>& asked_at() const { return asked_at_; }
  std::size_t frames() const { return frames_; }
  std::size_t requests() const { return requests_; }

 private:
  void frame(std::size_t at, std::size_t size) {
    ByteVector bytes(stream_.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                     stream_.bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
    const Tag tag = protocol_.tag(Frame{bytes});
    mark(at, size, unknown);
    if (tag.role == Role::foreign || (tag.role == Role::request && tag.exchange < 0)) return;
    ++frames_;
    if (tag.role == Role::request) {
      request_ = bytes;
      asked_ = tag;
      ++requests_;
      if (may_hold_names(names_, name_of(tag.exchange))) asked_at_.push_back(stream_.at[at]);
      return mark(at, size, known);
    }
    const bool fits = asked_ && (tag.address < 0 || asked_->address < 0 || tag.address == asked_->address);
    const int exchange = tag.exchange >= 0 ? tag.exchange : fits ? asked_->exchange : -1;
    if (exchange < 0) return;  // nobody knows what it tells
    if (!may_hold_names(names_, name_of(exchange))) return mark(at, size, known);
    const int address = tag.address >= 0 ? tag.address : fits ? asked_->address : -1;
    const Blanked done = names_.blank(bytes, name_of(exchange), fits ? Bytes(request_) : Bytes(), address);
    if (!done.understood || bytes.size() != size) return;
    found_.insert(found_.end(), done.names.begin(), done.names.end());
    std::copy(bytes.begin(), bytes.end(), result_.begin() + static_cast<std::ptrdiff_t>(at));
    mark(at, size, known);
  }
  std::string_view name_of(int exchange) const { return protocol_.exchanges[static_cast<std::size_t>(exchange)].name; }
  // What another protocol of the line understands stays understood.
  void mark(std::size_t at, std::size_t size, State state) {
    for (std::size_t i = at; i < at + size; ++i) stream_.state[i] = std::max<std::uint8_t>(stream_.state[i], state);
  }

  const Protocol& protocol_;
  const Names& names_;
  Stream& stream_;
  ByteVector result_;
  ByteVector request_;
  std::optional<Tag> asked_;
  std::vector<std::string> found_;
  std::vector<std::int64_t> asked_at_;
  std::size_t frames_ = 0, requests_ = 0;
};

// Damaged bytes may be of a reply with names: soon after one was asked for, at the beginning, and always where requests are not
// heard. All else of them is what a capture of a fault is made for, and stays.
std::size_t remove_what_may_name(const Stream& stream, std::vector<std::int64_t> asked_at, bool hears_requests,
                                 ByteVector& result) {
  std::sort(asked_at.begin(), asked_at.end());
  std::size_t removed = 0, next = 0;
  std::int64_t doubtful_until = stream.at.front() + kReplyMayCome;
  for (std::size_t i = 0; i < result.size(); ++i) {
    while (next < asked_at.size() && asked_at[next] <= stream.at[i])
      doubtful_until = std::max(doubtful_until, asked_at[next++] + kReplyMayCome);
    if (stream.state[i] == known) continue;
    if (stream.state[i] == junk && hears_requests && stream.at[i] > doubtful_until) continue;
    result[i] = 0;
    ++removed;
  }
  return removed;
}

// Where `name` stands in `bytes`, as it is or in hexadecimal digits.
bool holds(Bytes bytes, std::string_view name) {
  const std::string digits = to_hex(as_bytes(name));
  std::string lower = digits;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string_view text = as_text(bytes);
  return text.find(name) != std::string_view::npos || text.find(digits) != std::string_view::npos ||
         text.find(lower) != std::string_view::npos;
}

bool tells_somebody(const std::string& port) { return port.find(':') != std::string::npos; }

}  // namespace

Result<Anonymised> anonymise(const std::vector<CaptureRecord>& records,
                             const std::map<std::string, std::vector<const Protocol*>>& protocols) {
  Anonymised done{records, 0, 0};
  std::set<std::string> ports, names;
  for (const CaptureRecord& record : records) {
    ports.insert(record.port);
    if (record.can)
      return refused(record.port +
                     ": where names stand in CAN frames is not known, so this capture cannot be anonymised");
  }
  std::map<std::string, std::string> aliases;
  for (const std::string& port : ports) {
    if (tells_somebody(port)) aliases[port] = "port" + std::to_string(aliases.size() + 1);
    Stream stream = stream_of(records, port);
    if (stream.bytes.empty()) continue;
    const auto spoken = protocols.find(port);
    ByteVector result = stream.bytes;
    std::vector<std::int64_t> asked_at;
    std::size_t frames = 0, requests = 0;
    for (const Protocol* protocol : spoken == protocols.end() ? std::vector<const Protocol*>() : spoken->second) {
      const Names* where = names_of(*protocol);
      if (where == nullptr)
        return refused(port + ": where names stand in " + std::string(protocol->label) +
                       " is not known, so this capture cannot be anonymised");
      Blanker blanker(*protocol, *where, stream);
      blanker.run();
      frames += blanker.frames();
      requests += blanker.requests();
      names.insert(blanker.names().begin(), blanker.names().end());
      done.names += blanker.names().size();
      asked_at.insert(asked_at.end(), blanker.asked_at().begin(), blanker.asked_at().end());
      for (std::size_t i = 0; i < result.size(); ++i) {
        if (blanker.result()[i] != stream.bytes[i]) result[i] = blanker.result()[i];
      }
    }
    if (frames == 0)
      return refused(port +
                     ": nobody knows what is spoken there, so its names cannot be found; name the BMS with "
                     "--protocol");
    done.bytes_removed += remove_what_may_name(stream, std::move(asked_at), requests > 0, result);
    for (std::size_t i = 0; i < result.size(); ++i)
      done.records[stream.from[i].first].bytes[stream.from[i].second] = result[i];
  }
  for (const std::string& port : ports) {
    const ByteVector bytes = stream_of(done.records, port).bytes;
    for (const std::string& name : names) {
      if (name.size() < kLeastName || name.find_first_not_of('X') == std::string::npos || !holds(bytes, name)) continue;
      return refused(port + ": a serial number or name also stands where no protocol has one");
    }
  }
  for (CaptureRecord& record : done.records) {
    if (const auto alias = aliases.find(record.port); alias != aliases.end()) record.port = alias->second;
    if (record.kind == CaptureRecord::closed) record.text.clear();
  }
  return done;
}

}  // namespace bmsd
