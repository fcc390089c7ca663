#include "core/wire_put.h"

namespace restante::core {

void put(wire::Retention::Builder out, const Retention& in) {
  out.setAgeMs(in.age_ms);
  out.setMessages(in.messages);
  out.setOctets(in.octets);
}

void put(wire::BacklogLimit::Builder out, const BacklogLimit& in) {
  out.setMessages(in.messages);
  out.setOctets(in.octets);
  out.setThen(static_cast<wire::OnLimit>(in.then));
}

void put(wire::RetryRule::Builder out, const RetryRule& in) {
  out.setInitialMs(in.initial_ms);
  out.setFactorPercent(in.factor_percent);
  out.setMaxMs(in.max_ms);
  out.setAttemptsMax(in.attempts_max);
}

static void put(wire::DeadSelection::Builder out, const DeadSelection& in) {
  out.setStream(bounded(in.stream, limits::name_size_max));
  out.setSubscription(bounded(in.subscription, limits::name_size_max));
  if (in.sequences.empty()) return;
  auto sequences = out.initSequences(bounded(in.sequences.size(), limits::ranges_max));
  for (unsigned int i = 0; i < sequences.size(); ++i) sequences.set(i, in.sequences[i]);
}

static void put(wire::DeadLetter::Builder out, const DeadLetter& in) {
  out.setSubscriptionId(in.subscription_id);
  out.setSubscription(bounded(in.subscription, limits::name_size_max));
  out.setSequence(in.sequence);
  out.setGrant(in.grant);
  out.setAttempts(in.attempts);
  out.setBuriedMs(in.buried_ms);
  out.setSourceTimeUs(in.source_time_us);
  out.setOctets(in.octets);
  out.setReason(text_of(cut(in.reason)));
  out.setTopic(bounded(in.topic, limits::topic_size_max));
  if (!in.history.empty()) out.setHistory(bounded(in.history, limits::history_size_max));
}

void put(Frame frame, const Query& in) {
  auto out = frame.initQuery();
  out.setRequest(in.request);
  out.setWhat(bounded(in.what, limits::text_size_max));
}

void put(Frame frame, const RemoveSubscription& in) {
  auto out = frame.initRemoveSubscription();
  out.setRequest(in.request);
  out.setStream(bounded(in.stream, limits::name_size_max));
  out.setSubscription(bounded(in.subscription, limits::name_size_max));
  out.setForce(in.force);
  out.setDryRun(in.dry_run);
}

void put(Frame frame, const ResetSubscription& in) {
  auto out = frame.initResetSubscription();
  out.setRequest(in.request);
  out.setStream(bounded(in.stream, limits::name_size_max));
  out.setSubscription(bounded(in.subscription, limits::name_size_max));
  out.setStart(bounded(in.start, limits::name_size_max));
  out.setForce(in.force);
  out.setDryRun(in.dry_run);
}

void put(Frame frame, const WasReset& in) {
  auto out = frame.initWasReset();
  out.setRequest(in.request);
  out.setDone(in.done);
  if (!in.refusal.empty()) out.setRefusal(text_of(cut(in.refusal)));
  out.setFrom(in.from);
  out.setGoneTo(in.gone_to);
  out.setMessages(in.messages);
  out.setOctets(in.octets);
  out.setSessions(in.sessions);
}

void put(Frame frame, const SetStream& in) {
  auto out = frame.initSetStream();
  out.setRequest(in.request);
  out.setStream(bounded(in.stream, limits::name_size_max));
  out.setSetsRetention(in.retention.has_value());
  if (in.retention) put(out.initRetention(), *in.retention);
  out.setSetsExpiry(in.expiry.has_value());
  out.setExpireAfterMs(in.expiry.value_or(Expiry{}).after_ms);
  out.setExpiredDead(in.expiry.value_or(Expiry{}).dead);
  out.setSetsLimit(in.limit.has_value());
  if (in.limit) put(out.initLimit(), *in.limit);
  out.setSetsDrain(in.drain.has_value());
  out.setDrainMessages(in.drain.value_or(DrainRate{}).messages);
  out.setDrainOctets(in.drain.value_or(DrainRate{}).octets);
  out.setSetsPriority(in.priority.has_value());
  out.setPriority(in.priority.value_or(0));
}

void put(Frame frame, const SetSubscription& in) {
  auto out = frame.initSetSubscription();
  out.setRequest(in.request);
  out.setStream(bounded(in.stream, limits::name_size_max));
  out.setSubscription(bounded(in.subscription, limits::name_size_max));
  out.setSetsRetry(in.retry.has_value());
  if (in.retry) put(out.initRetry(), *in.retry);
  out.setSetsLimit(in.limit.has_value());
  if (in.limit) put(out.initLimit(), *in.limit);
}

void put(Frame frame, const SubscriptionSet& in) {
  auto out = frame.initSubscriptionSet();
  out.setRequest(in.request);
  if (!in.refusal.empty()) out.setRefusal(text_of(cut(in.refusal)));
  put(out.initRetry(), in.retry);
  put(out.initLimit(), in.limit);
}

void put(Frame frame, const StreamSet& in) {
  auto out = frame.initStreamSet();
  out.setRequest(in.request);
  if (!in.refusal.empty()) out.setRefusal(text_of(cut(in.refusal)));
  put(out.initRetention(), in.retention);
  out.setExpireAfterMs(in.expiry.after_ms);
  out.setExpiredDead(in.expiry.dead);
  put(out.initLimit(), in.limit);
  out.setDrainMessages(in.drain.messages);
  out.setDrainOctets(in.drain.octets);
  out.setPriority(in.priority);
}

void put(Frame frame, const Removed& in) {
  auto out = frame.initRemoved();
  out.setRequest(in.request);
  out.setDone(in.done);
  if (!in.refusal.empty()) out.setRefusal(text_of(cut(in.refusal)));
  out.setMessages(in.messages);
  out.setOctets(in.octets);
  out.setFreedMessages(in.freed_messages);
  out.setFreedOctets(in.freed_octets);
  out.setSessions(in.sessions);
}

void put(Frame frame, const Report& in) {
  auto out = frame.initReport();
  out.setRequest(in.request);
  out.setJson(bounded(in.json, limits::report_size_max));
}

void put(Frame frame, const ReadDead& in) {
  auto out = frame.initReadDead();
  out.setRequest(in.request);
  put(out.initWhich(), in.which);
  out.setAfterSubscription(in.after_subscription);
  out.setAfterSequence(in.after_sequence);
  out.setCount(in.count);
  out.setWhole(in.whole);
}

void put(Frame frame, const DeadLetters& in) {
  auto out = frame.initDeadLetters();
  out.setRequest(in.request);
  if (!in.refusal.empty()) out.setRefusal(text_of(cut(in.refusal)));
  put_list(in.letters, limits::letters_max, [&out](unsigned int count) { return out.initLetters(count); });
  out.setMore(in.more);
}

void put(Frame frame, const ChangeDead& in) {
  auto out = frame.initChangeDead();
  out.setRequest(in.request);
  out.setAction(static_cast<wire::DeadAction>(in.action));
  put(out.initWhich(), in.which);
}

void put(Frame frame, const DeadChanged& in) {
  auto out = frame.initDeadChanged();
  out.setRequest(in.request);
  if (!in.refusal.empty()) out.setRefusal(text_of(cut(in.refusal)));
  out.setLetters(in.letters);
  out.setOctets(in.octets);
}

}  // namespace restante::core
