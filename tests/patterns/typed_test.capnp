@0x98652758d5a8c08e;
#Types of typed_test.cpp and typed_hostile_test.cpp.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("restante::test");

struct Order {
  number @0 : UInt32;
  what @1 : Text;
}
#What Order is in a later version.
struct LaterOrder {
  number @0 : UInt32;
  what @1 : Text;
  price @2 : Float64 = 1.5;
  lines @3 : List(Line);
  note @4 : Text = "none";
}

struct Line {
  amount @0 : UInt16;
  article @1 : Text;
}

struct Bill {
  total @0 : UInt64;
}

struct Everything {
  text @0 : Text;
  data @1 : Data;
  flags @2 : List(Bool);
  numbers @3 : List(UInt16);
  names @4 : List(Text);
  grid @5 : List(List(UInt32));
  lines @6 : List(Line);
  child @7 : Everything;
  nothings @8 : List(Void);
  anything @9 : AnyPointer;
  union {
    unset @10 : Void;
    note @11 : Text;
    line @12 : Line;
  } paid : union {
    not @13 : Void;
    card : group {
      holder @14 : Text;
      numbers @15 : List(UInt8);
    }
  } box @16 : Box(List(Text));
}

struct Box(T) {
  value @0 : T;
}

struct Outer {
  struct Inner {
    number @0 : UInt32;
  }
}
