/// \file
/// What an operator changes: where a subscription stands, and how long a stream keeps what nobody is owed.

#include <algorithm>

#include "core/names.h"
#include "core/office.h"

namespace restante::core {

/// Why it cannot be reset, for people; what only the stream's books know is said by them.
std::optional<std::string> Office::problem_of(const ResetSubscription& wish, const Outbox* outbox) const {
  if (!parse_start(wish.start)) return problem_of_start(wish.start);
  if (auto problem = problem_of_change(wish.stream, wish.subscription, outbox)) return problem;
  const Subscription& known = *outbox->subscription(wish.subscription);
  if (known.group.sessions().empty() || wish.force || wish.dry_run) return std::nullopt;
  return "subscription " + wish.subscription + " of stream " + wish.stream + " has a consumer: " + consumers_of(known) +
         ". Stop it first, or reset it all the same with --force: its consumers then have to be started again";
}

void Office::on_message(LinkId id, Link&, const ResetSubscription& wish) {
  Outbox* outbox = find(wish.stream);
  if (const auto problem = problem_of(wish, outbox)) {
    ++counters_["resets refused"];
    WasReset told;
    told.request = wish.request;
    told.refusal = *problem;
    out_.push_back(Outgoing{id, told, {}});
    return;
  }
  outbox->reset(wish, id, next_subscription_id_++, turn_);
  finish(*outbox);
}

/// The stream is made if it is new, so that its first message is kept as long as it is to be.
void Office::on_message(LinkId id, Link&, const SetStream& wish) {
  StreamSet told;
  told.request = wish.request;
  Outbox* outbox = find(wish.stream);
  if (outbox == nullptr) {
    if (const auto fault = problem_of_stream_name(wish.stream)) {
      told.refusal = "stream name \"" + wish.stream + "\" " + *fault;
    } else if (streams_.size() >= limits::streams_max) {
      told.refusal = "this node has " + std::to_string(streams_.size()) + " streams, which is its limit";
    } else {
      outbox = stream(wish.stream, StreamKind::kept, StreamPattern::pubsub, id, Side::session, 0);
    }
  } else if (outbox->record().kind == StreamKind::live && !outbox->is_blank()) {
    told.refusal = "stream " + wish.stream + " is live only: nothing of it is kept";
    outbox = nullptr;
  }
  if (outbox == nullptr) {
    out_.push_back(Outgoing{id, told, {}});
    return;
  }
  outbox->set_rules(wish);
  outbox->answer_retention(id, wish.request);
  finish(*outbox);
}

void Office::on_message(LinkId id, Link&, const SetSubscription& wish) {
  Outbox* outbox = find(wish.stream);
  if (const auto problem = problem_of_change(wish.stream, wish.subscription, outbox)) {
    out_.push_back(Outgoing{id, SubscriptionSet{wish.request, *problem, {}, {}}, {}});
    return;
  }
  outbox->set_subscription(wish, id, turn_);
  finish(*outbox);
}

/// A session that reads what is kept and moves nothing.
void Office::replay(LinkId id, Link& link, const Subscribe& subscribe) {
  Outbox* outbox = find(subscribe.stream);
  const auto refused = [&](ErrorCode code, const std::string& text) {
    refuse(id, Side::session, subscribe.session, code, text);
  };
  if (outbox == nullptr) {
    return refused(ErrorCode::bad_argument, "node " + node_ + " has no stream " + subscribe.stream + " to replay");
  }
  if (outbox->record().kind == StreamKind::live) {
    return refused(ErrorCode::bad_argument, "stream " + subscribe.stream + " is live only: there is nothing to replay");
  }
  if (!has_room(id, link, subscribe, *outbox)) return;
  if (outbox->note_known(subscribe.known)) renew_incarnation(subscribe.stream);
  ConsumerSession session;
  session.token = new_session(link, subscribe.stream);
  session.link = id;
  session.session = subscribe.session;
  session.host = subscribe.host;
  session.who = who_of(link);
  session.credit = subscribe.credit;
  outbox->replay(subscribe, session, turn_);
  share_memory();
  finish(*outbox);
}

}  // namespace restante::core
