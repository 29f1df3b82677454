// A protocol: one BMS family's wire language as data, and the session that remembers the talk with one pack. Pure: no
// clock, no I/O, no logging.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "battery/change.h"
#include "battery/reading.h"
#include "wire/can_frame.h"
#include "wire/frame.h"

namespace bmsd {

// What a frame tells of itself; -1 where it does not say.
enum class Role : std::uint8_t {
  request,  // a master asks
  part,     // of a reply that has more frames
  reply,
  foreign,  // intact, but not of this protocol
};
struct Tag {
  Role role = Role::foreign;
  int address = -1;
  int exchange = -1;  // index into Protocol::exchanges
};

enum class Cadence : std::uint8_t {
  fast,    // every round
  slow,    // once a minute, stretched when the line is full
  once,    // after connection and again after a reconnect
  demand,  // only when somebody asks
  write,   // only as part of a change that somebody asked for: never polled
  pushed,  // the BMS sends it by itself and is never asked for it (CAN)
};

// Exchanges that are asked for without anybody wanting it.
constexpr bool is_polled(Cadence cadence) {
  return cadence == Cadence::fast || cadence == Cadence::slow || cadence == Cadence::once;
}

// What a user may change in this BMS, and the exchange that says afterwards whether it has.
struct Writable {
  Changeable what;
  std::uint8_t read_back;
};

// One request and the reply that it calls for; or, pushed, what the BMS sends by itself: one or more kinds of frames that
// make one reading. A protocol with pushed exchanges has no fast ones.
struct Exchange {
  std::string_view name;  // "42", "B0/4"
  std::string_view help;  // one line for people
  Cadence cadence = Cadence::fast;
  Duration first_byte{};  // after the request has left: no reply within this is a time-out. Pushed: how long the first
                          // complete values of a pack wait for an exchange that is optional
  Duration gap{};         // silence inside a reply that ends it
  Duration whole{};       // from the request to the last byte, at most. Pushed: it may stay away for as long as this
  bool optional = false;  // a pack may not know it; its failure is no failure of the round
};

struct Request {
  std::uint8_t exchange = 0;
  ByteVector bytes;  // over CAN one or more records
};

// A reply as it came. `asked`: the request, our own or overheard; null: the BMS sends by itself, and `frames` is the one
// that has just come (what came before the session remembers).
struct Heard {
  const Request* asked = nullptr;
  std::span<const Frame> frames;
  bool over = false;  // nothing more will come
  Instant at{};       // when the last of the frames came; the epoch where nobody knows (a vector)
};

// A key and value that a protocol declares (docs of the protocol; the vectors' `params`), as text.
struct Param {
  std::string_view key, value;
};

// Memory of one pack's talk: cell count, current polarity, the group byte that worked. A value machine.
class Session {
 public:
  virtual ~Session() = default;

  // The request of an exchange; empty: not needed, or not yet possible.
  virtual std::optional<Request> request(std::uint8_t exchange) = 0;

  // A reply's content. Error incomplete: more frames belong to it. The reading holds extras when `extras` was asked for
  // at open.
  virtual Result<Reading> decode(const Heard& heard) = 0;

  // A pushed exchange has stayed away for its `whole`: what the session remembers of it is old, and what its silence
  // says (no alarm, where alarms are sent only while they are active). Nothing: it says nothing.
  virtual std::optional<Reading> stayed_away(std::uint8_t /*exchange*/) { return std::nullopt; }

  // The request that makes this change, of an exchange with Cadence::write. Error config: this BMS cannot, or what has
  // to be known for it is not known yet.
  virtual Result<Request> change(const Change& change);

  // An exchange failed once; the next request() of it may differ.
  virtual void failed(std::uint8_t /*exchange*/, const Error& /*error*/) {}
};

enum class Medium : std::uint8_t { stream, can, messages };
enum class Check : std::uint8_t { sum8, sum16, crc16, medium };  // what guards a frame

// A protocol's own word for a field's key; only `bmsd decode` prints it.
struct Word {
  std::string_view key, sheets_word;
};

struct OpenOptions {
  int address = -1;
  std::span<const Param> params = {};
  bool extras = false;  // collect Reading::extras
};

class Responder;  // responder.h
struct PackOptions;

struct Protocol {
  std::string_view name;                        // "daren-485"
  std::string_view label;                       // "Daren 485"
  std::span<const std::string_view> bms_types;  // values of BMS_TYPE in config.ini
  std::string_view brands;                      // for people: who sells it
  Medium medium = Medium::stream;
  Check check = Check::medium;
  std::span<const int> speeds;           // bits per second, most common first
  std::span<const CanIds> can_ids = {};  // what its packs send, for filters; empty: not told
  std::span<const int> addresses;        // in the order of probing
  int default_address = 1;
  int other_default = -1;  // another one that packs have unless somebody changed it
  int lowest_address = 0, highest_address = 255;
  int shared_address = -1;  // one that a pack answers whatever its own is: probed only while nobody has been found
  Duration turnaround_start{}, turnaround_min{};  // silence between the last byte of anybody and our next request
  Framer framer = nullptr;
  Tag (*tag)(const Frame& frame) = nullptr;
  std::span<const Exchange> exchanges;
  std::span<const std::uint8_t> proof;       // the first exchange identifies this BMS, one of the others confirms it
  std::span<const Writable> writables = {};  // empty: this program only reads it
  std::span<const AlarmBit> alarm_bits;
  std::span<const Word> words;
  std::string_view reads, writes;       // for `bmsd list`: what it gives, what can be set
  std::string_view master_advice = {};  // a pack may be a master of its own: what to do then; empty: none ever is
  bool probe_is_write = false;          // probing is formally a write: comes last in detection
  bool tells_fets = true;
  std::unique_ptr<Session> (*open)(const OpenOptions& options) = nullptr;
  std::unique_ptr<Responder> (*respond)(const PackOptions& options) = nullptr;  // the BMS's side, for the simulator

  // For `decode`: checks one whole reply as it stands in a vector (text protocols: without the trailing CR; over CAN: all
  // frames, as records, `request` empty where nobody asked) and decodes it. Applies the sheet's checks in the sheet's
  // order. `extras` is on.
  Result<Reading> (*decode_vector)(Bytes request, Bytes response, std::span<const Param> params) = nullptr;
  bool text = false;  // vectors hold text (request/response), not hex

  // For `decode`: the bytes (over CAN records) of a request that a vector describes (kind "encode"); null: this protocol describes none.
  Result<ByteVector> (*encode_vector)(std::span<const Param> input) = nullptr;
  bool encodes_answers = false;  // what it makes is what a battery sends
};

// Index of the exchange called `name` in a protocol, or -1.
int exchange_index(const Protocol& protocol, std::string_view name);

// How `what` is changed; null: this BMS cannot.
const Writable* find_writable(const Protocol& protocol, Changeable what);

}  // namespace bmsd
