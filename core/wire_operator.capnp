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
  setsRetention @3 :Bool;
  setsExpiry @4 :Bool;
  expireAfterMs @5 :Int64;
  expiredDead @6 :Bool;
  limit @7 :BacklogLimit;
  setsLimit @8 :Bool;
  drainMessages @9 :UInt64;  # a second; 0: as fast as they are taken
  drainOctets @10 :UInt64;
  setsDrain @11 :Bool;
  priority @12 :UInt32;
  setsPriority @13 :Bool;
}

struct StreamSet {
  request @0 :UInt64;
  refusal @1 :Text;
  retention @2 :Retention;
  expireAfterMs @3 :Int64;
  expiredDead @4 :Bool;
  limit @5 :BacklogLimit;
  drainMessages @6 :UInt64;
  drainOctets @7 :UInt64;
  priority @8 :UInt32;
}

struct DeadSelection {
  stream @0 :Text;
  subscription @1 :Text;
  sequences @2 :List(UInt64);
}

struct ReadDead {
  request @0 :UInt64;
  which @1 :DeadSelection;
  afterSubscription @2 :Int64;
  afterSequence @3 :UInt64;
  count @4 :UInt32;
  whole @5 :Bool;
}

struct DeadLetter {
  subscriptionId @0 :Int64;
  subscription @1 :Text;
  sequence @2 :UInt64;
  grant @3 :UInt64;
  attempts @4 :UInt32;
  buriedMs @5 :Int64;
  sourceTimeUs @6 :Int64;
  octets @7 :UInt64;
  reason @8 :Text;
  topic @9 :Text;
  history @10 :Text;
}

struct DeadLetters {
  request @0 :UInt64;
  refusal @1 :Text;
  letters @2 :List(DeadLetter);
  more @3 :Bool;
}

enum DeadAction {
  retry @0;
  drop @1;
  edit @2;
}

struct ChangeDead {
  request @0 :UInt64;
  action @1 :DeadAction;
  which @2 :DeadSelection;
}

struct DeadChanged {
  request @0 :UInt64;
  refusal @1 :Text;
  letters @2 :UInt64;
  octets @3 :UInt64;
}

enum OnLimit {
  cut @0;
  refuse @1;
}

struct BacklogLimit {
  messages @0 :UInt64;
  octets @1 :UInt64;
  then @2 :OnLimit;
}

struct RetryRule {
  initialMs @0 :Int64 = -1;
  factorPercent @1 :Int64 = -1;
  maxMs @2 :Int64 = -1;
  attemptsMax @3 :Int64 = -1;
}

struct SetSubscription {
  request @0 :UInt64;
  stream @1 :Text;
  subscription @2 :Text;
  setsRetry @3 :Bool;
  retry @4 :RetryRule;
  setsLimit @5 :Bool;
  limit @6 :BacklogLimit;
}

struct SubscriptionSet {
  request @0 :UInt64;
  refusal @1 :Text;
  retry @2 :RetryRule;
  limit @3 :BacklogLimit;
}
