@0xe7c9c402871af3a2;
# What Restante's processes say to each other and keep on disk. The frames around these structs are described in
# core/batch.h and core/wire.h; the conversation in docs/wire.md; the meaning of each field at its namesake in
# core/batch.h and core/messages.h. Limits are those of limits.h: the codec refuses what passes them.
#
# Never change: the number, type or meaning of a field, the number of an enumerant, the file's id. Room to grow: a new
# field gets the next number of its struct, and an old reader ignores it; so a field that must not be ignored needs a
# capability or a new version in Hello and Welcome. Even messages without fields are structs for that reason.
# An `extension` carries octets of a later version or of a user; this version neither reads nor writes it.

using Cxx = import "/capnp/c++.capnp";
using Operator = import "wire_operator.capnp";
$Cxx.namespace("restante::core::wire");

# ---- the header of a batch: on the wire and on disk. One fixed size for all, so that room can be kept in front

struct BatchHeader {
  stream @0 :Text;
  topic @1 :Text;
  grant @2 :UInt64;
  first @3 :UInt64;
  last @4 :UInt64;
  prev @5 :UInt64;
  before @6 :UInt64;
  sourceTimeUs @7 :Int64;
  owner @8 :UInt64;
  marker @9 :UInt64;
  extension @10 :Data;
  expireAfterMs @11 :Int64;  # 0: as its stream has it
  deliverAfterMs @12 :Int64;  # 0: at once
}

# ---- the optional envelope of one message: one segment without a frame, inside a batch's record

struct Attributes {
  contentType @0 :Text;
  correlationId @1 :Text;
  traceparent @2 :Text;
  key @3 :Text;
  headers @4 :List(Header);
  expireAfterMs @5 :Int64;   # 0: never
  deliverAfterMs @6 :Int64;  # 0: at once
  marker @7 :UInt64;         # 0: none
  extension @8 :Data;

  struct Header {
    name @0 :Text;
    value @1 :Text;
  }
}

# ---- parts of control messages

struct GrantRange {
  grant @0 :UInt64;
  first @1 :UInt64;
  last @2 :UInt64;
}

struct Credit {
  messages @0 :UInt64;
  octets @1 :UInt64;
}

enum StreamKind {
  kept @0;
  live @1;
}

enum StreamPattern {
  pipeline @0;
  pubsub @1;
}

enum SubscriptionMode {
  shared @0;
  exclusive @1;
  live @2;
  replay @3;
  strict @4;
}

enum Side {
  handle @0;
  session @1;
  link @2;
}

enum ErrorCode {
  retryLater @0;
  heldElsewhere @1;
  badArgument @2;
  badState @3;
  misconfigured @4;
  denied @5;
  incompatibleVersion @6;
  storeFailed @7;
}

# ---- the control frame

struct ControlFrame {
  number @0 :UInt64;  # per link and direction, from 1

  union {
    # both ways
    heartbeat @1 :Heartbeat;
    # library to sidecar
    hello @2 :Hello;
    bye @3 :Bye;
    openWriter @4 :OpenWriter;
    requestGrant @5 :RequestGrant;
    closeWriter @6 :CloseWriter;
    subscribe @7 :Subscribe;
    settle @8 :Settle;
    catchUp @9 :CatchUp;
    unsubscribe @10 :Unsubscribe;
    query @11 :Operator.Query;
    # sidecar to library
    welcome @12 :Welcome;
    unknown @13 :Unknown;
    refused @14 :Refused;
    granted @15 :Granted;
    attached @16 :Attached;
    confirmed @17 :Confirmed;
    resend @18 :Resend;
    fenced @19 :Fenced;
    liveTarget @20 :LiveTarget;
    subscribed @21 :Subscribed;
    grants @22 :Grants;
    redelivery @23 :Redelivery;
    checkpoint @24 :Checkpoint;
    takenOver @25 :TakenOver;
    report @26 :Operator.Report;
    liveSource @27 :LiveSource;
    # an operator's tool to sidecar, and back
    removeSubscription @28 :Operator.RemoveSubscription;
    removed @29 :Operator.Removed;
    # sidecar to library
    missed @30 :Missed;
    # an operator's tool to sidecar, and back
    resetSubscription @31 :Operator.ResetSubscription;
    wasReset @32 :Operator.WasReset;
    setStream @33 :Operator.SetStream;
    streamSet @34 :Operator.StreamSet;
    # sidecar to library
    published @35 :Published;
    # an operator's tool to sidecar, and back
    readDead @36 :Operator.ReadDead;
    deadLetters @37 :Operator.DeadLetters;
    changeDead @38 :Operator.ChangeDead;
    deadChanged @39 :Operator.DeadChanged;
    setSubscription @40 :Operator.SetSubscription;
    subscriptionSet @41 :Operator.SubscriptionSet;
  }
}

struct Heartbeat {}

struct Hello {
  version @0 :UInt16;
  capabilities @1 :UInt64;
  process @2 :Text;
  host @3 :Text;
  pid @4 :UInt32;
  startTime @5 :UInt64;
  extension @6 :Data;
  client @7 :UInt64;
  dial @8 :UInt64;
}

