// SPDX-License-Identifier: Apache-2.0
#include "server/inference/provider_rules.h"

#include <array>

namespace lockstep {
namespace {

struct Provider {
  std::string_view domain;
  std::string_view field;
};
constexpr std::array<Provider, 4> need_reasoning{{{"deepseek.com", "reasoning_content"},
                                                  {"moonshot.ai", "reasoning_content"},
                                                  {"moonshot.cn", "reasoning_content"},
                                                  {"openrouter.ai", "reasoning"}}};

// Is the host the domain, or below it?
bool is_of(std::string_view host, std::string_view domain) {
  if (!host.ends_with(domain)) return false;
  host.remove_suffix(domain.size());
  return host.empty() || host.ends_with('.');
}

}  // namespace

ReasoningRule reasoning_rule(std::string_view host) {
  for (const Provider& provider : need_reasoning) {
    if (is_of(host, provider.domain)) {
      return {ReasoningBack::with_calls, std::string(provider.field)};
    }
  }
  return {};
}

std::vector<std::string> files_rule(std::string_view host) {
  const bool reads = is_of(host, "api.openai.com") || is_of(host, "openrouter.ai");
  if (reads) return {std::string(file_kinds::pdf)};
  if (is_of(host, "generativelanguage.googleapis.com")) return {std::string(file_kinds::sound)};
  return {};
}

}  // namespace lockstep
