// A service manager watches the process that it has started. When another process has taken that one's place, it stays as a
// guardian: it passes signals on to whoever runs now, and ends as that one ends.
#pragma once

#include <string_view>

namespace bmsd {

inline constexpr const char* kGuardOption = "--guard";  // of the program: bmsd --guard PID

// From here on signals wait for the guardian that this process becomes, so that none is lost in between.
void keep_signals_for_guardian();

// This process is done, `successor` has its place. Without a guardian it becomes one, by executing itself anew, which
// leaves its memory behind. The exit status where this process is to end.
int give_way(int successor, int guardian);

// What `bmsd --guard PID` does: waits for PID, and for whoever takes its place. Its exit status, 128 + N for one that a
// signal N has ended.
int guard(std::string_view pid);

// Of the process that serves: tells the guardian of itself, and asks to be ended when that goes. Says whether that is
// settled; not before the guardian is our parent.
bool follow_guardian(int guardian);

}  // namespace bmsd
