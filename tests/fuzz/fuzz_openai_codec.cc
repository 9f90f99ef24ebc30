// SPDX-License-Identifier: Apache-2.0
// The law: the engine can take the steps made from any bytes of a model server: texts are valid
// UTF-8, parts have the next index, appends extend growing parts, the run ends exactly once. Each
// line of the input is the data of one event.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/must.h"
#include "engine/base/text.h"
#include "server/inference/openai_codec.h"
#include "server/inference/settings.h"
#include "tests/fuzz/step_check.h"

namespace {

using namespace lockstep;

void decode(std::string_view input, ThinkTags think_tags) {
  ChatDecoder decoder(RunId("r"), {}, think_tags);
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

void refuse(unsigned status, std::string_view body) {
  const RunError error = refusal_of(status, body, {});
  MUST(!error.code.empty() && is_utf8(error.detail));
}

// Parameters come from outside too.
void lay_over(std::string_view input) {
  RequestSettings settings;
  settings.kind = "openai";
  apply_params(settings, Json{std::string(input)}, ModelChoice::fixed);
  MUST(read_settings(settings_bytes(settings)) == settings);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const ThinkTags tags : {ThinkTags::off, ThinkTags::on, ThinkTags::open}) decode(input, tags);
  ChatDecoder decoder(RunId("r"));
  StepCheck check;
  check.take(decoder.take_whole(input));
  MUST(check.ended());
  refuse(400, input);
  lay_over(input);
  return 0;
}
