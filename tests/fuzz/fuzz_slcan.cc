// CAN over a serial line (slcan), both ends, and the text of a frame. The first byte says which end hears the rest, and in
// pieces of how many bytes. Whatever comes: only whole records come out, the same ones in pieces as at once; each can be
// written and read back; the adapter answers every command once.
#include <array>
#include <memory>
#include <string>

#include "fuzz_input.h"
#include "io/slcan.h"
#include "wire/can_text.h"

namespace {

using namespace bmsd;

// A serial port whose other end is the input.
class Cable : public Port {
 public:
  void open(Handlers handlers) override {
    handlers_ = std::move(handlers);
    handlers_.opened(Done{});
  }
  void close() override {}
  void write(Bytes bytes) override { written.append(as_text(bytes)); }
  Status set_speed(int) override { return Done{}; }
  int speed() const override { return 115'200; }

  void deliver(Bytes bytes) { handlers_.bytes(bytes); }

  std::string written;

 private:
  Handlers handlers_;
};

void check_record(Bytes record) {
  demand(slcan_line(record).size() <= 1 + 8 + 1 + 16);
  demand(same(slcan_record(slcan_line(record)), record));
  const auto read = can_record_of(can_text(record));
  demand(read.has_value() && same(*read, record));
}

template <typename End>
struct Heard {
  ByteVector records;
  std::string answered;

  Heard(Bytes bytes, std::size_t piece, auto make) {
    auto tty = std::make_unique<Cable>();
    Cable& cable = *tty;
    std::unique_ptr<End> end = make(std::move(tty));
    end->open({.opened = [](const Status&) {},
               .bytes = [this](Bytes some) { records.insert(records.end(), some.begin(), some.end()); },
               .closed = [](const Error&) {}});
    cable.written.clear();
    while (!bytes.empty()) {
      const Bytes some = bytes.first(std::min(piece, bytes.size()));
      cable.deliver(some);
      bytes = bytes.subspan(some.size());
    }
    answered = cable.written;
  }
};

template <typename End>
void check_end(Bytes bytes, std::size_t piece, auto make) {
  const Heard<End> whole(bytes, bytes.size() + 1, make), pieces(bytes, piece, make);
  demand(whole.records == pieces.records && whole.answered == pieces.answered);
  for (Bytes rest = whole.records; !rest.empty();) {
    const Scan scan = can_framer(rest, true);
    demand(scan.kind == Scan::frame);
    check_record(rest.first(scan.size));
    rest = rest.subspan(scan.size);
  }
}

std::size_t commands_in(Bytes bytes) {
  std::size_t count = 0;
  SlcanLines lines;
  lines.take(bytes, [&count](std::string_view line) {
    demand(!line.empty() && line.size() <= 64);
    ++count;
  });
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::uint8_t head = input.byte();
  const std::size_t piece = 1 + (head & 0x3F);
  const Bytes rest = input.rest();
  if ((head & 0x80) != 0) {
    if (const auto record = can_record_of(as_text(rest))) check_record(*record);
  } else if ((head & 0x40) != 0) {
    const auto adapter = [](std::unique_ptr<Port> tty) { return std::make_unique<SlcanPort>(std::move(tty)); };
    check_end<SlcanPort>(rest, piece, adapter);
  } else {
    const auto played = [](std::unique_ptr<Port> tty) {
      return std::make_unique<SlcanDevice>(std::move(tty), 500'000);
    };
    check_end<SlcanDevice>(rest, piece, played);
    const std::string answers = Heard<SlcanDevice>(rest, piece, played).answered;
    const auto ends = std::count_if(answers.begin(), answers.end(), [](char c) { return c == '\r' || c == '\a'; });
    demand(static_cast<std::size_t>(ends) == commands_in(rest));
  }
  return 0;
}
