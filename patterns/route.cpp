#include <algorithm>
#include <utility>

#include <restante/error.h>
#include <restante/stage.h>

#include "core/names.h"
#include "core/topic_filter.h"

namespace restante {

namespace {

void check(const std::vector<Rule>& rules) {
  for (const Rule& rule : rules) {
    const auto* filter = std::get_if<std::string>(&rule.when);
    const auto fault = filter == nullptr ? std::nullopt : core::problem_of_filter(*filter);
    if (!fault) continue;
    throw Error(ErrorCode::bad_argument,
                "route to " + rule.out.stream() + ": the filter \"" + *filter + "\" " + *fault);
  }
}

bool matches(const Rule& rule, const Delivery& message) {
  if (const auto* filter = std::get_if<std::string>(&rule.when)) return core::filter_matches(*filter, message.topic());
  return std::get<Rule::Predicate>(rule.when)(message);
}

std::string no_route(const Delivery& message) {
  if (message.topic().empty()) return "no route for it";
  return "no route for the topic \"" + std::string(message.topic()) + "\"";
}

}  // namespace

StageFunction routing(std::vector<Rule> rules, const RouteOptions& options) {
  check(rules);
  return [rules = std::move(rules), options](const Delivery& message, Output& output) {
    bool found = false;
    for (const Rule& rule : rules) {
      if (!matches(rule, message)) continue;
      found = true;
      output.pass(rule.out);
      if (!options.all_matches) break;
    }
    if (found) return;
    if (options.otherwise) output.pass(*options.otherwise);
    else if (!options.drop_rest) output.reject(no_route(message));
  };
}

StageCounts route(Puller& in, std::vector<Rule> rules, const RouteOptions& options, const StageOptions& how,
                  std::stop_token stop) {
  Stage made(in, routing(std::move(rules), options), how);
  made.run(std::move(stop));
  return made.counts();
}

}  // namespace restante
