#include "tests/sim/sim_listener.h"

#include <algorithm>

#include <restante/limits.h>

#include "core/assert.h"
#include "core/topic_filter.h"

namespace restante::sim {

namespace {

core::LiveInbox::Options options_of(const SimListener::Setup& setup) {
  core::LiveInbox::Options options;
  options.session = setup.session;
  options.stream = setup.stream;
  options.filters = setup.filters;
  options.host = "simulated";
  options.queue_octets = setup.queue;
  return options;
}

core::Batch parse(const Buffer& frame) {
  std::string why;
  auto batch = core::Batch::parse(frame, why);
  RESTANTE_ASSERT(batch.has_value());
  return std::move(*batch);
}

}  // namespace

SimListener::SimListener(const Setup& setup)
    : setup_(setup), core_(options_of(setup)), client_("listener", setup.pid) {}

void SimListener::on_published(const std::string& endpoint, const Buffer& frame, bool lost) {
  if (source_ != endpoint) return;
  if (!lost) path_.queue.push_back(frame);
  const core::BatchHeader header = parse(frame).header();
  if (!core::filters_match(setup_.filters, header.topic)) return;
  for (Sequence sequence = header.first; sequence <= header.last; ++sequence) {
    published_.push_back({setup_.filters.front() == "#" ? "" : header.topic, header.grant, sequence});
  }
}

void SimListener::note(const core::ControlMessage& told) {
  const auto note_grants = [&](const std::vector<core::Grant>& grants) {
    for (const core::Grant& grant : grants) announced_.insert(grant.grant);
  };
  if (const auto* subscribed = std::get_if<core::Subscribed>(&told)) {
    announced_.clear();  // a store that was put back may know of none of them
    note_grants(subscribed->grants);
    excuse_up_to(limits::sequence_max);
    word_to_ = 0;
  }
  // What the sidecar has forgotten, as it may in a world where no stream is quiet.
  if (const auto* word = std::get_if<core::Published>(&told)) {
    if (word->after > word_to_) excuse_up_to(word->after);
    word_to_ = word->to;
  }
  if (const auto* more = std::get_if<core::Grants>(&told)) note_grants(more->grants);
  const auto* source = std::get_if<core::LiveSource>(&told);
  if (source == nullptr || source->endpoint == source_) return;
  source_ = source->endpoint;  // what is under way from the other is gone
  path_.queue.clear();
  published_.clear();
  since_ = 0;
}

void SimListener::excuse_up_to(Sequence last) {
  for (Published& one : published_) one.is_excused = one.is_excused || one.sequence <= last;
}

bool SimListener::told_all() const {
  return std::none_of(published_.begin(), published_.end(), [this](const Published& one) {
    const bool was_missed = since_ != 0 && one.sequence >= since_ && !one.is_told;
    return was_missed && !one.is_excused && !unjudged_.contains(one.grant);
  });
}

bool SimListener::receive(core::Instant now) {
  const Client::Handlers handlers{[&] { core_.on_link_up(now); }, [&] { core_.on_link_down(now); },
                                  [&](const core::ControlMessage& told) {
                                    note(told);
                                    core_.on_message(told, now);
                                  },
                                  [](const core::Redelivery&, const Buffer&) {
                                    throw Violation("listener: something was sent again to who only listens");
                                  }};
  if (!client_.receive(now, handlers)) return false;
  perform(now);
  return true;
}

bool SimListener::live_step(core::Instant now) {
  if (!path_.gives()) return false;
  auto batch = std::make_shared<const core::Batch>(parse(path_.queue.front()));
  path_.queue.pop_front();
  check_late(batch->header());
  if (!announced_.contains(batch->header().grant)) unjudged_.insert(batch->header().grant);
  core_.on_live(std::move(batch), now);
  perform(now);
  return true;
}

/// What was told as missed does not come: a path keeps the order, and what is on it is waited for.
void SimListener::check_late(const core::BatchHeader& header) const {
  const auto is_late = [&](const Published& one) {
    return one.is_told && one.grant == header.grant && header.first <= one.sequence && one.sequence <= header.last;
  };
  if (std::none_of(published_.begin(), published_.end(), is_late)) return;
  throw Violation("listener: told that it missed " + std::to_string(header.first) + ", which came after that");
}

void SimListener::tick(core::Instant now) {
  if (client_.tick(now)) core_.on_link_down(now);
  while (core_.next_deadline() <= now && live_step(now)) {  // what is there is read before time passes
  }
  core_.on_time(now);
  perform(now);
}

void SimListener::perform(core::Instant now) {
  for (core::ControlMessage& message : core_.take_effects()) client_.send(std::move(message), now);
}

bool SimListener::take(const Ledger& ledger, core::Instant now) {
  if (!core_.ready()) return false;
  const auto item = core_.take(now);
  for (const core::Intake::Event& event : core_.take_events()) on_gap({event.from, event.to});
  if (!item) return true;
  const std::string& topic = item->batch->header().topic;
  tell("  a listener hears " + std::to_string(item->sequence) + " on \"" + topic + "\"");
  if (!core::filters_match(setup_.filters, topic)) throw Violation("listener: topic \"" + topic + "\" is not wanted");
  ledger.on_heard({item->grant, item->sequence, topic, item->view.payload, item->attempt});
  on_heard(item->grant, item->sequence);
  return true;
}

/// Something of it was published for this listener and not heard. It may have been told of before: a gap of one topic
/// has messages of others in it.
void SimListener::on_gap(core::Range gap) {
  tell("  a listener is told of a gap, " + std::to_string(gap.first) + " to " + std::to_string(gap.last));
  bool is_true = false;
  for (Published& one : published_) {
    if (one.sequence < gap.first || one.sequence > gap.last) continue;
    one.is_told = is_true = true;
  }
  if (is_true || !setup_.judges_gaps || since_ == 0 || gap.first < since_) return;
  throw Violation("listener: told of a gap where nothing was missed, " + std::to_string(gap.first) + " to " +
                  std::to_string(gap.last));
}

void SimListener::on_heard(GrantId grant, Sequence sequence) {
  const auto is_it = [&](const Published& one) { return one.grant == grant && one.sequence == sequence; };
  const auto at = std::find_if(published_.begin(), published_.end(), is_it);
  if (at == published_.end()) {
    // It was under way in the library when its source changed, or it is one too many.
    if (since_ == 0) return;
    throw Violation("listener: sequence " + std::to_string(sequence) + " came twice, or behind its successors");
  }
  if (since_ != 0 && setup_.judges_gaps) check_missed(static_cast<std::size_t>(at - published_.begin()));
  const std::string chain = at->chain;
  published_.erase(
      std::remove_if(published_.begin(), std::next(at), [&](const Published& one) { return one.chain == chain; }),
      std::next(at));
  if (since_ == 0) since_ = sequence;
}

/// What is before it on its chain was told of.
void SimListener::check_missed(std::size_t heard) const {
  const Published* next = &published_[heard];
  for (std::size_t at = heard; at-- > 0;) {
    const Published& missed = published_[at];
    if (missed.chain != next->chain) continue;
    if (next->grant != missed.grant) break;  // what its writer knew before says nothing there
    if (missed.sequence < since_) break;     // it had not begun to hear
    if (!missed.is_told && !unjudged_.contains(next->grant)) {
      throw Violation("listener: sequence " + std::to_string(missed.sequence) + " was missed before " +
                      std::to_string(published_[heard].sequence) + ", and nobody said so");
    }
    next = &missed;
  }
}

}  // namespace restante::sim
