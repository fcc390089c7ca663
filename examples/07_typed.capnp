@0x87e0d25c368873f1;
# What 07_typed.cpp sends. Fields are only ever added, at the end: older and newer programs then read each other.

struct Order {
  number @0 :UInt32;
  what @1 :Text;
}
