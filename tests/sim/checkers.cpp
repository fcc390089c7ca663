#include "tests/sim/checkers.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace restante::sim {

namespace {

std::string name_of(GrantId grant, Sequence sequence) {
  return "sequence " + std::to_string(sequence) + " of grant " + std::to_string(grant % 10000);
}

}  // namespace

void Ledger::on_sent(Number number, Message message) {
  const auto [at, is_new] = ids_.try_emplace({message.grant, message.sequence}, number);
  if (!is_new) {
    throw Violation("id bound twice: " + name_of(message.grant, message.sequence) + " to " +
                    std::to_string(at->second) + " and " + std::to_string(number));
  }
  sent_[number] = std::move(message);
}

void Ledger::on_confirmed(Number number) { confirmed_.insert(number); }

void Ledger::on_subscription(const std::string& name, const std::string& stream,
                             const std::vector<std::string>& topics) {
  Book& book = books_[name];
  book.stream = stream;
  book.versions = {Version{{topics.begin(), topics.end()}, {}, 0}};
  book.from = 0;
}

void Ledger::on_subscribing(const std::string& name, const std::string& stream,
                            const std::vector<std::string>& topics) {
  on_subscription(name, stream, topics);
  books_[name].from.reset();
  books_[name].never = confirmed_;
}

void Ledger::on_subscribed(const std::string& name, Number next) {
  Book& book = books_.at(name);
  if (!book.from) book.from = next;
}

void Ledger::on_changing(const std::string& name, const std::vector<std::string>& topics) {
  books_.at(name).versions.push_back(Version{{topics.begin(), topics.end()}, confirmed_, std::nullopt});
}

void Ledger::on_changed(const std::string& name, Number next) {
  Version& newest = books_.at(name).versions.back();
  if (!newest.from) newest.from = next;
}

void Ledger::on_removed(const std::string& name) {
  Book& book = books_.at(name);
  book.from.reset();
  book.never = confirmed_;
  book.removed = true;
  book.former = std::exchange(book.versions, {Version{book.versions.back().topics, {}, 0}});
  for (auto& [id, session] : sessions_) session.is_over = session.is_over || session.subscription == name;
}

bool Ledger::on_reset(const std::string& name, Sequence start, const std::set<Number>& kept) {
  Book& book = books_.at(name);
  book.former = std::exchange(book.versions, {Version{book.versions.back().topics, {}, 0}});
  book.never.clear();
  book.cut.clear();
  for (auto& [id, session] : sessions_) session.is_over = session.is_over || session.subscription == name;
  for (const auto& [number, message] : sent_) {
    if (message.stream == book.stream && message.sequence <= start) book.gone.insert(number);
  }
  bool any = false;
  for (const Number number : kept) {
    book.gone.erase(number);
    any = (book.done.erase(number) + book.rejected.erase(number) > 0) || any;
  }
  return any;
}

Ledger::Number Ledger::check_octets(GrantId grant, Sequence sequence, std::string_view payload) const {
  const auto id = ids_.find({grant, sequence});
  if (id == ids_.end()) throw Violation("unexpected: " + name_of(grant, sequence) + " was never sent");
  if (sent_.at(id->second).payload != payload) throw Violation("octets changed: " + name_of(grant, sequence));
  return id->second;
}

