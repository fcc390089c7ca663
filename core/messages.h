#pragma once
/// \file
/// What a service's library and a sidecar say to each other on a control link, as plain values. wire.h turns them into
/// octets; docs/wire.md tells the conversation. Copies of batches travel on the same link as frames of their own.

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <restante/error.h>
#include <restante/types.h>

#include "core/batch.h"
#include "core/operator_messages.h"

namespace restante::core {

inline constexpr std::uint16_t protocol_version = 1;

/// A closed range of sequences.
struct Range {
  Sequence first = 0;
  Sequence last = 0;
  friend bool operator==(const Range&, const Range&) = default;
};

/// A range within one grant: acks and reports name the grant, so that they cannot settle another store's ids (B3).
struct GrantRange {
  GrantId grant = 0;
  Range range;
  friend bool operator==(const GrantRange&, const GrantRange&) = default;
};

/// A writer's block of sequences. As a GrantRange: which sequences belong to which grant id.
using Grant = GrantRange;

/// The random 128-bit id of a store; new for a new or restored one.
using Incarnation = std::array<std::uint64_t, 2>;

enum class StreamKind : std::uint8_t { kept, live };
/// pipeline: one subscription, `workers`, made with the stream. pubsub: those that subscribers make.
enum class StreamPattern : std::uint8_t { pipeline, pubsub };
/// `live`: without a name, and nothing is kept for it. `replay`: without a name too, and reads what is kept. No
/// subscription of the store is one of these. `strict`: exclusive, and of a topic nothing is handed out while an older
/// message of it is unsettled (X8); it has no live path.
enum class SubscriptionMode : std::uint8_t { shared, exclusive, live, replay, strict };
enum class Side : std::uint8_t { handle, session, link };

/// How much a consumer can take: what it may have unsettled in all. Absolute, not a difference.
struct Credit {
  std::uint64_t messages = 0;
  std::uint64_t octets = 0;
  friend bool operator==(const Credit&, const Credit&) = default;
};

// ---- both ways
struct Heartbeat {};

// ---- library to sidecar
struct Hello {
  std::uint16_t version = protocol_version;
  std::uint64_t capabilities = 0;
  std::string process;  ///< for people: the program's name
  std::string host;     ///< where `pid` means something: host, boot and pid namespace
  std::uint32_t pid = 0;
  std::uint64_t start_time = 0;  ///< of the process, in clock ticks after boot; with pid it names a process for ever
  std::uint64_t client = 0;  ///< random, of the process's end of its links to this sidecar, one at a time; 0: not told
  std::uint64_t dial = 0;    ///< which of them this is: what comes by one with a lower number is late (decision 0009)
};
struct Bye {};  ///< this link ends in good order: nothing that it held is suspect

struct OpenWriter {
  std::uint64_t handle = 0;  ///< random; lives as long as the process keeps the stream open (W1)
  std::string stream;
  StreamKind kind = StreamKind::kept;
  bool resume = false;        ///< attach again with `grants`, else ask for a first grant
  std::vector<Grant> grants;  ///< of this handle, from the one of the first unconfirmed batch on
  Sequence confirmed_to = 0;  ///< all that this handle used up to here is confirmed
  std::uint64_t window = 0;   ///< octets it would like to have unconfirmed
  StreamPattern pattern = StreamPattern::pipeline;
  std::vector<std::string> live_endpoints{};  ///< where it publishes: its PUB; `*` for the host as in Subscribe
  Retention retention{};                      ///< of the stream, if it is made now
};
struct RequestGrant {
  std::uint64_t handle = 0;
};
struct CloseWriter {
  std::uint64_t handle = 0;
};

struct Subscribe {
  std::uint64_t session = 0;  ///< the consumer's name for this session in the answer; random, kept over links
  std::string stream;
  std::string subscription;
  SubscriptionMode mode = SubscriptionMode::shared;
  std::vector<std::string> filters;
  std::string start;                        ///< `new`, `beginning`, a sequence, or `@` and milliseconds after 1970
  std::uint64_t claim = 0;                  ///< of an exclusive name; 0 draws a new one (X7)
  std::vector<std::string> live_endpoints;  ///< where its PULL listens; `*` for the host means the peer's address
  std::string host;                         ///< as in Hello: tells whether ipc endpoints can be reached
  Credit credit;
  std::vector<Grant> known;      ///< grants that this consumer has seen (X6)
  std::vector<GrantRange> held;  ///< delivered or queued and unsettled from an earlier link
  bool listens = false;          ///< exclusive or live: it wants to be told where the writer publishes
  std::int64_t made = 0;         ///< as told in this session's last Subscribed; 0: it was told none
  Sequence until = 0;            ///< of a replay: the last that it wants; 0: the newest that is there now
  BacklogLimit limit{};          ///< of a subscription that is made by this; without meaning later
  RetryRule retry{};             ///< likewise
};

struct Nack {
  GrantId grant = 0;
  Sequence sequence = 0;
  std::int64_t delay_ms = -1;  ///< -1: by the retry policy
  bool lease_ended = false;
  friend bool operator==(const Nack&, const Nack&) = default;
};
struct Reject {
  GrantId grant = 0;
  Sequence sequence = 0;
  std::string reason;
  friend bool operator==(const Reject&, const Reject&) = default;
};
struct Settle {
  Token token = 0;
  std::vector<GrantRange> acks;
  std::vector<Nack> nacks;
  std::vector<Reject> rejects;
  std::vector<GrantRange> released;  ///< given back without an attempt
  std::vector<GrantRange> received;  ///< live copies that arrived and are unsettled (B5); a report, not a lease
  Credit credit;
  std::vector<std::uint64_t> missed{};  ///< numbers of the gaps that the application was told of
};
struct CatchUp {
  Token token = 0;
  Sequence want = 0;
};  ///< T4
struct Unsubscribe {
  Token token = 0;
};  ///< the session ends in good order; the subscription stays
// ---- sidecar to library
struct Welcome {
  std::uint16_t version = protocol_version;
  std::uint64_t capabilities = 0;
  std::string node;
  Incarnation incarnation{};
};
struct Unknown {};  ///< this link is not known here (the sidecar is new): say hello again
struct Refused {
  Side side = Side::link;
  std::uint64_t id = 0;  ///< handle or session
  ErrorCode code = ErrorCode::retry_later;
  std::string text;
};
struct Granted {
  std::uint64_t handle = 0;
  Grant grant;
  bool first = false;  ///< the handle's first: its chain begins at grant.range.first - 1
  std::uint64_t window = 0;
  std::uint64_t last_marker = 0;  ///< highest marker of the stream's confirmed messages; 0 is none
  std::uint32_t listeners = 0;    ///< of a first one: who was told just now where the handle publishes
};
struct Attached {
  std::uint64_t handle = 0;
  std::uint64_t window = 0;
  std::uint64_t last_marker = 0;
};
/// What became of messages that did not end by being worked off: dead, expired or dropped, in some subscription.
struct Fate {
  Range range;
  Outcome outcome = Outcome::dead;
  friend bool operator==(const Fate&, const Fate&) = default;
};
struct Confirmed {
  std::uint64_t handle = 0;
  Sequence to = 0;            ///< all of this handle up to here is safe (C1)
  Sequence settled_to = 0;    ///< every subscription has settled all up to here
  std::uint64_t window = 0;   ///< octets it may have unconfirmed from now on
  std::string limit;          ///< what holds the window back, for people; empty if nothing does
  std::vector<Fate> fates{};  ///< since the last word
};
struct Resend {
  std::uint64_t handle = 0;
  Sequence after = 0;
};
struct Fenced {
  std::uint64_t handle = 0;
  std::string text;
};

/// A worker that the producer may send live copies to: up to `limit` in all since the session began, counted as the
/// sidecar counts the copies with this owner. Only the newest word counts.
struct LiveTarget {
  std::uint64_t handle = 0;
  Token token = 0;
  std::string endpoint;
  std::uint64_t limit_messages = 0;
  std::uint64_t limit_octets = 0;
  bool gone = false;
  std::vector<std::string> filters{};  ///< of the topics that it wants; with the first word about it only
};

struct Subscribed {
  std::uint64_t session = 0;
  Token token = 0;
  SubscriptionMode mode = SubscriptionMode::shared;
  std::uint64_t claim = 0;
  Sequence floor = 0;         ///< settled or not owned up to here
  std::vector<Grant> grants;  ///< of the stream, above the floor
  Sequence regressed_at = 0;  ///< first sequence that the consumer knows of another store's (X6); 0: none
  /// Of an exclusive subscription: the first that is parked and may never have been handed out, or that is in a gap
  /// which is owed, so that what comes live must not overtake it (X8). 0: none.
  Sequence untried = 0;
  /// What was copied up to here belongs to it by earlier filters (N2): live copies of it are not for this session.
  Sequence filters_since = 0;
  std::int64_t made = 0;  ///< which subscription by this name it is: another number, another subscription
  Sequence until = 0;     ///< of a replay: when the floor is here, it has ended
};
struct Grants {
  Token token = 0;
  std::vector<Grant> grants;
};  ///< all of the stream's, announced before their use

/// Where the stream's writer publishes, for a session that listens. Only the newest word counts. A host `*` is that of
/// the sidecar.
struct LiveSource {
  Token token = 0;
  std::string endpoint;
};

/// To who only listens, when its writer is quiet or has gone: of what was copied above `after` and up to `to`, these
/// are what its filters want.
struct Published {
  Token token = 0;
  Sequence after = 0;
  Sequence to = 0;
  std::vector<GrantRange> ranges;
};

struct Owed {
  Range range;
  std::uint32_t attempts = 0;  ///< that ended before this one
  friend bool operator==(const Owed&, const Owed&) = default;
};
/// In front of an unchanged batch, as two frames of one zmq message; only the owed ranges are delivered (T2).
struct Redelivery {
  Token token = 0;
  GrantId grant = 0;
  std::vector<Owed> owed;
  Sequence covers = 0;  ///< X4: with this, all that the subscription owns up to here was sent, held or settled
  /// A dead letter that an operator wants to be tried again: a rejection of it that was said before is over.
  bool revived = false;
};
/// T1: all that an exclusive subscription owns up to `to` was sent on this link, is held by this session, or is
/// settled.
struct Checkpoint {
  Token token = 0;
  Sequence to = 0;
  Sequence floor = 0;       ///< settled or parked up to here on the sidecar's disk (X9)
  std::uint64_t heard = 0;  ///< so many Settle messages of this token are on the disk, with all that they settled
};
/// A gap: of what the subscription owned in `range`, the rest is gone for good, by a rule that its owner chose (B7). In
/// order with what is redelivered; owed until its number comes back in Settle.missed.
struct Missed {
  Token token = 0;
  std::uint64_t number = 0;  ///< random; a gap of another range or reason has another one
  Range range;
  std::string reason;   ///< for people
  Sequence covers = 0;  ///< as in Redelivery: `range.last`, or 0 if it comes out of its order
};
struct TakenOver {
  Token token = 0;
  std::string text;
  std::uint64_t session = 0;  ///< for a consumer that was not told its token yet
};
using ControlMessage =
    std::variant<Heartbeat, Hello, Bye, OpenWriter, RequestGrant, CloseWriter, Subscribe, Settle, CatchUp, Unsubscribe,
                 Query, Welcome, Unknown, Refused, Granted, Attached, Confirmed, Resend, Fenced, LiveTarget, Subscribed,
                 Grants, Redelivery, Checkpoint, TakenOver, Report, LiveSource, RemoveSubscription, Removed, Missed,
                 ResetSubscription, WasReset, SetStream, StreamSet, Published, ReadDead, DeadLetters, ChangeDead,
                 DeadChanged, SetSubscription, SubscriptionSet>;

/// Numbered per link and direction from 1; a jump restarts the session (T3).
struct ControlFrame {
  std::uint64_t number = 0;
  ControlMessage message;
};

}  // namespace restante::core