struct Bye {}

struct OpenWriter {
  handle @0 :UInt64;
  stream @1 :Text;
  kind @2 :StreamKind;
  resume @3 :Bool;
  grants @4 :List(GrantRange);
  confirmedTo @5 :UInt64;
  window @6 :UInt64;
  pattern @7 :StreamPattern;
  liveEndpoints @8 :List(Text);
  retention @9 :Operator.Retention;
}

struct RequestGrant {
  handle @0 :UInt64;
}

struct CloseWriter {
  handle @0 :UInt64;
}

struct Subscribe {
  session @0 :UInt64;
  stream @1 :Text;
  subscription @2 :Text;
  mode @3 :SubscriptionMode;
  filters @4 :List(Text);
  start @5 :Text;
  claim @6 :UInt64;
  liveEndpoints @7 :List(Text);
  host @8 :Text;
  credit @9 :Credit;
  known @10 :List(GrantRange);
  held @11 :List(GrantRange);
  listens @12 :Bool;
  made @13 :Int64;
  until @14 :UInt64;
  limit @15 :Operator.BacklogLimit;
  retry @16 :Operator.RetryRule;
}

struct Nack {
  grant @0 :UInt64;
  sequence @1 :UInt64;
  delayMs @2 :Int64;  # -1: by the retry policy
  leaseEnded @3 :Bool;
}

struct Reject {
  grant @0 :UInt64;
  sequence @1 :UInt64;
  reason @2 :Text;
}

struct Settle {
  token @0 :UInt64;
  acks @1 :List(GrantRange);
  nacks @2 :List(Nack);
  rejects @3 :List(Reject);
  released @4 :List(GrantRange);
  received @5 :List(GrantRange);
  credit @6 :Credit;
  missed @7 :List(UInt64);
}

struct CatchUp {
  token @0 :UInt64;
  want @1 :UInt64;
}

struct Unsubscribe {
  token @0 :UInt64;
}

struct Welcome {
  version @0 :UInt16;
  capabilities @1 :UInt64;
  node @2 :Text;
  incarnationHigh @3 :UInt64;
  incarnationLow @4 :UInt64;
  extension @5 :Data;
}

struct Unknown {}

struct Refused {
  side @0 :Side;
  id @1 :UInt64;
  code @2 :ErrorCode;
  text @3 :Text;
}

struct Granted {
  handle @0 :UInt64;
  grant @1 :GrantRange;
  first @2 :Bool;
  window @3 :UInt64;
  lastMarker @4 :UInt64;
  listeners @5 :UInt32;
}

struct Attached {
  handle @0 :UInt64;
  window @1 :UInt64;
  lastMarker @2 :UInt64;
}

struct Confirmed {
  handle @0 :UInt64;
  to @1 :UInt64;
  settledTo @2 :UInt64;
  window @3 :UInt64;
  limit @4 :Text;
  fates @5 :List(Fate);
}

# Of messages that did not end by being worked off.
struct Fate {
  first @0 :UInt64;
  last @1 :UInt64;
  kind @2 :Kind;

  enum Kind {
    dead @0;
    expired @1;
    dropped @2;
  }
}

struct Resend {
  handle @0 :UInt64;
  after @1 :UInt64;
}

struct Fenced {
  handle @0 :UInt64;
  text @1 :Text;
}

struct LiveTarget {
  handle @0 :UInt64;
  token @1 :UInt64;
  endpoint @2 :Text;
  limitMessages @3 :UInt64;
  limitOctets @4 :UInt64;
  gone @5 :Bool;
  filters @6 :List(Text);
}

struct Subscribed {
  session @0 :UInt64;
  token @1 :UInt64;
  mode @2 :SubscriptionMode;
  claim @3 :UInt64;
  floor @4 :UInt64;
  grants @5 :List(GrantRange);
  regressedAt @6 :UInt64;
  untried @7 :UInt64;
  filtersSince @8 :UInt64;
  made @9 :Int64;
  until @10 :UInt64;
}

struct Grants {
  token @0 :UInt64;
  grants @1 :List(GrantRange);
}

struct Owed {
  first @0 :UInt64;
  last @1 :UInt64;
  attempts @2 :UInt32;
}

struct Redelivery {
  token @0 :UInt64;
  grant @1 :UInt64;
  owed @2 :List(Owed);
  covers @3 :UInt64;
  revived @4 :Bool;
}

struct Checkpoint {
  token @0 :UInt64;
  to @1 :UInt64;
  floor @2 :UInt64;
  heard @3 :UInt64;
}

struct TakenOver {
  token @0 :UInt64;
  text @1 :Text;
  session @2 :UInt64;
}

struct LiveSource {
  token @0 :UInt64;
  endpoint @1 :Text;
}

struct Missed {
  token @0 :UInt64;
  number @1 :UInt64;
  first @2 :UInt64;
  last @3 :UInt64;
  reason @4 :Text;
  covers @5 :UInt64;
}

struct Published {
  token @0 :UInt64;
  after @1 :UInt64;
  to @2 :UInt64;
  ranges @3 :List(GrantRange);
}