void Ledger::on_handed(const Reader& reader, const Handed& handed, bool again_allowed) {
  const Number number = check_octets(handed.grant, handed.sequence, handed.payload);
  Book& book = books_[reader.subscription];
  const auto known = sessions_.find(reader.session);
  const bool is_over = known != sessions_.end() && known->second.is_over;
  if (sent_.at(number).topic != handed.topic || !owns(book, is_over ? book.former : book.versions, number, false)) {
    throw Violation("not owned: message " + std::to_string(number) + " in " + reader.subscription);
  }
  if (book.never.contains(number) && !is_over) {
    throw Violation("older than its subscription: message " + std::to_string(number) + " in " + reader.subscription);
  }
  if (!reader.in_order && !reader.strict && sent_.at(number).due > handed.now) {
    throw Violation("before its time: message " + std::to_string(number) + " in " + reader.subscription);
  }
  Session& session = sessions_.at(reader.session);
  const bool is_new = session.seen.insert({handed.grant, handed.sequence}).second;
  // An operator may want it to be tried again while somebody still has it from before.
  if (!is_new && !again_allowed && !book.raised.contains(number)) {
    throw Violation("duplicate in a session: message " + std::to_string(number) + ", " +
                    name_of(handed.grant, handed.sequence) + ", of " + reader.subscription);
  }
  std::uint32_t& times = book.handed[number];
  const bool is_first = times++ == 0;
  if (book.lost == 0 && handed.attempt > times) {
    throw Violation("attempt that nobody made: message " + std::to_string(number) + " in " + reader.subscription +
                    " is handed out for the " + std::to_string(times) + ". time as attempt " +
                    std::to_string(handed.attempt));
  }
  if (book.attempts_max > 0 && handed.attempt > book.attempts_max) {
    throw Violation("attempt behind the last: message " + std::to_string(number) + " in " + reader.subscription +
                    " is handed out as attempt " + std::to_string(handed.attempt));
  }
  if (reader.strict && !session.goes_back && !is_over) check_strict(reader, book, handed, number);
  // A row that the disk lost comes late if its writer has it still: what was behind it did not wait. And an older copy
  // of the store may have what was cut.
  // A dead letter that comes again, or another in its place, is outside of the order.
  if (reader.in_order && !session.goes_back && !book.raised.contains(number))
    check_order(session, reader, handed, is_first && !excused_.contains(number) && !book.gone.contains(number));
}

void Ledger::on_gap(const Reader& reader, std::uint64_t number, core::Range range, core::Instant now) {
  Book& book = books_[reader.subscription];
  Session& session = sessions_.at(reader.session);
  if (!book.may_be_cut) throw Violation("gap that nobody chose: in " + reader.subscription);
  if (!session.gaps.insert(number).second) {
    throw Violation("gap told twice: from " + std::to_string(range.first) + " in " + reader.subscription);
  }
  const bool is_over = session.is_over;
  if (reader.in_order && !session.goes_back && !session.is_regressed && !is_over)
    check_place_of_gap(session, book, range);
  if (reader.in_order && !is_over) take_place(session, book, range);
  bool any = false;
  for (const auto& [message_number, message] : sent_) {
    if (message.stream != book.stream || message.sequence < range.first || message.sequence > range.last) continue;
    const bool owned = owns(book, is_over ? book.former : book.versions, message_number, false);
    any = any || owned;
    const bool is_judged = book.judges_age && owned && !is_over && !session.is_regressed &&
                           confirmed_.contains(message_number) && !excused_.contains(message_number);
    const bool is_news = !book.gone.contains(message_number) && !book.handed.contains(message_number) &&
                         !book.dead.contains(message_number) && !book.never.contains(message_number);
    if (is_judged && is_news && message.expires > now) {
      throw Violation("gone before its time: message " + std::to_string(message_number) + " in " + reader.subscription);
    }
    book.gone.insert(message_number);
  }
  if (!any) throw Violation("gap of nothing: from " + std::to_string(range.first) + " in " + reader.subscription);
}

/// What is gone has its place in the order as if it were handed out for the first time.
void Ledger::check_place_of_gap(const Session& session, const Book& book, core::Range range) const {
  for (const auto& [topic, newest] : session.newest) {
    if (newest < range.first) continue;
    for (const auto& [number, message] : sent_) {
      const bool is_in = message.stream == book.stream && message.topic == topic && message.sequence >= range.first &&
                         message.sequence <= range.last && message.sequence < newest;
      if (!is_in || book.handed.contains(number) || excused_.contains(number) || book.gone.contains(number)) continue;
      if (book.never.contains(number) || !owns(book, book.versions, number, true)) continue;
      if (book.dead.contains(number) || book.raised.contains(number)) continue;  // too old for anybody to have had it
      if (!confirmed_.contains(number)) continue;  // its sender may have died before the sidecar heard of it
      throw Violation("order: a gap from " + std::to_string(range.first) + " with " + std::to_string(message.sequence) +
                      " of \"" + topic + "\" after " + std::to_string(newest));
    }
  }
}

