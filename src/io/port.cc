#include "io/port.h"

#include "io/tty.h"

namespace bmsd {

// A port that cannot go on with it opens its device anew.
void Port::adopt(int descriptor) { Descriptor closed(descriptor); }

}  // namespace bmsd
