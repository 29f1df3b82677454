// CAN over a serial line, in the words of Lawicel's adapters (slcan): "t1233112233\r" is frame 123 with three bytes. Both
// ends: an adapter as a port, and the adapter that the simulator plays. They deliver and take records (wire/can_frame.h).
//
// From the Lawicel CANUSB manual: S0..S8 choose the bitrate while the channel is closed, O and C open and close it, t and T
// carry frames with 11 and 29 bit identifiers, r and R remote frames; every answer ends with CR, or is BELL for no. The
// firmware of CANable adapters answers less and takes the same; both work.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/port.h"

namespace bmsd {

// Frames out of what the other end of an slcan line says, and commands out of what a program says.
class SlcanLines {
 public:
  // Calls `on_line` with each whole line without its end. A line that is far too long is passed over.
  template <typename OnLine>
  void take(Bytes bytes, OnLine&& on_line) {
    for (const std::uint8_t byte : bytes) {
      if (byte == '\r' || byte == '\n' || byte == '\a') {
        if (!overlong_ && !line_.empty()) on_line(std::string_view(line_));
        line_.clear();
        overlong_ = false;
      } else if (line_.size() < kLongest) {
        line_ += static_cast<char>(byte);
      } else {
        overlong_ = true;
      }
    }
  }
  void forget() { line_.clear(), overlong_ = false; }

 private:
  static constexpr std::size_t kLongest = 64;
  std::string line_;
  bool overlong_ = false;
};

// "T1890400180107..." without CR; the frame of a record.
std::string slcan_line(Bytes record);
// The record; empty for lines that are no data frame (answers, remote frames, frames of CAN FD). Adapters may append a
// time stamp of four digits.
ByteVector slcan_record(std::string_view line);
// 0..8 for S0..S8; error config for a bitrate that slcan has no code for.
Result<int> slcan_code(int bitrate);
// The reverse; 0 for no such code.
int slcan_bitrate(int code);

// An adapter. `tty` is the serial port that it is at.
class SlcanPort : public Port {
 public:
  explicit SlcanPort(std::unique_ptr<Port> tty) : tty_(std::move(tty)) {}

  void open(Handlers handlers) override;
  void close() override { tty_->close(); }
  int lend() override { return tty_->lend(); }
  void adopt(int descriptor) override { tty_->adopt(descriptor); }
  void write(Bytes records) override;
  std::size_t unsent() const override { return tty_->unsent(); }
  Status set_speed(int bitrate) override;
  int speed() const override { return bitrate_; }

 private:
  void begin();

  std::unique_ptr<Port> tty_;
  Handlers handlers_;
  SlcanLines lines_;
  int bitrate_ = 250'000;
};

// What a program finds at the other end of `tty`: an adapter whose CAN bus runs at `bitrate`. With another bitrate the
// program hears nothing and is not heard.
class SlcanDevice : public Port {
 public:
  SlcanDevice(std::unique_ptr<Port> tty, int bitrate) : tty_(std::move(tty)), bus_bitrate_(bitrate) {}

  void open(Handlers handlers) override;
  void close() override { tty_->close(); }
  void write(Bytes records) override;
  Status set_speed(int) override { return Done{}; }
  int speed() const override { return 0; }

 private:
  void command(std::string_view line, ByteVector& records);
  void answer(std::string_view text) { tty_->write(as_bytes(text)); }
  bool hears() const { return channel_open_ && bitrate_ == bus_bitrate_; }

  std::unique_ptr<Port> tty_;
  Handlers handlers_;
  SlcanLines lines_;
  int bus_bitrate_;
  int bitrate_ = 0;
  bool channel_open_ = false;
};

}  // namespace bmsd