/// And what comes for the first time behind it must not be below what is gone.
void Ledger::take_place(Session& session, const Book& book, core::Range range) const {
  std::map<std::string, Sequence> first;
  for (const auto& [number, message] : sent_) {
    const bool is_in =
        message.stream == book.stream && message.sequence >= range.first && message.sequence <= range.last;
    if (!is_in || book.handed.contains(number) || !owns(book, book.versions, number, true)) continue;
    Sequence& lowest = first.try_emplace(message.topic, message.sequence).first->second;
    lowest = std::min(lowest, message.sequence);
  }
  for (const auto& [topic, sequence] : first) session.newest[topic] = std::max(session.newest[topic], sequence);
}

void Ledger::on_replayed(const Handed& handed) const {
  const Message& message = sent_.at(check_octets(handed.grant, handed.sequence, handed.payload));
  if (message.topic != handed.topic) {
    throw Violation("replayed otherwise than sent: " + name_of(handed.grant, handed.sequence));
  }
}

bool Ledger::is_excused(GrantId grant, Sequence sequence) const {
  const auto id = ids_.find({grant, sequence});
  return id != ids_.end() && excused_.contains(id->second);
}

void Ledger::on_heard(const Handed& heard) const {
  const Message& message = sent_.at(check_octets(heard.grant, heard.sequence, heard.payload));
  if (message.topic != heard.topic || heard.attempt != 1) {
    throw Violation("heard otherwise than sent: " + name_of(heard.grant, heard.sequence));
  }
}

/// By what the application has said: a word that got lost on its way counts. What is not confirmed may have died with
/// its sender.
void Ledger::check_strict(const Reader& reader, Book& book, const Handed& handed, Number handed_number) const {
  if (book.cut.contains(handed_number)) {
    throw Violation("strict: " + name_of(handed.grant, handed.sequence) + " after what is behind it, in " +
                    reader.subscription);
  }
  for (const Number number : confirmed_) {
    const Message& older = sent_.at(number);
    const bool is_before =
        older.stream == book.stream && older.topic == handed.topic && older.sequence < handed.sequence;
    if (!is_before || book.done.contains(number) || book.rejected.contains(number) || book.dead.contains(number))
      continue;
    if (excused_.contains(number) || book.gone.contains(number) || book.never.contains(number)) continue;
    if (book.raised.contains(number)) continue;
    if (!book.from || number < *book.from || !owns(book, book.versions, number, true)) continue;
    if (book.may_be_cut) {
      book.cut.insert(number);
      continue;
    }
    throw Violation("strict: " + name_of(handed.grant, handed.sequence) + " before " +
                    name_of(older.grant, older.sequence) + " is settled, in " + reader.subscription);
  }
}

void Ledger::check_order(Session& session, const Reader& reader, const Handed& handed, bool is_first) {
  Sequence& newest = session.newest[std::string(handed.topic)];
  if (is_first && handed.sequence < newest) {
    throw Violation("order: " + name_of(handed.grant, handed.sequence) + " after " + std::to_string(newest) + " in " +
                    reader.subscription);
  }
  newest = std::max(newest, handed.sequence);
}

void Ledger::on_given_back(std::uint64_t session, GrantId grant, Sequence sequence) {
  sessions_.at(session).seen.erase({grant, sequence});
}

void Ledger::on_dead(const std::string& subscription, GrantId grant, Sequence sequence, std::string_view payload) {
  books_[subscription].dead.insert(check_octets(grant, sequence, payload));
}

void Ledger::on_raised(const std::string& subscription, Number number) {
  Book& book = books_[subscription];
  book.dead.erase(number);
  book.rejected.erase(number);
  book.raised.insert(number);
  const Message& message = sent_.at(number);
  for (auto& [id, session] : sessions_) {
    if (session.subscription == subscription) session.seen.erase({message.grant, message.sequence});
  }
}

