/// \file
/// Consumers at an office: who may subscribe, and what they say.

#include <algorithm>

#include "core/names.h"
#include "core/office.h"

namespace restante::core {

std::string Office::live_endpoint(const Link& link, const Subscribe& subscribe) const {
  const bool same_host = subscribe.host == settings_.host;
  for (const std::string& endpoint : subscribe.live_endpoints) {
    std::string reached = settings_.reachable(endpoint, link.peer_address, same_host);
    if (!reached.empty() && reached.size() <= limits::endpoint_size_max) return reached;
  }
  return {};
}

/// What is wrong with the subscription that is asked for, for people.
std::optional<std::string> Office::problem_of(const Subscribe& subscribe) {
  const bool has_no_name = subscribe.mode == SubscriptionMode::live || subscribe.mode == SubscriptionMode::replay;
  if (has_no_name && !subscribe.subscription.empty()) return "a subscription that only listens or replays has no name";
  if (const auto fault = problem_of_subscription_name(subscribe.subscription); fault && !has_no_name) {
    return "subscription name \"" + subscribe.subscription + "\" " + *fault;
  }
  for (const std::string& filter : subscribe.filters) {
    if (const auto fault = problem_of_filter(filter)) return "filter \"" + filter + "\" " + *fault;
  }
  if (!parse_start(subscribe.start)) return problem_of_start(subscribe.start);
  return std::nullopt;
}

std::string Office::problem_of_start(const std::string& start) {
  return "start \"" + start + "\" is neither \"new\" nor \"beginning\", nor a sequence, nor a time";
}

void Office::on_message(LinkId, Link& link, const CatchUp& request) {
  const auto at = link.sessions.find(request.token);
  Outbox* outbox = at == link.sessions.end() ? nullptr : find(at->second);
  if (outbox == nullptr) return;
  outbox->catch_up(request);
  finish(*outbox);
}

/// For one session more on this link and at this stream; else it is refused.
bool Office::has_room(LinkId id, Link& link, const Subscribe& subscribe, const Outbox& outbox) {
  std::erase_if(link.sessions, [&](const auto& one) {  // a session that subscribed again has another token
    return one.second == subscribe.stream && !outbox.has_session(one.first);
  });
  const bool is_live = subscribe.mode == SubscriptionMode::live;
  bool fits = outbox.sessions() < limits::sessions_max && outbox.replays() < limits::replays_max;
  if (is_live) fits = outbox.listeners() < limits::listeners_max;
  if (link.sessions.size() < limits::handles_max && fits) return true;
  refuse(id, Side::session, subscribe.session, ErrorCode::retry_later, "too many sessions");
  return false;
}

Token Office::new_session(Link& link, const std::string& stream) {
  Token token = 0;
  while (token == 0) token = random_.next();
  link.sessions[token] = stream;
  return token;
}

/// A session without a subscription: it hears what is published while it is there.
void Office::listen(LinkId id, Link& link, const Subscribe& subscribe) {
  Outbox* outbox =
      stream(subscribe.stream, StreamKind::kept, StreamPattern::pubsub, id, Side::session, subscribe.session);
  if (outbox == nullptr || !has_room(id, link, subscribe, *outbox)) return;
  if (outbox->has_subscription(std::string(pipeline_subscription))) {
    refuse(
        id, Side::session, subscribe.session, ErrorCode::bad_argument,
        "stream " + subscribe.stream +
            " is a pipeline: nothing is published there. Receive from it with a puller, or subscribe to it by a name");
    return;
  }
  if (outbox->note_known(subscribe.known)) renew_incarnation(subscribe.stream);
  const Token token = new_session(link, subscribe.stream);
  outbox->listen(token, Listener{id, subscribe.session, subscribe.host, subscribe.filters}, turn_);
  finish(*outbox);
}

void Office::on_message(LinkId id, Link& link, const Subscribe& subscribe) {
  if (link.superseded) return;
  if (const auto text = problem_of(subscribe)) {
    refuse(id, Side::session, subscribe.session, ErrorCode::bad_argument, *text);
    return;
  }
  if (subscribe.mode == SubscriptionMode::live) {
    listen(id, link, subscribe);
    return;
  }
  if (subscribe.mode == SubscriptionMode::replay) {
    replay(id, link, subscribe);
    return;
  }
  // A late word of a process that was killed must not take an exclusive name from its successor (X7), nor bring back
  // the filters that it had (N2).
  if (is_dead(link.hello.host, link.hello.pid, link.hello.start_time)) {
    ++counters_["subscriptions of the dead"];
    return;
  }
  const StreamPattern pattern =
      subscribe.subscription == pipeline_subscription ? StreamPattern::pipeline : StreamPattern::pubsub;
  Outbox* outbox = stream(subscribe.stream, StreamKind::kept, pattern, id, Side::session, subscribe.session);
  if (outbox == nullptr) return;
  // What is published would wait for workers for ever, and fill the disk.
  if (pattern == StreamPattern::pipeline && outbox->record().kind == StreamKind::kept &&
      !is_pipeline(*outbox, pattern)) {
    refuse(id, Side::session, subscribe.session, ErrorCode::bad_argument,
           "stream " + subscribe.stream + " is a published one and has no workers; subscribe to it by a name");
    return;
  }
  if (outbox->record().kind == StreamKind::live) {
    refuse(id, Side::session, subscribe.session, ErrorCode::bad_argument,
           "stream " + subscribe.stream + " is live only; it has no subscriptions that wait");
    return;
  }
  if (!has_room(id, link, subscribe, *outbox)) return;
  if (outbox->subscriptions().size() >= limits::subscriptions_max &&
      !outbox->has_subscription(subscribe.subscription)) {
    refuse(id, Side::session, subscribe.session, ErrorCode::retry_later,
           "stream " + subscribe.stream + " has " + std::to_string(limits::subscriptions_max) +
               " subscriptions, which is its limit; remove one");
    return;
  }
  if (outbox->note_known(subscribe.known)) renew_incarnation(subscribe.stream);
  ConsumerSession session;
  session.token = new_session(link, subscribe.stream);
  session.link = id;
  session.session = subscribe.session;
  session.host = subscribe.host;
  session.who = who_of(link);
  if (subscribe.mode == SubscriptionMode::shared) session.endpoint = live_endpoint(link, subscribe);
  else session.listens = subscribe.listens && subscribe.mode == SubscriptionMode::exclusive;
  session.credit = subscribe.credit;
  const std::size_t before = outbox->subscriptions().size();
  outbox->subscribe(subscribe, next_subscription_id_++, session, turn_);
  if (outbox->subscriptions().size() != before) share_memory();
  finish(*outbox);
}

void Office::on_message(LinkId id, Link& link, const Settle& settle) {
  const auto at = link.sessions.find(settle.token);  // only the session that owns them (B3)
  Outbox* outbox = at == link.sessions.end() ? nullptr : find(at->second);
  if (outbox != nullptr && outbox->is_removed(settle.token)) return;  // said before it heard of it
  if (outbox == nullptr || !outbox->has_session(settle.token)) {
    // Ignored; and if its session was replaced from another link, its library must begin again or it waits for ever.
    ++counters_["settlements of a session that is not this link's"];
    out_.push_back(Outgoing{id, Unknown{}, {}});
    end_link(id, true);
    return;
  }
  outbox->settle(settle, turn_);
  finish(*outbox);
}

void Office::on_message(LinkId, Link& link, const Unsubscribe& unsubscribe) {
  const auto at = link.sessions.find(unsubscribe.token);
  Outbox* outbox = at == link.sessions.end() ? nullptr : find(at->second);
  if (outbox == nullptr) return;
  link.sessions.erase(at);
  outbox->leave(unsubscribe.token, true, turn_);
  finish(*outbox);
}

}  // namespace restante::core
