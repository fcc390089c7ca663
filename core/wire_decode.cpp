#include <restante/limits.h>

#include "core/wire_messages.h"
#include "core/wire_segment.h"

namespace restante::core {
namespace {

std::string text(capnp::Text::Reader in, std::size_t size_max, const char* what) {
  if (in.size() > size_max) throw Refusal(std::string(what) + " is too long");
  return std::string(view_of(in));
}

Sequence sequence(std::uint64_t in) {
  if (in > limits::sequence_max) throw Refusal("a sequence is above sequence_max");
  return in;
}

Range range(std::uint64_t first, std::uint64_t last) {
  if (first > last) throw Refusal("a range ends before it begins");
  return {first, sequence(last)};
}

/// The enumerations of messages.h and of wire.capnp have the same numbers; one of a later version is not guessed at.
template <typename Out, typename In>
Out enumerant(In in, Out last) {
  if (static_cast<std::uint16_t>(in) > static_cast<std::uint16_t>(last)) throw Refusal("a choice is not known here");
  return static_cast<Out>(in);
}
StreamKind get(wire::StreamKind in) { return enumerant(in, StreamKind::live); }
StreamPattern get(wire::StreamPattern in) { return enumerant(in, StreamPattern::pubsub); }
SubscriptionMode get(wire::SubscriptionMode in) { return enumerant(in, SubscriptionMode::strict); }
OnLimit get(wire::OnLimit in) { return enumerant(in, OnLimit::refuse); }
Side get(wire::Side in) { return enumerant(in, Side::link); }
ErrorCode get(wire::ErrorCode in) { return enumerant(in, ErrorCode::store_failed); }

GrantRange get(wire::GrantRange::Reader in) { return {in.getGrant(), range(in.getFirst(), in.getLast())}; }

Nack get(wire::Nack::Reader in) {
  const std::int64_t delay_ms = in.getDelayMs();
  if (delay_ms < -1 || delay_ms > limits::wait_ms_max) throw Refusal("the delay of a nack is not allowed");
  return {in.getGrant(), sequence(in.getSequence()), delay_ms, in.getLeaseEnded()};
}

Reject get(wire::Reject::Reader in) {
  return {in.getGrant(), sequence(in.getSequence()), text(in.getReason(), limits::text_size_max, "a reason")};
}

Owed get(wire::Owed::Reader in) { return {range(in.getFirst(), in.getLast()), in.getAttempts()}; }

Retention get(wire::Retention::Reader in) {
  const std::int64_t age_ms = in.getAgeMs();
  if (age_ms < 0 || age_ms > limits::wait_ms_max) throw Refusal("the age of a retention is not allowed");
  return {age_ms, in.getMessages(), in.getOctets()};
}

DeadLetter get(wire::DeadLetter::Reader in) {
  return {in.getSubscriptionId(),
          text(in.getSubscription(), limits::name_size_max, "the subscription's name"),
          sequence(in.getSequence()),
          in.getGrant(),
          in.getAttempts(),
          in.getBuriedMs(),
          in.getSourceTimeUs(),
          in.getOctets(),
          text(in.getReason(), limits::text_size_max, "the reason"),
          text(in.getTopic(), limits::topic_size_max, "the topic"),
          text(in.getHistory(), limits::history_size_max, "the history")};
}

Expiry expiry(std::int64_t after_ms, bool dead) {
  if (after_ms < 0 || after_ms > limits::wait_ms_max) throw Refusal("the age at which messages expire is not allowed");
  return {after_ms, dead};
}

BacklogLimit get(wire::BacklogLimit::Reader in) { return {in.getMessages(), in.getOctets(), get(in.getThen())}; }

RetryRule get(wire::RetryRule::Reader in) {
  const RetryRule rule{in.getInitialMs(), in.getFactorPercent(), in.getMaxMs(), in.getAttemptsMax()};
  const auto fits = [](std::int64_t value, std::int64_t least, std::int64_t most) {
    return value == -1 || (value >= least && value <= most);
  };
  if (!fits(rule.initial_ms, 0, limits::wait_ms_max) || !fits(rule.max_ms, 0, limits::wait_ms_max) ||
      !fits(rule.factor_percent, 100, limits::retry_factor_max) ||
      !fits(rule.attempts_max, 0, limits::attempts_set_max)) {
    throw Refusal("a rule for attempts is not allowed");
  }
  return rule;
}

Credit get(wire::Credit::Reader in) { return {in.getMessages(), in.getOctets()}; }

template <typename List>
void require_count(const List& list, std::size_t count_max, const char* what) {
  if (list.size() > count_max) throw Refusal(std::string("there are too many ") + what);
}

/// The count is checked before anything is reserved for it.
template <typename List>
auto get_list(const List& list, std::size_t count_max, const char* what) {
  require_count(list, count_max, what);
  std::vector<decltype(get(list[0]))> items;
  items.reserve(list.size());
  for (const auto& item : list) items.push_back(get(item));
  return items;
}

template <typename List>
auto get_grants(const List& list) {
  return get_list(list, limits::grants_max, "grants");
}

template <typename List>
auto get_ranges(const List& list) {
  return get_list(list, limits::ranges_max, "ranges");
}

std::vector<std::string> get_texts(capnp::List<capnp::Text>::Reader list, std::size_t count_max, std::size_t size_max,
                                   const char* what) {
  require_count(list, count_max, what);
  std::vector<std::string> texts;
  texts.reserve(list.size());
  for (const auto& item : list) texts.push_back(text(item, size_max, what));
  return texts;
}

std::string stream_name(capnp::Text::Reader in) { return text(in, limits::name_size_max, "the stream's name"); }
std::string explanation(capnp::Text::Reader in) { return text(in, limits::text_size_max, "the explanation"); }

Hello get(wire::Hello::Reader in) {
  return {in.getVersion(),
          in.getCapabilities(),
          text(in.getProcess(), limits::text_size_max, "the process's name"),
          text(in.getHost(), limits::text_size_max, "the host"),
          in.getPid(),
          in.getStartTime(),
          in.getClient(),
          in.getDial()};
}

std::vector<std::string> get_endpoints(capnp::List<capnp::Text>::Reader list) {
  return get_texts(list, limits::endpoints_max, limits::endpoint_size_max, "live endpoints");
}

OpenWriter get(wire::OpenWriter::Reader in) {
  return {in.getHandle(),        stream_name(in.getStream()), get(in.getKind()),
          in.getResume(),        get_grants(in.getGrants()),  sequence(in.getConfirmedTo()),
          in.getWindow(),        get(in.getPattern()),        get_endpoints(in.getLiveEndpoints()),
          get(in.getRetention())};
}

Subscribe get(wire::Subscribe::Reader in) {
  Subscribe out;
  out.session = in.getSession();
  out.stream = stream_name(in.getStream());
  out.subscription = text(in.getSubscription(), limits::name_size_max, "the subscription's name");
  out.mode = get(in.getMode());
  out.filters = get_texts(in.getFilters(), limits::filters_max, limits::topic_size_max, "filters");
  out.start = text(in.getStart(), limits::name_size_max, "the start");
  out.claim = in.getClaim();
  out.live_endpoints = get_endpoints(in.getLiveEndpoints());
  out.host = text(in.getHost(), limits::text_size_max, "the host");
  out.credit = get(in.getCredit());
  out.known = get_grants(in.getKnown());
  out.held = get_ranges(in.getHeld());
  out.listens = in.getListens();
  out.made = in.getMade();
  out.until = sequence(in.getUntil());
  out.limit = get(in.getLimit());
  out.retry = get(in.getRetry());
  return out;
}

Settle get(wire::Settle::Reader in) {
  Settle out;
  out.token = in.getToken();
  out.acks = get_ranges(in.getAcks());
  out.nacks = get_ranges(in.getNacks());
  out.rejects = get_ranges(in.getRejects());
  out.released = get_ranges(in.getReleased());
  out.received = get_ranges(in.getReceived());
  out.credit = get(in.getCredit());
  require_count(in.getMissed(), limits::ranges_max, "gaps");
  for (const std::uint64_t number : in.getMissed()) out.missed.push_back(number);
  return out;
}

Welcome get(wire::Welcome::Reader in) {
  return {in.getVersion(),
          in.getCapabilities(),
          text(in.getNode(), limits::name_size_max, "the node's name"),
          {in.getIncarnationHigh(), in.getIncarnationLow()}};
}

Refused get(wire::Refused::Reader in) {
  return {get(in.getSide()), in.getId(), get(in.getCode()), explanation(in.getText())};
}

Granted get(wire::Granted::Reader in) {
  return {in.getHandle(), get(in.getGrant()), in.getFirst(), in.getWindow(), in.getLastMarker(), in.getListeners()};
}

Confirmed get(wire::Confirmed::Reader in) {
  return {in.getHandle(), sequence(in.getTo()), sequence(in.getSettledTo()), in.getWindow(),
          explanation(in.getLimit())};
}

LiveTarget get(wire::LiveTarget::Reader in) {
  return {in.getHandle(),
          in.getToken(),
          text(in.getEndpoint(), limits::endpoint_size_max, "the endpoint"),
          in.getLimitMessages(),
          in.getLimitOctets(),
          in.getGone(),
          get_texts(in.getFilters(), limits::filters_max, limits::topic_size_max, "filters")};
}

Subscribed get(wire::Subscribed::Reader in) {
  return {in.getSession(),
          in.getToken(),
          get(in.getMode()),
          in.getClaim(),
          sequence(in.getFloor()),
          get_grants(in.getGrants()),
          sequence(in.getRegressedAt()),
          sequence(in.getUntried()),
          sequence(in.getFiltersSince()),
          in.getMade(),
          sequence(in.getUntil())};
}

Redelivery get(wire::Redelivery::Reader in) {
  return {in.getToken(), in.getGrant(), get_ranges(in.getOwed()), sequence(in.getCovers()), in.getRevived()};
}

Query get(wire::Query::Reader in) {
  return {in.getRequest(), text(in.getWhat(), limits::text_size_max, "the question")};
}

RemoveSubscription get(wire::RemoveSubscription::Reader in) {
  return {in.getRequest(), stream_name(in.getStream()),
          text(in.getSubscription(), limits::name_size_max, "the subscription's name"), in.getForce(), in.getDryRun()};
}

Removed get(wire::Removed::Reader in) {
  return {in.getRequest(), in.getDone(),          explanation(in.getRefusal()), in.getMessages(),
          in.getOctets(),  in.getFreedMessages(), in.getFreedOctets(),          in.getSessions()};
}

ResetSubscription get(wire::ResetSubscription::Reader in) {
  return {in.getRequest(),
          stream_name(in.getStream()),
          text(in.getSubscription(), limits::name_size_max, "the subscription's name"),
          text(in.getStart(), limits::name_size_max, "the start"),
          in.getForce(),
          in.getDryRun()};
}

WasReset get(wire::WasReset::Reader in) {
  return {in.getRequest(),
          in.getDone(),
          explanation(in.getRefusal()),
          sequence(in.getFrom()),
          sequence(in.getGoneTo()),
          in.getMessages(),
          in.getOctets(),
          in.getSessions()};
}

SetStream get(wire::SetStream::Reader in) {
  SetStream out{in.getRequest(), stream_name(in.getStream()), {}, {}};
  if (in.getSetsRetention()) out.retention = get(in.getRetention());
  if (in.getSetsExpiry()) out.expiry = expiry(in.getExpireAfterMs(), in.getExpiredDead());
  return out;
}

StreamSet get(wire::StreamSet::Reader in) {
  return {in.getRequest(), explanation(in.getRefusal()), get(in.getRetention()),
          expiry(in.getExpireAfterMs(), in.getExpiredDead())};
}

SetSubscription get(wire::SetSubscription::Reader in) {
  SetSubscription out{in.getRequest(),
                      stream_name(in.getStream()),
                      text(in.getSubscription(), limits::name_size_max, "the subscription's name"),
                      {},
                      {}};
  if (in.getSetsRetry()) out.retry = get(in.getRetry());
  if (in.getSetsLimit()) out.limit = get(in.getLimit());
  return out;
}

SubscriptionSet get(wire::SubscriptionSet::Reader in) {
  return {in.getRequest(), explanation(in.getRefusal()), get(in.getRetry()), get(in.getLimit())};
}

DeadSelection get(wire::DeadSelection::Reader in) {
  DeadSelection out{
      stream_name(in.getStream()), text(in.getSubscription(), limits::name_size_max, "the subscription's name"), {}};
  require_count(in.getSequences(), limits::ranges_max, "sequences");
  for (const std::uint64_t one : in.getSequences()) out.sequences.push_back(sequence(one));
  return out;
}

ReadDead get(wire::ReadDead::Reader in) {
  return {in.getRequest(), get(in.getWhich()), in.getAfterSubscription(), sequence(in.getAfterSequence()),
          in.getCount(),   in.getWhole()};
}

DeadLetters get(wire::DeadLetters::Reader in) {
  return {in.getRequest(), explanation(in.getRefusal()), get_list(in.getLetters(), limits::letters_max, "letters"),
          in.getMore()};
}

ChangeDead get(wire::ChangeDead::Reader in) {
  return {in.getRequest(), enumerant(in.getAction(), DeadAction::edit), get(in.getWhich())};
}

DeadChanged get(wire::DeadChanged::Reader in) {
  return {in.getRequest(), explanation(in.getRefusal()), in.getLetters(), in.getOctets()};
}

Report get(wire::Report::Reader in) {
  return {in.getRequest(), text(in.getJson(), limits::report_size_max, "the report")};
}

Attached get(wire::Attached::Reader in) { return {in.getHandle(), in.getWindow(), in.getLastMarker()}; }
CatchUp get(wire::CatchUp::Reader in) { return {in.getToken(), sequence(in.getWant())}; }
Resend get(wire::Resend::Reader in) { return {in.getHandle(), sequence(in.getAfter())}; }
Fenced get(wire::Fenced::Reader in) { return {in.getHandle(), explanation(in.getText())}; }
Grants get(wire::Grants::Reader in) { return {in.getToken(), get_grants(in.getGrants())}; }
Checkpoint get(wire::Checkpoint::Reader in) {
  return {in.getToken(), sequence(in.getTo()), sequence(in.getFloor()), in.getHeard()};
}
LiveSource get(wire::LiveSource::Reader in) {
  return {in.getToken(), text(in.getEndpoint(), limits::endpoint_size_max, "the endpoint")};
}
Missed get(wire::Missed::Reader in) {
  return {in.getToken(), in.getNumber(), range(in.getFirst(), in.getLast()), explanation(in.getReason()),
          sequence(in.getCovers())};
}
Published get(wire::Published::Reader in) {
  return {in.getToken(), sequence(in.getAfter()), sequence(in.getTo()), get_ranges(in.getRanges())};
}
TakenOver get(wire::TakenOver::Reader in) { return {in.getToken(), explanation(in.getText()), in.getSession()}; }

}  // namespace

ControlMessage get_message(wire::ControlFrame::Reader frame) {
  using Kind = wire::ControlFrame::Which;
  switch (frame.which()) {
    case Kind::HEARTBEAT: return Heartbeat{};
    case Kind::HELLO: return get(frame.getHello());
    case Kind::BYE: return Bye{};
    case Kind::OPEN_WRITER: return get(frame.getOpenWriter());
    case Kind::REQUEST_GRANT: return RequestGrant{frame.getRequestGrant().getHandle()};
    case Kind::CLOSE_WRITER: return CloseWriter{frame.getCloseWriter().getHandle()};
    case Kind::SUBSCRIBE: return get(frame.getSubscribe());
    case Kind::SETTLE: return get(frame.getSettle());
    case Kind::CATCH_UP: return get(frame.getCatchUp());
    case Kind::UNSUBSCRIBE: return Unsubscribe{frame.getUnsubscribe().getToken()};
    case Kind::QUERY: return get(frame.getQuery());
    case Kind::WELCOME: return get(frame.getWelcome());
    case Kind::UNKNOWN: return Unknown{};
    case Kind::REFUSED: return get(frame.getRefused());
    case Kind::GRANTED: return get(frame.getGranted());
    case Kind::ATTACHED: return get(frame.getAttached());
    case Kind::CONFIRMED: return get(frame.getConfirmed());
    case Kind::RESEND: return get(frame.getResend());
    case Kind::FENCED: return get(frame.getFenced());
    case Kind::LIVE_TARGET: return get(frame.getLiveTarget());
    case Kind::SUBSCRIBED: return get(frame.getSubscribed());
    case Kind::GRANTS: return get(frame.getGrants());
    case Kind::REDELIVERY: return get(frame.getRedelivery());
    case Kind::CHECKPOINT: return get(frame.getCheckpoint());
    case Kind::TAKEN_OVER: return get(frame.getTakenOver());
    case Kind::REPORT: return get(frame.getReport());
    case Kind::LIVE_SOURCE: return get(frame.getLiveSource());
    case Kind::REMOVE_SUBSCRIPTION: return get(frame.getRemoveSubscription());
    case Kind::REMOVED: return get(frame.getRemoved());
    case Kind::MISSED: return get(frame.getMissed());
    case Kind::RESET_SUBSCRIPTION: return get(frame.getResetSubscription());
    case Kind::WAS_RESET: return get(frame.getWasReset());
    case Kind::SET_STREAM: return get(frame.getSetStream());
    case Kind::STREAM_SET: return get(frame.getStreamSet());
    case Kind::SET_SUBSCRIPTION: return get(frame.getSetSubscription());
    case Kind::SUBSCRIPTION_SET: return get(frame.getSubscriptionSet());
    case Kind::READ_DEAD: return get(frame.getReadDead());
    case Kind::DEAD_LETTERS: return get(frame.getDeadLetters());
    case Kind::CHANGE_DEAD: return get(frame.getChangeDead());
    case Kind::DEAD_CHANGED: return get(frame.getDeadChanged());
    case Kind::PUBLISHED: return get(frame.getPublished());
  }
  throw Refusal("it is a message that is not known here");
}

}  // namespace restante::core
