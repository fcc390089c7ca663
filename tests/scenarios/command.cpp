#include "tests/scenarios/command.h"

#include <algorithm>

#include "tests/scenarios/transcript.h"
#include "tests/scenarios/values.h"

namespace restante::scenarios {

namespace {

struct Form {
  const char* verb;
  std::size_t least, most;  ///< words behind the verb
  const char* options;
  const char* text;
};

constexpr Form forms[] = {
    {"subscription", 2, 2, "filters", "subscription NAME shared|exclusive|strict [filters=FILTER,FILTER]"},
    {"start", 1, 1, "store_delay elision attempts of hands lease credit",
     "start sidecar [store_delay=TIME] [elision=no] [attempts=N] | start producer… | "
     "start NAME [of=SUBSCRIPTION] [hands=N] [lease=TIME] [credit=SIZE]"},
    {"crash", 1, 1, "", "crash NAME"},
    {"stop", 1, 1, "", "stop NAME"},
    {"freeze", 1, 1, "", "freeze NAME"},
    {"thaw", 1, 1, "", "thaw NAME"},
    {"send", 1, 2, "topic size batch marker", "send [NAME] COUNT [topic=TOPIC] [size=SIZE] [batch=N] [marker=N]"},
    {"ack", 2, 2, "", "ack NAME RANGE"},
    {"nack", 2, 2, "delay", "nack NAME RANGE [delay=TIME]"},
    {"reject", 2, 2, "", "reject NAME RANGE"},
    {"release", 2, 2, "", "release NAME RANGE"},
    {"extend", 2, 2, "", "extend NAME RANGE"},
    {"hold", 1, 2, "", "hold PATH"},
    {"free", 1, 2, "", "free PATH"},
    {"deliver", 1, 3, "", "deliver PATH [RANGE]"},
    {"drop", 2, 3, "", "drop PATH [RANGE]"},
    {"cut", 2, 2, "", "cut link NAME"},
    {"mend", 2, 2, "", "mend link NAME"},
    {"disk", 1, 1, "", "disk SIZE|unlimited"},
    {"save", 1, 1, "", "save store"},
    {"restore", 1, 1, "", "restore store"},
    {"tick", 1, 1, "", "tick TIME"},
    {"show", 1, 1, "", "show credit|checkpoints"},
    {"status", 0, 1, "", "status [NAME]"},
};

const Form& form_of(const std::string& verb) {
  const auto* found =
      std::find_if(std::begin(forms), std::end(forms), [&](const Form& form) { return form.verb == verb; });
  if (found != std::end(forms)) return *found;
  std::string verbs;
  for (const Form& form : forms) verbs += std::string(verbs.empty() ? "" : ", ") + form.verb;
  throw Fault("there is no command \"" + verb + "\"; there are: " + verbs);
}

bool is_producer(const std::string& name) { return name.starts_with("producer"); }

void require(const std::string& word, const std::string& only) {
  if (word != only) throw Fault("\"" + word + "\" where only \"" + only + "\" can stand");
}

}  // namespace

Command::Command(const std::string& text) {
  for (const std::string& word : split(text, ' ')) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      words_.push_back(word);
    } else {
      options_[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  if (words_.empty()) throw Fault("the command is empty");
  const Form& form = form_of(words_.front());
  const std::size_t count = words_.size() - 1;
  if (count < form.least || count > form.most) throw Fault("the form is: " + std::string(form.text));
  check_options(form.options);
}

void Command::check_options(const std::string& allowed) const {
  const std::vector<std::string> names = split(allowed, ' ');
  for (const auto& [name, value] : options_) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    throw Fault("there is no option \"" + name + "\" here; the form is: " + form_of(words_.front()).text);
  }
}

std::string Command::option(const std::string& name, const std::string& otherwise) const {
  const auto found = options_.find(name);
  return found == options_.end() ? otherwise : found->second;
}

void Command::run(Stage& stage) const {
  const std::string& verb = words_.front();
  if (verb == "start") run_start(stage);
  else if (verb == "send") run_send(stage);
  else if (verb == "ack" || verb == "nack" || verb == "reject" || verb == "release") run_settle(stage);
  else if (!run_path(stage) && !run_process(stage)) run_other(stage);
}

void Command::run_start(Stage& stage) const {
  const std::string& name = words_[1];
  if (name == "sidecar") {
    check_options("store_delay elision attempts");
    core::OutboxSettings settings;
    settings.store_delay = duration_of(option("store_delay", "5ms"));
    settings.elision = option("elision", "yes") != "no";
    settings.retry.attempts_max = static_cast<std::uint32_t>(number_of(option("attempts", "16")));
    stage.start_sidecar(settings);
  } else if (is_producer(name)) {
    check_options("");
    stage.start_producer(name);
  } else {
    check_options("of hands lease credit");
    Stage::ConsumerSetup setup;
    setup.subscription = option("of", "workers");
    setup.hands = number_of(option("hands", "1000000"));
    setup.lease = duration_of(option("lease", "30s"));
    setup.credit = octets_of(option("credit", "0"));
    stage.start_consumer(name, setup);
  }
}

void Command::run_send(Stage& stage) const {
  const std::string& count = words_.back();
  sim::SimProducer::Shape shape;
  shape.topic = option("topic", "");
  shape.payload = octets_of(option("size", "40"));
  shape.marker = number_of(option("marker", "0"));
  const std::uint64_t batch = number_of(option("batch", count));
  if (batch == 0) throw Fault("a batch holds at least one message");
  stage.send(words_.size() == 2 ? "producer" : words_[1], number_of(count), batch, shape);
}

void Command::run_settle(Stage& stage) const {
  using Verdict = sim::SimWorker::Verdict;
  const std::string& verb = words_.front();
  sim::SimWorker::Decision decision;
  decision.reason = "broken";
  if (verb == "nack") decision.verdict = Verdict::nack;
  if (verb == "reject") decision.verdict = Verdict::reject;
  if (verb == "release") decision.verdict = Verdict::release;
  if (options_.contains("delay")) decision.delay = duration_of(options_.at("delay"));
  stage.settle(words_[1], range_of(words_[2]), decision);
}

Stage::Path Command::path(std::size_t at) const {
  using Kind = Stage::Path::Kind;
  const std::string& kind = words_[at];
  if (kind == "disk") return {Kind::disk, ""};
  if (kind == "answers") return {Kind::answers, ""};
  if (kind != "live" && kind != "up" && kind != "down") {
    throw Fault("\"" + kind + "\" is no path; there are: live NAME, up NAME, down NAME, disk, answers");
  }
  if (words_.size() <= at + 1) throw Fault("whose path? the form is: " + kind + " NAME");
  return {kind == "live" ? Kind::live : kind == "up" ? Kind::up : Kind::down, words_[at + 1]};
}

std::optional<core::Range> Command::range_after_path() const {
  if (words_.size() < 4) return std::nullopt;
  if (words_[1] != "live") throw Fault("only what waits on a live path can be chosen by its sequences");
  return range_of(words_[3]);
}

bool Command::run_path(Stage& stage) const {
  const std::string& verb = words_.front();
  if (verb == "hold" || verb == "free") {
    stage.hold(path(1), verb == "hold");
  } else if (verb == "deliver") {
    stage.deliver(path(1), range_after_path());
  } else if (verb == "drop") {
    stage.drop(path(1), range_after_path());
  } else if (verb == "cut" || verb == "mend") {
    require(words_[1], "link");
    if (verb == "cut") stage.cut_link(words_[2]);
    else stage.mend_link(words_[2]);
  } else {
    return false;
  }
  return true;
}

bool Command::run_process(Stage& stage) const {
  const std::string& verb = words_.front();
  if (verb == "crash") stage.crash(words_[1]);
  else if (verb == "stop") stage.stop(words_[1]);
  else if (verb == "freeze" || verb == "thaw") stage.freeze(words_[1], verb == "freeze");
  else if (verb == "extend") stage.extend(words_[1], range_of(words_[2]));
  else return false;
  return true;
}

void Command::run_other(Stage& stage) const {
  const std::string& verb = words_.front();
  if (verb == "subscription") {
    const bool strict = words_[2] == "strict";
    const bool exclusive = strict || words_[2] == "exclusive";
    if (!exclusive) require(words_[2], "shared");
    stage.add_subscription({"", words_[1], exclusive, strict, split(option("filters", exclusive ? "#" : ""), ',')});
  } else if (verb == "disk") {
    stage.set_capacity(words_[1] == "unlimited" ? std::uint64_t{1} << 60 : octets_of(words_[1]));
  } else if (verb == "save" || verb == "restore") {
    require(words_[1], "store");
    if (verb == "save") stage.save_store();
    else stage.restore_store();
  } else if (verb == "tick") {
    stage.tick(duration_of(words_[1]));
  } else if (verb == "show") {
    if (words_[1] != "credit") require(words_[1], "checkpoints");
    (words_[1] == "credit" ? stage.shown.credit : stage.shown.checkpoints) = true;
  } else if (words_.size() == 1) {
    stage.tell_status();
  } else {
    stage.tell_status(words_[1]);
  }
}

}  // namespace restante::scenarios
