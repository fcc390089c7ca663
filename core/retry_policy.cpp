#include "core/retry_policy.h"

#include <cmath>

#include "core/assert.h"

namespace restante::core {

RetryPolicy RetryPolicy::with(const RetryRule& rule) const {
  RetryPolicy policy = *this;
  if (rule.initial_ms >= 0) policy.initial = std::chrono::milliseconds(rule.initial_ms);
  if (rule.factor_percent >= 100) policy.factor = static_cast<double>(rule.factor_percent) / 100.0;
  if (rule.max_ms >= 0) policy.max = std::chrono::milliseconds(rule.max_ms);
  if (rule.attempts_max >= 0) policy.attempts_max = static_cast<std::uint32_t>(rule.attempts_max);
  return policy;
}

Duration RetryPolicy::delay(std::uint32_t attempts, std::uint64_t random) const {
  RESTANTE_ASSERT(initial >= Duration::zero() && max >= Duration::zero() && factor >= 1.0);
  const double steps = attempts == 0 ? 0.0 : static_cast<double>(attempts) - 1.0;
  const double grown = static_cast<double>(initial.count()) * std::pow(factor, steps);
  // Compared as numbers with a fraction: the power may be beyond every integer, and infinity is not below max.
  const bool is_below_max = grown < static_cast<double>(max.count());
  const Duration whole = is_below_max ? Duration(static_cast<Duration::rep>(grown)) : max;
  const auto fixed = static_cast<std::uint64_t>(whole.count()) / 2;
  const auto rest = static_cast<std::uint64_t>(whole.count()) - fixed;
  return Duration(static_cast<Duration::rep>(fixed + random % (rest + 1)));
}

}  // namespace restante::core
