#include <algorithm>

#include <restante/limits.h>

#include "core/wire_put.h"

namespace restante::core {

// The enumerations of messages.h and of wire.capnp have the same numbers.
static_assert(static_cast<int>(wire::StreamKind::LIVE) == static_cast<int>(StreamKind::live));
static_assert(static_cast<int>(wire::StreamPattern::PUBSUB) == static_cast<int>(StreamPattern::pubsub));
static_assert(static_cast<int>(wire::SubscriptionMode::LIVE) == static_cast<int>(SubscriptionMode::live));
static_assert(static_cast<int>(wire::SubscriptionMode::REPLAY) == static_cast<int>(SubscriptionMode::replay));
static_assert(static_cast<int>(wire::OnLimit::REFUSE) == static_cast<int>(OnLimit::refuse));
static_assert(static_cast<int>(wire::DeadAction::EDIT) == static_cast<int>(DeadAction::edit));
static_assert(static_cast<int>(wire::Side::SESSION) == static_cast<int>(Side::session));
static_assert(static_cast<int>(wire::Side::LINK) == static_cast<int>(Side::link));
static_assert(static_cast<int>(wire::ErrorCode::BAD_ARGUMENT) == static_cast<int>(ErrorCode::bad_argument));
static_assert(static_cast<int>(wire::ErrorCode::DENIED) == static_cast<int>(ErrorCode::denied));
static_assert(static_cast<int>(wire::ErrorCode::STORE_FAILED) == static_cast<int>(ErrorCode::store_failed));

static void put(wire::GrantRange::Builder out, const GrantRange& in) {
  out.setGrant(in.grant);
  out.setFirst(in.range.first);
  out.setLast(in.range.last);
}

static void put(wire::Nack::Builder out, const Nack& in) {
  out.setGrant(in.grant);
  out.setSequence(in.sequence);
  out.setDelayMs(std::min(in.delay_ms, limits::wait_ms_max));
  out.setLeaseEnded(in.lease_ended);
}

static void put(wire::Reject::Builder out, const Reject& in) {
  out.setGrant(in.grant);
  out.setSequence(in.sequence);
  out.setReason(text_of(cut(in.reason)));
}

static void put(wire::Owed::Builder out, const Owed& in) {
  out.setFirst(in.range.first);
  out.setLast(in.range.last);
  out.setAttempts(in.attempts);
}

static void put(wire::Fate::Builder out, const Fate& in) {
  out.setFirst(in.range.first);
  out.setLast(in.range.last);
  out.setKind(in.outcome == Outcome::dead      ? wire::Fate::Kind::DEAD
              : in.outcome == Outcome::expired ? wire::Fate::Kind::EXPIRED
                                               : wire::Fate::Kind::DROPPED);
}

static void put(wire::Credit::Builder out, const Credit& in) {
  out.setMessages(in.messages);
  out.setOctets(in.octets);
}

namespace {

void put(Frame frame, const Heartbeat&) { frame.initHeartbeat(); }

void put(Frame frame, const Hello& in) {
  auto out = frame.initHello();
  out.setVersion(in.version);
  out.setCapabilities(in.capabilities);
  out.setProcess(text_of(cut(in.process)));
  out.setHost(bounded(in.host, limits::text_size_max));
  out.setPid(in.pid);
  out.setStartTime(in.start_time);
  out.setClient(in.client);
  out.setDial(in.dial);
}

void put(Frame frame, const Bye&) { frame.initBye(); }

void put(Frame frame, const OpenWriter& in) {
  auto out = frame.initOpenWriter();
  out.setHandle(in.handle);
  out.setStream(bounded(in.stream, limits::name_size_max));
  out.setKind(static_cast<wire::StreamKind>(in.kind));
  out.setResume(in.resume);
  put_list(in.grants, limits::grants_max, [&out](unsigned int count) { return out.initGrants(count); });
  out.setConfirmedTo(in.confirmed_to);
  out.setWindow(in.window);
  out.setPattern(static_cast<wire::StreamPattern>(in.pattern));
  put_texts(in.live_endpoints, limits::endpoints_max, limits::endpoint_size_max,
            [&out](unsigned int count) { return out.initLiveEndpoints(count); });
  put(out.initRetention(), in.retention);
}

void put(Frame frame, const RequestGrant& in) { frame.initRequestGrant().setHandle(in.handle); }

void put(Frame frame, const CloseWriter& in) { frame.initCloseWriter().setHandle(in.handle); }

void put(Frame frame, const Subscribe& in) {
  auto out = frame.initSubscribe();
  out.setSession(in.session);
  out.setStream(bounded(in.stream, limits::name_size_max));
  out.setSubscription(bounded(in.subscription, limits::name_size_max));
  out.setMode(static_cast<wire::SubscriptionMode>(in.mode));
  put_texts(in.filters, limits::filters_max, limits::topic_size_max,
            [&out](unsigned int count) { return out.initFilters(count); });
  out.setStart(bounded(in.start, limits::name_size_max));
  out.setClaim(in.claim);
  put_texts(in.live_endpoints, limits::endpoints_max, limits::endpoint_size_max,
            [&out](unsigned int count) { return out.initLiveEndpoints(count); });
  out.setHost(bounded(in.host, limits::text_size_max));
  put(out.initCredit(), in.credit);
  put_list(in.known, limits::grants_max, [&out](unsigned int count) { return out.initKnown(count); });
  put_list(in.held, limits::ranges_max, [&out](unsigned int count) { return out.initHeld(count); });
  out.setListens(in.listens);
  out.setMade(in.made);
  out.setUntil(in.until);
  if (in.limit != BacklogLimit{}) core::put(out.initLimit(), in.limit);
  if (in.retry != RetryRule{}) core::put(out.initRetry(), in.retry);
}

void put(Frame frame, const Settle& in) {
  auto out = frame.initSettle();
  out.setToken(in.token);
  put_list(in.acks, limits::ranges_max, [&out](unsigned int count) { return out.initAcks(count); });
  put_list(in.nacks, limits::ranges_max, [&out](unsigned int count) { return out.initNacks(count); });
  put_list(in.rejects, limits::ranges_max, [&out](unsigned int count) { return out.initRejects(count); });
  put_list(in.released, limits::ranges_max, [&out](unsigned int count) { return out.initReleased(count); });
  put_list(in.received, limits::ranges_max, [&out](unsigned int count) { return out.initReceived(count); });
  put(out.initCredit(), in.credit);
  if (in.missed.empty()) return;
  auto missed = out.initMissed(bounded(in.missed.size(), limits::ranges_max));
  for (unsigned int i = 0; i < missed.size(); ++i) missed.set(i, in.missed[i]);
}

void put(Frame frame, const CatchUp& in) {
  auto out = frame.initCatchUp();
  out.setToken(in.token);
  out.setWant(in.want);
}

void put(Frame frame, const Unsubscribe& in) { frame.initUnsubscribe().setToken(in.token); }

void put(Frame frame, const Welcome& in) {
  auto out = frame.initWelcome();
  out.setVersion(in.version);
  out.setCapabilities(in.capabilities);
  out.setNode(bounded(in.node, limits::name_size_max));
  out.setIncarnationHigh(in.incarnation[0]);
  out.setIncarnationLow(in.incarnation[1]);
}

void put(Frame frame, const Unknown&) { frame.initUnknown(); }

void put(Frame frame, const Refused& in) {
  auto out = frame.initRefused();
  out.setSide(static_cast<wire::Side>(in.side));
  out.setId(in.id);
  out.setCode(static_cast<wire::ErrorCode>(in.code));
  out.setText(text_of(cut(in.text)));
}

void put(Frame frame, const Granted& in) {
  auto out = frame.initGranted();
  out.setHandle(in.handle);
  put(out.initGrant(), in.grant);
  out.setFirst(in.first);
  out.setWindow(in.window);
  out.setLastMarker(in.last_marker);
  out.setListeners(in.listeners);
}

void put(Frame frame, const Attached& in) {
  auto out = frame.initAttached();
  out.setHandle(in.handle);
  out.setWindow(in.window);
  out.setLastMarker(in.last_marker);
}

void put(Frame frame, const Confirmed& in) {
  auto out = frame.initConfirmed();
  out.setHandle(in.handle);
  out.setTo(in.to);
  out.setSettledTo(in.settled_to);
  out.setWindow(in.window);
  if (!in.limit.empty()) out.setLimit(text_of(cut(in.limit)));
  put_list(in.fates, limits::fates_max, [&out](unsigned int count) { return out.initFates(count); });
}

void put(Frame frame, const Resend& in) {
  auto out = frame.initResend();
  out.setHandle(in.handle);
  out.setAfter(in.after);
}

void put(Frame frame, const Fenced& in) {
  auto out = frame.initFenced();
  out.setHandle(in.handle);
  out.setText(text_of(cut(in.text)));
}

void put(Frame frame, const LiveTarget& in) {
  auto out = frame.initLiveTarget();
  out.setHandle(in.handle);
  out.setToken(in.token);
  out.setEndpoint(bounded(in.endpoint, limits::endpoint_size_max));
  out.setLimitMessages(in.limit_messages);
  out.setLimitOctets(in.limit_octets);
  out.setGone(in.gone);
  put_texts(in.filters, limits::filters_max, limits::topic_size_max,
            [&out](unsigned int count) { return out.initFilters(count); });
}

void put(Frame frame, const Subscribed& in) {
  auto out = frame.initSubscribed();
  out.setSession(in.session);
  out.setToken(in.token);
  out.setMode(static_cast<wire::SubscriptionMode>(in.mode));
  out.setClaim(in.claim);
  out.setFloor(in.floor);
  put_list(in.grants, limits::grants_max, [&out](unsigned int count) { return out.initGrants(count); });
  out.setRegressedAt(in.regressed_at);
  out.setUntried(in.untried);
  out.setFiltersSince(in.filters_since);
  out.setMade(in.made);
  out.setUntil(in.until);
}

void put(Frame frame, const Grants& in) {
  auto out = frame.initGrants();
  out.setToken(in.token);
  put_list(in.grants, limits::grants_max, [&out](unsigned int count) { return out.initGrants(count); });
}

void put(Frame frame, const Redelivery& in) {
  auto out = frame.initRedelivery();
  out.setToken(in.token);
  out.setGrant(in.grant);
  put_list(in.owed, limits::ranges_max, [&out](unsigned int count) { return out.initOwed(count); });
  out.setCovers(in.covers);
  out.setRevived(in.revived);
}

void put(Frame frame, const Checkpoint& in) {
  auto out = frame.initCheckpoint();
  out.setToken(in.token);
  out.setTo(in.to);
  out.setFloor(in.floor);
  out.setHeard(in.heard);
}

void put(Frame frame, const Missed& in) {
  auto out = frame.initMissed();
  out.setToken(in.token);
  out.setNumber(in.number);
  out.setFirst(in.range.first);
  out.setLast(in.range.last);
  out.setReason(text_of(cut(in.reason)));
  out.setCovers(in.covers);
}

void put(Frame frame, const TakenOver& in) {
  auto out = frame.initTakenOver();
  out.setToken(in.token);
  out.setSession(in.session);
  out.setText(text_of(cut(in.text)));
}

void put(Frame frame, const LiveSource& in) {
  auto out = frame.initLiveSource();
  out.setToken(in.token);
  out.setEndpoint(bounded(in.endpoint, limits::endpoint_size_max));
}

void put(Frame frame, const Published& in) {
  auto out = frame.initPublished();
  out.setToken(in.token);
  out.setAfter(in.after);
  out.setTo(in.to);
  put_list(in.ranges, limits::ranges_max, [&out](unsigned int count) { return out.initRanges(count); });
}

}  // namespace

void put_message(Frame frame, const ControlMessage& message) {
  std::visit([&frame](const auto& value) { put(frame, value); }, message);
}

}  // namespace restante::core
