/// \file
/// What an operator's tool and a sidecar say to each other, from octets.

#include "core/wire_get.h"

namespace restante::core {
namespace {

Expiry expiry(std::int64_t after_ms, bool dead) {
  if (after_ms < 0 || after_ms > limits::wait_ms_max) throw Refusal("the age at which messages expire is not allowed");
  return {after_ms, dead};
}

std::uint32_t priority(std::uint32_t number) {
  if (number > limits::priority_max) throw Refusal("the priority is above priority_max");
  return number;
}

}  // namespace

DeadLetter get(wire::DeadLetter::Reader in) {
  return {in.getSubscriptionId(),
          subscription_name(in.getSubscription()),
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

Query get(wire::Query::Reader in) {
  return {in.getRequest(), text(in.getWhat(), limits::text_size_max, "the question")};
}

RemoveSubscription get(wire::RemoveSubscription::Reader in) {
  return {in.getRequest(), stream_name(in.getStream()), subscription_name(in.getSubscription()), in.getForce(),
          in.getDryRun()};
}

Removed get(wire::Removed::Reader in) {
  return {in.getRequest(), in.getDone(),          explanation(in.getRefusal()), in.getMessages(),
          in.getOctets(),  in.getFreedMessages(), in.getFreedOctets(),          in.getSessions()};
}

ResetSubscription get(wire::ResetSubscription::Reader in) {
  return {in.getRequest(),
          stream_name(in.getStream()),
          subscription_name(in.getSubscription()),
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
  if (in.getSetsLimit()) out.limit = get(in.getLimit());
  if (in.getSetsDrain()) out.drain = DrainRate{in.getDrainMessages(), in.getDrainOctets()};
  if (in.getSetsPriority()) out.priority = priority(in.getPriority());
  return out;
}

StreamSet get(wire::StreamSet::Reader in) {
  return {in.getRequest(),           explanation(in.getRefusal()),
          get(in.getRetention()),    expiry(in.getExpireAfterMs(), in.getExpiredDead()),
          get(in.getLimit()),        {in.getDrainMessages(), in.getDrainOctets()},
          priority(in.getPriority())};
}

SetSubscription get(wire::SetSubscription::Reader in) {
  SetSubscription out{in.getRequest(), stream_name(in.getStream()), subscription_name(in.getSubscription()), {}, {}};
  if (in.getSetsRetry()) out.retry = get(in.getRetry());
  if (in.getSetsLimit()) out.limit = get(in.getLimit());
  return out;
}

SubscriptionSet get(wire::SubscriptionSet::Reader in) {
  return {in.getRequest(), explanation(in.getRefusal()), get(in.getRetry()), get(in.getLimit())};
}

DeadSelection get(wire::DeadSelection::Reader in) {
  DeadSelection out{stream_name(in.getStream()), subscription_name(in.getSubscription()), {}};
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

}  // namespace restante::core
