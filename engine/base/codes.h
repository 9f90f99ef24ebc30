// SPDX-License-Identifier: Apache-2.0
// codes.h: the closed list of codes.
//
// A code is the stable name of an error, a refusal or a run's failure: it goes to the wire, into
// outcomes in the log and to the control socket as it is, and programs compare it. This
// version makes no code that is not in this list, and compares with its constants alone: a
// misspelled code does not compile. Stored codes and codes of other processes stay text, because
// another version may have other codes; `Error::code` is text for the same reason.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

// clang-format off
#define LOCKSTEP_CODES(X) \
  X(ambiguous) X(answered) X(bad_key) X(built_upon) X(busy) X(changed) X(conflict) \
  X(content_filter) X(context_too_long) X(corrupt) X(damaged_source) X(decided) X(deleted) \
  X(denied) X(depends) X(derived_damaged) X(disk) X(ended) X(event_too_large) X(exists) \
  X(expectation_failed) X(failed) X(fenced) X(forbidden) X(forbidden_host) X(forbidden_origin) \
  X(gap) X(head_moved) X(header_too_large) X(id_in_use) X(inside) X(interrupted) X(invalid) \
  X(invalid_utf8) X(locked) X(lone_surrogate) X(malformed) X(method_not_allowed) X(missing_key) \
  X(needs_approval) X(newer_format) X(no_backup) X(no_credit) X(no_file) X(no_regular_file) \
  X(no_server) X(no_space) X(no_store) X(no_token_file) X(no_worker) X(not_a_store) \
  X(not_acceptable) X(not_found) X(not_implemented) X(not_ready) X(not_started) X(older_format) \
  X(op_reused) X(op_too_old) X(open_to_all) X(other_history) X(overloaded) \
  X(owner) X(quota) X(read_only) X(rewound) X(seq_reused) X(shutdown) X(silent) X(stopped) \
  X(stopping) X(storage_failed) X(timeout) X(token_file_closed) X(too_large) X(too_many) \
  X(unauthorized) X(unavailable) X(unfinished_rebuild) X(unfinished_restore) X(unknown_agent) \
  X(unknown_blob) X(unknown_call) X(unknown_field) X(unknown_history) \
  X(unknown_message) X(unknown_run) X(unknown_thread) X(unsupported) X(unsupported_media_type) \
  X(upgrade_required) X(upstream_error) X(upstream_failed) X(upstream_interrupted) \
  X(upstream_malformed) X(upstream_overloaded) X(upstream_proxy) X(upstream_rate_limited) \
  X(upstream_redirected) X(upstream_rejected) X(upstream_timeout) X(upstream_tls) \
  X(upstream_too_large) X(upstream_unauthorized) X(upstream_unreachable) X(worker_lost) \
  X(written_here) X(wrong_model)
// clang-format on

namespace lockstep {

namespace codes {

#define LOCKSTEP_CODE_NAME(name) std::string_view(#name),
inline constexpr std::array all{LOCKSTEP_CODES(LOCKSTEP_CODE_NAME)};
#undef LOCKSTEP_CODE_NAME

}  // namespace codes

class Code {
 public:
  // Refuses, when it is compiled, a name that is not in the list.
  consteval explicit Code(std::string_view name) : name_(name) {
    if (std::ranges::find(codes::all, name) == codes::all.end())
      throw "this code is not in the list";
  }

  [[nodiscard]] constexpr std::string_view name() const { return name_; }
  // A code becomes text in an error, an outcome and JSON.
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator std::string() const { return std::string(name_); }
  friend constexpr bool operator==(std::string_view text, Code code) { return text == code.name_; }

 private:
  std::string_view name_;
};

namespace codes {

#define LOCKSTEP_CODE(name) inline constexpr Code name{#name};
LOCKSTEP_CODES(LOCKSTEP_CODE)
#undef LOCKSTEP_CODE

}  // namespace codes

}  // namespace lockstep
