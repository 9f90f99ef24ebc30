// SPDX-License-Identifier: Apache-2.0
// call.h: helpers of the handlers: they read a query and choose the form of the answer.
//
// `Query` is as strict as the readers of bodies: a name that the handler did not ask for, or that
// is there twice, is a problem with its path (`?name`).
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
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, std::uint64_t most,
                                                    std::uint64_t least = 0);
  // `true` or `false`; false if it is not there.
  [[nodiscard]] bool flag(std::string_view name);
  [[nodiscard]] std::optional<Cursor> cursor(std::string_view name);
  [[nodiscard]] std::optional<MessageId> message(std::string_view name);
  [[nodiscard]] std::optional<Follow> follow(std::string_view name);
  // The first fault; a name that the handler did not ask for is one.
  [[nodiscard]] std::optional<Problem> problem();

 private:
  void invalid(std::string_view name, std::string_view what);

  const Call& call_;
  std::vector<bool> asked_;
  std::optional<Problem> problem_;
};

// The form among `offered` that `Accept` prefers, the first of equals; nullopt if it accepts none.
[[nodiscard]] std::optional<Form> accepted_form(const Request& request,
                                                std::initializer_list<Form> offered);

// The thread in the path. Requires: the first id in the path is a thread's.
[[nodiscard]] ThreadName thread_of(const Call& call);
[[nodiscard]] Problem revoked();  // the caller's token was revoked
// Checks an admitted request again, after the server read its body or mended its thread: meanwhile
// the server may have begun to stop, or the operator may have revoked the token.
[[nodiscard]] std::optional<Problem> refused_since(const Front& front, const Caller& caller);

void refuse(Respond& respond, const Problem& problem);
void refuse(Respond& respond, const Error& error);

}  // namespace lockstep
