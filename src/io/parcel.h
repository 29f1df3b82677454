// Messages with open descriptors between two processes of this program, over a pair of sockets.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/tty.h"

namespace bmsd {

struct Parcel {
  std::string text;
  std::vector<Descriptor> descriptors;  // closed on exec
};

// Two ends of one channel that keeps messages apart (SOCK_SEQPACKET), closed on exec. Error io.
Result<std::pair<Descriptor, Descriptor>> parcel_channel();

// At most 200 descriptors; of any length of text. The descriptors stay open here. Does not wait: the channel is empty, or
// the other end does not read. Error io.
Status send_parcel(int channel, const std::string& text, const std::vector<int>& descriptors = {});

// The next message; waits for it at most `patience`. Error io; `what` is "closed" when the other end is gone, "late" when
// nothing came.
Result<Parcel> receive_parcel(int channel, Duration patience);

}  // namespace bmsd
