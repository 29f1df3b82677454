// The last resort of a program that ends.
#pragma once

#include "base/time.h"

namespace bmsd {

// Ends the process with `status` when it has not ended by itself by then: a port that cannot be closed, a name that is still
// being looked up or a disk that does not answer holds nobody up. What must not be lost is done before this is called.
void end_within(Duration patience, int status);

}  // namespace bmsd
