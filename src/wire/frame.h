// What a framer finds in a stream of bytes.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace bmsd {

// A complete, intact unit of a protocol's talk.
struct Frame {
  Bytes bytes;  // over CAN a whole record (can_frame.h)
};

// What the front of a buffer is.
struct Scan {
  enum Kind : std::uint8_t { more, frame, junk } kind = more;
  std::size_t size = 0;               // bytes that the frame or the junk takes; 0 for more
  Error why{Errc::noise, "", 0, {}};  // of junk
};

// Looks at the front of `buffer`. `over`: nothing more will come, so `more` is not an answer for a buffer that is not
// empty. A framer verifies the check itself: a damaged frame is junk with the reason, so that the next start byte is
// found again.
using Framer = Scan (*)(Bytes buffer, bool over);

}  // namespace bmsd