void Ledger::on_edited(const std::string& subscription, Number number, Message message) {
  Book& book = books_[subscription];
  on_sent(number, std::move(message));
  on_confirmed(number);
  only_of_[number] = &book;
  book.raised.insert(number);
}

void Ledger::on_regress(std::uint64_t session, Sequence from) {
  Session& known = sessions_.at(session);
  std::erase_if(known.seen, [from](const Id& id) { return id.second >= from; });
  known.is_regressed = true;
  known.newest.clear();  // of the other store the sequences say nothing against those of this one
}

void Ledger::on_store_replaced(const std::set<Number>& confirmed, const std::set<std::string>& subscriptions) {
  std::set_difference(confirmed_.begin(), confirmed_.end(), confirmed.begin(), confirmed.end(),
                      std::inserter(excused_, excused_.end()));
  for (auto& [name, book] : books_) {
    if (book.removed) book.never.clear();  // this may be the one that was there before
    if (subscriptions.contains(name)) continue;
    book.from.reset();      // it begins anew when its consumer comes, with what is sent then
    book.attempts_max = 0;  // and perhaps without its rules
  }
  for (auto& [id, session] : sessions_) {
    if (!subscriptions.contains(session.subscription)) session.goes_back = true;
    session.gaps.clear();         // it may owe again what was told
    session.is_regressed = true;  // a gap of before may come late, and names sequences that this one gives out again
    const Book& book = books_[session.subscription];
    std::erase_if(session.seen, [&](const Id& seen) {
      const Number number = ids_.at(seen);
      return book.done.contains(number) || book.dead.contains(number) || book.rejected.contains(number);
    });
  }
}

void Ledger::on_row_gone(GrantId grant, Sequence first, Sequence last) {
  for (auto at = ids_.lower_bound({grant, first}); at != ids_.end() && at->first <= Id{grant, last}; ++at) {
    excused_.insert(at->second);
  }
}

void Ledger::on_memory(std::uint64_t octets, std::uint64_t bound) {
  if (octets > bound) {
    throw Violation("memory above its bound: " + std::to_string(octets) + " of " + std::to_string(bound));
  }
}

bool Ledger::owns(const Book& book, const std::vector<Version>& versions, Number number, bool by_all) const {
  const Message& message = sent_.at(number);
  if (message.stream != book.stream) return false;
  if (const auto only = only_of_.find(number); only != only_of_.end()) return only->second == &book;
  bool any = false, all = true;
  for (std::size_t at = 0; at < versions.size(); ++at) {
    const Version& version = versions[at];
    if (at > 0 && version.before.contains(number)) break;  // nor by any later one
    const bool is_over = at + 1 < versions.size() && number >= versions[at + 1].from.value_or(number + 1);
    if (is_over) continue;
    const bool is_owned = version.topics.empty() || version.topics.contains(message.topic);
    any = any || is_owned;
    all = all && is_owned;
  }
  return by_all ? all : any;
}

std::vector<Ledger::Number> Ledger::missing() const {
  std::vector<Number> missing;
  for (const auto& [name, book] : books_) {
    for (const Number number : confirmed_) {
      if (book.done.contains(number) || book.dead.contains(number) || excused_.contains(number)) continue;
      if (book.gone.contains(number)) continue;
      if (book.from && number >= *book.from && owns(book, book.versions, number, true)) missing.push_back(number);
    }
  }
  return missing;
}

std::string Ledger::text_of(Number number) const {
  const Message& message = sent_.at(number);
  return "message " + std::to_string(number) + ", " + name_of(message.grant, message.sequence) + ", stream " +
         message.stream;
}

std::size_t Ledger::done() const noexcept {
  std::size_t sum = 0;
  for (const auto& [name, book] : books_) sum += book.done.size();
  return sum;
}

std::size_t Ledger::dead() const noexcept {
  std::size_t sum = 0;
  for (const auto& [name, book] : books_) sum += book.dead.size();
  return sum;
}

}  // namespace restante::sim
