// SPDX-License-Identifier: Apache-2.0
// agent_warning.h: what an operator should know of an agent's settings.
//
// The settings are good enough to start with, so they are no error. The server writes a line for
// each when it reads them.
#pragma once

#include <string>

namespace lockstep {

// A setting that works badly or not at all: for the operator.
struct AgentWarning {
  // `key_unset`, `key_file_unusable`, `key_too_short`, `secret_in_file`, `params_are_shown`,
  // `ask_before_unknown`
  std::string event;
  std::string agent;
  std::string what;  // the variable, the file's fault, the setting, member of `params`, or tool
  friend bool operator==(const AgentWarning&, const AgentWarning&) = default;
};

}  // namespace lockstep
