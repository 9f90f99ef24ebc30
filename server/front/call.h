// SPDX-License-Identifier: Apache-2.0
// call.h: what handlers have in common: reading a query, choosing a form.
//
// A query is read as strictly as a body: a name that nobody asked for is a problem with its path
// (`?name`), and so is one that stands twice.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/codec/sync_codec.h"
#include "server/front/router.h"

namespace lockstep {

class Query {
 public:
  explicit Query(const Call& call) : call_(call), asked_(call.query.size()) {}

  [[nodiscard]] std::optional<std::string> text(std::string_view name);
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, std::uint64_t most);
  [[nodiscard]] std::optional<Cursor> cursor(std::string_view name);
  [[nodiscard]] std::optional<MessageId> message(std::string_view name);
  [[nodiscard]] std::optional<Follow> follow(std::string_view name);
  // The first thing that is wrong, names that were not asked for included.
  [[nodiscard]] std::optional<Problem> problem();

 private:
  void invalid(std::string_view name, std::string_view what);

  const Call& call_;
  std::vector<bool> asked_;
  std::optional<Problem> problem_;
};

// The form that `Accept` prefers among `offered`; of equals the first offered. Nothing: none of
// them.
[[nodiscard]] std::optional<Form> accepted_form(const Request& request,
                                                std::initializer_list<Form> offered);

// The thread that the path names. Requires: its first hole is a thread's id.
[[nodiscard]] ThreadName thread_of(const Call& call);
[[nodiscard]] Problem revoked();  // the token of whoever asks
// Judges a request again that was let in: its body has been read or its thread mended since, and
// meanwhile the server may have begun to stop, or the token may have been revoked.
[[nodiscard]] std::optional<Problem> refused_since(const Front& front, const Caller& caller);

void refuse(Respond& respond, const Problem& problem);
void refuse(Respond& respond, const Error& error);

}  // namespace lockstep
