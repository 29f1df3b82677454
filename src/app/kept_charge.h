// What charge control keeps over a restart, and the entries in which it is kept.
#pragma once

#include "bank/kept.h"
#include "control/charge_control.h"

namespace bmsd {

KeptControl kept_control(const Kept& kept);         // a time that is no number is none
void keep(const KeptControl& control, Kept& kept);  // the other entries stay

}  // namespace bmsd
