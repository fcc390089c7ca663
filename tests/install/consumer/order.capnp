@0x8439c9e42105c52e;

struct Order {
  count @0 :UInt32;
}
