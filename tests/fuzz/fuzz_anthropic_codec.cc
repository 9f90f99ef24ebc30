// SPDX-License-Identifier: Apache-2.0
// The laws: the engine can take the steps made from any bytes of a model server (step_check.h), and
// any parameters make a request that is JSON. Each line of the input is the data of one event.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/must.h"
#include "schema/json/json_reader.h"
#include "server/inference/anthropic_codec.h"
#include "server/inference/compose.h"
#include "server/inference/settings.h"
#include "tests/fuzz/step_check.h"

namespace {

using namespace lockstep;

void decode(std::string_view input) {
  AnthropicDecoder decoder(RunId("r"), "anthropic https://a.example claude");
  StepCheck check;
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string_view line = input.substr(0, end);
    check.take(line.starts_with("error:") ? decoder.take_error(line.substr(6))
                                          : decoder.take(line));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  check.take(decoder.end());
  MUST(check.ended() && decoder.ended());
}

// Parameters come from outside too.
void ask_with(std::string_view params) {
  RequestSettings settings;
  settings.kind = "anthropic";
  apply_params(settings, Json{std::string(params)}, ModelChoice::callers);
  const Sent sent = sent_from_settings({.thread = {UserId("u"), ThreadId("t")},
                                        .run = RunId("r"),
                                        .path = {},
                                        .settings = settings_bytes(settings)});
  MUST(read_json(sent.body, unbounded_json(2 * limits::json_depth_max)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  decode(input);
  AnthropicDecoder decoder(RunId("r"), "o");
  StepCheck check;
  check.take(decoder.take_whole(input));
  MUST(check.ended());
  ask_with(input);
  return 0;
}
