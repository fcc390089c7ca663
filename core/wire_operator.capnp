@0xf95968d9dcba7c92;
# What an operator's tool and a sidecar say to each other. What binds wire.capnp binds this file.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("restante::core::wire");

struct Retention {
  ageMs @0 :Int64;
  messages @1 :UInt64;
  octets @2 :UInt64;
}

struct Query {
  request @0 :UInt64;
  what @1 :Text;
}

struct Report {
  request @0 :UInt64;
  json @1 :Text;
}

struct RemoveSubscription {
  request @0 :UInt64;
  stream @1 :Text;
  subscription @2 :Text;
  force @3 :Bool;
  dryRun @4 :Bool;
}

struct Removed {
  request @0 :UInt64;
  done @1 :Bool;
  refusal @2 :Text;
  messages @3 :UInt64;
  octets @4 :UInt64;
  freedMessages @5 :UInt64;
  freedOctets @6 :UInt64;
  sessions @7 :UInt64;
}

struct ResetSubscription {
  request @0 :UInt64;
  stream @1 :Text;
  subscription @2 :Text;
  start @3 :Text;
  force @4 :Bool;
  dryRun @5 :Bool;
}

struct WasReset {
  request @0 :UInt64;
  done @1 :Bool;
  refusal @2 :Text;
  from @3 :UInt64;
  goneTo @4 :UInt64;
  messages @5 :UInt64;
  octets @6 :UInt64;
  sessions @7 :UInt64;
}

struct SetStream {
  request @0 :UInt64;
  stream @1 :Text;
  retention @2 :Retention;
}

struct StreamSet {
  request @0 :UInt64;
  refusal @1 :Text;
  retention @2 :Retention;
}
