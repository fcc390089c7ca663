#include "core/wire_get.h"

namespace restante::core {

static Hello get(wire::Hello::Reader in) {
  return {in.getVersion(),
          in.getCapabilities(),
          text(in.getProcess(), limits::text_size_max, "the process's name"),
          text(in.getHost(), limits::text_size_max, "the host"),
          in.getPid(),
          in.getStartTime(),
          in.getClient(),
          in.getDial()};
}

static std::vector<std::string> get_endpoints(capnp::List<capnp::Text>::Reader list) {
  return get_texts(list, limits::endpoints_max, limits::endpoint_size_max, "live endpoints");
}

static OpenWriter get(wire::OpenWriter::Reader in) {
  return {in.getHandle(),        stream_name(in.getStream()), get(in.getKind()),
          in.getResume(),        get_grants(in.getGrants()),  sequence(in.getConfirmedTo()),
          in.getWindow(),        get(in.getPattern()),        get_endpoints(in.getLiveEndpoints()),
          get(in.getRetention())};
}

static Subscribe get(wire::Subscribe::Reader in) {
  Subscribe out;
  out.session = in.getSession();
  out.stream = stream_name(in.getStream());
  out.subscription = subscription_name(in.getSubscription());
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

static Settle get(wire::Settle::Reader in) {
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

static Welcome get(wire::Welcome::Reader in) {
  return {in.getVersion(),
          in.getCapabilities(),
          text(in.getNode(), limits::name_size_max, "the node's name"),
          {in.getIncarnationHigh(), in.getIncarnationLow()}};
}

static Refused get(wire::Refused::Reader in) {
  return {get(in.getSide()), in.getId(), get(in.getCode()), explanation(in.getText())};
}

static Granted get(wire::Granted::Reader in) {
  return {in.getHandle(), get(in.getGrant()), in.getFirst(), in.getWindow(), in.getLastMarker(), in.getListeners()};
}

static Confirmed get(wire::Confirmed::Reader in) {
  return {in.getHandle(), sequence(in.getTo()),       sequence(in.getSettledTo()),
          in.getWindow(), explanation(in.getLimit()), get_list(in.getFates(), limits::fates_max, "fates")};
}

static LiveTarget get(wire::LiveTarget::Reader in) {
  return {in.getHandle(),
          in.getToken(),
          text(in.getEndpoint(), limits::endpoint_size_max, "the endpoint"),
          in.getLimitMessages(),
          in.getLimitOctets(),
          in.getGone(),
          get_texts(in.getFilters(), limits::filters_max, limits::topic_size_max, "filters")};
}

static Subscribed get(wire::Subscribed::Reader in) {
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

static Redelivery get(wire::Redelivery::Reader in) {
  return {in.getToken(), in.getGrant(), get_ranges(in.getOwed()), sequence(in.getCovers()), in.getRevived()};
}

static Attached get(wire::Attached::Reader in) { return {in.getHandle(), in.getWindow(), in.getLastMarker()}; }
static CatchUp get(wire::CatchUp::Reader in) { return {in.getToken(), sequence(in.getWant())}; }
static Resend get(wire::Resend::Reader in) { return {in.getHandle(), sequence(in.getAfter())}; }
static Fenced get(wire::Fenced::Reader in) { return {in.getHandle(), explanation(in.getText())}; }
static Grants get(wire::Grants::Reader in) { return {in.getToken(), get_grants(in.getGrants())}; }
static Checkpoint get(wire::Checkpoint::Reader in) {
  return {in.getToken(), sequence(in.getTo()), sequence(in.getFloor()), in.getHeard()};
}
static LiveSource get(wire::LiveSource::Reader in) {
  return {in.getToken(), text(in.getEndpoint(), limits::endpoint_size_max, "the endpoint")};
}
static Missed get(wire::Missed::Reader in) {
  return {in.getToken(), in.getNumber(), range(in.getFirst(), in.getLast()), explanation(in.getReason()),
          sequence(in.getCovers())};
}
static Published get(wire::Published::Reader in) {
  return {in.getToken(), sequence(in.getAfter()), sequence(in.getTo()), get_ranges(in.getRanges())};
}
static TakenOver get(wire::TakenOver::Reader in) { return {in.getToken(), explanation(in.getText()), in.getSession()}; }

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
