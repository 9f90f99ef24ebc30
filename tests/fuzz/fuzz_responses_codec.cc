// SPDX-License-Identifier: Apache-2.0
// The law: the engine can take the steps made from any bytes of a Responses server, and what it
// then keeps goes back to the server as JSON. Each line of the input is the data of one event.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/must.h"
#include "engine/base/text.h"
#include "engine/rules/producer.h"
#include "schema/json/json_reader.h"
#include "server/inference/compose.h"
#include "server/inference/responses_codec.h"
#include "server/inference/responses_params.h"
#include "server/inference/settings.h"
#include "tests/fuzz/step_check.h"

namespace {

using namespace lockstep;

constexpr const char* origin = "openai-responses https://api.example gpt";

void send_back(const Message& answer) {
  RequestSettings settings;
  settings.kind = "openai-responses";
  settings.origin = origin;
  settings.reasoning = ReasoningBack::always;
  Message question;
  question.id = MessageId("u");
  question.parts = {TextPart{"Hi"}};
  Context context{.thread = {UserId("u"), ThreadId("t")},
                  .run = RunId("r2"),
                  .path = {question, answer},
                  .settings = settings_bytes(settings)};
  const std::string body = sent_from_settings(context).body;
  MUST(is_utf8(body) && read_json(body, unbounded_json(512)));
}

void decode(std::string_view input) {
  ResponsesDecoder decoder(RunId("r"), {}, origin);
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
  if (!check.message().parts.empty()) send_back(check.message());
}

// Parameters come from outside too.
void lay_over(std::string_view input) {
  if (!is_utf8(input)) return;
  RequestSettings settings;
  settings.kind = "openai-responses";
  apply_responses_params(settings, Json{std::string(input)}, ModelChoice::fixed);
  set_responses_members(settings);
  MUST(read_settings(settings_bytes(settings)) == settings);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  decode(input);
  ResponsesDecoder decoder(RunId("r"), {}, origin);
  StepCheck check;
  check.take(decoder.take_whole(input));
  MUST(check.ended());
  lay_over(input);
  return 0;
}
