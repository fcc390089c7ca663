/// \file
/// The writer of a stream: its seat, its grants (PROTOCOL W1 to W3).

#include <algorithm>

#include "core/assert.h"
#include "core/outbox.h"

namespace restante::core {

namespace {

// Blocks that a new handle leaves to the one that writes: 2^26 messages.
constexpr std::size_t grants_in_reserve = 64;

}  // namespace

std::vector<Grant> Outbox::grant_list() const {
  std::vector<Grant> list;
  Sequence floor = durable_floor();
  for (const auto& [token, replay] : replays_) floor = std::min(floor, replay.group.cursor().floor());
  for (const GrantRecord& known : grants_) {
    if (known.grant.range.last > floor) list.push_back(known.grant);
  }
  return list;
}

bool Outbox::is_granted(const GrantRange& range) const {
  for (auto at = grants_.rbegin(); at != grants_.rend(); ++at) {
    const Grant& grant = at->grant;
    if (grant.grant == range.grant)
      return grant.range.first <= range.range.first && range.range.last <= grant.range.last;
  }
  return false;
}

bool Outbox::has_block(std::uint64_t handle, const Grant& block) const {
  return is_granted(block) && std::any_of(grants_.begin(), grants_.end(), [&](const GrantRecord& known) {
           return known.grant.grant == block.grant && known.handle == handle;
         });
}

/// May a copy of `sequence` still come? Not if its block is not the seated writer's (T4). When the next one is seated,
/// the head passes all of the old one's blocks (W3).
bool Outbox::is_open(Sequence sequence) const {
  return std::any_of(grants_.begin(), grants_.end(), [&](const GrantRecord& known) {
    const Range& range = known.grant.range;
    return known.handle == writer_.holder.handle && range.first <= sequence && sequence <= range.last;
  });
}

bool Outbox::note_known(const std::vector<Grant>& known) {
  Sequence highest = 0;
  bool other = false;  // a block of the same sequences under another id: blocks of one store never overlap
  for (const Grant& grant : known) {
    highest = std::max(highest, grant.range.last);
    other = other || std::any_of(grants_.begin(), grants_.end(), [&](const GrantRecord& ours) {
              return ours.grant.grant != grant.grant && ours.grant.range.first <= grant.range.last &&
                     grant.range.first <= ours.grant.range.last;
            });
  }
  if ((highest < record_.next && !other) || regresses_ >= limits::regresses_max) return false;
  if (highest > record_.next + limits::regress_reach) return false;  // nobody gets so far in the life of a backup
  ++regresses_;
  const Sequence next = std::max(record_.next, highest + 1 + limits::regress_skip);
  if (next > record_.next) never_granted_.push_back({record_.next, next - 1});
  record_.next = next;
  record_dirty_ = true;
  cursor_due_ = Instant{};
  return true;
}

/// The first sequence of a block among `known` that another store gave out under this one's name, or 0.
Sequence Outbox::first_of_other_store(const std::vector<Grant>& known) const {
  const auto meets = [](Range a, Range b) { return a.first <= b.last && b.first <= a.last; };
  Sequence first = 0;
  for (const Grant& grant : known) {
    const bool is_other = std::any_of(never_granted_.begin(), never_granted_.end(),
                                      [&](const Range& skipped) { return meets(skipped, grant.range); }) ||
                          std::any_of(grants_.begin(), grants_.end(), [&](const GrantRecord& ours) {
                            return ours.grant.grant != grant.grant && meets(ours.grant.range, grant.range);
                          });
    if (is_other && (first == 0 || grant.range.first < first)) first = grant.range.first;
  }
  return first;
}

void Outbox::announce_grants(Turn& turn) const {
  const std::vector<Grant> list = grant_list();
  for (const auto& [token, listener] : listeners_) {
    turn.out.push_back(Outgoing{listener.link, Grants{token, list}, {}});
  }
  for (const auto& [id, subscription] : subscriptions_) {
    for (const auto& [token, session] : subscription.group.sessions()) {
      if (session.admitted) turn.out.push_back(Outgoing{session.link, Grants{token, list}, {}});
    }
  }
  for (const auto& [token, replay] : replays_) turn.out.push_back(Outgoing{replay.link, Grants{token, list}, {}});
}

void Outbox::raise_head(Sequence head) {
  const Sequence old_head = head_;
  head_ = std::max(head_, head);
  for (auto& [id, subscription] : subscriptions_) {
    Cursor& cursor = subscription.group.cursor();
    if (cursor.tracked_to() >= old_head) cursor.pass(head_);
  }
  // Not to head_: after a restart that is the last row, and a batch before it may have been in memory only (W2).
  if (line_.empty()) confirmed_to_ = std::max(confirmed_to_, head);
}

void Outbox::open_writer(const OpenWriter& open, const WriterSeat::Holder& holder, Turn& turn) {
  if (open.resume) {
    attach(open, holder, turn);
    return;
  }
  const WriterSeat::Holder& present = writer_.holder;
  const bool seated = present.handle != 0 && present.handle != open.handle && !present.is_gone;
  const bool away_too_long = present.link == 0 && turn.now - writer_.since >= limits::silence_max;
  // Whoever is being admitted may be dead by now, and nobody is held off by the dead: it passes with the commit.
  const bool admitting = pending_grant_ || in_commit_.grant;
  if (admitting || (seated && !away_too_long)) {
    std::string text = "cannot open stream " + record_.name + " for writing: ";
    if (admitting) {
      text += "another writer is just being admitted";
    } else {
      text += "it is held by " + present.process + " (pid " + std::to_string(present.pid) + ")" +
              (present.link == 0 ? ", which is away" : "") +
              "; stop that process, or write beside it as an instance: " + record_.name +
              "@2, a stream of its own that its consumers name";
    }
    const auto code = admitting ? ErrorCode::retry_later : ErrorCode::held_elsewhere;
    turn.out.push_back(Outgoing{holder.link, Refused{Side::handle, open.handle, code, text}, {}});
    return;
  }
  if (refuse_grant(grants_in_reserve, open.handle, holder.link, turn)) return;
  grant_block(holder, true);
}

/// The list of blocks goes out whole with each Subscribed: short-lived writers and no consumer must not outgrow it.
/// And no sequence is used twice: at the end of the numbers the stream ends (R13).
bool Outbox::refuse_grant(std::size_t reserve, std::uint64_t handle, LinkId link, Turn& turn) const {
  const bool used_up = record_.next > limits::sequence_max - limits::grant_messages;
  if (!used_up && grants_.size() + reserve < limits::grants_max) return false;
  std::string text = "cannot grant sequences of stream " + record_.name + ": ";
  text += used_up ? "all of its 2^63 are used; write to a stream of another name"
                  : std::to_string(grants_.size()) +
                        " blocks are still owed to its consumers, which is the limit; start its consumers";
  turn.out.push_back(Outgoing{link, Refused{Side::handle, handle, ErrorCode::retry_later, text}, {}});
  return true;
}

void Outbox::attach(const OpenWriter& open, const WriterSeat::Holder& holder, Turn& turn) {
  // A handle that is just being admitted has no block yet: with one of another's it would have the seat before its
  // time, and who sits there would never be fenced.
  const bool granted = std::all_of(open.grants.begin(), open.grants.end(),
                                   [&](const Grant& grant) { return has_block(open.handle, grant); });
  if (record_.writer != open.handle || open.grants.empty() || !granted) {
    const bool other = record_.writer != open.handle;
    turn.out.push_back(
        Outgoing{holder.link,
                 Fenced{open.handle, "stream " + record_.name +
                                         (other ? " was taken over by another writer while this one was away"
                                                : " comes from another store than this writer's")},
                 {}});
    return;
  }
  Sequence granted_to = 0;
  for (const Grant& grant : open.grants) granted_to = std::max(granted_to, grant.range.last);
  const Sequence told = std::min(open.confirmed_to, granted_to);  // what it never was granted it cannot have confirmed
  const bool known = writer_.met && writer_.holder.handle == open.handle;
  const Sequence chain = known ? std::max(writer_.chain, told) : told;
  writer_.holder = holder;
  record_.writer_process = {holder.process, holder.host, holder.pid, holder.start_time};
  record_dirty_ = true;
  writer_.since = turn.now;
  writer_.attached = true;
  writer_.met = true;
  writer_.asked = 0;
  writer_.chain = chain;
  writer_.tell = true;
  writer_.first = 0;
  confirmed_to_ = known ? std::max(confirmed_to_, told) : (line_.empty() ? chain : confirmed_to_);
  raise_head(chain);
  for (auto& [id, subscription] : subscriptions_) subscription.group.forget_lending();
  tell_sources(turn);
  turn.out.push_back(Outgoing{holder.link, Attached{open.handle, open_window(), record_.last_marker}, {}});
}

void Outbox::request_grant(std::uint64_t handle, LinkId link, Turn& turn) {
  if (handle != writer_.holder.handle || link != writer_.holder.link || !writer_.attached) {
    turn.out.push_back(Outgoing{link, Fenced{handle, "stream " + record_.name + " has another writer"}, {}});
    return;
  }
  for (std::optional<PendingGrant>* pending : {&pending_grant_, &in_commit_.grant}) {
    if (!*pending) continue;
    if ((*pending)->holder.handle == handle) (*pending)->holder.link = link;  // asked for on an earlier link
    return;
  }
  if (!refuse_grant(0, handle, link, turn)) grant_block(writer_.holder, false);
}

/// A block is synced before its use (W3); the answer waits for the commit.
void Outbox::grant_block(const WriterSeat::Holder& holder, bool first) {
  RESTANTE_ASSERT(!pending_grant_);
  PendingGrant granted;
  granted.holder = holder;
  granted.grant.range = {record_.next, record_.next + limits::grant_messages - 1};
  granted.first = first;
  record_.next += limits::grant_messages;
  record_.writer = holder.handle;
  record_.writer_process = {holder.process, holder.host, holder.pid, holder.start_time};
  record_dirty_ = true;
  pending_grant_ = granted;
}

void Outbox::set_kind(StreamKind kind) {
  RESTANTE_ASSERT(is_blank());
  record_dirty_ = record_dirty_ || kind != record_.kind;
  record_.kind = kind;
}

/// Its grant is on disk: the handle has the seat, and whoever had it is fenced for good.
void Outbox::seat_writer(const PendingGrant& granted, Turn& turn) {
  grants_.push_back(GrantRecord{record_.id, granted.grant, granted.holder.handle});
  announce_grants(turn);
  writer_.granted_to = granted.grant.range.last;
  if (granted.first) {
    if (writer_.holder.link != 0 && writer_.holder.handle != granted.holder.handle) {
      turn.out.push_back(Outgoing{
          writer_.holder.link,
          Fenced{writer_.holder.handle, "stream " + record_.name + " was taken over by " + granted.holder.process +
                                            " (pid " + std::to_string(granted.holder.pid) + ")"},
          {}});
    }
    tell_published(turn);  // of the one before: what is told later is behind where this one is heard
    writer_ = WriterSeat{};
    writer_.holder = granted.holder;
    writer_.granted_to = granted.grant.range.last;
    writer_.first = granted.grant.range.first;
    writer_.chain = granted.grant.range.first - 1;
    writer_.met = true;
    writer_.attached = granted.holder.link != 0;  // else it went while its grant was written
    writer_.tell = true;
    writer_.since = turn.now;
    raise_head(writer_.chain);
    for (auto& [id, subscription] : subscriptions_) subscription.group.forget_lending();
    if (writer_.attached) tell_sources(turn);
  } else if (record_.kind == StreamKind::live && grants_.size() > 1) {
    // Nothing of it is copied. Its writer asks for a block when it has begun the last one: what is before that is over.
    writer_.chain = std::max(writer_.chain, grants_[grants_.size() - 2].grant.range.first - 1);
    raise_head(writer_.chain);
  }
  turn.out.push_back(Outgoing{granted.holder.link,
                              Granted{granted.holder.handle, granted.grant, granted.first, open_window(),
                                      record_.last_marker, granted.first ? listening() : 0},
                              {}});
}

void Outbox::close_writer(std::uint64_t handle, LinkId link) {
  for (std::optional<PendingGrant>* pending : {&pending_grant_, &in_commit_.grant}) {
    if (!*pending || (*pending)->holder.handle != handle) continue;
    (*pending)->holder.link = 0;
    (*pending)->holder.is_gone = true;
  }
  if (writer_.holder.handle != handle || writer_.holder.link != link) return;
  writer_.holder.is_gone = true;
  record_.writer_process = {};  // written with the next commit, whenever that is
  record_dirty_ = true;
  leave_seat();
}

/// Nobody sends live copies now: what was lent for them is free for redelivery.
void Outbox::leave_seat() {
  writer_.holder.link = 0;
  writer_.attached = false;
  published_is_due_ = true;
  for (auto& [id, subscription] : subscriptions_) subscription.group.forget_lending();
}

void Outbox::on_writer_away(LinkId link, Instant now) {
  if (pending_grant_ && pending_grant_->holder.link == link) pending_grant_->holder.link = 0;
  if (in_commit_.grant && in_commit_.grant->holder.link == link) in_commit_.grant->holder.link = 0;
  if (writer_.holder.link != link) return;
  writer_.since = now;
  leave_seat();
}

}  // namespace restante::core
