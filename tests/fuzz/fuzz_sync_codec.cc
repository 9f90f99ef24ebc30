// SPDX-License-Identifier: Apache-2.0
// The law: any request is read, or refused with a known code; a read request is written as JSON
// that can be read.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/must.h"
#include "engine/base/text.h"
#include "server/codec/claim_codec.h"
#include "server/codec/json_read.h"
#include "server/codec/json_write.h"
#include "server/codec/sync_codec.h"

namespace {

using namespace lockstep;

void check(const Problem& problem) {
  MUST(find_problem(problem.code).has_value());
  MUST(problem.status >= 400);
  std::string out;
  append_failure(out, problem);
  MUST(is_utf8(out));
  MUST(is_json_object(out));
}

void check(const MessageInput& input) {
  std::string out;
  append_input(out, input);
  MUST(is_json_object(out));
}

void check(const Change& change) {
  if (const auto* start = std::get_if<StartRun>(&change.what)) {
    for (const MessageInput& input : start->input) check(input);
    if (start->params) MUST(is_json_object(start->params->text));
  }
  if (const auto* put = std::get_if<PutMessage>(&change.what)) {
    check(MessageInput{put->id, put->role.value_or(Role::user), put->parts, put->author,
                       put->metadata});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  if (const auto sync = read_sync(text)) {
    for (const Change& change : sync->request.changes.changes) check(change);
  } else {
    check(sync.error());
  }
  if (const auto steps = read_steps(text); !steps) check(steps.error());
  if (const auto steps = read_claimed_steps(text); !steps) check(steps.error());
  if (const auto claim = read_claim(text); !claim) check(claim.error());
  if (const auto name = parse_claim(text)) MUST(to_text(*name) == text);
  if (const auto call = read_socket_call(text); !call) check(call.error().problem);
  return 0;
}
