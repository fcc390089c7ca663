#pragma once
/// \file
/// What an operator's tool and a sidecar say to each other on a control link, as plain values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <restante/types.h>

namespace restante::core {

/// How long a stream keeps what nobody is owed any more, so that it can be asked for again. Every bound that is set
/// (not 0) holds: the oldest batch goes if it is older, or if without it there is still that much. With none set, what
/// is settled goes. What is owed stays, whatever is set here.
struct Retention {
  std::int64_t age_ms = 0;
  std::uint64_t messages = 0;
  std::uint64_t octets = 0;
  [[nodiscard]] bool any() const noexcept { return age_ms != 0 || messages != 0 || octets != 0; }
  friend bool operator==(const Retention&, const Retention&) = default;
};

// ---- to the sidecar
struct Query {
  std::uint64_t request = 0;
  std::string what;
};
/// An operator's wish: the subscription goes, with its cursor and all that is kept for nobody else.
struct RemoveSubscription {
  std::uint64_t request = 0;
  std::string stream;
  std::string subscription;
  bool force = false;    ///< also while a consumer is there
  bool dry_run = false;  ///< only say what would go
};

/// An operator's wish: the subscription begins again elsewhere, whatever it has settled.
struct ResetSubscription {
  std::uint64_t request = 0;
  std::string stream;
  std::string subscription;
  std::string start;     ///< as in Subscribe
  bool force = false;    ///< also while a consumer is there
  bool dry_run = false;  ///< only say what would come again
};
/// How old a message may get that nobody has in hand, if it does not say so itself: then it is gone, with a gap, or a
/// dead letter.
struct Expiry {
  std::int64_t after_ms = 0;  ///< 0: never
  bool dead = false;          ///< dead letters also of those that say themselves when they expire
  friend bool operator==(const Expiry&, const Expiry&) = default;
};

/// An operator's wish: the rules of a stream, those that are said.
struct SetStream {
  std::uint64_t request = 0;
  std::string stream;
  std::optional<Retention> retention{};  ///< nullopt: as it is
  std::optional<Expiry> expiry{};
  std::optional<BacklogLimit> limit{};
  std::optional<DrainRate> drain{};
  std::optional<std::uint32_t> priority{};
};
/// An operator's wish: how a subscription tries again, and how much may wait for it.
struct SetSubscription {
  std::uint64_t request = 0;
  std::string stream;
  std::string subscription;
  std::optional<RetryRule> retry{};  ///< nullopt: as it is
  std::optional<BacklogLimit> limit{};
};

/// Which dead letters of a node, for an operator: those of a stream, of one subscription of it, or of these sequences.
struct DeadSelection {
  std::string stream;
  std::string subscription;           ///< its name, or `#` and the number of one that was removed; empty: all
  std::vector<Sequence> sequences{};  ///< empty: all; else `subscription` is named
  friend bool operator==(const DeadSelection&, const DeadSelection&) = default;
};
/// An operator's question: the letters behind `after_sequence` of subscription `after_subscription`, in order.
struct ReadDead {
  std::uint64_t request = 0;
  DeadSelection which;
  std::int64_t after_subscription = 0;
  Sequence after_sequence = 0;
  std::uint32_t count = 0;
  bool whole = false;  ///< one, with its batch
};
/// retry: it comes again, with its id. drop: it is gone. edit: another message comes in its place, with another id.
enum class DeadAction : std::uint8_t { retry, drop, edit };
/// An operator's wish. For `edit`, of one letter, the new message is the only one of the batch behind the frame.
struct ChangeDead {
  std::uint64_t request = 0;
  DeadAction action = DeadAction::retry;
  DeadSelection which;  ///< by their sequences, at most limits::letter_changes_max
};

// ---- the answers
struct Report {
  std::uint64_t request = 0;
  std::string json;
};

/// The answer to RemoveSubscription: after the commit, or at once if nothing is removed.
struct Removed {
  std::uint64_t request = 0;
  bool done = false;
  std::string refusal;         ///< why it is not removed, for people; empty: it is, or would be
  std::uint64_t messages = 0;  ///< that waited for it; an upper bound while they are on disk
  std::uint64_t octets = 0;
  std::uint64_t freed_messages = 0;  ///< of them, those that nobody else needs
  std::uint64_t freed_octets = 0;
  std::uint64_t sessions = 0;  ///< consumers that were there
};

/// The answer to ResetSubscription: after the commit, or at once if nothing changes.
struct WasReset {
  std::uint64_t request = 0;
  bool done = false;
  std::string refusal;         ///< why not, for people; empty: it is, or would be
  Sequence from = 0;           ///< it owns what is above
  Sequence gone_to = 0;        ///< of what was asked for, what is gone: from `from` up to here; 0: nothing
  std::uint64_t messages = 0;  ///< that wait for it then; an upper bound
  std::uint64_t octets = 0;
  std::uint64_t sessions = 0;  ///< consumers that were there
};
/// The answer to SetStream: after the commit, or at once if nothing changes.
struct StreamSet {
  std::uint64_t request = 0;
  std::string refusal;  ///< why not, for people
  Retention retention;  ///< as it is now, and so on
  Expiry expiry{};
  BacklogLimit limit{};  ///< of each subscription that has none of its own
  DrainRate drain{};
  std::uint32_t priority = 0;  ///< higher ones go first where streams wait for the same
};
/// The answer to SetSubscription, likewise.
struct SubscriptionSet {
  std::uint64_t request = 0;
  std::string refusal;
  RetryRule retry{};
  BacklogLimit limit{};
};

/// One dead letter, for an operator.
struct DeadLetter {
  std::int64_t subscription_id = 0;
  std::string subscription;  ///< `#` and its number if it was removed
  Sequence sequence = 0;
  GrantId grant = 0;
  std::uint32_t attempts = 0;
  std::int64_t buried_ms = 0;  ///< wall clock
  std::int64_t source_time_us = 0;
  std::uint64_t octets = 0;  ///< of its payload
  std::string reason;
  std::string topic;
  std::string history;  ///< of its attempts (core/attempt_history.h)
  friend bool operator==(const DeadLetter&, const DeadLetter&) = default;
};
/// The answer to ReadDead. If one was to be read whole, its batch is behind the frame.
struct DeadLetters {
  std::uint64_t request = 0;
  std::string refusal;  ///< why not, for people
  std::vector<DeadLetter> letters;
  bool more = false;
};
/// The answer to ChangeDead: after the last commit.
struct DeadChanged {
  std::uint64_t request = 0;
  std::string refusal;        ///< why not, or why not all of them, for people
  std::uint64_t letters = 0;  ///< that were changed, or would be
  std::uint64_t octets = 0;   ///< of their payloads
};

}  // namespace restante::core
