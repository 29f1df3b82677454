// What charge control keeps over a restart, and the entries in which it is kept.
#pragma once

#include "bank/kept.h"
#include "control/charge_stage.h"

namespace bmsd {

KeptCharge kept_charge(const Kept& kept);         // a time that is no number is none
void keep(const KeptCharge& charge, Kept& kept);  // the other entries stay

}  // namespace bmsd
