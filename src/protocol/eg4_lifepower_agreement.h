// What is believed of general data whose check lets wrong numbers pass: a number that has jumped is believed once a
// second reply tells it too. Only where two of three replies are wrong in the same number something wrong is believed.
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/eg4_lifepower_data.h"

namespace bmsd::eg4 {

class Agreement {
 public:
  // Takes the newest reply. What is believed of it: each number as it is, if it is near that of the reply before; else the
  // middle one of the last three replies. Of the bits of the status, what two of three say. The first reply as it is.
  GeneralData take(GeneralData newest);

  // Two replies in a row agreed, or three make a majority.
  bool settled() const { return agreed_ || replies_ >= 3; }

  // The next reply is a first one.
  void forget() { *this = {}; }

 private:
  std::optional<GeneralData> before_, earlier_;
  int replies_ = 0;
  bool agreed_ = false;
};

}  // namespace bmsd::eg4
